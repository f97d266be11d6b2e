//! How fast images may be sent.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// So many in a second, and as many at once.
pub struct Rate {
    in_a_second: f64,
    left: Mutex<(f64, Instant)>,
}

impl Rate {
    /// Of so many in a second.
    pub fn new(in_a_second: u32) -> Self {
        let in_a_second = f64::from(in_a_second);
        Self {
            in_a_second,
            left: Mutex::new((in_a_second, Instant::now())),
        }
    }

    /// Whether another may be sent now.
    pub fn admits(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(left.1).as_secs_f64();
        let there = (left.0 + passed * self.in_a_second).min(self.in_a_second);
        let admits = there >= 1.0;
        *left = (if admits { there - 1.0 } else { there }, now);
        admits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn so_many_are_admitted_in_a_second() {
        let rate = Rate::new(2);
        let start = Instant::now();
        let admitted =
            [0, 0, 0, 499, 501, 502].map(|ms| rate.admits(start + Duration::from_millis(ms)));
        assert_eq!(admitted, [true, true, false, false, true, false]);
    }
}
