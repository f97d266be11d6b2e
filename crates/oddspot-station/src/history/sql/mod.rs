//! One way to the database, whichever it is: the same SQL for SQLite and PostgreSQL.
//!
//! `sqlx::Any` is no such way: its query builder writes `?`, which PostgreSQL does not know, it copies every value of every
//! row, and it opens SQLite by an address alone, without what keeps its files safe.

mod address;
mod builder;
mod checks;
mod condition;
mod doubt;
mod pool;
mod query;
mod row;
mod server;
mod sqlite;
mod transaction;
mod trouble;
mod value;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

pub use address::DatabaseAddress;
pub use builder::Builder;
#[cfg(test)]
pub use checks::LOCK;
pub use checks::write_alone;
pub use condition::Condition;
pub use doubt::{Doubt, NotKept};
pub use pool::Pool;
pub use query::{query, query_scalar};
pub use row::Row;
pub use transaction::Transaction;

use crate::error::Result;
use server::Server;

/// Where a history is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file of its own.
    File(PathBuf),
    /// In a database of a server.
    Server(DatabaseAddress),
}

/// Who else may use a database meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// No other service.
    Alone,
    /// A service may: a file is kept from being used twice by the data folder, a server's database by this.
    Beside,
}

/// A database that is open and up to date.
pub struct Database {
    /// One connection: who holds it writes alone.
    pub write: Pool,
    /// Some that read.
    pub read: Pool,
    at: At,
}

enum At {
    /// A file is always there.
    File(watch::Sender<Condition>),
    Server(Arc<Server>),
}

impl Database {
    /// Opens the database, makes it if it may, and brings it up to date.
    ///
    /// # Errors
    /// One that cannot be used, that a newer program wrote, or that another service uses.
    pub async fn open(place: &Place, hold: Hold) -> Result<Self> {
        match place {
            Place::File(file) => {
                let [write, read] = sqlite::open(file).await?.map(Pool::Sqlite);
                Ok(Self {
                    write,
                    read,
                    at: At::File(watch::channel(Condition::default()).0),
                })
            }
            Place::Server(address) => {
                let server = Server::open(address, hold).await?;
                Ok(Self {
                    write: Pool::of_server(&server, server::Use::Write),
                    read: Pool::of_server(&server, server::Use::Read),
                    at: At::Server(server),
                })
            }
        }
    }

    /// How it is, and how it becomes.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        match &self.at {
            At::File(condition) => condition.subscribe(),
            At::Server(server) => server.condition(),
        }
    }

    /// Lets go of it where another program may be at work with it: what is in a file's log stays there for that one.
    pub async fn leave(&self) {
        match &self.at {
            At::File(_) => sqlite::leave([&self.write, &self.read]).await,
            At::Server(server) => server.close().await,
        }
    }

    /// Writes all that is to be written, and lets go of it.
    pub async fn close(&self) {
        match &self.at {
            At::File(_) => sqlite::close([&self.write, &self.read]).await,
            At::Server(server) => server.close().await,
        }
    }
}
