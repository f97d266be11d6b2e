//! How far a training is, and whether it is to go on.

use std::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::images::{BitDepth, Kind};
use crate::model::Model;
use crate::net::teachers::TeacherIdentity;
use crate::view::GoodAlignment;

/// Goes on, or ends with when the observer asked for it.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled).
pub(super) fn go_on(flow: ControlFlow<()>, when: &str) -> Result<()> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::cancelled(when)),
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub iteration: usize,
    /// `L_rec` before the step.
    pub rec: f32,
    /// `L_pos` before the step; absent in the baseline.
    pub pos: Option<f32>,
    /// The loss that was minimised.
    pub total: f32,
    /// Share of the step's pairs that the classifier placed rightly; absent in the baseline.
    pub position_accuracy: Option<f64>,
    /// Learning rate of the step.
    pub learning_rate: f64,
}

/// What good images are as files.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GoodFiles<'a> {
    /// Of each what it is.
    pub kinds: &'a [Kind],
    /// Of each what it is called.
    pub names: &'a [&'a str],
    /// Of each the bits that its samples need, where these have 16; of none where the settings say it.
    pub in_use: &'a [Option<u8>],
    /// The bits in use, where a sample has 16.
    pub bit_depth: BitDepth,
}

/// What a training tells of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// It begins.
    Begins {
        /// Images to learn from.
        train: usize,
        /// Images held out for the thresholds.
        held_out: usize,
        /// The teacher.
        teacher: &'a TeacherIdentity,
    },
    /// It is known what the good images are as files.
    Images(GoodFiles<'a>),
    /// It is known how good images lie; nothing, if they have too little in common. Only where the settings
    /// ask for it.
    Aligned(Option<&'a GoodAlignment>),
    /// It is known how many pieces an image is looked at in; judging takes as many times as long. Only where the
    /// settings cut images.
    Pieces {
        /// Of the image that gives the fewest.
        fewest: usize,
        /// Of the one that gives the most.
        most: usize,
    },
    /// Images are decoded and seen by the teacher.
    Preparing {
        /// So many of them.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// A closed-form term learns what is usual.
    Fitting {
        /// Its name.
        term: &'static str,
        /// So many parts of its work, about as long as each other.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// Each good image is compared with the others but the one most like it, for the audit.
    Comparing {
        /// So many parts of the work, about as long as each other.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// The first step comes: after so many of a checkpoint.
    Trains {
        /// Steps done before.
        from: usize,
    },
    /// A model of the closed-form terms alone, before the first step.
    Instant(&'a Model),
    /// A step was made.
    Step(&'a StepReport),
    /// A step was made of a training that leaves some images out, to see what is said of them.
    Fold {
        /// Which of them, counted from 1.
        fold: usize,
        /// Of so many.
        folds: usize,
        /// Steps done.
        iteration: usize,
        /// Of so many.
        iterations: usize,
    },
    /// The checkpoint of such a training is of another one: it starts anew.
    FoldAnew {
        /// Which of them, counted from 1.
        fold: usize,
        /// In what they differ.
        error: &'a Error,
    },
    /// A checkpoint cannot be written; it will be tried again.
    CheckpointFailed(&'a Error),
    /// Good images are scored, for what is usual and for the thresholds.
    Scoring {
        /// So many of them.
        done: usize,
        /// Of so many.
        total: usize,
    },
}

/// Who is told how far a training is; a break ends it. Closures are observers.
pub trait Observer: Send {
    /// Takes note of it, and says whether to go on.
    fn progress(&mut self, progress: &Progress) -> ControlFlow<()>;
}

impl<F: FnMut(&Progress) -> ControlFlow<()> + Send> Observer for F {
    fn progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        self(progress)
    }
}

/// Who does not care.
pub(super) struct Nobody;

impl Observer for Nobody {
    fn progress(&mut self, _progress: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
