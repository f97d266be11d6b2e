//! Many images, one after the other: judged by all threads, few of them in memory, told of in their order.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use oddspot::images::{Limits, Source};
use oddspot::judge::{Detector, MOST_PER_CORE};
use oddspot::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::conducting::{fault, received};
use crate::depth::Guesses;
use crate::errors::{mismatch, raised};
use crate::images::source_of;
use crate::results::{Found, How, Outcome};

/// Images that are taken at once, for each thread.
const AT_ONCE: usize = 2;

/// What is found in images that are taken from an iterable as they are needed.
#[pyclass(frozen, module = "oddspot._oddspot")]
pub struct Inspections {
    state: Mutex<State>,
    images: Py<PyIterator>,
    stop: Arc<AtomicBool>,
    process: u32,
    /// Images that are taken at once.
    batch: usize,
    return_exceptions: bool,
    guesses: Guesses,
    limits: Limits,
}

struct State {
    /// To the thread that judges; None once there are no more images.
    give: Option<Sender<Vec<Source>>>,
    found: Receiver<Outcome>,
    /// What was taken and not told of: what is no image has its exception here.
    turns: VecDeque<Option<PyErr>>,
    /// What the images' own iterator raised, to be raised after what came before.
    failure: Option<PyErr>,
}

impl State {
    fn give(&self, batch: Vec<Source>) {
        if let Some(give) = &self.give {
            // A thread that has ended tells why by what it left.
            give.send(batch).ok();
        }
    }

    fn give_last(&mut self, batch: Vec<Source>) {
        self.give(batch);
        self.give = None;
    }
}

impl Inspections {
    /// Of images that are judged by so many threads.
    ///
    /// # Errors
    /// A thread that the system does not give.
    pub fn new(
        (detector, threads): (Arc<Detector>, usize),
        images: Py<PyIterator>,
        (how, return_exceptions): (How, bool),
        guesses: Guesses,
    ) -> Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = match threads {
            0 => cores,
            some => some.min(MOST_PER_CORE * cores),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let (give, taken) = channel();
        let (tell, found) = channel();
        let asked = Arc::clone(&stop);
        let limits = detector.reading().limits;
        thread::Builder::new()
            .name("oddspot".to_owned())
            .spawn(move || judge_all(&detector, how, (&taken, &tell), &asked))
            .map_err(Error::io("start a thread for", "images"))?;
        Ok(Self {
            state: Mutex::new(State {
                give: Some(give),
                found,
                turns: VecDeque::new(),
                failure: None,
            }),
            images,
            stop,
            process: std::process::id(),
            batch: AT_ONCE * threads,
            return_exceptions,
            guesses,
            limits,
        })
    }

    /// Takes more images where few are on their way.
    fn take(&self, py: Python<'_>, state: &mut State) {
        if state.turns.len() > self.batch / 2 || state.give.is_none() {
            return;
        }
        let mut batch = Vec::new();
        let mut images = self.images.bind(py).clone();
        for _ in 0..self.batch {
            match images.next() {
                None => return state.give_last(batch),
                Some(Err(failure)) => {
                    state.failure = Some(failure);
                    return state.give_last(batch);
                }
                Some(Ok(image)) => match source_of(&image, self.limits) {
                    Ok(source) => {
                        batch.push(source);
                        state.turns.push_back(None);
                    }
                    Err(exception) => state.turns.push_back(Some(exception)),
                },
            }
        }
        state.give(batch);
    }

    /// An exception that is raised, or given in its image's place.
    fn told(&self, py: Python<'_>, exception: PyErr) -> PyResult<Option<Py<PyAny>>> {
        match self.return_exceptions {
            true => Ok(Some(exception.into_value(py).into_any())),
            false => Err(exception),
        }
    }
}

#[pymethods]
impl Inspections {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if self.process != std::process::id() {
            return Err(mismatch(
                py,
                "these images are judged in the process that this one was forked from: call inspect_all here",
            ));
        }
        // Waiting for whoever has it would be for ever where that is this thread, in the images' own iterator.
        let Ok(mut state) = self.state.try_lock() else {
            return Err(mismatch(
                py,
                "somebody is taking the next one already: give each thread an inspect_all of its own",
            ));
        };
        let state = &mut *state;
        self.take(py, state);
        let waits = match state.turns.pop_front() {
            None => return state.failure.take().map_or(Ok(None), Err),
            Some(Some(exception)) => return self.told(py, exception),
            Some(None) => &mut state.found,
        };
        loop {
            match received(py, waits) {
                Ok(Ok(found)) => return found.into_python(py, &self.guesses).map(Some),
                Ok(Err(error)) => return self.told(py, raised(py, &error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    state.turns.clear();
                    return Err(raised(py, &Error::internal("the judging thread ended")));
                }
            }
            if let Err(exception) = py.check_signals() {
                state.turns.push_front(None);
                return Err(exception);
            }
        }
    }
}

impl Drop for Inspections {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Judges batch after batch, until there is none or nobody listens any more.
fn judge_all(
    detector: &Detector,
    how: How,
    (taken, tell): (&Receiver<Vec<Source>>, &Sender<Outcome>),
    stop: &AtomicBool,
) {
    let goes_on = || !stop.load(Ordering::SeqCst);
    for batch in taken {
        let judged = catch_unwind(AssertUnwindSafe(|| {
            detector.in_order(
                batch.into_iter().take_while(|_| goes_on()),
                |source| Found::of_source(detector, &source, how),
                |outcome| match tell.send(outcome).is_ok() && goes_on() {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                },
            );
        }));
        if let Err(panic) = judged {
            tell.send(Err(fault(&*panic))).ok();
            return;
        }
        if !goes_on() {
            return;
        }
    }
}
