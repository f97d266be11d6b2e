//! Why an image is odd: how much of what stands out around its peak is owed to each of the two errors.

use serde::{Deserialize, Serialize, Serializer};

/// The least share of a part that is named beside a larger one.
const NAMED_FROM: f64 = 0.4;

/// Shares of the two parts, in [0, 1], that sum to 1 (or are both 0).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Owed to `e_rec`: it looks wrong.
    pub rec: f64,
    /// Owed to `e_pos`: it is in the wrong place.
    pub pos: f64,
}

/// What is said of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Most is owed to `e_rec`.
    LooksWrong,
    /// Most is owed to `e_pos`.
    InTheWrongPlace,
    /// Neither is owed less than 40 %: to name one alone would be a guess.
    Both,
}

impl Shares {
    /// Of two parts, each in standard deviations; what lies below the mean explains
    /// nothing.
    pub fn of(rec: f32, pos: f32) -> Self {
        let [rec, pos] = [rec, pos].map(|part| f64::from(part.max(0.0)));
        match rec + pos {
            0.0 => Self { rec: 0.0, pos: 0.0 },
            sum => Self {
                rec: rec / sum,
                pos: pos / sum,
            },
        }
    }

    /// What to say of them; nothing of parts below the mean in both parts.
    pub fn why(self) -> Option<Why> {
        if self.rec.max(self.pos) == 0.0 {
            None
        } else if self.rec.min(self.pos) >= NAMED_FROM {
            Some(Why::Both)
        } else if self.pos > self.rec {
            Some(Why::InTheWrongPlace)
        } else {
            Some(Why::LooksWrong)
        }
    }

    /// The same in words, each part that is named with its share.
    pub fn reason(self) -> Option<String> {
        let part = |why: Why, share: f64| format!("{} ({:.0} %)", why.words(), 100.0 * share);
        let looks = || part(Why::LooksWrong, self.rec);
        let place = || part(Why::InTheWrongPlace, self.pos);
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

impl Why {
    /// In words, as "looks wrong".
    pub fn words(self) -> &'static str {
        match self {
            Self::LooksWrong => "looks wrong",
            Self::InTheWrongPlace => "in the wrong place",
            Self::Both => "looks wrong and in the wrong place",
        }
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
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
    fn nothing_is_blamed_for_a_peak_below_the_mean_in_both_parts() {
        let neither = Shares::of(-1.0, -2.0);
        assert_eq!(neither, Shares { rec: 0.0, pos: 0.0 });
        assert_eq!((neither.why(), neither.reason()), (None, None));
    }
}
