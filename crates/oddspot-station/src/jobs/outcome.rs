//! What came of a job by its kind, as it is kept and shown.

use std::fmt;

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
    /// A model judges here as it did.
    Verified(Verified),
}

/// A model that judges here as it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// Its SHA-256.
    pub model: String,
    /// So many good images of its own have the score that they had when it was made.
    pub own: usize,
    /// What came of the labelled parts, if they were judged too.
    pub parts: Option<VerifiedParts>,
}

/// Labelled parts that were judged once more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifiedParts {
    /// So many have the score that the model gave them before; others it had not judged.
    pub same: usize,
    /// Of the parts labelled good, so many are stopped.
    pub false_alarms: Share,
    /// Of the parts labelled bad, so many are not.
    pub misses: Share,
    /// How many could not be judged.
    pub failed: usize,
    /// Why, for the first of them.
    pub why: Option<Gap>,
}

impl fmt::Display for Verified {
    /// In English, for programs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, own, parts } = self;
        write!(
            f,
            "model {model:.12} judges here as when it was made, by {own} of its own good images"
        )?;
        let Some(parts) = parts else { return Ok(()) };
        let of = |share: &Share| format!("{} of {}", share.counted, share.of);
        write!(
            f,
            "; labelled parts with the score that they had: {}; good ones stopped: {}; bad ones missed: {}",
            parts.same,
            of(&parts.false_alarms),
            of(&parts.misses)
        )?;
        match &parts.why {
            Some(why) => write!(f, "; {} could not be judged: {why}", parts.failed),
            None => Ok(()),
        }
    }
}
