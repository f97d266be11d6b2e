//! How an output is, for whoever looks.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::error::Error;
use crate::history::Backlog;
use crate::words::Sentence;

/// A station's output.
#[derive(Clone, Debug)]
pub struct Output {
    /// The station.
    pub station: String,
    /// What it is called.
    pub name: String,
    /// What it is, in a word.
    pub kind: &'static str,
    /// How it is.
    pub state: OutputState,
}

/// Why nothing is handed on at the moment, if so.
#[derive(Clone, Debug, Default)]
pub struct OutputState {
    trouble: Arc<Mutex<Option<Error>>>,
    works: Arc<watch::Sender<()>>,
}

/// An output and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutputNow {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Events that wait.
    pub waiting: u64,
    /// Since when the first of them waits, in UTC.
    pub since: Option<String>,
    /// Why they wait, if something is wrong.
    pub trouble: Option<String>,
    /// The same for people.
    #[serde(skip)]
    #[schema(ignore)]
    pub why: Option<Sentence>,
}

impl OutputState {
    /// Notes what is wrong, or that nothing is, and gives what was noted before.
    fn set(&self, trouble: Option<Error>) -> Option<Error> {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut noted, trouble)
    }

    /// Hears from now on when it works again.
    pub fn works(&self) -> watch::Receiver<()> {
        self.works.subscribe()
    }

    /// What is wrong, if anything is.
    pub fn trouble(&self) -> Option<Error> {
        let noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        noted.clone()
    }
}

impl Output {
    /// Notes that it fails, and tells of it if it did not before.
    pub fn fails(&self, trouble: &Error) {
        let Self { station, name, .. } = self;
        if self.state.set(Some(trouble.clone())).is_none() {
            tracing::warn!(
                "{station}: the output {name} fails ({trouble}): what is to be told waits, and is tried again"
            );
        }
    }

    /// Notes that it works, and tells of it if it failed before.
    pub fn works(&self) {
        let Self { station, name, .. } = self;
        if let Some(before) = self.state.set(None) {
            tracing::info!("{station}: the output {name} works again; before: {before}");
            self.state.works.send_replace(());
        }
    }

    /// How it is now, by what waits for all outputs.
    pub fn now(&self, backlog: &[Backlog]) -> OutputNow {
        let waits = backlog
            .iter()
            .find(|one| one.station == self.station && one.output == self.name);
        let trouble = self.state.trouble();
        OutputNow {
            name: self.name.clone(),
            kind: self.kind,
            waiting: waits.map_or(0, |waits| waits.events),
            since: waits.map(|waits| waits.since.clone()),
            why: trouble.as_ref().map(Error::meant),
            trouble: trouble.map(|trouble| trouble.to_string()),
        }
    }
}
