//! What is told of a training while it goes on: how far it is, and what somebody should know of its images.

use std::ops::ControlFlow;
use std::path::Path;

use oddspot::Model;
use oddspot::settings::Settings;
use oddspot::train::remarks::{self, Remark, Weight};
use oddspot::train::{Observer, Progress, keep_first};

use crate::conducting::Teller;
use crate::settings::setting;

/// The observer of a training.
pub struct Watching<'a> {
    /// The training's.
    pub settings: &'a Settings,
    /// Where its model is to lie.
    pub output: Option<&'a Path>,
    /// Whether it was said that a checkpoint cannot be written.
    pub told_of_checkpoint: bool,
    /// Is told.
    pub teller: &'a Teller<'a>,
}

/// Warns of what somebody should know.
pub fn warn_of(remark: &Remark, teller: &Teller) -> ControlFlow<()> {
    match remark.weight {
        Weight::Note => ControlFlow::Continue(()),
        Weight::Advice | Weight::Warning => teller.warn(remark.words.clone()),
    }
}

impl Observer for Watching<'_> {
    fn progress(&mut self, event: &Progress) -> ControlFlow<()> {
        match *event {
            Progress::Begins { teacher, .. } => self.warn(remarks::of_teacher(teacher, &setting)),
            Progress::Aligned(good) => self.warn(remarks::of_alignment(
                good,
                self.settings.alignment,
                &setting,
            )),
            Progress::Images(files) => {
                self.warn(remarks::of_images(&files, self.settings, &setting))
            }
            Progress::Instant(model) => self.keep(model),
            Progress::CheckpointFailed(error) => {
                let is_told = std::mem::replace(&mut self.told_of_checkpoint, true);
                match is_told {
                    true => self.teller.flow(),
                    false => self.teller.warn(format!(
                        "{}; the training goes on without it",
                        error.in_full()
                    )),
                }
            }
            _ => self.tell(event),
        }
    }
}

impl Watching<'_> {
    fn warn(&self, told: impl IntoIterator<Item = Remark>) -> ControlFlow<()> {
        told.into_iter()
            .try_for_each(|remark| warn_of(&remark, self.teller))?;
        self.teller.flow()
    }

    /// Keeps a first model, unless there is one already.
    fn keep(&self, model: &Model) -> ControlFlow<()> {
        let Some(output) = self.output else {
            return self.teller.flow();
        };
        match keep_first(model, output) {
            Ok(_) => self.teller.flow(),
            Err(error) => self
                .teller
                .warn(format!("{}; the training goes on", error.in_full())),
        }
    }

    fn tell(&self, event: &Progress) -> ControlFlow<()> {
        let teller = self.teller;
        match *event {
            Progress::Preparing { done, total } => teller.tell("preparing", done, total),
            Progress::Fitting { term, done, total } => {
                teller.tell(&format!("fitting {term}"), done, total)
            }
            Progress::Step(step) => {
                let training = &self.settings.training;
                let of_place = step.pos.map(|pos| ("loss of places", f64::from(pos)));
                let numbers = [("loss", f64::from(step.rec))].into_iter().chain(of_place);
                let images =
                    [step.iteration, training.iterations].map(|steps| steps * training.batch);
                teller.tell_with("training", images.into(), numbers.collect())
            }
            Progress::Fold {
                fold,
                folds,
                iteration,
                iterations,
            } => {
                let phase = format!("training without part {fold} of {folds}");
                teller.tell(&phase, iteration, iterations)
            }
            Progress::Scoring { done, total } => teller.tell("scoring good images", done, total),
            _ => teller.flow(),
        }
    }
}
