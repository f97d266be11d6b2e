//! A transaction whose connection was lost while it was kept: nobody knows whether it was until the server is asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::pool::Pool;
use super::query::query_scalar;
use super::server::{Server, Use};
use super::transaction::Transaction;
use crate::error::{Error, Kind, Result};

/// Between two questions, while the server still ends it.
const PAUSE: Duration = Duration::from_millis(100);

/// A transaction of which nobody knows yet whether it was kept.
pub struct Doubt {
    pub(super) server: Arc<Server>,
    /// As the server calls it.
    pub(super) name: String,
}

/// Why something was not kept, or is not known to be.
pub struct NotKept {
    /// In a sentence.
    pub error: Error,
    /// By which it is asked later, where it is not known.
    pub doubt: Option<Doubt>,
}

impl From<Error> for NotKept {
    fn from(error: Error) -> Self {
        Self { error, doubt: None }
    }
}

impl fmt::Debug for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doubt({})", self.name)
    }
}

impl Doubt {
    /// Whether it was kept; None while the server has not ended it.
    ///
    /// # Errors
    /// A server that is away.
    pub async fn is_kept(&self, by: &mut Transaction) -> Result<Option<bool>> {
        // Of one that is so old that nobody knows, nothing was ever heard.
        let state =
            query_scalar::<String>("SELECT COALESCE(pg_xact_status($1::text::xid8), 'aborted')");
        let state = state.bind(&self.name).fetch_one(by).await?;
        Ok(match state.as_str() {
            "committed" => Some(true),
            "in progress" => None,
            _ => Some(false),
        })
    }

    /// The same, once it is known: a server that is away is waited for.
    ///
    /// # Errors
    /// What the server does not answer.
    pub async fn settled(&self) -> Result<bool> {
        let pool = Pool::of_server(&self.server, Use::Read);
        loop {
            let mut condition = self.server.condition();
            condition.wait_for(|now| now.trouble.is_none()).await.ok();
            match self.asked(&pool).await {
                Ok(Some(is_kept)) => return Ok(is_kept),
                Err(error) if error.kind() != Kind::Away => return Err(error),
                Ok(None) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn asked(&self, pool: &Pool) -> Result<Option<bool>> {
        let mut transaction = pool.begin().await?;
        self.is_kept(&mut transaction).await
    }
}
