//! μ and σ of an error, by which it is measured.

use serde::{Deserialize, Serialize};

use crate::maps::ScoreMap;

/// Mean and standard deviation of one error over the valid pixels of the training images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// μ.
    pub mean: f64,
    /// σ, positive.
    pub std: f64,
}

impl Moments {
    /// With a larger σ if it is below one.
    #[must_use]
    pub fn with_least_std(self, least: f64) -> Self {
        Self {
            std: self.std.max(least),
            ..self
        }
    }

    /// In standard deviations from the mean.
    pub fn normalise(&self, value: f32) -> f64 {
        (f64::from(value) - self.mean) / self.std
    }
}

/// Accumulates [`Moments`] in double precision.
#[derive(Clone, Debug, Default)]
pub struct MomentSums {
    count: u64,
    sum: f64,
    squares: f64,
}

impl MomentSums {
    /// Adds every value of a map but NaN (no evidence).
    pub fn add(&mut self, map: &ScoreMap) {
        for &value in map.values.iter().filter(|v| !v.is_nan()) {
            self.add_value(value);
        }
    }

    /// Adds a value.
    pub fn add_value(&mut self, value: f32) {
        let value = f64::from(value);
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// The moments of all values added; 0 and 1 if there were none.
    pub fn finish(&self) -> Moments {
        if self.count == 0 {
            return Moments {
                mean: 0.0,
                std: 1.0,
            };
        }
        let n = self.count as f64;
        let mean = self.sum / n;
        let variance = (self.squares / n - mean * mean).max(0.0);
        Moments {
            mean,
            // A constant error says nothing: its floor keeps the division finite.
            std: variance.sqrt().max(1e-9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_skip_pixels_without_evidence() {
        let mut sums = MomentSums::default();
        sums.add(&ScoreMap {
            height: 2,
            width: 2,
            values: vec![1.0, f32::NAN, 3.0, f32::NAN],
        });
        assert_eq!(
            sums.finish(),
            Moments {
                mean: 2.0,
                std: 1.0
            }
        );
        assert_eq!(MomentSums::default().finish().std, 1.0);
    }
}
