//! The call that trains.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use oddspot::files::atomic;
use oddspot::files::lock::Hold;
use oddspot::files::replaced::{beside, parent, replace};
use oddspot::images::{Limits, RegionOfInterest};
use oddspot::judge::pool;
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, GoodImages, Progress, checkpoint_of_fold};
use oddspot::{Error, ErrorKind, Model, Result, Subject, Training};
use pyo3::prelude::*;

use crate::conducting::{Teller, conduct};
use crate::detector::Detector;
use crate::good::good_images;
use crate::held::{Held, library};
use crate::settings::{Given, over, settings_of};

/// How a training is asked for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    /// None to go on with those of a checkpoint.
    preset: Option<String>,
    settings: Given,
    output: Option<PathBuf>,
    mask: Option<PathBuf>,
    region: Option<PathBuf>,
    resume: bool,
    restart: bool,
    replace: bool,
    teacher_inside: bool,
    threads: usize,
}

/// Trains on good images, and gives the detector.
#[pyfunction]
pub fn train(
    py: Python<'_>,
    good: &Bound<'_, PyAny>,
    asked: Asked,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Detector> {
    let good = good_images(good)?;
    let threads = asked.threads;
    let checkpoint = asked.checkpoint();
    let work = |teller: &Teller| Held::of(run(good, &asked, teller)?, threads);
    let ready = conduct(py, progress, work, |error| {
        stopped(error, checkpoint.as_ref())
    })?;
    Ok(Detector::of(ready, threads))
}

impl Asked {
    fn checkpoint(&self) -> Option<Checkpoint> {
        let output = self.output.as_ref()?;
        Some(Checkpoint {
            path: beside(output, "checkpoint"),
            resume: self.resume,
        })
    }

    /// Those asked for; a training that goes on keeps its own where none are.
    fn settings(&self) -> Result<Settings> {
        match (&self.preset, self.checkpoint()) {
            (None, Some(checkpoint)) if self.resume => over(checkpoint.settings()?, &self.settings),
            (preset, _) => settings_of(preset.as_deref().unwrap_or("default"), &self.settings),
        }
    }

    fn region(&self, limits: Limits) -> Result<Option<RegionOfInterest>> {
        let mask = self
            .mask
            .as_deref()
            .map(|path| RegionOfInterest::mask(path, limits));
        let region = self.region.as_deref().map(RegionOfInterest::polygons);
        Ok(match (mask.transpose()?, region.transpose()?) {
            (Some(mask), Some(region)) => Some(mask.and(region)),
            (mask, region) => mask.or(region),
        })
    }

    /// Refuses what would be lost, or is not there to go on from.
    fn check(&self) -> Result<()> {
        let (Some(output), Some(checkpoint)) = (&self.output, self.checkpoint()) else {
            return Ok(());
        };
        let there = checkpoint.path.exists();
        let refused = |kind, path: &Path, reason: &str| {
            Err(Error::at(kind, Subject::File("train into"), path, reason))
        };
        if output.is_dir() {
            let reason = "it is a folder: give a file name, as part.oddspot";
            return refused(ErrorKind::Invalid, output, reason);
        }
        if self.resume && !there {
            let reason = "there is no checkpoint of it to go on from: train without resume=True";
            return refused(ErrorKind::NotFound, output, reason);
        }
        if there && !self.resume && !self.restart {
            let reason = "there is the checkpoint of a training that was stopped: give resume=True to go on with it, \
                          or restart=True to start again";
            return refused(ErrorKind::Mismatch, output, reason);
        }
        if output.is_file() && !self.replace && !there {
            let reason = "it is there already: give replace=True to put the new model in its place (it is kept with \
                          .bak behind its name), or another output";
            return refused(ErrorKind::Mismatch, output, reason);
        }
        Ok(())
    }
}

/// Trains, and writes the model where it was asked to.
fn run(good: GoodImages, asked: &Asked, teller: &Teller) -> Result<Model> {
    asked.check()?;
    let hold = asked.output.as_deref().map(Hold::take_soon).transpose()?;
    let checkpoint = asked.checkpoint();
    if let (Some(output), Some(checkpoint)) = (&asked.output, &checkpoint) {
        atomic::remove_leftovers(output);
        atomic::remove_leftovers(&checkpoint.path);
    }
    let settings = asked.settings()?;
    let reading = settings.reading();
    let region = asked.region(reading.limits)?;
    let once = pool(asked.threads)?
        .install(|| good.each_once(reading, |done, total| teller.tell("checking", done, total)))?;
    let (images, _copies) = once.ok_or_else(|| Error::cancelled("before the first step"))?;
    let (steps, batch) = (settings.training.iterations, settings.training.batch);
    let folds = settings.training.folds;
    let mut unwritten = None;
    let mut observer = |event: &Progress| {
        if let Progress::CheckpointFailed(error) = event {
            unwritten = Some(error.in_full());
        }
        tell(event, (steps, batch), teller)
    };
    let mut training = Training::new(settings, images)
        .library(library())
        .threads(asked.threads)
        .region(region)
        .observe(&mut observer);
    if let (Some(output), Some(checkpoint)) = (&asked.output, &checkpoint) {
        training = training
            .checkpoint(checkpoint.clone())
            .scratch(parent(output));
    }
    if !asked.teacher_inside {
        training = training.without_teacher_inside();
    }
    let model = training.run()?;
    if let (Some(output), Some(checkpoint)) = (&asked.output, &checkpoint) {
        replace(output, || model.save(output))?;
        std::fs::remove_file(&checkpoint.path).ok();
        for fold in 1..=folds {
            std::fs::remove_file(checkpoint_of_fold(&checkpoint.path, fold)).ok();
        }
    }
    drop(hold);
    Ok(model)
}

fn tell(event: &Progress, (steps, batch): (usize, usize), teller: &Teller) -> ControlFlow<()> {
    match *event {
        Progress::Preparing { done, total } => teller.tell("preparing", done, total),
        Progress::Fitting { term, done, total } => {
            teller.tell(&format!("fitting {term}"), done, total)
        }
        Progress::Step(step) => {
            let of_place = step.pos.map(|pos| ("loss of places", f64::from(pos)));
            let numbers = [("loss", f64::from(step.rec))].into_iter().chain(of_place);
            teller.tell_with(
                "training",
                (step.iteration * batch, steps * batch),
                numbers.collect(),
            )
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

/// What is left of a training that was stopped.
fn stopped(error: &Error, checkpoint: Option<&Checkpoint>) -> String {
    let reason = error.reason();
    match checkpoint.filter(|checkpoint| checkpoint.path.exists()) {
        Some(Checkpoint { path, .. }) => format!(
            "stopped {reason}; the checkpoint is {}: go on by train(..., resume=True)",
            path.display()
        ),
        None => format!("stopped {reason}; nothing was written"),
    }
}
