//! Ids that stand in the order in which they were given, whatever the clock does.

use uuid::Uuid;

/// Gives ids of version 7: time first.
pub struct Ids(Uuid);

impl Ids {
    /// After the last one that was given.
    pub fn after(last: Option<&str>) -> Self {
        let last = last.and_then(|last| Uuid::parse_str(last).ok());
        Self(last.unwrap_or(Uuid::nil()))
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
        let mut ids = Ids::after(Some(far));
        let [first, second] = [ids.next(), ids.next()];
        assert!(far < first.as_str() && first < second);
        let mut ids = Ids::after(None);
        let [first, second] = [ids.next(), ids.next()];
        assert!(first < second);
    }
}
