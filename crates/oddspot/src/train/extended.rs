//! What came of adding good images to a model.

use crate::health::Health;
use crate::model::{ImageRecord, Model};
use crate::verdict::{Doubt, Doubts, Verdict};

/// A model that learned more.
pub struct Extended {
    /// The model.
    pub model: Model,
    /// Images that it knew already, which were left out.
    pub known: Vec<ImageRecord>,
    /// How many images are new.
    pub new: usize,
    /// Those of the new images that are not good by the model as it was.
    pub odd: Vec<Odd>,
}

/// A good image that a model does not call good before it has learned it.
#[derive(Clone, Debug, PartialEq)]
pub struct Odd {
    /// The image.
    pub record: ImageRecord,
    /// What is said of it.
    pub verdict: Verdict,
    /// Its score.
    pub score: f32,
    /// What is wrong with its light, focus or colours.
    pub health: Health,
}

impl Extended {
    /// What the model as it was says against the new images: they are good from now on.
    pub fn doubts(&self) -> Doubts {
        let is_odd = |one: &&Odd| matches!(one.verdict, Verdict::Anomalous | Verdict::Untrusted);
        let odd: Vec<&Odd> = self.odd.iter().filter(is_odd).collect();
        if odd.is_empty() {
            return Doubts::default();
        }
        let images = odd.iter().map(|one| (one.record.name.clone(), one.verdict));
        let doubt = Doubt::Odd {
            images: images.collect(),
            new: self.new,
        };
        Doubts {
            all: vec![doubt],
            are_grave: 2 * odd.len() > self.new,
        }
    }
}
