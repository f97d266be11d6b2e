//! The health of an image apart from defects: its light, focus and colours against those of good images. What
//! lies beyond all of them makes a verdict worth nothing, whatever the anomaly map says.

mod good;
mod lie;
mod measure;
mod vitals;

pub use good::{GoodHealth, UsualHealth};
pub use measure::Measure;
pub use vitals::{Glance, Vitals};

use serde::{Deserialize, Serialize};

/// The health of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// What is measured of its pixels.
    #[serde(flatten)]
    pub vitals: Vitals,
    /// [`Measure::Light`].
    pub light: f32,
    /// [`Measure::Right`].
    pub right: f32,
    /// [`Measure::Down`].
    pub down: f32,
    /// [`Measure::Larger`].
    pub larger: f32,
    /// [`Measure::Turned`].
    pub turned: f32,
    /// [`Measure::Unlike`].
    pub unlike: f32,
    /// What lies beyond all good images, the farthest first; nothing of a healthy one, or where the model does
    /// not know its good images' health.
    pub beyond: Vec<Beyond>,
}

/// A measure that lies beyond all good images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    /// Which.
    pub measure: Measure,
    /// Of the image.
    pub value: f32,
    /// What good images reach, the least and the most, and a margin beyond them.
    pub usual: [f32; 2],
    /// What that means, and what to check.
    pub words: String,
}

impl Health {
    /// A measure of the image.
    pub fn get(&self, measure: Measure) -> f32 {
        let of_pixels = self.vitals.get(measure);
        of_pixels.unwrap_or(match measure {
            Measure::Light => self.light,
            Measure::Right => self.right,
            Measure::Down => self.down,
            Measure::Larger => self.larger,
            Measure::Turned => self.turned,
            _ => self.unlike,
        })
    }

    /// Whether it is one that a verdict can be trusted of.
    pub fn is_trusted(&self) -> bool {
        self.beyond.is_empty()
    }

    /// What is wrong, in words, with the farthest measure; None of a healthy image.
    pub fn words(&self) -> Option<&str> {
        self.beyond.first().map(|beyond| beyond.words.as_str())
    }
}
