//! What is told of a training while it goes on, and where it stood when it was interrupted.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use oddspot::model::Model;
use oddspot::net::teachers::TeacherIdentity;
use oddspot::settings::Settings;
use oddspot::train::{Observer, Progress as Event, StepReport, keep_first, remarks};
use oddspot::{Error, ErrorKind};

use super::log::TrainingLog;
use crate::advice::causes;
use crate::described::{describe_pieces, option};
use crate::output::beside;
use crate::printing::counted;
use crate::progress::{FITTING, Progress, Warning};
use crate::runtime::Runtime;

/// The observer of a training: bars, log and Ctrl-C.
pub struct Watch<'a> {
    output: &'a Path,
    log_file: PathBuf,
    runtime: &'a Runtime,
    settings: Settings,
    /// Steps done before.
    from: usize,
    stage: Stage,
    bar: Option<Progress>,
    /// The closed-form term that learns.
    fitted: Option<&'static str>,
    log: Option<TrainingLog>,
    log_failure: Option<anyhow::Error>,
    /// Whether the last checkpoint could not be written.
    owes_checkpoint: bool,
    /// Whether a first model was written.
    wrote_instant: bool,
    warning: Warning,
    /// What is told of the images, after how many they are.
    told: Vec<String>,
}

/// How far the training was when it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Preparing,
    /// After so many steps.
    Training(usize),
    /// The training done, in that of a part.
    Folds(usize),
    Scoring,
}

/// How a training ended.
pub enum Ended {
    /// With a model.
    Done {
        /// The model.
        model: Box<Model>,
        /// Whether a checkpoint holds the same.
        kept: bool,
    },
    /// By the user.
    Interrupted {
        /// Where, and what is left of it.
        said: String,
        /// How it goes on, if it does.
        then: Option<&'static str>,
    },
}

impl<'a> Watch<'a> {
    /// Of a training into a model file.
    pub fn new(
        settings: &Settings,
        output: &'a Path,
        log_file: PathBuf,
        runtime: &'a Runtime,
    ) -> Self {
        Self {
            output,
            log_file,
            runtime,
            settings: settings.clone(),
            from: 0,
            stage: Stage::Preparing,
            bar: None,
            fitted: None,
            log: None,
            log_failure: None,
            owes_checkpoint: false,
            wrote_instant: false,
            warning: Warning::default(),
            told: Vec::new(),
        }
    }

    /// With more to tell of the images.
    pub fn telling(mut self, told: Vec<String>) -> Self {
        self.told = told;
        self
    }

    /// How it ended, by what the training gave.
    ///
    /// # Errors
    /// Why there is no model, if it was not interrupted.
    pub fn ended(mut self, trained: Result<Model, Error>) -> Result<Ended> {
        self.end_phase();
        if let Some(failure) = self.log_failure {
            return Err(failure);
        }
        match trained {
            Ok(model) => Ok(Ended::Done {
                model: Box::new(model),
                kept: !self.owes_checkpoint && self.settings.method.learns(),
            }),
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                let (said, then) = self.interruption();
                Ok(Ended::Interrupted { said, then })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where it was interrupted, and how it goes on.
    fn interruption(&self) -> (String, Option<&'static str>) {
        let checkpoint = beside(self.output, "checkpoint");
        let checkpoint = checkpoint.display();
        let told = match self.stage {
            Stage::Preparing => {
                let written = match self.wrote_instant {
                    true => format!(
                        "{} is the model that was written first",
                        self.output.display()
                    ),
                    false => "nothing was written".to_owned(),
                };
                let again = "start again with the same command and --replace";
                return (
                    format!("interrupted before the first step; {written}"),
                    self.wrote_instant.then_some(again),
                );
            }
            Stage::Folds(_) | Stage::Scoring if self.owes_checkpoint => {
                let said =
                    "interrupted while scoring; nothing of the training's end could be written";
                return (said.to_owned(), None);
            }
            Stage::Training(iteration) => format!(
                "interrupted at iteration {iteration} of {}; the checkpoint is {checkpoint}",
                self.settings.training.iterations
            ),
            Stage::Folds(fold) => {
                format!(
                    "interrupted in the training without part {fold}; the checkpoint is {checkpoint}"
                )
            }
            Stage::Scoring => {
                format!("interrupted while scoring; the checkpoint is {checkpoint}")
            }
        };
        (told, Some("go on with the same command and --resume"))
    }

    fn end_phase(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
        if let Some(log) = self.log.take() {
            log.finish();
        }
    }

    /// Shows how far a phase is; its first call begins its bar.
    fn show(&mut self, words: (&'static str, &'static str), (done, total): (usize, usize)) {
        let voice = self.runtime.voice;
        let begin = || Progress::new(voice, words, (done, total));
        self.bar.get_or_insert_with(begin).set(done, String::new);
    }

    fn announce(&self, (train, held_out): (usize, usize), teacher: &TeacherIdentity) {
        note!(
            self.runtime.voice,
            "{} to learn from, {held_out} held out for the threshold",
            counted(train, "good image")
        );
        if self.settings.training.folds > train {
            note!(
                self.runtime.voice,
                "--folds {}: there are {train} images to learn from, so {train} parts are left out in turn",
                self.settings.training.folds
            );
        }
        for line in &self.told {
            note!(self.runtime.voice, "{line}");
        }
        note!(
            self.runtime.voice,
            "teacher {} (built like {}, SHA-256 {:.12}…)",
            teacher.name,
            teacher.architecture,
            teacher.sha256
        );
        if let Some(remark) = remarks::of_teacher(teacher, &option) {
            note!(self.runtime.voice, "{}", remark.line());
        }
        if self.output.exists() {
            note!(
                self.runtime.voice,
                "{} is there already and will be replaced when the training is done",
                self.output.display()
            );
        }
    }

    /// Begins the steps; breaks if they cannot be logged.
    fn begin_steps(&mut self, from: usize) -> ControlFlow<()> {
        self.end_phase();
        match TrainingLog::open(self.log_file.clone(), from) {
            Ok(log) => self.log = Some(log),
            Err(failure) => {
                self.log_failure = Some(failure);
                return ControlFlow::Break(());
            }
        }
        self.from = from;
        ControlFlow::Continue(())
    }

    /// Shows how far a closed-form term is.
    fn fitting(&mut self, term: &'static str, (done, total): (usize, usize)) {
        if self.fitted != Some(term) {
            self.fitted = Some(term);
            self.end_phase();
        }
        self.show(FITTING, (done, total));
        if done == total {
            self.end_phase();
        }
    }

    /// Keeps a first model, unless there is one already.
    fn instant(&mut self, model: &Model) {
        match keep_first(model, self.output) {
            Ok(false) => {}
            Ok(true) => {
                self.wrote_instant = true;
                note!(
                    self.runtime.voice,
                    "{} can be used already: it knows the good images, and nothing is trained yet",
                    self.output.display()
                );
            }
            Err(error) => tell!("warning: {}; the training goes on", causes(&error)),
        }
    }

    /// Shows how far a training is that leaves images out.
    fn fold(&mut self, (fold, folds): (usize, usize), (done, total): (usize, usize)) {
        if self.stage != Stage::Folds(fold) {
            self.stage = Stage::Folds(fold);
            self.end_phase();
            note!(
                self.runtime.voice,
                "part {fold} of {folds} is left out of a training of its own"
            );
        }
        self.show(("training without it", "steps"), (done, total));
    }

    fn step(&mut self, report: &StepReport) {
        self.stage = Stage::Training(report.iteration);
        self.owes_checkpoint = false;
        if let Some(log) = &mut self.log {
            log.step(report);
        }
        let (from, total) = (
            self.from * self.settings.training.batch,
            self.settings.training.iterations * self.settings.training.batch,
        );
        // Not before: a first model may have to be told of.
        let voice = self.runtime.voice;
        let begin = || Progress::new(voice, ("training", "images"), (from, total));
        let bar = self.bar.get_or_insert_with(begin);
        bar.set(report.iteration * self.settings.training.batch, || {
            note(report)
        });
    }
}

impl Observer for Watch<'_> {
    fn progress(&mut self, event: &Event) -> ControlFlow<()> {
        match *event {
            Event::Begins {
                train,
                held_out,
                teacher,
            } => self.announce((train, held_out), teacher),
            Event::Preparing { done, total } => self.show(("preparing", "images"), (done, total)),
            Event::Aligned(good) => {
                self.end_phase();
                for remark in remarks::of_alignment(good, self.settings.alignment, &option) {
                    note!(self.runtime.voice, "{}", remark.line());
                }
            }
            Event::Images(files) => {
                self.end_phase();
                for remark in remarks::of_images(&files, &self.settings, &option) {
                    note!(self.runtime.voice, "{}", remark.line());
                }
            }
            Event::Pieces { fewest, most } => {
                self.end_phase();
                note!(
                    self.runtime.voice,
                    "{}",
                    describe_pieces(self.settings.tile, fewest, most)
                );
            }
            Event::Fitting { term, done, total } => self.fitting(term, (done, total)),
            Event::Comparing { done, total } => {
                self.show(("comparing good images", "parts"), (done, total));
                if done == total {
                    self.end_phase();
                }
            }
            Event::Instant(model) => self.instant(model),
            Event::Trains { from } => return self.begin_steps(from),
            Event::Step(report) => self.step(report),
            Event::Fold {
                fold,
                folds,
                iteration,
                iterations,
            } => self.fold((fold, folds), (iteration, iterations)),
            Event::FoldAnew { fold, error } => {
                self.end_phase();
                let reason = error.reason();
                note!(
                    self.runtime.voice,
                    "part {fold} is trained anew, without its checkpoint: {reason}"
                );
            }
            Event::CheckpointFailed(error) => {
                self.owes_checkpoint = true;
                let text = || format!("{}; the training goes on without it", causes(error));
                self.warning.tell(self.bar.as_ref(), text);
            }
            Event::Scoring { done, total } => {
                if self.stage != Stage::Scoring {
                    self.stage = Stage::Scoring;
                    self.end_phase();
                }
                self.show(("scoring good images", "images"), (done, total));
            }
            // What a later version of the library may tell of.
            _ => {}
        }
        self.runtime.interrupt.flow()
    }
}

fn note(report: &StepReport) -> String {
    let mut note = format!("L_rec {:.3}", report.rec);
    if let (Some(pos), Some(accuracy)) = (report.pos, report.position_accuracy) {
        note += &format!(" L_pos {pos:.3} position {:.0} %", 100.0 * accuracy);
    }
    note
}
