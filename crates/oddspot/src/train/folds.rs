//! What trained terms say of images that they have not seen, of all training images: each part of them is left
//! out in turn, and a training of its own learns the others.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::closed_form::ClosedForm;
use super::engine::TrainingEngine;
use super::finish::Finishing;
use super::judged::Fold;
use super::observer::{Observer, Progress};
use super::set::{HeldOut, TrainingSet};
use super::trainer::{Outcome, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::net::engine::Forward;
use crate::net::learned::LOSS;
use crate::net::network::Level;
use crate::net::teachers::TeacherIdentity;
use crate::settings::Settings;

/// What a fold's training needs.
pub(super) struct Folding<'a> {
    pub settings: &'a Settings,
    pub identity: &'a TeacherIdentity,
    pub levels: &'a [Level],
    pub ready: &'a dyn Forward,
    pub engine: &'a dyn TrainingEngine,
    /// The training's checkpoint, beside which those of the folds lie, and whether to go on from them.
    pub checkpoint: Option<(&'a Path, bool)>,
}

/// Where a fold's training is set aside, beside the checkpoint of the whole.
pub fn checkpoint_of_fold(checkpoint: &Path, fold: usize) -> PathBuf {
    let mut name = checkpoint.as_os_str().to_owned();
    name.push(format!(".fold{fold}"));
    PathBuf::from(name)
}

/// Deletes those that lie beside the checkpoint of a training that starts anew: they are another's.
pub(super) fn forget_folds(checkpoint: &Path) {
    let (Some(folder), Some(name)) = (checkpoint.parent(), checkpoint.file_name()) else {
        return;
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let start = format!("{}.fold", name.to_string_lossy());
    let is_fold = |name: &str| {
        let number = name.strip_prefix(&start);
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    };
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten() {
        if is_fold(&file.file_name().to_string_lossy()) {
            std::fs::remove_file(file.path()).ok();
        }
    }
}

impl Folding<'_> {
    /// Trains all folds; none where the settings ask for none.
    ///
    /// # Errors
    /// As a training.
    pub fn run(&self, set: &TrainingSet, observer: &mut dyn Observer) -> Result<Vec<Fold>> {
        let folds = self.settings.training.folds.min(set.pieces.images());
        if folds < 2 || !self.settings.method.learns() {
            return Ok(Vec::new());
        }
        (0..folds)
            .map(|fold| self.fold((fold, folds), set, observer))
            .collect()
    }

    fn fold(
        &self,
        (fold, folds): (usize, usize),
        set: &TrainingSet,
        observer: &mut dyn Observer,
    ) -> Result<Fold> {
        let left_out = |image: &usize| image % folds == fold;
        let images: Vec<usize> = (0..set.pieces.images()).filter(left_out).collect();
        let others: Vec<usize> = (0..set.pieces.images()).filter(|i| !left_out(i)).collect();
        let mut settings = self.settings.clone();
        settings.closed_form.gaussian_weight = 0.0;
        settings.closed_form.memory_weight = 0.0;
        let held_out = HeldOut::part(set, &images);
        let path = self
            .checkpoint
            .map(|(path, resume)| (checkpoint_of_fold(path, fold + 1), resume));
        let of_teacher = (self.identity.clone(), self.levels);
        let part = || set.part(&others);
        let resumed = match &path {
            Some((path, true)) if path.exists() => {
                let of_teacher = of_teacher.clone();
                match Trainer::resume(path, settings.clone(), of_teacher, part(), self.engine) {
                    // Of another training: the whole one, which took longer, is not lost for it.
                    Err(error) if error.kind() == ErrorKind::Mismatch => {
                        let fold = fold + 1;
                        let told = Progress::FoldAnew {
                            fold,
                            error: &error,
                        };
                        if observer.progress(&told).is_break() {
                            return Err(Error::cancelled(format!("before part {fold} of {folds}")));
                        }
                        None
                    }
                    resumed => Some(resumed?),
                }
            }
            _ => None,
        };
        let mut trainer = match resumed {
            Some(trainer) => trainer,
            None => Trainer::new(settings.clone(), of_teacher, part(), self.engine)?,
        };
        let iterations = settings.training.iterations;
        let mut telling = |progress: &Progress| match progress {
            Progress::Step(report) => observer.progress(&Progress::Fold {
                fold: fold + 1,
                folds,
                iteration: report.iteration,
                iterations,
            }),
            Progress::CheckpointFailed(_) => observer.progress(progress),
            _ => ControlFlow::Continue(()),
        };
        let path = path.as_ref().map(|(path, _)| path.as_path());
        if trainer.run(path, &mut telling)? == Outcome::Interrupted {
            let iteration = trainer.iteration();
            return Err(Error::cancelled(format!(
                "at iteration {iteration} of part {} of {folds}",
                fold + 1
            )));
        }
        if let Some(path) = path {
            trainer.save_or_tell(path, &mut telling)?;
        }
        let mut tensors = trainer.layout.tensors(&trainer.values);
        tensors.retain(|name, _| !name.starts_with(LOSS));
        let mut finishing = Finishing {
            settings: &settings,
            identity: self.identity,
            learned: &trainer.learned,
            tensors,
            closed_form: &ClosedForm::default(),
            set: &mut trainer.set,
            held_out: &held_out,
            folds: &[],
            iterations,
            keep_teacher: false,
        };
        let judged = finishing.judged(self.engine, self.ready, &mut telling)?;
        let judged = judged.ok_or_else(|| Error::cancelled("while scoring good images"))?;
        Ok(Fold {
            pieces: set.pieces.of_images(&images),
            judged,
        })
    }
}
