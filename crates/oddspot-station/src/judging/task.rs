//! An image that waits to be judged, and where it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Kind, Result};
use crate::history::{FileOf, Inspection, Source};

/// An image to be judged.
pub struct Task {
    /// Its file's content.
    pub bytes: Bytes,
    /// The part, as whoever sent the image names it.
    pub part_id: Option<String>,
    /// How it came.
    pub source: Source,
    /// The token with which it was sent.
    pub token: Option<String>,
    /// The file that it is, in a folder.
    pub file: Option<FileOf>,
    /// By which a request is known that is sent again.
    pub idempotency_key: Option<String>,
    /// When it had come.
    pub since: Instant,
}

/// What came of an image.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Its inspection.
    pub inspection: Arc<Inspection>,
    /// Whether it was judged now, and not before.
    pub is_new: bool,
}

/// Where what came of an image is given to.
pub type Reply = oneshot::Sender<Result<Judgement>>;

/// Why an image was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many wait.
    Full,
    /// No more are judged.
    Ended,
}

/// Images that wait for a station: never more than its bound.
#[derive(Clone)]
pub struct Queue {
    tasks: mpsc::Sender<Option<(Task, Reply)>>,
    is_judging: Arc<AtomicBool>,
}

impl Queue {
    /// For so many images, and the end from which they are taken.
    pub fn new(bound: usize) -> (Self, mpsc::Receiver<Option<(Task, Reply)>>) {
        let (send, receive) = mpsc::channel(bound);
        let queue = Self {
            tasks: send,
            is_judging: Arc::default(),
        };
        (queue, receive)
    }

    /// How many images wait.
    pub fn waiting(&self) -> usize {
        self.tasks.max_capacity() - self.tasks.capacity()
    }

    /// Notes whether an image is being judged.
    pub fn set_judging(&self, is_judging: bool) {
        self.is_judging.store(is_judging, Ordering::SeqCst);
    }

    /// Whether an image waits or is being judged.
    pub fn is_busy(&self) -> bool {
        self.is_judging.load(Ordering::SeqCst) || self.waiting() > 0
    }

    /// Whether there is room for another image.
    pub fn has_room(&self) -> bool {
        self.tasks.capacity() > 0
    }

    /// Whether nobody judges any more.
    pub fn is_ended(&self) -> bool {
        self.tasks.is_closed()
    }

    /// Lets an image wait, if there is room, and gives where what comes of it will be told.
    ///
    /// # Errors
    /// No room, at once.
    pub fn enter(&self, task: Task) -> Result<oneshot::Receiver<Result<Judgement>>, Refused> {
        let (reply, receive) = oneshot::channel();
        match self.tasks.try_send(Some((task, reply))) {
            Ok(()) => Ok(receive),
            Err(TrySendError::Full(_)) => Err(Refused::Full),
            Err(TrySendError::Closed(_)) => Err(Refused::Ended),
        }
    }

    /// The same that waits for room and for what comes of it; not to be called where requests are served.
    ///
    /// # Errors
    /// What kept the image from being judged.
    pub fn judge_blocking(&self, task: Task) -> Result<Judgement> {
        let (reply, receive) = oneshot::channel();
        let sent = self.tasks.blocking_send(Some((task, reply)));
        sent.map_err(|_| ended())?;
        receive.blocking_recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Ends the work once what waits is judged.
    pub async fn end(&self) {
        // Who works may have ended already.
        self.tasks.send(None).await.ok();
    }
}

/// What is said of images that come too late.
pub fn ended() -> Error {
    Error::new(Kind::Ending, "the service is about to end")
}
