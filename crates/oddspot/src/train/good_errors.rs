//! What the terms say of the good images, and sums of it.

use crate::judge::TermErrors;
use crate::maps::{MomentSums, ScoreMap, image_level};
use crate::view::Evidence;

/// What the terms say of good images' pieces: trained ones as they are, those of the closed form as if the image
/// had been left out.
#[derive(Default)]
pub(super) struct GoodErrors {
    /// Of training images' pieces where anything has learned from them, each with its place among all pieces.
    pub seen: Vec<(usize, TermErrors)>,
    /// Of the pieces of all images that nothing has learned from.
    pub unseen: Vec<TermErrors>,
    /// Of each term.
    pub sums: Vec<Sums>,
}

/// Sums of a term's error, and of images' levels in it.
#[derive(Default)]
pub(super) struct Sums {
    pub error: MomentSums,
    pub levels: MomentSums,
}

impl Sums {
    /// Adds an error, where the image is evidence.
    pub fn add(&mut self, error: ScoreMap, evidence: &Evidence) {
        self.levels
            .add_value(image_level(&error, evidence.inspected()));
        self.error.add(&evidence.only(error));
    }
}
