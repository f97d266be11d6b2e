//! A history in a file.

use std::path::Path;
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::pool::Pool;
use crate::error::{Error, Result};
use crate::history::migrations;

/// How long one who writes waits for another.
const BUSY: Duration = Duration::from_secs(10);
/// Connections that read at a time.
const READERS: u32 = 4;

/// Opens a file, brings it up to date, and makes it if it is not there: who writes, who reads.
///
/// # Errors
/// A file that is no database, that cannot be written, or that a newer program wrote.
pub async fn open(file: &Path) -> Result<[SqlitePool; 2]> {
    opened(file).await.map_err(|error| match error.path() {
        Some(_) => error,
        None => {
            let reason = format!("{}: put a copy back, or take it away", error.reason());
            Error::at(error.kind(), file, reason)
        }
    })
}

async fn opened(file: &Path) -> Result<[SqlitePool; 2]> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        // After a full disk the file has undone what the connection believes to be open still: nothing more would be kept.
        .before_acquire(|connection, _| {
            let is_open = connection.is_in_transaction();
            Box::pin(std::future::ready(Ok(!is_open)))
        })
        .connect_with(options.clone())
        .await?;
    migrations::of_file(&write, file).await?;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.read_only(true).create_if_missing(false))
        .await?;
    Ok([write, read])
}

/// Writes all to the one file, and lets go of it.
pub async fn close([write, read]: [&Pool; 2]) {
    leave([read]).await;
    if let Pool::Sqlite(write) = write {
        let written = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(write);
        if let Err(error) = written.await {
            tracing::warn!("the history's log could not be written to its file: {error}");
        }
    }
    leave([write]).await;
}

/// Lets go of it.
pub async fn leave<const POOLS: usize>(pools: [&Pool; POOLS]) {
    for pool in pools {
        if let Pool::Sqlite(pool) = pool {
            pool.close().await;
        }
    }
}
