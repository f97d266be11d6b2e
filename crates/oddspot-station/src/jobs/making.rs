//! A job at work: good images in, models and what was found among the images out.

mod anew;
mod changing;
mod verifying;

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use oddspot::audit::Audit;
use oddspot::files::atomic;
use oddspot::files::digest::hex;
use oddspot::images::{RegionOfInterest, Source};
use oddspot::net::teachers::Library;
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, Copied, GoodImages, LeftOut, Progress};
use oddspot::{Model, Subject, Training};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::beside::{beside, by_the_service};
use super::found::FoundAmong;
use super::progress::Running;
use super::steps::Steps;
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::{History, Job, JobKind, Lesson, Origin, Stage, VersionSource};
use crate::versions::{Brought, Versions};

/// What regions are called in errors: they were drawn on a page.
const DRAWN: &str = "the regions that were drawn";
/// How names of trainings end that are set aside.
const CHECKPOINT: &str = ".checkpoint";
/// Jobs among which the one is looked for that is gone on with.
const JOBS_BEFORE: u32 = 20;

/// A job at work.
pub struct Making<'a> {
    /// What was judged, and what is to be learned from.
    pub history: &'a Arc<History>,
    /// What is kept.
    pub data: &'a Data,
    /// Where models go.
    pub versions: &'a Arc<Versions>,
    /// What the history works on.
    pub runtime: &'a Handle,
    /// How far it is.
    pub running: Running<'a>,
}

/// What is learned from.
struct Given {
    images: GoodImages,
    /// Those that show the same pixels as one of them, and are not among them.
    copies: Vec<Copied>,
    /// SHA-256 of those that are labelled bad in the history, and are not among them.
    labelled_bad: Vec<String>,
    mask: Option<String>,
    /// Of all that decides what is learned.
    fingerprint: String,
}

impl Given {
    /// Where a model comes from that learned from it.
    fn origin(&self, job: &Job) -> Origin {
        Origin {
            source: VersionSource::Job,
            job: Some(job.id),
            mask: self.mask.clone(),
            ..Origin::default()
        }
    }
}

impl Making<'_> {
    /// Does a job, and says what came of it.
    ///
    /// # Errors
    /// [`Kind::Ending`] if it is to end; an image that cannot be read, settings that do not fit it.
    pub fn run(&self, job: &Job, settings: Settings) -> Result<String> {
        match job.kind {
            JobKind::Extend => self.extend(job),
            JobKind::Calibrate => self.calibrate(job),
            JobKind::Compare | JobKind::Labels => self.judge_anew(job),
            JobKind::Verify => self.verify(job),
            JobKind::Audit | JobKind::Instant | JobKind::Default => self.learn(job, settings),
        }
    }

    /// Makes a model of the good images, and looks through them with it.
    fn learn(&self, job: &Job, settings: Settings) -> Result<String> {
        let given = self.given(job, &settings)?;
        let mut left_out = Vec::new();
        let model = match job.kind {
            JobKind::Default => self.trained(job, settings, &given, &mut left_out)?,
            _ => {
                let mut steps = Steps::of(0);
                let mut observer = |progress: &Progress| self.hear(&mut steps, progress);
                let training = (self.training(settings, &given)?)
                    .left_out(&mut left_out)
                    .scratch(self.data.training(&job.station)?)
                    .observe(&mut observer);
                beside(|| Ok(training.run()?))?
            }
        };
        let told = match job.kind {
            JobKind::Audit => None,
            _ => {
                let brought = self.bring(job, &model, given.origin(job))?;
                Some(words_of(&brought))
            }
        };
        if job.kind == JobKind::Default {
            self.forget(&job.station)?;
        }
        let found = self.look_through(&given, &model, left_out);
        Ok(match (told, found) {
            (Some(told), Ok(_)) => told,
            // The model is there: what goes wrong here is told and no more.
            (Some(told), Err(error)) => {
                format!("{told}; the good images were not looked through: {error}")
            }
            (None, found) => {
                let found = found?;
                format!(
                    "{} good images were looked through: {} suspicious, {} groups of the same",
                    found.images,
                    found.suspicious.len(),
                    found.twins.len()
                )
            }
        })
    }

    /// The good images of a job's station, each once.
    fn given(&self, job: &Job, settings: &Settings) -> Result<Given> {
        let station = &job.station;
        let lesson = self.history.lesson(station);
        let Lesson { good, labelled_bad } = self.runtime.block_on(lesson)?;
        let row = self.runtime.block_on(self.history.station(station))?;
        let mask = row.and_then(|row| row.mask);
        let mut hash = Sha256::new();
        let reading = settings.reading();
        hash.update(
            serde_json::to_string(settings).map_err(|error| Error::internal(error.to_string()))?,
        );
        hash.update(mask.as_deref().unwrap_or_default());
        let mut names: Vec<&str> = good.iter().map(|image| image.image.as_str()).collect();
        names.sort_unstable();
        names.iter().for_each(|name| hash.update(name));
        let images = GoodImages {
            train: (good.iter())
                .map(|image| Source::file(self.data.image(&image.kept)))
                .collect(),
            held_out: Vec::new(),
            root: self.data.images(),
        };
        // An audit is to find copies: a model learns from each once.
        let (images, copies) = match job.kind {
            JobKind::Audit => (images, Vec::new()),
            _ => {
                let total = images.train.len();
                let once = beside(|| {
                    pool()?.install(|| {
                        let once = images.each_once(reading, |done, _| {
                            self.running.is_at(0.0, Stage::Checks { done, total })
                        });
                        Ok(once?)
                    })
                });
                once?.ok_or_else(broken_off)?
            }
        };
        Ok(Given {
            images,
            copies,
            labelled_bad: labelled_bad.into_iter().map(|one| one.image).collect(),
            mask,
            fingerprint: hex(&hash.finalize()),
        })
    }

    fn training<'t>(&self, settings: Settings, given: &Given) -> oddspot::Result<Training<'t>> {
        Ok(Training::new(settings, given.images.clone())
            .library(library_of(self.versions))
            .threads(threads())
            .region(region_of(given)?))
    }

    /// A full training, which goes on from where the same one was broken off.
    fn trained(
        &self,
        job: &Job,
        settings: Settings,
        given: &Given,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<Model> {
        let folder = self.data.training(&job.station)?;
        let path = folder.join(format!("{:.16}{CHECKPOINT}", given.fingerprint));
        if path.is_file() {
            self.take_up_losses(job)?;
            let checkpoint = Checkpoint {
                path: path.clone(),
                resume: true,
            };
            match self.full(job, settings.clone(), given, checkpoint, left_out) {
                Ok(Err(error)) if error.subject() == &Subject::Checkpoint => {
                    tracing::warn!("job {} begins anew: {error}", job.id);
                }
                trained => return Ok(trained??),
            }
        }
        // Of other images or settings: they can be gone on with no more.
        self.forget(&job.station)?;
        self.running.note(|job| job.losses.clear());
        let checkpoint = Checkpoint {
            path,
            resume: false,
        };
        Ok(self.full(job, settings, given, checkpoint, left_out)??)
    }

    fn full(
        &self,
        job: &Job,
        settings: Settings,
        given: &Given,
        checkpoint: Checkpoint,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<oddspot::Result<Model>> {
        let mut steps = Steps::of(settings.training.iterations);
        let folder = checkpoint.path.parent().map(Path::to_owned);
        let mut observer = |progress: &Progress| {
            match progress {
                Progress::Instant(model) => {
                    let said = match self.bring(job, model, given.origin(job)) {
                        Ok(brought) => {
                            format!("the instant model is there: {}", words_of(&brought))
                        }
                        Err(error) => format!("the instant model could not be kept: {error}"),
                    };
                    self.running.note(|job| job.outcome = Some(said));
                }
                Progress::Step(report) => self.running.loses(report.iteration, report.total),
                Progress::CheckpointFailed(error) => {
                    tracing::warn!("job {} cannot be set aside: {error}", job.id);
                }
                _ => {}
            }
            self.hear(&mut steps, progress)
        };
        let training = (self.training(settings, given)?)
            .left_out(left_out)
            .checkpoint(checkpoint)
            .scratch(folder.unwrap_or_default())
            .observe(&mut observer);
        beside(|| Ok(training.run()))
    }

    /// The losses of a training that was broken off belong to the one that goes on with it.
    fn take_up_losses(&self, job: &Job) -> Result<()> {
        let before = self.history.jobs(Some(&job.station), JOBS_BEFORE);
        let before = self.runtime.block_on(before)?;
        let last = before
            .into_iter()
            .find(|one| one.id < job.id && one.kind == JobKind::Default && !one.losses.is_empty());
        if let Some(last) = last {
            self.running.note(|job| job.losses = last.losses);
        }
        Ok(())
    }

    fn hear(&self, steps: &mut Steps, progress: &Progress) -> ControlFlow<()> {
        match steps.at(progress) {
            Some((share, stage)) => self.running.is_at(share, stage),
            None => ControlFlow::Continue(()),
        }
    }

    /// Keeps a model as one of the station's.
    fn bring(&self, job: &Job, model: &Model, origin: Origin) -> Result<Brought> {
        let file = self.data.training(&job.station)?.join("made.oddspot");
        model.save(&file)?;
        let (versions, station) = (Arc::clone(self.versions), job.station.clone());
        let path = file.clone();
        // By the service: what it makes ready will judge.
        let history = Arc::clone(self.history);
        let brought = by_the_service(self.runtime, async move {
            loop {
                let brought = versions.bring(&station, path.clone(), origin.clone(), None);
                match brought.await {
                    // What took hours is not thrown away for that.
                    Err(error) if error.kind() == Kind::Away => history.until_there().await,
                    brought => return brought,
                }
            }
        });
        std::fs::remove_file(file).ok();
        brought
    }

    /// Looks through the good images, and keeps what was found.
    fn look_through(
        &self,
        given: &Given,
        model: &Model,
        left_out: Vec<LeftOut>,
    ) -> Result<FoundAmong> {
        let images = given.images.clone();
        let audit = beside(|| {
            pool()?.install(|| {
                let audit = Audit::of(images, &model.header, left_out, &mut |done, total| {
                    let (share, stage) = Steps::looking(done, total);
                    self.running.is_at(share, stage)
                });
                Ok(audit?)
            })
        });
        let found = FoundAmong::of(&audit?, &given.copies, &given.labelled_bad);
        let kept = serde_json::to_value(&found).map_err(|error| Error::internal(error.to_string()));
        let kept = kept?;
        self.running.note(|job| job.audit = Some(kept));
        Ok(found)
    }

    /// Forgets trainings of a station that were broken off; what is sent meanwhile lies beside them, and stays.
    fn forget(&self, station: &str) -> Result<()> {
        let folder = self.data.training(station)?;
        atomic::remove_leftovers_in(&folder, is_checkpoint);
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(is_checkpoint) {
                continue;
            }
            let file = entry.path();
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io(&file)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where teachers lie of models that were saved without them.
fn library_of(versions: &Versions) -> Library {
    let library = versions.models().options().library.clone();
    library.unwrap_or_else(Library::in_the_program)
}

/// Threads that are started by who calls, and are as urgent.
fn pool() -> Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads());
    pool.build()
        .map_err(|error| Error::new(Kind::System, format!("threads cannot be started: {error}")))
}

/// One thread fewer than the machine has: judging needs one at any time.
fn threads() -> usize {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    all.saturating_sub(1).max(1)
}

/// Whether a file of a station's trainings is one that was set aside.
fn is_checkpoint(name: &str) -> bool {
    name.ends_with(CHECKPOINT) && !name.starts_with('.')
}

fn region_of(given: &Given) -> oddspot::Result<Option<RegionOfInterest>> {
    let drawn = given.mask.as_deref();
    let region = drawn.map(|text| RegionOfInterest::of_text(text, Path::new(DRAWN)));
    region.transpose()
}

fn broken_off() -> Error {
    Error::new(Kind::Ending, "it was broken off")
}

/// What became of a model, in words.
fn words_of(brought: &Brought) -> String {
    let Brought {
        sha256,
        is_active,
        refused,
    } = brought;
    match (is_active, refused) {
        (true, _) => format!("model {sha256:.12} judges from now on"),
        (false, Some(error)) => {
            format!("model {sha256:.12} was made, and could not be activated: {error}")
        }
        (false, None) => format!("model {sha256:.12} was made: activate it under Models"),
    }
}
