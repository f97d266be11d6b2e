//! Ids that stand in the order in which they were given, whatever the clock does.

use uuid::Uuid;

/// Gives ids of version 7: time first.
#[derive(Default)]
pub struct Ids(Uuid);

impl Ids {
    /// The next ones come after this one too.
    pub fn go_on_after(&mut self, last: Option<&str>) {
        let last = last.and_then(|last| Uuid::parse_str(last).ok());
        self.0 = self.0.max(last.unwrap_or_default());
    }

    /// The next one.
    pub fn next(&mut self) -> String {
        let now = Uuid::now_v7();
        self.0 = match now > self.0 {
            true => now,
            // The clock was set back: the time stays as it was.
            false => Uuid::from_u128(self.0.as_u128().wrapping_add(1)),
        };
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_if_the_clock_was_set_back() {
        let far = "ffff0000-0000-7000-8000-000000000000";
        let mut ids = Ids::default();
        ids.go_on_after(Some(far));
        ids.go_on_after(None);
        let [first, second] = [ids.next(), ids.next()];
        assert!(far < first.as_str() && first < second);
        let mut ids = Ids::default();
        let [first, second] = [ids.next(), ids.next()];
        assert!(first < second);
    }
}
