//! What a job that is at work does now.

use std::fmt;

/// What a job that is at work does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Looks whether images are there twice.
    Checks {
        /// Images that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Makes images ready.
    Prepares {
        /// Images that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Learns what is usual.
    Fits,
    /// Trains.
    Trains {
        /// Steps that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Trains without some of the images.
    Fold {
        /// Which part is left out.
        fold: usize,
        /// All parts.
        folds: usize,
        /// Steps that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Scores good images.
    Scores {
        /// Images that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Judges images.
    Judges {
        /// Images that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// Looks for images that should perhaps not be there.
    Looks {
        /// Images that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checks { done, total } => write!(f, "checks images: {done} of {total}"),
            Self::Prepares { done, total } => write!(f, "prepares images: {done} of {total}"),
            Self::Fits => write!(f, "learns what is usual"),
            Self::Trains { done, total } => write!(f, "trains: step {done} of {total}"),
            Self::Fold {
                fold,
                folds,
                done,
                total,
            } => write!(
                f,
                "trains without some of the images ({fold} of {folds}): step {done} of {total}"
            ),
            Self::Scores { done, total } => write!(f, "scores good images: {done} of {total}"),
            Self::Judges { done, total } => write!(f, "judges images: {done} of {total}"),
            Self::Looks { done, total } => {
                write!(f, "looks through the good images: {done} of {total}")
            }
        }
    }
}
