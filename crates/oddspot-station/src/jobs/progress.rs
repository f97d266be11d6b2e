//! How far the job is that is at work, for whoever looks, and whether it is to end.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::broadcast;

use super::beside::by_the_service;
use crate::history::{History, Job, JobState, Stage};

/// Between two times that how far it is is told.
const TELL: Duration = Duration::from_millis(250);
/// Between two times that it is kept.
const KEEP: Duration = Duration::from_secs(5);
/// Losses that are kept of a training, at most.
const LOSSES: usize = 400;

/// Why the job that is at work is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A person wants it.
    Cancelled,
    /// The service ends.
    Ending,
}

/// The job that is at work, as it is now.
pub struct Live {
    job: Mutex<Option<Job>>,
    halt: Mutex<Option<Halt>>,
    is_ending: AtomicBool,
    /// Who tells of jobs.
    pub news: broadcast::Sender<Arc<Job>>,
}

impl Live {
    /// None is at work.
    pub fn new(news: broadcast::Sender<Arc<Job>>) -> Self {
        Self {
            job: Mutex::default(),
            halt: Mutex::default(),
            is_ending: AtomicBool::new(false),
            news,
        }
    }

    /// A job as it is now, by what was kept of it.
    pub fn now(&self, kept: Job) -> Job {
        match &*self.job() {
            Some(job) if job.id == kept.id && kept.state == JobState::Running => job.clone(),
            _ => kept,
        }
    }

    /// A job begins.
    pub fn begin(&self, job: &Job) {
        *self.job() = Some(job.clone());
        *self.halted_mut() = None;
        self.tell(job);
    }

    /// The job as it was last, which is not at work any more.
    pub fn end_of(&self, job: Job) -> Job {
        self.job().take().unwrap_or(job)
    }

    /// Tells whoever listens how a job is.
    pub fn tell(&self, job: &Job) {
        // Nobody may listen.
        self.news.send(Arc::new(job.clone())).ok();
    }

    /// Ends the job that is at work, if it is this one.
    pub fn halt(&self, id: i64, why: Halt) {
        if self.job().as_ref().is_some_and(|job| job.id == id) {
            *self.halted_mut() = Some(why);
        }
    }

    /// Why the job that is at work is to end, if it is.
    pub fn halted(&self) -> Option<Halt> {
        match self.is_ending() {
            true => Some(Halt::Ending),
            false => *self.halted_mut(),
        }
    }

    /// Lets no more jobs begin.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
    }

    /// Whether no more jobs are to begin.
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    fn job(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn halted_mut(&self) -> MutexGuard<'_, Option<Halt>> {
        self.halt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What who does the work says of it.
pub struct Running<'a> {
    live: &'a Live,
    history: Arc<History>,
    runtime: &'a Handle,
    times: Mutex<Times>,
}

struct Times {
    told: Instant,
    kept: Instant,
    /// Of the losses, every so many is kept.
    every: usize,
}

impl<'a> Running<'a> {
    /// Of the job that has just begun.
    pub fn new(live: &'a Live, history: Arc<History>, runtime: &'a Handle) -> Self {
        let now = Instant::now();
        Self {
            live,
            history,
            runtime,
            times: Mutex::new(Times {
                told: now,
                kept: now,
                every: 1,
            }),
        }
    }

    /// Notes how far it is and what it does, and says whether to go on.
    pub fn is_at(&self, progress: f64, stage: Stage) -> ControlFlow<()> {
        self.change(|job| {
            // It never goes back.
            job.progress = job.progress.max(progress.clamp(0.0, 1.0));
            if job.doing != Some(stage) {
                job.stage = stage.to_string();
                job.doing = Some(stage);
            }
        });
        match self.live.halted() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Notes a loss.
    pub fn loses(&self, iteration: usize, loss: f32) {
        let mut live = self.live.job();
        let mut times = self.times();
        if !iteration.is_multiple_of(times.every) {
            return;
        }
        if let Some(job) = &mut *live {
            job.losses.push((iteration, loss));
            if job.losses.len() > LOSSES {
                times.every *= 2;
                let every = times.every;
                job.losses.retain(|(at, _)| at.is_multiple_of(every));
            }
        }
    }

    /// Notes something of the job.
    pub fn note(&self, change: impl FnOnce(&mut Job)) {
        self.change(change);
    }

    fn change(&self, change: impl FnOnce(&mut Job)) {
        let job = {
            let mut live = self.live.job();
            let Some(job) = &mut *live else {
                return;
            };
            change(job);
            let mut times = self.times();
            if times.told.elapsed() < TELL {
                return;
            }
            times.told = Instant::now();
            job.clone()
        };
        self.live.tell(&job);
        let is_due = {
            let mut times = self.times();
            let is_due = times.kept.elapsed() > KEEP;
            if is_due {
                times.kept = Instant::now();
            }
            is_due
        };
        if !is_due {
            return;
        }
        let (id, history) = (job.id, Arc::clone(&self.history));
        let kept = by_the_service(
            self.runtime,
            async move { history.set_job(&job, None).await },
        );
        if let Err(error) = kept {
            tracing::warn!("how far job {id} is was not kept: {error}");
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
