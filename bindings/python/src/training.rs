//! The call that trains.

use std::path::{Path, PathBuf};

use oddspot::files::atomic;
use oddspot::files::lock::Hold;
use oddspot::files::replaced::{beside, parent};
use oddspot::images::{Limits, RegionOfInterest};
use oddspot::judge::pool;
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, GoodImages, checkpoint_of_fold, is_first, keep_last, remarks};
use oddspot::{Error, ErrorKind, Model, Result, Subject, Training};
use pyo3::prelude::*;

use crate::conducting::{Teller, conduct};
use crate::detector::Detector;
use crate::errors::raised;
use crate::good::good_images;
use crate::held::{Held, library};
use crate::settings::{Given, over, setting, settings_of};
use crate::watching::{Watching, warn_of};

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
    let begun = py
        .detach(|| asked.begin())
        .map_err(|error| raised(py, &error))?;
    let good = good_images(good, begun.settings.reading().limits)?;
    let threads = asked.threads;
    let output = asked.output.clone();
    let checkpoint = asked.checkpoint();
    let work = |teller: &Teller| Held::of(run(good, begun, &asked, teller)?, threads);
    let ready = conduct(py, progress, work, |error| {
        stopped(error, output.as_deref(), checkpoint.as_ref())
    })?;
    Ok(Detector::of(ready, threads))
}

/// What is known before images are looked at.
struct Begun {
    settings: Settings,
    /// The model that lies at the output, of a training that is to go on and is finished.
    finished: Option<Model>,
    /// Keeps other runs from the output.
    hold: Option<Hold>,
}

impl Asked {
    fn checkpoint(&self) -> Option<Checkpoint> {
        let output = self.output.as_ref()?;
        let path = beside(output, "checkpoint");
        Some(Checkpoint {
            resume: self.resume && path.exists(),
            path,
        })
    }

    fn begin(&self) -> Result<Begun> {
        if let Some(output) = self.output.as_deref().filter(|output| output.is_dir()) {
            let reason = "it is a folder: give a file name, as part.oddspot";
            return Err(refused(ErrorKind::Invalid, output, reason));
        }
        // Before it is looked at what lies there: another run may be about to finish it.
        let hold = self.output.as_deref().map(Hold::take_soon).transpose()?;
        self.check()?;
        let checkpoint = self.checkpoint();
        let finished = match (&self.output, &checkpoint) {
            (Some(output), Some(Checkpoint { path, .. }))
                if self.resume && output.is_file() && !path.exists() =>
            {
                Some(Model::load(output)?).filter(|model| !model.header.is_first)
            }
            _ => None,
        };
        // A training that goes on keeps its own settings where none are given.
        let settings = match (&self.preset, checkpoint, &finished) {
            (None, Some(checkpoint), _) if checkpoint.resume => {
                over(checkpoint.settings()?, &self.settings)
            }
            (None, _, Some(model)) => over(model.header.settings.clone(), &self.settings),
            (preset, ..) => settings_of(preset.as_deref().unwrap_or("default"), &self.settings),
        };
        Ok(Begun {
            settings: settings?,
            finished,
            hold,
        })
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

    /// Refuses what would be lost.
    fn check(&self) -> Result<()> {
        let (Some(output), Some(checkpoint)) = (&self.output, self.checkpoint()) else {
            return Ok(());
        };
        let there = checkpoint.path.exists();
        if there && !self.resume && !self.restart {
            let reason = "there is the checkpoint of a training that was stopped: give resume=True to go on with it, \
                          or restart=True to start again";
            return Err(refused(ErrorKind::Mismatch, output, reason));
        }
        let may_be_replaced = self.replace || self.resume || there || is_first(output);
        if output.is_file() && !may_be_replaced {
            let reason = "it is there already: give replace=True to put the new model in its place (it is kept with \
                          .bak behind its name), resume=True to go on with it if it is of the same images and \
                          settings, or another output";
            return Err(refused(ErrorKind::Mismatch, output, reason));
        }
        Ok(())
    }
}

fn refused(kind: ErrorKind, output: &Path, reason: impl Into<String>) -> Error {
    Error::at(kind, Subject::File("train into"), output, reason)
}

/// Trains, and writes the model where it was asked to.
fn run(good: GoodImages, begun: Begun, asked: &Asked, teller: &Teller) -> Result<Model> {
    let Begun {
        settings,
        finished,
        hold,
    } = begun;
    let checkpoint = asked.checkpoint();
    if let (Some(output), Some(checkpoint)) = (&asked.output, &checkpoint) {
        atomic::remove_leftovers(output);
        atomic::remove_leftovers(&checkpoint.path);
    }
    let reading = settings.reading();
    let region = asked.region(reading.limits)?;
    let given = good.train.len() + good.held_out.len();
    let once = pool(asked.threads)?
        .install(|| good.each_once(reading, |done, total| teller.tell("checking", done, total)))?;
    let (images, _copies) = once.ok_or_else(|| Error::cancelled("before the first step"))?;
    images.check_more_than_one(given)?;
    if let (Some(model), Some(output)) = (finished, &asked.output) {
        let differs = pool(asked.threads)?.install(|| {
            model.differs_from(images.clone(), &settings, region.as_ref(), &library())
        })?;
        match differs {
            None => return Ok(model),
            Some(words) if !asked.replace => {
                let reason = format!(
                    "it is finished, and of another training: {words}; give the same images and settings, replace=True \
                     to train anew in its place, or another output"
                );
                return Err(refused(ErrorKind::Mismatch, output, reason));
            }
            Some(_) => {}
        }
    }
    let folds = settings.training.folds;
    let mut watching = Watching {
        settings: &settings,
        output: asked.output.as_deref(),
        told_of_checkpoint: false,
        teller,
    };
    let mut training = Training::new(settings.clone(), images)
        .library(library())
        .threads(asked.threads)
        .region(region)
        .observe(&mut watching);
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
        keep_last(&model, output)?;
        std::fs::remove_file(&checkpoint.path).ok();
        for fold in 1..=folds {
            std::fs::remove_file(checkpoint_of_fold(&checkpoint.path, fold)).ok();
        }
    }
    drop(hold);
    // It is written: who stops here has it.
    for remark in remarks::of_learned(&model.header, &setting) {
        let _ = warn_of(&remark, teller);
    }
    Ok(model)
}

/// What is left of a training that was stopped.
fn stopped(error: &Error, output: Option<&Path>, checkpoint: Option<&Checkpoint>) -> String {
    let reason = error.reason();
    let first = output.filter(|output| is_first(output)).map(|output| {
        format!(
            "{} is the model that was written first, which can be used already",
            output.display()
        )
    });
    let checkpoint = checkpoint.filter(|checkpoint| checkpoint.path.exists());
    let checkpoint = checkpoint.map(|Checkpoint { path, .. }| {
        format!(
            "the checkpoint is {}: go on by train(..., resume=True)",
            path.display()
        )
    });
    let left: Vec<String> = first.into_iter().chain(checkpoint).collect();
    match left.is_empty() {
        true => format!("stopped {reason}; nothing was written"),
        false => format!("stopped {reason}; {}", left.join("; ")),
    }
}
