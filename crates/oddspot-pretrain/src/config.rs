//! The recipe: everything that decides what a pretraining computes.

use oddspot::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::scene::SIDE;

/// Largest number of steps, which the optimizer counts in 32 bits.
const MOST_STEPS: usize = i32::MAX as usize - 1;
/// Values of the largest map of a batch, and points of a batch: what fits into memory.
const MOST_VALUES: usize = 1 << 28;
const MOST_POINTS: usize = 1 << 13;

/// A recipe. The default is that of the teacher that the program brings along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Seed of everything that is left to chance.
    pub seed: u64,
    /// Optimizer steps.
    pub steps: usize,
    /// Scenes per step; each is seen in two views.
    pub scenes: usize,
    /// Side of a view in pixels, a multiple of 8.
    pub view: usize,
    /// Share of the scenes whose two views are seen under nearly the same light, focus and noise.
    pub alike: f64,
    /// Share of the scenes that are faint: of little contrast, many without colour.
    pub faint: f64,
    /// Whether wide shades are among the planted defects.
    pub shades: bool,
    /// Channels of the network's four stages.
    pub widths: [usize; 4],
    /// Places in each scene that the losses look at, per level.
    pub points: usize,
    /// Learning rate once it has risen, before it falls.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises.
    pub warm_up: usize,
    /// Share of the steps, the last ones, over which the learning rate falls to 0.
    pub cool_down: f64,
    /// Weight of the contrastive loss of each level.
    pub contrast: [f32; 3],
    /// Weight of telling the texture's class.
    pub classes: f32,
    /// Weight of telling planted defects from what was there before. Whatever it is, damaged
    /// places are never taken for their sound selves, but for others.
    pub defects: f32,
    /// Temperature of the contrastive loss.
    pub temperature: f32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 10_000,
            scenes: 16,
            view: 96,
            alike: 0.0,
            faint: 0.0,
            shades: false,
            widths: [16, 32, 96, 192],
            points: 48,
            learning_rate: 1e-3,
            warm_up: 200,
            cool_down: 0.3,
            contrast: [0.3, 0.6, 1.0],
            classes: 0.0,
            defects: 0.0,
            temperature: 0.1,
        }
    }
}

impl Recipe {
    /// Checks every field's range.
    ///
    /// # Errors
    /// The first field out of range.
    pub fn validate(&self) -> Result<()> {
        let check = |holds: bool, field: &'static str, needed: &str| match holds {
            true => Ok(()),
            false => Err(Error::setting(field, format!("it must be {needed}"))),
        };
        check(
            (1..=MOST_STEPS).contains(&self.steps),
            "steps",
            "from 1 to 2147483646",
        )?;
        check((2..=256).contains(&self.scenes), "scenes", "from 2 to 256")?;
        let view = self.view.is_multiple_of(8) && (32..=SIDE).contains(&self.view);
        check(view, "view", "a multiple of 8 from 32 to 192")?;
        let share = |share: f64| (0.0..=1.0).contains(&share);
        check(share(self.alike), "alike", "from 0 to 1")?;
        check(share(self.faint), "faint", "from 0 to 1")?;
        let widths = self.widths.iter().all(|width| (8..=1024).contains(width));
        check(widths, "widths", "four numbers from 8 to 1024")?;
        check(
            (1..=1024).contains(&self.points),
            "points",
            "from 1 to 1024",
        )?;
        let largest = 2 * self.scenes * self.view.pow(2) * self.widths[0];
        let fits = largest <= MOST_VALUES && self.scenes * self.points <= MOST_POINTS;
        check(
            fits,
            "scenes",
            "smaller, or else view, points or widths: a step would not fit into memory",
        )?;
        let rate = self.learning_rate.is_finite() && self.learning_rate > 0.0;
        check(rate, "learning_rate", "a positive number")?;
        check(
            (0.0..=1.0).contains(&self.cool_down),
            "cool_down",
            "from 0 to 1",
        )?;
        let weights = [self.contrast.to_vec(), vec![self.classes, self.defects]].concat();
        let weights = weights.iter().all(|w| w.is_finite() && *w >= 0.0)
            && self
                .contrast
                .iter()
                .chain([&self.classes])
                .any(|w| *w > 0.0);
        check(
            weights,
            "contrast, classes, defects",
            "weights of 0 or more, not all 0",
        )?;
        let temperature = (0.02..=10.0).contains(&self.temperature);
        check(temperature, "temperature", "from 0.02 to 10")
    }

    /// The step at which the learning rate begins to fall. A checkpoint from before it serves a
    /// longer pretraining as well.
    pub fn cool_down_start(&self) -> usize {
        self.steps - (self.cool_down * self.steps as f64).round() as usize
    }

    /// The learning rate of a step, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        let start = self.cool_down_start();
        let risen = ((step + 1) as f64 / self.warm_up.max(1) as f64).min(1.0);
        let left = match step < start {
            true => 1.0,
            false => (self.steps - step) as f64 / (self.steps - start) as f64,
        };
        self.learning_rate * risen * left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_stays_and_falls() {
        let recipe = Recipe {
            steps: 100,
            warm_up: 10,
            cool_down: 0.5,
            learning_rate: 1.0,
            ..Recipe::default()
        };
        assert_eq!(recipe.rate(0), 0.1);
        assert_eq!(recipe.rate(9), 1.0);
        assert_eq!(recipe.rate(49), 1.0);
        assert_eq!(recipe.rate(50), 1.0);
        assert_eq!(recipe.rate(75), 0.5);
        assert_eq!(recipe.rate(99), 0.02);
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        let sound = Recipe::default;
        for (recipe, field) in [
            (
                Recipe {
                    steps: 0,
                    ..sound()
                },
                "steps",
            ),
            (
                Recipe {
                    scenes: 1,
                    ..sound()
                },
                "scenes",
            ),
            (
                Recipe {
                    view: 100,
                    ..sound()
                },
                "view",
            ),
            (
                Recipe {
                    alike: 1.5,
                    ..sound()
                },
                "alike",
            ),
            (
                Recipe {
                    faint: -0.1,
                    ..sound()
                },
                "faint",
            ),
            (
                Recipe {
                    widths: [16, 0, 16, 16],
                    ..sound()
                },
                "widths",
            ),
            (
                Recipe {
                    learning_rate: f64::NAN,
                    ..sound()
                },
                "learning_rate",
            ),
            (
                Recipe {
                    contrast: [0.0; 3],
                    classes: 0.0,
                    ..sound()
                },
                "contrast",
            ),
            (
                Recipe {
                    temperature: 0.0,
                    ..sound()
                },
                "temperature",
            ),
        ] {
            let error = recipe.validate().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        sound().validate().unwrap();
    }
}
