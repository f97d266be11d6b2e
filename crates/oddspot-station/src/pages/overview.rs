//! The page of all stations at a glance.

use askama::Template;
use jiff::Timestamp;

use super::{Card, Count, Navigation};
use crate::words::{Marked, Words};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A station at a glance.
pub struct Tile {
    /// Its name.
    pub station: String,
    /// The last part.
    pub last: Option<Card>,
    /// How long ago it was judged.
    pub ago: String,
    /// How many there were today, verdict by verdict.
    pub counts: Vec<Count>,
    /// Whether nothing is judged for now.
    pub is_paused: bool,
    /// Whether there is a model to judge by.
    pub has_model: bool,
    /// What is wrong, if anything is.
    pub troubles: Vec<Marked>,
}

/// What is brought anew as parts come.
#[derive(Template)]
#[template(path = "tiles.html")]
pub struct Tiles {
    /// The words of the page.
    pub t: Words,
    /// The stations.
    pub tiles: Vec<Tile>,
}

/// The page of all stations.
#[derive(Template)]
#[template(path = "overview.html")]
pub struct OverviewPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// How they are.
    pub tiles: Tiles,
}

/// How long ago a time in UTC was, in words.
pub fn ago(t: &Words, time: &str, now: Timestamp) -> String {
    let Ok(then) = time.parse::<Timestamp>() else {
        return String::new();
    };
    let seconds = (now.as_second() - then.as_second()).max(0);
    let (key, count) = match seconds {
        ..MINUTE => return t.say("ago-now").to_string(),
        MINUTE..HOUR => ("ago-minutes", seconds / MINUTE),
        HOUR..DAY => ("ago-hours", seconds / HOUR),
        _ => ("ago-days", seconds / DAY),
    };
    t.say(key).with("count", count).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;

    #[test]
    fn how_long_ago_it_was_is_said_in_the_largest_whole_unit() {
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let t = english();
        for (time, wanted) in [
            ("2026-03-02T11:59:30.500Z", "just now"),
            // Clocks of two machines differ.
            ("2026-03-02T12:00:03Z", "just now"),
            ("2026-03-02T11:59:00Z", "1 minute ago"),
            ("2026-03-02T11:01:00Z", "59 minutes ago"),
            ("2026-03-02T10:00:00Z", "2 hours ago"),
            ("2026-02-28T12:00:00Z", "2 days ago"),
            ("no time", ""),
        ] {
            assert_eq!(ago(&t, time, now), wanted, "{time}");
        }
    }
}
