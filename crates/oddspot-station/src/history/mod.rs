//! What was judged, in a database: every inspection, in the order in which they came, and what people say of them.

mod audit;
mod event;
mod good;
mod ids;
mod inspection;
mod job;
mod label;
mod labelled;
mod migrations;
mod outbox;
mod query;
mod record;
mod rows;
mod session;
mod station;
pub mod table;
mod token;
mod user;
mod version;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::{Mutex, broadcast};

pub use audit::{Actor, ActorKind, AuditEntry, Deed};
pub use event::{Event, Missed, NoVerdict};
pub use good::{GoodImage, GoodSource, NewGood};
pub use inspection::{FileOf, Inspection, Label, Source, Truth};
pub use job::{Job, JobKind, JobState};
pub use labelled::{Labelled, Lesson, ManifestRow};
pub use outbox::{Backlog, Unjudged};
pub use query::{Filter, LabelFilter, Order};
pub use record::Judged;
pub use session::Session;
pub use station::{ModelVersion, StationRow};
pub use token::{Token, TokenRole};
pub use user::{NewUser, Role, User};
pub use version::{Activation, Origin, Version, VersionSource};

use crate::error::{Error, Result};
use ids::Ids;
use outbox::Outputs;

/// How long one who writes waits for another.
const BUSY: Duration = Duration::from_secs(10);
/// Connections that read at a time.
const READERS: u32 = 4;
/// News that wait for who listens slowly.
const NEWS: usize = 1_024;

/// The history of a service.
pub struct History {
    /// One connection: who holds it writes alone.
    write: SqlitePool,
    read: SqlitePool,
    ids: Mutex<Ids>,
    news: broadcast::Sender<Arc<Inspection>>,
    outputs: Outputs,
}

impl History {
    /// Opens the database, brings it up to date, and makes it if it is not there. An older one is kept beside it.
    ///
    /// # Errors
    /// A file that is no database, that cannot be written, or that a newer program wrote.
    pub async fn open(file: &Path) -> Result<Self> {
        Self::opened(file)
            .await
            .map_err(|error| match error.path() {
                Some(_) => error,
                None => {
                    let reason = format!("{}: put a copy back, or take it away", error.reason());
                    Error::at(error.kind(), file, reason)
                }
            })
    }

    async fn opened(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        migrations::run(&write, file).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        let [inspection, event]: [Option<String>; 2] = [
            sqlx::query_scalar("SELECT MAX(id) FROM inspection")
                .fetch_one(&read)
                .await?,
            sqlx::query_scalar("SELECT MAX(event) FROM outbox")
                .fetch_one(&read)
                .await?,
        ];
        let last = inspection.max(event);
        Ok(Self {
            write,
            read,
            ids: Mutex::new(Ids::after(last.as_deref())),
            news: broadcast::channel(NEWS).0,
            outputs: Outputs::default(),
        })
    }

    /// Tells of each inspection from now on, in their order.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Inspection>> {
        self.news.subscribe()
    }

    /// Whether it can be read.
    pub async fn is_ready(&self) -> bool {
        let one = sqlx::query_scalar::<_, i64>("SELECT 1").fetch_one(&self.read);
        one.await.is_ok()
    }

    /// Writes all to the one file, and lets go of it.
    pub async fn close(&self) {
        self.read.close().await;
        let written = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write);
        if let Err(error) = written.await {
            tracing::warn!("the history's log could not be written to its file: {error}");
        }
        self.write.close().await;
    }
}

/// A moment as the tables have it: as text it stands in the order of time.
pub(crate) fn text_of(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests;
