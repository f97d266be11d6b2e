//! The steps of a training, and what makes a model of them.

use std::path::Path;

use super::closed_form::ClosedForm;
use super::engine::TrainingEngine;
use super::folds::{Folding, forget_folds};
use super::judged::Fold;
use super::observer::{Observer, Progress, go_on};
use super::set::{HeldOut, TrainingSet};
use super::trainer::{Outcome, Trainer};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::net::engine::Forward;
use crate::net::network::Level;
use crate::net::teachers::Teacher;
use crate::settings::Settings;

/// What the steps need beside the images.
pub(super) struct Learning<'a> {
    pub settings: Settings,
    pub teacher: &'a Teacher,
    /// The teacher made ready.
    pub ready: &'a dyn Forward,
    /// Of the teacher.
    pub levels: &'a [Level],
    pub engine: &'a dyn TrainingEngine,
    /// Where the training is set aside, and whether to go on from there.
    pub checkpoint: Option<(&'a Path, bool)>,
    /// Whether the model is to have the teacher's weights.
    pub keep_teacher: bool,
}

impl Learning<'_> {
    /// Learns the images; the observer is given the `first` model before that.
    ///
    /// # Errors
    /// A checkpoint of another training; [`Cancelled`](crate::ErrorKind::Cancelled) if the observer asked for it;
    /// [`Diverged`](crate::ErrorKind::Diverged).
    pub fn run(
        &self,
        set: TrainingSet,
        (closed_form, held_out): (&ClosedForm, &HeldOut),
        first: Option<Model>,
        observer: &mut dyn Observer,
    ) -> Result<Model> {
        // As it is before the training makes its own of it.
        let all: Vec<usize> = (0..set.pieces.images()).collect();
        let raw = (self.settings.training.folds > 1).then(|| set.part(&all));
        let mut trainer = self.trainer(set)?;
        begin(&trainer, first, observer)?;
        let checkpoint = self.checkpoint.map(|(path, _)| path);
        if trainer.run(checkpoint, observer)? == Outcome::Interrupted {
            return Err(Error::cancelled(format!(
                "at iteration {}",
                trainer.iteration()
            )));
        }
        if let Some(checkpoint) = checkpoint {
            // Scoring takes a while too: a stop in it must not cost the training.
            trainer.save_or_tell(checkpoint, observer)?;
        }
        let folds = match &raw {
            None => Vec::new(),
            Some(raw) => self.folds(raw, observer)?,
        };
        let of_teacher = (self.teacher, self.ready);
        let good = (closed_form, held_out, &folds[..]);
        let model =
            trainer.finish_with(self.engine, of_teacher, self.keep_teacher, good, observer)?;
        model.ok_or_else(|| Error::cancelled("while scoring good images"))
    }

    /// From its checkpoint, or from the first step.
    fn trainer(&self, set: TrainingSet) -> Result<Trainer> {
        let of_teacher = (self.teacher.identity.clone(), self.levels);
        let settings = self.settings.clone();
        match self.checkpoint {
            Some((path, true)) => Trainer::resume(path, settings, of_teacher, set, self.engine),
            fresh => {
                if let Some((path, _)) = fresh {
                    forget_folds(path);
                }
                Trainer::new(settings, of_teacher, set, self.engine)
            }
        }
    }

    /// What trainings without a part of the images say of it.
    fn folds(&self, raw: &TrainingSet, observer: &mut dyn Observer) -> Result<Vec<Fold>> {
        let folding = Folding {
            settings: &self.settings,
            identity: &self.teacher.identity,
            levels: self.levels,
            ready: self.ready,
            engine: self.engine,
            checkpoint: self.checkpoint,
        };
        folding.run(raw, observer)
    }
}

/// Tells where the steps begin, and of the model that there is before them.
fn begin(trainer: &Trainer, first: Option<Model>, observer: &mut dyn Observer) -> Result<()> {
    let from = trainer.iteration();
    go_on(
        observer.progress(&Progress::Trains { from }),
        "before the first step",
    )?;
    if let Some(mut model) = first {
        model.header.is_first = true;
        go_on(
            observer.progress(&Progress::Instant(&model)),
            "before the first step",
        )?;
    }
    Ok(())
}
