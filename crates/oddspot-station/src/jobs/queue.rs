//! The jobs of a service: one is at work, others wait.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::broadcast;

use super::making::Making;
use super::outcome::Outcome;
use super::progress::{Halt, Live, Running};
use super::wanted::{Wanted, active, check, settings_of};
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::{Actor, History, Job, JobKind, JobState, NewJob, text_of};
use crate::versions::Versions;
use crate::words::Sentence;

/// News that wait for who listens slowly.
const NEWS: usize = 256;
/// After which it is looked for jobs even if nobody said that there is one.
const LOOK: Duration = Duration::from_secs(1);

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
        check(&self.history, &self.versions, wanted).await?;
        let new = NewJob {
            kind: *kind,
            settings: settings.clone(),
            force: *force,
            models: match kind {
                // The one that judges now, whatever becomes active meanwhile.
                JobKind::Labels => active(&self.versions, station)?,
                JobKind::Verify if models.is_empty() => active(&self.versions, station)?,
                _ => models.clone(),
            },
        };
        let _turn = self.turn.lock().await;
        // It may have been taken away meanwhile.
        self.versions.post(station)?;
        let before = self.history.open_jobs(station).await?;
        let same = |job: &&Job| job.kind == new.kind && job.models == new.models;
        if let Some(job) = before.iter().find(same) {
            let sentence = Sentence::new("refused-same-job").with("id", job.id);
            return Err(Error::of(Kind::Mismatch, sentence.with("station", station)));
        }
        let job = self.history.add_job(station, &new, Some(by)).await?;
        self.live.tell(&job);
        self.wake();
        Ok(job)
    }

    /// Refuses a station of which a job waits or is at work. Whoever takes it away has let go of its models before.
    ///
    /// # Errors
    /// There is such a job.
    pub async fn check_none(&self, station: &str) -> Result<()> {
        let _turn = self.turn.lock().await;
        match self.history.open_jobs(station).await?.first() {
            Some(job) => {
                let sentence = Sentence::new("refused-busy");
                let sentence = sentence.with("station", station).with("id", job.id);
                Err(Error::of(Kind::Mismatch, sentence))
            }
            None => Ok(()),
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

    /// The jobs of a station that are not over, the newest first, each as it is now.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn open(&self, station: &str) -> Result<Vec<Job>> {
        let jobs = self.history.open_jobs(station).await?;
        Ok(jobs.into_iter().map(|job| self.live.now(job)).collect())
    }

    /// The job of a kind that is not over, if a station has one.
    ///
    /// # Errors
    /// A history that cannot be read.
    pub async fn open_of_kind(&self, station: &str, kind: JobKind) -> Result<Option<i64>> {
        let jobs = self.history.open_jobs(station).await?;
        let found = jobs.iter().find(|job| job.kind == kind);
        Ok(found.map(|job| job.id))
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
                let sentence = Sentence::new("refused-job-over").with("id", id);
                return Err(Error::of(Kind::Mismatch, sentence));
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
                self.note_failure(&mut job, &error);
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

    /// Tells at the terminal why a job was refused or failed, and keeps it for people.
    fn note_failure(&self, job: &mut Job, error: &Error) {
        let Job { id, station, .. } = &*job;
        match error.is_refusal() {
            true => tracing::warn!("job {id} of station {station} was refused: {error}"),
            false => tracing::error!("job {id} of station {station} failed: {error}"),
        }
        if job.result.is_none()
            && let Some(why) = error.sentence().cloned()
        {
            job.result = serde_json::to_value(Outcome::Failed { why }).ok();
        }
    }

    /// Keeps how a job ended; a history that is away is waited for.
    fn keep(&self, job: &Job) -> Result<()> {
        loop {
            let kept = self.runtime.block_on(async {
                let note = self.history.verified_by(job).await?;
                self.history.set_job(job, note.as_ref()).await
            });
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
