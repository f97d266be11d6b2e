//! What was judged, in a database: every inspection, in the order in which they came, and what people say of them.

mod anew;
mod audit;
mod condition;
mod copy;
mod event;
mod good;
mod ids;
mod inspection;
mod job;
mod kept;
mod label;
mod labelled;
mod migrations;
mod outbox;
mod query;
mod rate;
mod record;
mod renaming;
mod rows;
mod session;
mod sql;
mod stage;
mod station;
pub mod table;
mod token;
mod unreadable;
mod user;
mod verified;
mod version;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, broadcast};
use tokio::time::timeout;

pub use anew::{Anew, ByModel, LabelledImage};
pub use audit::{Actor, ActorKind, AuditEntry, Deed, Note};
pub use condition::Condition;
pub use copy::Copied;
pub use event::{Event, Missed, NoVerdict};
pub use good::{GoodImage, GoodSource, NewGood};
pub use inspection::{FileOf, Inspection, Label, Source, Truth, repeated};
pub use job::{Job, JobKind, JobState, NewJob};
pub use kept::{Marked, WithImage, first_id_at};
pub use labelled::{Labelled, LabelledBy, Lesson, ManifestRow};
pub use outbox::{Backlog, Unjudged};
pub use query::{Filter, LabelFilter, Order};
pub use rate::{Reach, Span, Verdicts};
pub use record::Judged;
pub use session::Session;
pub use sql::{DatabaseAddress, Place};
pub use stage::Stage;
pub use station::{ModelVersion, StationRow};
pub use token::{Token, TokenRole};
pub use user::{NewUser, Role, User};
pub use version::{Activation, Origin, Version, VersionSource};

use crate::error::{Error, Kind, Result};
use outbox::Outputs;
use record::Given;
use sql::{Database, Hold, Pool};

/// News that wait for who listens slowly.
const NEWS: usize = 1_024;
/// How long what costs nothing may take to be read.
const TO_ANSWER: Duration = Duration::from_secs(5);

/// The history of a service.
pub struct History {
    database: Database,
    given: Mutex<Given>,
    news: broadcast::Sender<Arc<Inspection>>,
    outputs: Outputs,
}

impl History {
    /// Opens the database, brings it up to date, and makes it if it is not there. An older file is kept beside it.
    ///
    /// # Errors
    /// A database that cannot be used, that cannot be written, that a newer program wrote, or that another service
    /// uses.
    pub async fn open(place: &Place) -> Result<Self> {
        Self::opened(place, Hold::Alone).await
    }

    /// The same while a service may be at work with it, to read it or to change what this one only reads.
    ///
    /// # Errors
    /// As [`Self::open`], but for another service.
    pub async fn open_beside(place: &Place) -> Result<Self> {
        Self::opened(place, Hold::Beside).await
    }

    async fn opened(place: &Place, hold: Hold) -> Result<Self> {
        let history = Self {
            database: Database::open(place, hold).await?,
            given: Mutex::default(),
            news: broadcast::channel(NEWS).0,
            outputs: Outputs::default(),
        };
        history.settle().await?;
        Ok(history)
    }

    /// One connection: who holds it writes alone.
    fn write(&self) -> &Pool {
        &self.database.write
    }

    /// For who reads only.
    fn read(&self) -> &Pool {
        &self.database.read
    }

    /// Tells of each inspection from now on, in their order.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Inspection>> {
        self.news.subscribe()
    }

    /// Whether it can be read.
    ///
    /// # Errors
    /// It cannot, and why.
    pub async fn check_readable(&self) -> Result<()> {
        let one = sql::query_scalar::<String>("SELECT name FROM station LIMIT 1");
        match timeout(TO_ANSWER, one.fetch_optional(self.read())).await {
            Ok(read) => read.map(drop),
            Err(_) => Err(Error::new(Kind::Away, "the history does not answer")),
        }
    }

    /// Lets go of the database where another program may be at work with it.
    pub async fn leave(&self) {
        self.database.leave().await;
    }

    /// Writes all that is to be written, and lets go of the database.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// A moment as the tables have it: as text it stands in the order of time.
pub(crate) fn text_of(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
pub(crate) mod tests;
