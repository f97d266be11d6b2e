//! The jobs of a service: one is at work, others wait.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use oddspot::settings::Settings;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use super::making::Making;
use super::progress::{Halt, Live, Running};
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::{Actor, History, Job, JobKind, JobState, NewJob, text_of};
use crate::versions::Versions;

/// News that wait for who listens slowly.
const NEWS: usize = 256;
/// After which it is looked for jobs even if nobody said that there is one.
const LOOK: Duration = Duration::from_secs(1);
/// Good images that a model can be made of, at least.
const LEAST: usize = 2;

/// A job that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The station that it is for.
    pub station: String,
    /// What it does.
    pub kind: JobKind,
    /// Settings that are other than usual, by their names: `{"training.iterations": "500"}`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Whether to `extend` or `calibrate` though the images speak against it.
    #[serde(default)]
    pub force: bool,
    /// SHA-256 of the two models to `compare`.
    #[serde(default)]
    pub models: Vec<String>,
}

/// The jobs of a service.
pub struct Jobs {
    history: Arc<History>,
    data: Arc<Data>,
    versions: Arc<Versions>,
    live: Live,
    /// Held by who changes which jobs wait.
    turn: tokio::sync::Mutex<()>,
    wake: (Mutex<bool>, Condvar),
    runtime: Handle,
}

impl Jobs {
    /// Of what is kept in a data folder; to be called where the runtime is at work.
    pub fn new(history: Arc<History>, data: Arc<Data>, versions: Arc<Versions>) -> Self {
        Self {
            history,
            data,
            versions,
            live: Live::new(broadcast::channel(NEWS).0),
            turn: tokio::sync::Mutex::default(),
            wake: Default::default(),
            runtime: Handle::current(),
        }
    }

    /// Tells of jobs from now on, as they go.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Job>> {
        self.live.news.subscribe()
    }

    /// Lets a job wait for its turn.
    ///
    /// # Errors
    /// Settings that there are none of; too few good images; the same waits or is at work already.
    pub async fn start(&self, wanted: &Wanted, by: &Actor) -> Result<Job> {
        let Wanted {
            station,
            kind,
            settings,
            force,
            models,
        } = wanted;
        self.versions.post(station)?;
        settings_of(*kind, settings)?;
        self.check(wanted).await?;
        let new = NewJob {
            kind: *kind,
            settings: settings.clone(),
            force: *force,
            models: match kind {
                // By the one that judges now, whatever becomes active meanwhile.
                JobKind::Labels => self.active(station)?,
                _ => models.clone(),
            },
        };
        let _turn = self.turn.lock().await;
        let before = self.history.jobs(Some(station), 50).await?;
        let same =
            |job: &&Job| job.kind == new.kind && job.models == new.models && job.state.is_open();
        if let Some(job) = before.iter().find(same) {
            let reason = format!(
                "job {} of station {station} does the same and is {}",
                job.id,
                job.state.word()
            );
            return Err(Error::new(Kind::Mismatch, reason));
        }
        let job = self.history.add_job(station, &new, Some(by)).await?;
        self.live.tell(&job);
        self.wake();
        Ok(job)
    }

    /// The model that judges at a station, in a list.
    fn active(&self, station: &str) -> Result<Vec<String>> {
        let active = self.versions.post(station)?.model();
        Ok(active
            .iter()
            .map(|one| one.version.sha256.clone())
            .collect())
    }

    /// Refuses a job that there is nothing for at its station.
    async fn check(&self, wanted: &Wanted) -> Result<()> {
        let Wanted {
            station,
            kind,
            models,
            ..
        } = wanted;
        let invalid = |reason: String| Err(Error::new(Kind::Invalid, reason));
        match kind {
            JobKind::Audit | JobKind::Instant | JobKind::Default => {
                let good = self.history.lesson(station).await?.good.len();
                if good < LEAST {
                    return invalid(format!(
                        "station {station} has {good} good images: {LEAST} are the least that something can be learned \
                         from, and fifty do it well"
                    ));
                }
            }
            JobKind::Extend | JobKind::Calibrate | JobKind::Labels => {
                if self.versions.post(station)?.model().is_none() {
                    let reason = format!("station {station} has no model: make one first");
                    return Err(Error::new(Kind::NoModel, reason));
                }
            }
            JobKind::Compare => {}
        }
        if matches!(kind, JobKind::Compare | JobKind::Labels)
            && self.history.labelled_images(station).await?.is_empty()
        {
            return invalid(format!(
                "no part of station {station} is labelled of which the image is kept: label some in the history"
            ));
        }
        match (kind, models.as_slice()) {
            (JobKind::Compare, [first, second]) if first != second => {
                for model in [first, second] {
                    self.history.version(station, model).await?;
                }
                Ok(())
            }
            (JobKind::Compare, _) => invalid("two models are compared: give both".to_owned()),
            (_, []) => Ok(()),
            _ => invalid(format!("a job of kind {} takes no models", kind.word())),
        }
    }

    /// Judges labelled parts by the model that has just become active, where others judged them.
    pub async fn follow(&self, station: &str, by: &Actor) {
        let wanted = Wanted {
            station: station.to_owned(),
            kind: JobKind::Labels,
            settings: BTreeMap::new(),
            force: false,
            models: Vec::new(),
        };
        let done = async {
            let Some(model) = self.versions.post(station)?.model() else {
                return Ok(());
            };
            let labelled = self.history.labelled(station, &model.version.sha256);
            match labelled.await?.waiting {
                0 => Ok(()),
                _ => self.start(&wanted, by).await.map(drop),
            }
        };
        match done.await {
            // What waits already does it.
            Err(error) if error.kind() != Kind::Mismatch => {
                tracing::warn!("labelled parts of station {station} are not judged anew: {error}");
            }
            _ => {}
        }
    }

    /// The newest jobs first, of a station or of all, each as it is now.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn list(&self, station: Option<&str>, most: u32) -> Result<Vec<Job>> {
        let jobs = self.history.jobs(station, most).await?;
        Ok(jobs.into_iter().map(|job| self.live.now(job)).collect())
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// There is none of this number.
    pub async fn get(&self, id: i64) -> Result<Job> {
        Ok(self.live.now(self.history.job(id).await?))
    }

    /// Breaks a job off; what a training has come to is kept.
    ///
    /// # Errors
    /// There is none of this number, or it is over.
    pub async fn cancel(&self, id: i64, by: Actor) -> Result<Job> {
        let _turn = self.turn.lock().await;
        let mut job = self.get(id).await?;
        let note = job.cancelled_by(by);
        match job.state {
            JobState::Waiting => {
                job.state = JobState::Cancelled;
                job.stage = String::new();
                job.ended = Some(text_of(Timestamp::now()));
                job.outcome = Some("it was cancelled before it began".to_owned());
                self.history.set_job(&job, Some(&note)).await?;
                self.live.tell(&job);
            }
            JobState::Running => {
                self.history.note(&note).await?;
                self.live.halt(id, Halt::Cancelled);
            }
            _ => {
                let reason = format!("job {id} is over already: it is {}", job.state.word());
                return Err(Error::new(Kind::Mismatch, reason));
            }
        }
        Ok(job)
    }

    /// Does one job after the other until it is told to end; on a thread of its own.
    pub fn work(&self) {
        while !self.live.is_ending() {
            match self.next() {
                Ok(Some(job)) => self.run(job),
                Ok(None) => self.sleep(),
                // That the history is away is told once.
                Err(error) if error.kind() == Kind::Away => self.sleep(),
                Err(error) => {
                    tracing::error!("jobs cannot be read: {error}");
                    self.sleep();
                }
            }
        }
    }

    /// Ends the work: the job that is at work is set aside.
    pub fn end(&self) {
        self.live.end();
        self.wake();
    }

    fn next(&self) -> Result<Option<Job>> {
        self.runtime.block_on(async {
            let _turn = self.turn.lock().await;
            let Some(id) = self.history.waiting_jobs().await?.first().copied() else {
                return Ok(None);
            };
            let mut job = self.history.job(id).await?;
            job.state = JobState::Running;
            job.stage = "begins".to_owned();
            job.began = Some(text_of(Timestamp::now()));
            self.history.set_job(&job, None).await?;
            self.live.begin(&job);
            Ok(Some(job))
        })
    }

    fn run(&self, job: Job) {
        let making = Making {
            history: &self.history,
            data: &self.data,
            versions: &self.versions,
            runtime: &self.runtime,
            running: Running::new(&self.live, Arc::clone(&self.history), &self.runtime),
        };
        let settings = settings_of(job.kind, &job.settings);
        let done = settings.and_then(|settings| {
            catch_unwind(AssertUnwindSafe(|| making.run(&job, settings)))
                .unwrap_or_else(|_| Err(Error::internal("a fault of this program ended it")))
        });
        let halt = self.live.halted();
        let mut job = self.live.end_of(job);
        let (state, outcome) = match (done, halt) {
            (Ok(outcome), _) => (JobState::Done, outcome),
            (Err(error), Some(Halt::Cancelled)) if error.kind() == Kind::Ending => {
                (JobState::Cancelled, "it was cancelled".to_owned())
            }
            (Err(error), Some(Halt::Ending)) if error.kind() == Kind::Ending => {
                let outcome = "the service ended while it was at work";
                (JobState::Interrupted, outcome.to_owned())
            }
            (Err(error), _) => {
                tracing::error!("job {} of station {} failed: {error}", job.id, job.station);
                (JobState::Failed, error.to_string())
            }
        };
        (job.state, job.outcome) = (state, Some(outcome));
        job.progress = match job.state {
            JobState::Done => 1.0,
            _ => job.progress,
        };
        (job.stage, job.doing) = (String::new(), None);
        job.ended = Some(text_of(Timestamp::now()));
        if let Err(error) = self.keep(&job) {
            tracing::error!("how job {} ended was not kept: {error}", job.id);
        }
        self.live.tell(&job);
    }

    /// Keeps how a job ended; a history that is away is waited for.
    fn keep(&self, job: &Job) -> Result<()> {
        loop {
            let kept = self.runtime.block_on(self.history.set_job(job, None));
            match kept {
                Err(error) if error.kind() == Kind::Away && !self.live.is_ending() => self.sleep(),
                kept => return kept,
            }
        }
    }

    fn wake(&self) {
        let (is_wanted, wake) = &self.wake;
        *is_wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
    }

    fn sleep(&self) {
        let (is_wanted, wake) = &self.wake;
        let is_wanted = is_wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = wake.wait_timeout_while(is_wanted, LOOK, |is_wanted| !*is_wanted);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// The settings of a job.
///
/// # Errors
/// One that there is not, that is out of range, or that would have this machine's files opened.
fn settings_of(kind: JobKind, others: &BTreeMap<String, String>) -> Result<Settings> {
    let mut settings = match kind {
        JobKind::Default => Settings::default(),
        JobKind::Audit | JobKind::Instant => Settings::instant(),
        _ if others.is_empty() => return Ok(Settings::instant()),
        _ => {
            let reason = format!("a job of kind {} takes no settings", kind.word());
            return Err(Error::new(Kind::Invalid, reason));
        }
    };
    for (name, value) in others {
        if name == "teacher" {
            let reason =
                "the teacher of a station's models cannot be chosen here: it may name a file";
            return Err(Error::new(Kind::Invalid, reason));
        }
        settings
            .set(name, value)
            .map_err(|error| Error::new(Kind::Invalid, error.in_full()))?;
    }
    settings
        .validate()
        .map_err(|error| Error::new(Kind::Invalid, error.in_full()))?;
    Ok(settings)
}
