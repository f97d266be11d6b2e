//! What is kept as a whole or not at all.

use std::sync::Arc;

use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;

use super::server::Server;
use crate::error::Result;

/// Statements that are kept together; dropped, none of them is.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Server(InServer),
}

/// One of a server.
pub struct InServer {
    pub server: Arc<Server>,
    /// Of the connection that it is on.
    pub generation: u64,
    pub transaction: sqlx::Transaction<'static, Postgres>,
}

impl Transaction {
    /// Keeps all of it.
    ///
    /// # Errors
    /// What cannot be kept; of a server that goes away just then nobody knows whether it is.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
            Self::Server(InServer {
                server,
                generation,
                transaction,
            }) => server.guarded(generation, transaction.commit()).await,
        }
    }

    /// Which connection it is on, of those that there were.
    pub fn generation(&self) -> u64 {
        match self {
            Self::Sqlite(_) => 0,
            Self::Server(of_server) => of_server.generation,
        }
    }
}
