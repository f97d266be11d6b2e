//! What came of a job by its kind, as it is kept and shown.

use serde::{Deserialize, Serialize};

use crate::prices::Share;
use crate::words::{Gap, Sentence};

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// What speaks against doing it: nothing was changed.
    Refused {
        /// In sentences; those that an earlier version kept are texts.
        doubts: Vec<Gap>,
    },
    /// It could not be done.
    Failed {
        /// Why.
        why: Sentence,
    },
    /// Good images were added to a model.
    Extended {
        /// How many.
        added: usize,
        /// Images that it had learned from before.
        known: usize,
        /// What speaks against some of them, in sentences.
        doubts: Vec<Gap>,
    },
    /// Thresholds were set.
    Calibrated {
        /// The thresholds before: anomalous, check.
        before: [f64; 2],
        /// The same now.
        thresholds: [f64; 2],
        /// Of the good images that set them, so many are anomalous by them.
        false_alarms: Share,
        /// Of the parts that are labelled bad, so many are not.
        misses: Share,
        /// What speaks against some of the images, in sentences.
        doubts: Vec<Gap>,
    },
    /// Labelled parts were judged.
    Judged {
        /// How many; what was judged before by the same model counts no more.
        judged: usize,
        /// How many could not be.
        failed: usize,
        /// Why, for the first of them.
        why: Option<Gap>,
    },
}
