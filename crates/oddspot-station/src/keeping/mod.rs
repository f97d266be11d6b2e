//! How much of what was judged is kept: images that nobody needs any more go in small steps, by the rules of their
//! station, and what was removed says so.

mod rules;
mod run;
mod sweep;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::configuration::{Configuration, KeepConfiguration};
use crate::data::Data;
use crate::error::Kind;
use crate::history::History;
use crate::metrics::Metrics;
use crate::words::Sentence;
use rules::Rules;

/// Between two looks at what may go.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Between two looks at how much room there is, and before what failed is tried again.
const LOOK: Duration = Duration::from_secs(60);
/// Looks at what may go between two at what no row names.
const SWEEP: u32 = 24;

/// Removes what need not be kept.
pub struct Keeping {
    history: Arc<History>,
    data: Arc<Data>,
    metrics: Arc<Metrics>,
    rules: Rules,
    /// Bytes of the disk that are to be free, if it is configured.
    least_free: Option<u64>,
    now: Mutex<Now>,
}

/// How it is.
#[derive(Default)]
struct Now {
    /// Of each station that has images.
    stations: BTreeMap<String, KeptNow>,
    /// That the disk is nearly full.
    room: Option<Sentence>,
}

/// How much a station keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptNow {
    /// Bytes of its images, when it was looked last.
    pub bytes: u64,
    /// Why it keeps more than it is to, if it does.
    pub trouble: Option<Sentence>,
}

impl Keeping {
    /// By what is configured.
    pub fn new(
        configuration: &Configuration,
        (history, data): (Arc<History>, Arc<Data>),
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            history,
            data,
            metrics,
            rules: Rules::of(configuration),
            least_free: configuration.limits.free,
            now: Mutex::default(),
        }
    }

    /// How much a station keeps; None as long as nobody looked.
    pub fn of(&self, station: &str) -> Option<KeptNow> {
        self.lock().stations.get(station).cloned()
    }

    /// Bytes of a station's images, those that came since somebody looked too; None as long as nobody did.
    pub fn bytes(&self, station: &str) -> Option<u64> {
        self.of(station)?;
        Some(self.metrics.kept_bytes(station))
    }

    /// Looks how much a station keeps that was just put to work.
    pub async fn begin(&self, station: &str) {
        match self.history.kept_bytes().await {
            Ok(bytes) => self.note_kept(station, bytes.get(station).copied().unwrap_or(0)),
            // The next look tells it.
            Err(error) => tracing::debug!("{station}: nobody knows how much it keeps: {error}"),
        }
    }

    /// What is to be kept of a station.
    pub fn rule(&self, station: &str) -> KeepConfiguration {
        self.rules.at(station)
    }

    /// Tells nothing more of a station that is at work no more.
    pub fn forget(&self, station: &str) {
        self.lock().stations.remove(station);
    }

    /// What is to be told of a station, in a sentence: that it keeps more than it is to, or that the disk is nearly full.
    pub fn trouble(&self, station: &str) -> Option<Sentence> {
        let now = self.lock();
        let of_station = now.stations.get(station);
        let own = of_station.and_then(|kept| kept.trouble.clone());
        own.or_else(|| now.room.clone())
    }

    /// All that is to be told of.
    pub fn troubles(&self) -> Vec<Sentence> {
        let now = self.lock();
        let of_stations = now
            .stations
            .values()
            .filter_map(|kept| kept.trouble.clone());
        of_stations.chain(now.room.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks what may go, at once and then every hour, until it is dropped: whenever that is, all is whole.
    pub async fn look_after(self: Arc<Self>) {
        let (mut due, mut looks) = (Instant::now(), 0);
        loop {
            self.look_at_room();
            if due <= Instant::now() {
                let done = self.run(Timestamp::now(), looks % SWEEP == 0).await;
                due = Instant::now() + EVERY;
                match done {
                    Ok(()) => looks += 1,
                    // It is told of that it is away, and then it goes on.
                    Err(error) if error.kind() == Kind::Away => due = Instant::now(),
                    Err(error) => tracing::warn!("old images were not removed: {error}"),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Notes whether the disk is nearly full, and tells it once.
    fn look_at_room(&self) {
        let trouble = (self.data.room()).and_then(|room| words::room(room, self.least_free));
        let mut now = self.lock();
        if let (None, Some(trouble)) = (&now.room, &trouble) {
            tracing::warn!("{trouble}");
        }
        now.room = trouble;
    }
}
