//! A transaction whose connection was lost while it was kept: nobody knows whether it was until the server is asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;

use super::server::{Server, Use};
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
    /// Whether it was kept, asked by a connection; None while the server has not ended it.
    pub(super) async fn is_kept(
        &self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Option<bool>> {
        // Of one that is so old that nobody knows, nothing was ever heard.
        let state: String =
            sqlx::query_scalar("SELECT COALESCE(pg_xact_status($1::text::xid8), 'aborted')")
                .bind(&self.name)
                .fetch_one(connection)
                .await?;
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
        loop {
            let mut condition = self.server.condition();
            condition.wait_for(|now| now.trouble.is_none()).await.ok();
            match self.asked().await {
                Ok(Some(is_kept)) => return Ok(is_kept),
                Err(error) if error.kind() != Kind::Away => return Err(error),
                Ok(None) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn asked(&self) -> Result<Option<bool>> {
        let (mut connection, turn) = self.server.connection(Use::Read).await?;
        self.server
            .guarded(turn, self.is_kept(&mut connection))
            .await
    }
}
