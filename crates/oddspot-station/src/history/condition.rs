//! Whether the history is there: one in a file always is.

use std::sync::Arc;

use tokio::sync::watch;

use super::History;
pub use super::sql::Condition;
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

impl History {
    /// How it is, and how it becomes.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.database.condition()
    }

    /// Why it cannot be used now, in a sentence, if so.
    pub fn trouble(&self) -> Option<String> {
        self.away().map(|trouble| trouble.to_string())
    }

    /// The same, for people.
    pub fn away(&self) -> Option<Sentence> {
        self.condition().borrow().trouble.clone()
    }

    /// Whether it can be used now.
    ///
    /// # Errors
    /// It is away.
    pub fn check_there(&self) -> Result<()> {
        match self.away() {
            Some(trouble) => Err(Error::of(Kind::Away, trouble)),
            None => Ok(()),
        }
    }

    /// Waits until it is there.
    pub async fn until_there(&self) {
        let mut condition = self.condition();
        // Who could change it is this history itself.
        condition.wait_for(|now| now.trouble.is_none()).await.ok();
    }

    /// Whenever it comes back: tells of what was kept when it went away, and has outputs go on.
    pub async fn look_after(self: Arc<Self>) {
        let mut condition = self.condition();
        let mut seen = condition.borrow().generation;
        loop {
            let is_back = |now: &Condition| now.trouble.is_none() && now.generation != seen;
            match condition.wait_for(is_back).await {
                Ok(now) => seen = now.generation,
                Err(_) => return,
            }
            if let Err(error) = self.settle().await
                && error.kind() != Kind::Away
            {
                tracing::error!("what was kept last cannot be told of: {error}");
            }
            self.outputs.wake_all();
        }
    }
}
