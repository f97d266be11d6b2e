//! What terms say of images that they have not seen, and of those that a training left out.

use crate::judge::{Judging, TermErrors};
use crate::maps::ScoreMap;
use crate::verdict::TermStatistics;

/// What terms say of images that they have not seen.
pub(super) struct Judged {
    pub judging: Judging,
    /// Of each piece of the images that were held out.
    pub errors: Vec<TermErrors>,
    /// What is usual of the terms in the images that they have learned from.
    pub statistics: Vec<TermStatistics>,
}

/// A training that left some images out, and what it says of them.
pub(super) struct Fold {
    /// The pieces of the images left out, as places among those trained on.
    pub pieces: Vec<usize>,
    /// Of the trained terms alone.
    pub judged: Judged,
}

impl Fold {
    /// The error of a trained term, by its place among the trained ones, in one of the pieces left out, at
    /// pixels.
    pub fn error(&self, piece: usize, term: usize) -> ScoreMap {
        let Judged {
            judging, errors, ..
        } = &self.judged;
        judging.term_at_pixels(term, &errors[piece][term])
    }

    /// What is usual of the trained terms in the images that it has learned from.
    pub fn statistics(&self) -> &[TermStatistics] {
        &self.judged.statistics
    }
}
