//! Connections to a database, of either kind.

use std::sync::Arc;

use sqlx::sqlite::SqlitePool;

use super::checks::write_alone;
use super::server::{Server, Use};
use super::transaction::{InServer, Transaction};
use crate::error::Result;

/// Connections that statements are given to.
pub enum Pool {
    Sqlite(SqlitePool),
    Server(OfServer),
}

/// Connections to a server, for one use: others after it was away.
pub struct OfServer {
    pub server: Arc<Server>,
    pub by: Use,
}

impl Pool {
    pub(super) fn of_server(server: &Arc<Server>, by: Use) -> Self {
        let server = Arc::clone(server);
        Self::Server(OfServer { server, by })
    }

    /// Begins what is kept as a whole or not at all. Of the connection that writes it holds off all others.
    ///
    /// # Errors
    /// A database that cannot be written, or that is away.
    pub async fn begin(&self) -> Result<Transaction> {
        match self {
            // Who reads first and writes then would find that another has written meanwhile.
            Self::Sqlite(pool) => Ok(Transaction::Sqlite(
                pool.begin_with("BEGIN IMMEDIATE").await?,
            )),
            Self::Server(OfServer { server, by }) => {
                let (connection, turn) = server.connection(*by).await?;
                let begun = sqlx::Transaction::begin(connection, None);
                let mut transaction = server.guarded(turn, begun).await?;
                let name = match by {
                    // The command at the terminal writes too, by a connection of its own.
                    Use::Write => {
                        let alone = write_alone(&mut transaction);
                        Some(server.guarded(turn, alone).await?)
                    }
                    Use::Read => None,
                };
                Ok(Transaction::Server(InServer {
                    server: Arc::clone(server),
                    turn,
                    name,
                    transaction,
                }))
            }
        }
    }
}
