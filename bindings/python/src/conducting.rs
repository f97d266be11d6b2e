//! Long work: on a thread of its own, so that the one that waits can tell how far it is, and hears of Ctrl-C.

use std::any::Any;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use oddspot::{Error, ErrorKind};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::raised;
use crate::warnings::warn;

/// How often is looked whether the user asked to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Frames of Python's from who is warned: the package's own function lies between.
const FRAMES: u32 = 2;
/// How often is told of a phase that goes on.
const TELL: Duration = Duration::from_millis(200);

/// What work tells of.
pub enum Event {
    /// How far it is.
    Progress(Progress),
    /// What somebody should know of.
    Warning(String),
}

/// How far work is.
pub struct Progress {
    /// What it is busy with.
    pub phase: String,
    /// So many parts of it.
    pub done: usize,
    /// Of so many.
    pub total: usize,
    /// Numbers beside, by their names.
    pub numbers: Vec<(&'static str, f64)>,
}

/// Tells how far work is, and hears whether it is to go on.
pub struct Teller<'a> {
    events: Sender<Event>,
    stop: &'a AtomicBool,
}

impl Teller<'_> {
    /// Tells how far a phase is; breaks if the work is to stop.
    pub fn tell(&self, phase: &str, done: usize, total: usize) -> ControlFlow<()> {
        self.tell_with(phase, (done, total), Vec::new())
    }

    /// The same with numbers.
    pub fn tell_with(
        &self,
        phase: &str,
        (done, total): (usize, usize),
        numbers: Vec<(&'static str, f64)>,
    ) -> ControlFlow<()> {
        self.send(Event::Progress(Progress {
            phase: phase.to_owned(),
            done,
            total,
            numbers,
        }))
    }

    /// Warns whoever waits; breaks if the work is to stop.
    pub fn warn(&self, words: String) -> ControlFlow<()> {
        self.send(Event::Warning(words))
    }

    fn send(&self, event: Event) -> ControlFlow<()> {
        // Nobody listens any more once the work is to stop.
        self.events.send(event).ok();
        self.flow()
    }

    /// Whether to go on.
    pub fn flow(&self) -> ControlFlow<()> {
        match self.stop.load(Ordering::SeqCst) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Does the work without the interpreter's lock. `progress` is called here, on the caller's thread. What it raises, and
/// Ctrl-C, stop the work, whose end is waited for; `stopped` says in words what is left of it.
///
/// # Errors
/// Those of the work, what `progress` raised, and `KeyboardInterrupt`.
pub fn conduct<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Teller) -> Result<T, Error> + Send,
    stopped: impl FnOnce(&Error) -> String,
) -> PyResult<T> {
    let stop = AtomicBool::new(false);
    let (events, mut told) = channel();
    let teller = Teller {
        events,
        stop: &stop,
    };
    let (heard, done) = thread::scope(|scope| {
        let worker = scope.spawn(move || work(&{ teller }));
        let heard = listen(py, progress, &mut told, &stop);
        (heard, py.detach(|| worker.join()))
    });
    let done = done.unwrap_or_else(|panic| Err(fault(&*panic)));
    match (heard, done) {
        (Ok(()), done) => done.map_err(|error| raised(py, &error)),
        (Err(exception), Err(error))
            if error.kind() == ErrorKind::Cancelled
                && exception.is_instance_of::<PyKeyboardInterrupt>(py) =>
        {
            Err(PyKeyboardInterrupt::new_err(stopped(&error)))
        }
        (Err(exception), _) => Err(exception),
    }
}

/// Passes on what is told until the work ends; asks it to stop at the first exception, and gives that.
fn listen(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    told: &mut Receiver<Event>,
    stop: &AtomicBool,
) -> PyResult<()> {
    let mut heard = Ok(());
    let mut last: Option<(String, Instant)> = None;
    loop {
        let event = match received(py, told) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return heard,
        };
        if heard.is_err() {
            continue;
        }
        heard = py.check_signals();
        if let (Ok(()), Some(Event::Warning(words))) = (&heard, &event) {
            heard = warn(py, words, FRAMES);
        } else if let (Ok(()), Some(progress), Some(Event::Progress(event))) =
            (&heard, progress, event)
        {
            let is_due = event.done == event.total
                || last
                    .as_ref()
                    .is_none_or(|(phase, when)| *phase != event.phase || when.elapsed() >= TELL);
            if is_due {
                last = Some((event.phase.clone(), Instant::now()));
                heard = pass_on(progress, &event);
            }
        }
        if heard.is_err() {
            stop.store(true, Ordering::SeqCst);
        }
    }
}

/// What comes within a moment, waited for without the interpreter's lock.
///
/// # Errors
/// Nothing came, or nothing will come any more.
pub fn received<T: Send>(py: Python<'_>, from: &mut Receiver<T>) -> Result<T, RecvTimeoutError> {
    py.detach(move || {
        let from = from;
        from.recv_timeout(LOOK)
    })
}

fn pass_on(progress: &Bound<'_, PyAny>, event: &Progress) -> PyResult<()> {
    let py = progress.py();
    let numbers = PyDict::new(py);
    for (name, number) in &event.numbers {
        numbers.set_item(name, number)?;
    }
    let class = py.import("oddspot._progress")?.getattr("Progress")?;
    let told = class.call1((&event.phase, event.done, event.total, numbers))?;
    progress.call1((told,))?;
    Ok(())
}

/// A panic as the error that it is.
pub fn fault(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(text.unwrap_or("it gave no reason"))
}
