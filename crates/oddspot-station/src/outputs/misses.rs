//! Images that were not judged: counted, and told on every output of their station, at most once a second for each
//! reason.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::today::{OfDay, Today};
use crate::error::Kind;
use crate::history::{History, Unjudged};
use crate::metrics::Metrics;
use crate::words::Sentence;

/// Between two events of the same reason.
const BETWEEN: Duration = Duration::from_secs(1);

/// An image that was not judged.
#[derive(Clone, Debug)]
pub struct NotJudged {
    /// Why, as it is counted.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub detail: String,
    /// The same for people, where there are words of their languages for it.
    pub sentence: Option<Sentence>,
    /// The part, if whoever sent the image named it.
    pub part_id: Option<String>,
    /// The file, if it came by a folder.
    pub file: Option<String>,
}

/// Where it is told that images were not judged.
pub struct Misses {
    history: Arc<History>,
    metrics: Arc<Metrics>,
    noted: Mutex<BTreeMap<(String, &'static str), Noted>>,
    today: Today,
    wake: Notify,
}

/// What is to be told of a station, by reason.
#[derive(Default)]
struct Noted {
    to_tell: Option<Unjudged>,
    told_at: Option<Instant>,
}

impl Noted {
    /// When it may be told, if there is something: the first of its reason at once.
    fn due(&self, now: Instant) -> Option<Instant> {
        self.to_tell.as_ref()?;
        Some(self.told_at.map_or(now, |last| last + BETWEEN))
    }
}

impl Misses {
    /// Nothing was missed yet.
    pub fn new(history: Arc<History>, metrics: Arc<Metrics>) -> Self {
        Self {
            history,
            metrics,
            noted: Mutex::default(),
            today: Today::default(),
            wake: Notify::new(),
        }
    }

    /// Counts an image that was not judged, and tells of it.
    pub fn missed(&self, station: &str, image: NotJudged) {
        self.metrics.missed(image.reason);
        self.today.put(station, image.clone());
        self.note(Unjudged {
            station: station.to_owned(),
            reason: image.reason,
            detail: image.detail,
            images: 1,
            part_id: image.part_id,
            file: image.file,
        });
    }

    /// Those of a station that were not judged today, as far as the service ran.
    pub fn today(&self, station: &str) -> OfDay {
        self.today.of(station)
    }

    /// Forgets a station that is no more; what is to be told of it stays.
    pub fn forget(&self, station: &str) {
        self.today.forget(station);
    }

    /// Tells that images cannot come; nobody knows how many.
    pub fn cut_off(&self, station: &str, reason: &'static str, detail: String) {
        self.note(Unjudged {
            station: station.to_owned(),
            reason,
            detail,
            images: 0,
            part_id: None,
            file: None,
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, &'static str), Noted>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, unjudged: Unjudged) {
        if !self.history.has_outputs(&unjudged.station) {
            return;
        }
        {
            let mut noted = self.lock();
            let key = (unjudged.station.clone(), unjudged.reason);
            let noted = noted.entry(key).or_default();
            noted.to_tell = Some(match noted.to_tell.take() {
                Some(before) => together(before, &unjudged),
                None => unjudged,
            });
        }
        self.wake.notify_one();
    }

    /// Writes what was missed for the outputs, until it ends and all of it is.
    pub async fn work(self: Arc<Self>, mut ending: watch::Receiver<bool>) {
        loop {
            let ends = *ending.borrow_and_update();
            let next = self.tell_due(ends).await;
            if ends && next.is_none() {
                return;
            }
            let pause = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = pause => {}
                _ = ending.changed(), if !ends => {}
            }
        }
    }

    /// Writes what is due, and gives when the next will be.
    async fn tell_due(&self, all: bool) -> Option<Instant> {
        let now = Instant::now();
        let due = {
            let mut noted = self.lock();
            let due = noted.values_mut().filter(|one| {
                let due = one.due(now);
                due.is_some_and(|due| due <= now || all)
            });
            let due = due.filter_map(|one| {
                one.told_at = Some(now);
                one.to_tell.take()
            });
            due.collect::<Vec<_>>()
        };
        for unjudged in due {
            if let Err(error) = self.history.miss(&unjudged).await {
                // That the history is away is told once.
                if error.kind() != Kind::Away {
                    tracing::warn!(
                        "{}: that images were not judged cannot be told on the outputs yet: {error}",
                        unjudged.station
                    );
                }
                self.put_back(unjudged);
            }
        }
        self.lock().values().filter_map(|one| one.due(now)).min()
    }

    fn put_back(&self, unjudged: Unjudged) {
        let mut noted = self.lock();
        let key = (unjudged.station.clone(), unjudged.reason);
        let noted = noted.entry(key).or_default();
        noted.to_tell = Some(match noted.to_tell.take() {
            Some(later) => together(unjudged, &later),
            None => unjudged,
        });
    }
}

/// Several images of one reason, told as one.
fn together(first: Unjudged, later: &Unjudged) -> Unjudged {
    Unjudged {
        images: first.images + later.images,
        part_id: None,
        file: None,
        ..first
    }
}
