//! Why an image is odd: how much of what stands out around its peak is owed to each of the two errors.

use serde::{Deserialize, Serialize};

use crate::terms::{self, Kind, Side};

/// The least share of a part that is named beside a larger one.
const NAMED_FROM: f64 = 0.4;

/// Shares of the two sides, in [0, 1], that sum to 1 (or are both 0).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Owed to the terms of appearance: it looks wrong.
    pub looks_wrong: f64,
    /// Owed to the terms of place: it is in the wrong place.
    pub wrong_place: f64,
}

/// A term's share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermShare {
    /// The term's name.
    pub term: String,
    /// In [0, 1]; those of all terms sum to 1 (or are all 0).
    pub share: f64,
}

impl TermShare {
    /// Of the terms' parts, each in standard deviations; what lies below the mean explains nothing.
    pub fn of(parts: impl Iterator<Item = (&'static Kind, f32)>) -> Vec<Self> {
        let parts: Vec<(&Kind, f64)> = parts
            .map(|(kind, part)| (kind, f64::from(part.max(0.0))))
            .collect();
        let sum: f64 = parts.iter().map(|(_, part)| part).sum();
        let share = |(kind, part): (&Kind, f64)| Self {
            term: kind.name.to_owned(),
            share: if sum == 0.0 { 0.0 } else { part / sum },
        };
        parts.into_iter().map(share).collect()
    }
}

/// What is said of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Most is owed to how it looks.
    #[serde(rename = "looks wrong")]
    LooksWrong,
    /// Most is owed to where it is.
    #[serde(rename = "in the wrong place")]
    InTheWrongPlace,
    /// Neither is owed less than 40 %: to name one alone would be a guess.
    #[serde(rename = "looks wrong and in the wrong place")]
    Both,
}

impl Shares {
    /// Of two parts, each in standard deviations; what lies below the mean explains
    /// nothing.
    pub fn of(looks_wrong: f32, wrong_place: f32) -> Self {
        let [looks, place] = [looks_wrong, wrong_place].map(|part| f64::from(part.max(0.0)));
        let share = |part: f64| match looks + place {
            0.0 => 0.0,
            sum => part / sum,
        };
        Self {
            looks_wrong: share(looks),
            wrong_place: share(place),
        }
    }

    /// What to say of them; nothing of parts below the mean in both parts.
    pub fn why(self) -> Option<Why> {
        if self.looks_wrong.max(self.wrong_place) == 0.0 {
            None
        } else if self.looks_wrong.min(self.wrong_place) >= NAMED_FROM {
            Some(Why::Both)
        } else if self.wrong_place > self.looks_wrong {
            Some(Why::InTheWrongPlace)
        } else {
            Some(Why::LooksWrong)
        }
    }

    /// The same in words, each part that is named with its share.
    pub fn reason(self) -> Option<String> {
        let part = |why: Why, share: f64| format!("{} ({:.0} %)", why.words(), 100.0 * share);
        let looks = || part(Why::LooksWrong, self.looks_wrong);
        let place = || part(Why::InTheWrongPlace, self.wrong_place);
        Some(match self.why()? {
            Why::LooksWrong => looks(),
            Why::InTheWrongPlace => place(),
            Why::Both => format!("{} and {}", looks(), place()),
        })
    }

    /// Whether the place has to do with it.
    pub fn is_of_place(self) -> bool {
        matches!(self.why(), Some(Why::InTheWrongPlace | Why::Both))
    }
}

/// What is said of a place that terms of the closed form call wrong: the map of places does not show it.
pub const KNOWN_ELSEWHERE: &str = "known from elsewhere in good images";

impl Shares {
    /// Whether the place is named, and most of that is owed to terms of the closed form: what is there is
    /// [known from elsewhere](KNOWN_ELSEWHERE).
    pub fn is_known_elsewhere(self, terms: &[TermShare]) -> bool {
        let is_of_place = |term: &&TermShare| {
            let kind = terms::kind(&term.term);
            kind.is_some_and(|kind| kind.side == Side::WrongPlace && !kind.closed_form)
        };
        let of_place: f64 = (terms.iter().filter(is_of_place))
            .map(|term| term.share)
            .sum();
        self.is_of_place() && of_place < 0.5 * self.wrong_place
    }
}

impl Why {
    /// In words, as "looks wrong".
    pub fn words(self) -> &'static str {
        match self {
            Self::LooksWrong => Side::LooksWrong.words(),
            Self::InTheWrongPlace => Side::WrongPlace.words(),
            Self::Both => "looks wrong and in the wrong place",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_share_is_named_and_both_where_they_are_close() {
        let why = |rec, pos| Shares::of(rec, pos).why().unwrap();
        assert_eq!(why(9.0, 1.0), Why::LooksWrong);
        assert_eq!(why(6.1, 3.9), Why::LooksWrong);
        assert_eq!(why(5.9, 4.1), Why::Both);
        assert_eq!(why(4.1, 5.9), Why::Both);
        assert_eq!(why(3.9, 6.1), Why::InTheWrongPlace);
        assert_eq!(why(-3.0, 1.0), Why::InTheWrongPlace);
        assert_eq!(why(3.0, -1.0), Why::LooksWrong);
        let reason = |rec, pos| Shares::of(rec, pos).reason().unwrap();
        assert_eq!(reason(1.0, 3.0), "in the wrong place (75 %)");
        assert_eq!(
            reason(9.0, 11.0),
            "looks wrong (45 %) and in the wrong place (55 %)"
        );
    }

    #[test]
    fn a_place_that_its_own_term_does_not_call_wrong_is_known_from_elsewhere() {
        let term = |term: &str, share| TermShare {
            term: term.to_owned(),
            share,
        };
        let of = |position| [term("position", position), term("memory", 1.0 - position)];
        let placed = Shares::of(1.0, 9.0);
        assert!(placed.is_known_elsewhere(&of(0.1)));
        assert!(!placed.is_known_elsewhere(&of(0.6)));
        assert!(!Shares::of(9.0, 1.0).is_known_elsewhere(&of(0.0)));
    }

    #[test]
    fn nothing_is_blamed_for_a_peak_below_the_mean_in_both_parts() {
        let neither = Shares::of(-1.0, -2.0);
        assert_eq!(
            neither,
            Shares {
                looks_wrong: 0.0,
                wrong_place: 0.0
            }
        );
        assert_eq!((neither.why(), neither.reason()), (None, None));
    }
}
