//! Why an image is odd: how much of its score is owed to each of the two errors.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Why {
    /// Most is owed to `e_rec`.
    #[serde(rename = "looks wrong")]
    LooksWrong,
    /// Most is owed to `e_pos`.
    #[serde(rename = "in the wrong place")]
    InTheWrongPlace,
    /// Neither is owed less than 40 %: to name one alone would be a guess.
    #[serde(rename = "looks wrong and in the wrong place")]
    Both,
}

impl Shares {
    /// Of the parts of a peak, each in standard deviations; what lies below the mean explains
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

    /// What to say of them.
    pub fn why(self) -> Why {
        if self.rec.min(self.pos) >= NAMED_FROM {
            Why::Both
        } else if self.pos > self.rec {
            Why::InTheWrongPlace
        } else {
            Why::LooksWrong
        }
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

    /// Whether the place has to do with it.
    pub fn is_of_place(self) -> bool {
        self != Self::LooksWrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_share_is_named_and_both_where_they_are_close() {
        let why = |rec, pos| Shares::of(rec, pos).why();
        assert_eq!(why(9.0, 1.0), Why::LooksWrong);
        assert_eq!(why(6.1, 3.9), Why::LooksWrong);
        assert_eq!(why(5.9, 4.1), Why::Both);
        assert_eq!(why(4.1, 5.9), Why::Both);
        assert_eq!(why(3.9, 6.1), Why::InTheWrongPlace);
        assert_eq!(why(-3.0, 1.0), Why::InTheWrongPlace);
        assert_eq!(why(3.0, -1.0), Why::LooksWrong);
    }

    #[test]
    fn nothing_is_blamed_for_a_peak_below_the_mean_in_both_parts() {
        assert_eq!(Shares::of(-1.0, -2.0), Shares { rec: 0.0, pos: 0.0 });
    }
}
