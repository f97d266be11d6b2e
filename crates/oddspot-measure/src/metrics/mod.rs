//! How well scores tell anomalous from normal: ROC area, average precision and best F1 of images
//! ([`Ranking`]), or of all pixels of many maps ([`measure_pixels`]), and the overlap of score maps with
//! defects ([`fn@pro`]).
//!
//! Everywhere a larger score means "more anomalous" and equal scores are one threshold. Scores
//! may be infinite; NaN is an error, never a rank.

mod pixels;
mod pro;
mod ranking;

pub use pixels::{Asked, PixelMaps, PixelMeasures, Run, Truth, measure_pixels};
pub use pro::{Pro, ScoredMap, pro};
pub use ranking::{BestF1, Ranking, average_precision, best_f1, roc_auc, roc_curve};

/// Numbers below others, for tests.
#[cfg(test)]
fn chance(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % below
    }
}

/// A curve as the points of a polyline, in order; `x` and `y` have the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Abscissas, never decreasing.
    pub x: Vec<f64>,
    /// Ordinates.
    pub y: Vec<f64>,
}

impl Curve {
    fn push(&mut self, x: f64, y: f64) {
        self.x.push(x);
        self.y.push(y);
    }
}

/// An integer that grows as the score falls, equal for equal scores (0 and −0 included).
fn descending_key(score: f32) -> u32 {
    // −0 + 0 is +0; every other score stays as it is.
    let bits = (score + 0.0).to_bits();
    // IEEE 754: the bits of positive numbers grow with the number, those of negative ones shrink.
    if bits >> 31 == 0 {
        !(bits | 1 << 31)
    } else {
        bits
    }
}

/// The score of a [`descending_key`].
fn score_of(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 0 {
        !key & !(1 << 31)
    } else {
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fall_as_scores_grow_and_give_the_score_back() {
        let ascending = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.5,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            1.0,
            1.0000001,
            f32::MAX,
            f32::INFINITY,
        ];
        for pair in ascending.windows(2) {
            assert!(
                descending_key(pair[0]) > descending_key(pair[1]),
                "{pair:?}"
            );
        }
        for score in ascending {
            assert_eq!(score_of(descending_key(score)), score);
        }
        assert_eq!(descending_key(-0.0), descending_key(0.0));
    }
}
