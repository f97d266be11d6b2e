//! Images that were not judged today, for the page of their station: kept in memory, from the start of the service on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::NotJudged;

/// Reasons that are kept.
const LAST: usize = 3;

/// Images that were not judged today, station by station.
#[derive(Default)]
pub struct Today(Mutex<BTreeMap<String, OfDay>>);

/// Images of a station that were not judged on a day.
#[derive(Clone, Debug, Default)]
pub struct OfDay {
    day: Date,
    /// So many.
    pub images: u64,
    /// The last reasons, the newest first.
    pub last: VecDeque<ForReason>,
}

/// Images of a day that were not judged for the same reason.
#[derive(Clone, Debug)]
pub struct ForReason {
    /// When the last of them came, in UTC.
    pub time: String,
    /// The last of them.
    pub image: NotJudged,
    /// So many, since it is among the last reasons.
    pub images: u64,
}

impl ForReason {
    fn is_of(&self, image: &NotJudged) -> bool {
        (self.image.reason, &self.image.detail) == (image.reason, &image.detail)
    }
}

impl Today {
    /// Counts an image.
    pub fn put(&self, station: &str, image: NotJudged) {
        self.put_at(station, image, Timestamp::now());
    }

    fn put_at(&self, station: &str, image: NotJudged, now: Timestamp) {
        let mut all = self.lock();
        let kept = all.entry(station.to_owned()).or_default();
        if kept.day != day_of(now) {
            *kept = OfDay {
                day: day_of(now),
                ..OfDay::default()
            };
        }
        kept.images += 1;
        let same = kept.last.iter().position(|one| one.is_of(&image));
        let before = same.and_then(|at| kept.last.remove(at));
        kept.last.push_front(ForReason {
            time: now.to_string(),
            image,
            images: before.map_or(0, |one| one.images) + 1,
        });
        kept.last.truncate(LAST);
    }

    /// Those of a station.
    pub fn of(&self, station: &str) -> OfDay {
        self.of_at(station, Timestamp::now())
    }

    fn of_at(&self, station: &str, now: Timestamp) -> OfDay {
        let of_today = |kept: &&OfDay| kept.day == day_of(now);
        let all = self.lock();
        all.get(station)
            .filter(of_today)
            .cloned()
            .unwrap_or_default()
    }

    /// Forgets a station that is no more.
    pub fn forget(&self, station: &str) {
        self.lock().remove(station);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OfDay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The day by this machine's clock.
fn day_of(moment: Timestamp) -> Date {
    moment.to_zoned_datetime(TimeZone::system()).date()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn image(name: usize) -> NotJudged {
        image_for(name, &format!("no image {name}"))
    }

    fn image_for(name: usize, detail: &str) -> NotJudged {
        NotJudged {
            reason: "invalid",
            detail: detail.to_owned(),
            sentence: None,
            part_id: None,
            file: Some(name.to_string()),
        }
    }

    #[test]
    fn all_of_a_day_are_counted_and_the_last_are_kept() {
        let today = Today::default();
        let now = Timestamp::now();
        (0..5).for_each(|name| today.put_at("top", image(name), now));
        let kept = today.of_at("top", now);
        let names = kept.last.iter().map(|one| one.image.file.as_deref());
        assert_eq!(kept.images, 5);
        assert_eq!(names.collect::<Vec<_>>(), [Some("4"), Some("3"), Some("2")]);
        assert_eq!(today.of_at("side", now).images, 0);
        // Another day begins anew.
        let later = now + 48.hours();
        assert_eq!(today.of_at("top", later).images, 0);
        today.put_at("top", image(7), later);
        assert_eq!(today.of_at("top", later).images, 1);
        today.forget("top");
        assert_eq!(today.of_at("top", later).images, 0);
    }

    #[test]
    fn images_of_the_same_reason_are_one_with_their_number_and_the_last_of_them() {
        let today = Today::default();
        let now = Timestamp::now();
        today.put_at("top", image_for(0, "cut off"), now);
        for name in 1..4 {
            today.put_at("top", image_for(name, "no image"), now);
        }
        today.put_at("top", image_for(4, "cut off"), now);
        let kept = today.of_at("top", now);
        let last = kept.last.iter();
        let last: Vec<_> = last
            .map(|one| (one.image.file.as_deref(), one.images))
            .collect();
        assert_eq!(kept.images, 5);
        assert_eq!(last, [(Some("4"), 2), (Some("3"), 3)]);
        assert_eq!(kept.last[0].time, now.to_string());
    }
}
