//! An image that waits to be judged, and where it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::{Error, Kind, Result};
use crate::history::{Actor, FileOf, Inspection, Source};

/// Bodies that a station receives at a time, beside as many as may wait: more would only fill memory.
const RECEIVING: usize = 8;

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
    /// The person who sent it by the page.
    pub sender: Option<Actor>,
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

/// Images that wait for a station, never more than its bound, and the one that is judged.
#[derive(Clone)]
pub struct Queue {
    tasks: mpsc::UnboundedSender<Option<Waiting>>,
    /// Room for those that wait and for the one that is judged.
    room: Arc<Semaphore>,
    places: usize,
    /// Room for images that are being received: of this station alone, so that slow ones cost no other station its own.
    receiving: Arc<Semaphore>,
    is_judging: Arc<AtomicBool>,
    runtime: Handle,
}

/// An image in the queue.
pub struct Waiting {
    /// The image.
    pub task: Task,
    /// Where what comes of it is given to.
    pub reply: Reply,
    /// Its place, free again once it is judged: before that is told, so that whoever sends one image after the other
    /// always has room for the next.
    pub place: OwnedSemaphorePermit,
}

/// Where images are taken from.
pub type Tasks = mpsc::UnboundedReceiver<Option<Waiting>>;

impl Queue {
    /// For so many images that wait, and the end from which they are taken.
    pub fn new(bound: usize, runtime: Handle) -> (Self, Tasks) {
        let (send, receive) = mpsc::unbounded_channel();
        let places = bound + 1;
        let queue = Self {
            tasks: send,
            room: Arc::new(Semaphore::new(places)),
            places,
            receiving: Arc::new(Semaphore::new(bound + RECEIVING)),
            is_judging: Arc::default(),
            runtime,
        };
        (queue, receive)
    }

    /// How many images wait.
    pub fn waiting(&self) -> usize {
        let all = self.places - self.room.available_permits();
        all.saturating_sub(usize::from(self.is_judging.load(Ordering::SeqCst)))
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
        self.room.available_permits() > 0
    }

    /// A place for an image that is to be received, held until it is there; none where too many are being received.
    pub fn receive(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.receiving).try_acquire_owned().ok()
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
        if self.is_ended() {
            return Err(Refused::Ended);
        }
        let place = Arc::clone(&self.room).try_acquire_owned();
        self.put(task, place.map_err(|_| Refused::Full)?)
    }

    fn put(
        &self,
        task: Task,
        place: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Result<Judgement>>, Refused> {
        let (reply, receive) = oneshot::channel();
        let waiting = Waiting { task, reply, place };
        let sent = self.tasks.send(Some(waiting));
        sent.map_err(|_| Refused::Ended)?;
        Ok(receive)
    }

    /// The same that waits for room and for what comes of it; not to be called where requests are served.
    ///
    /// # Errors
    /// What kept the image from being judged.
    pub fn judge_blocking(&self, task: Task) -> Result<Judgement> {
        let place = (self.runtime).block_on(Arc::clone(&self.room).acquire_owned());
        let told = self.put(task, place.map_err(|_| ended())?);
        let told = told.map_err(|_| ended())?;
        told.blocking_recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Waits for what the service does; not to be called where requests are served.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Ends the work once what waits is judged.
    pub fn end(&self) {
        // Who works may have ended already.
        self.tasks.send(None).ok();
    }
}

/// What is said of images that come too late.
pub fn ended() -> Error {
    Error::new(Kind::Ending, "the service is about to end")
}
