//! What is kept as a whole or not at all.

use std::sync::Arc;

use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;

use super::doubt::{Doubt, NotKept};
use super::server::{Server, Turn};
use crate::error::{Kind, Result};

/// Statements that are kept together; dropped, none of them is.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Server(InServer),
}

/// One of a server.
pub struct InServer {
    pub server: Arc<Server>,
    /// Of the connection that it is on.
    pub turn: Turn,
    /// As the server calls it, if it writes.
    pub name: Option<String>,
    pub transaction: sqlx::Transaction<'static, Postgres>,
}

impl Transaction {
    /// Keeps all of it. Where the answer is lost, it waits until it is known whether it was kept: what goes by it can
    /// neither be undone nor told wrongly.
    ///
    /// # Errors
    /// What was not kept.
    pub async fn commit(self) -> Result<()> {
        match self.commit_or_doubt().await {
            Ok(()) => Ok(()),
            Err(NotKept { error, doubt: None }) => Err(error),
            Err(NotKept {
                error,
                doubt: Some(doubt),
            }) => match doubt.settled().await? {
                true => Ok(()),
                false => Err(error),
            },
        }
    }

    /// Keeps all of it, without waiting for a server that goes away just then.
    ///
    /// # Errors
    /// What was not kept, or of which it is not known yet.
    pub async fn commit_or_doubt(self) -> Result<(), NotKept> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction
                .commit()
                .await
                .map_err(crate::error::Error::from)?),
            Self::Server(InServer {
                server,
                turn,
                name,
                transaction,
            }) => {
                let kept = server.guarded(turn, transaction.commit()).await;
                kept.map_err(|error| NotKept {
                    doubt: name
                        .filter(|_| error.kind() == Kind::Away)
                        .map(|name| Doubt { server, name }),
                    error,
                })
            }
        }
    }

    /// Whether one was kept that nobody knew of; of a file it is always known.
    ///
    /// # Errors
    /// A server that is away.
    pub async fn knows_as_kept(&mut self, doubt: &Doubt) -> Result<bool> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Server(InServer {
                server,
                turn,
                transaction,
                ..
            }) => {
                let asked = doubt.is_kept(&mut *transaction);
                Ok(server.guarded(*turn, asked).await? == Some(true))
            }
        }
    }

    /// Which connection it is on, of those that there were.
    pub fn generation(&self) -> u64 {
        match self {
            Self::Sqlite(_) => 0,
            Self::Server(of_server) => of_server.turn.generation,
        }
    }
}
