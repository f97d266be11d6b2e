//! What is said of what is kept, in sentences.

use crate::data::Room;
use crate::words::{Gap, Sentence};

/// The disk is nearly full when less than one of so many of its bytes is free, unless it is configured.
const FREE_OF: u64 = 20;

/// That the disk is nearly full, if it is: if fewer bytes are free than `least`.
pub fn room(room: Room, least: Option<u64>) -> Option<Sentence> {
    let Room { free, total } = room;
    (free < least.unwrap_or(total / FREE_OF)).then(|| {
        let sentence = Sentence::new("keeping-room").with("free", size(free));
        sentence.with("total", size(total))
    })
}

/// That a station keeps more than it is to.
pub fn beyond(station: &str, bytes: u64, bound: u64) -> Sentence {
    let sentence = Sentence::new("keeping-beyond").with("station", station);
    sentence.with("has", size(bytes)).with("bound", size(bound))
}

/// A number of bytes as people say it.
pub fn size(bytes: u64) -> Sentence {
    let (key, unit) = match bytes {
        0..1_000_000 => ("kilobytes", 1e3),
        1_000_000..1_000_000_000 => ("megabytes", 1e6),
        _ => ("gigabytes", 1e9),
    };
    Sentence::new(key).with("number", Gap::decimal(bytes as f64 / unit, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_below_a_twentieth_or_what_is_configured() {
        let total = 2_000_000_000;
        let of = |free, least| room(Room { free, total }, least);
        assert_eq!(of(100_000_000, None), None);
        let said = of(99_900_000, None).unwrap().to_string();
        assert!(said.contains("99.9 MB of 2.0 GB are free"), "{said}");
        assert_eq!(of(5_000, Some(5_000)), None);
        assert!(of(4_999, Some(5_000)).is_some());
        assert_eq!(of(0, Some(0)), None);
        let none = Room { free: 0, total: 0 };
        assert_eq!(room(none, None), None);
    }
}
