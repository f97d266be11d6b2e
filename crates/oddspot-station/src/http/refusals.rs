//! Images that are refused, in the log: at once, and then at most every minute for each reason, with how many they were.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines of the same station and reason.
const BETWEEN: Duration = Duration::from_secs(60);

/// What was told of refusals.
#[derive(Default)]
pub struct Refusals(Mutex<BTreeMap<(String, &'static str), Told>>);

/// When it was told last, and how many there were since.
struct Told {
    at: Instant,
    since: u64,
}

impl Refusals {
    /// Tells that an image was refused, if it is time.
    pub fn tell(&self, station: &str, reason: &'static str, detail: &str) {
        if let Some(images) = self.due(station, reason, Instant::now()) {
            match images {
                1 => tracing::warn!("{station}: an image was refused: {detail}"),
                _ => tracing::warn!(
                    "{station}: {images} images were refused since this was told last; the last: {detail}"
                ),
            }
        }
    }

    /// Counts one, and gives how many are to be told now.
    fn due(&self, station: &str, reason: &'static str, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (station.to_owned(), reason);
        let told = all.get(&key);
        let images = told.map_or(0, |told| told.since) + 1;
        let is_due = told.is_none_or(|told| now.saturating_duration_since(told.at) >= BETWEEN);
        let (at, since) = match told {
            Some(told) if !is_due => (told.at, images),
            _ => (now, 0),
        };
        all.insert(key, Told { at, since });
        is_due.then_some(images)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_by_the_minute() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let due =
            |reason, seconds| refusals.due("top", reason, start + Duration::from_secs(seconds));
        let full: Vec<_> = [0, 1, 59, 60, 61, 200]
            .map(|at| due("queue_full", at))
            .into();
        assert_eq!(full, [Some(1), None, None, Some(3), None, Some(2)]);
        assert_eq!(due("invalid", 61), Some(1));
    }
}
