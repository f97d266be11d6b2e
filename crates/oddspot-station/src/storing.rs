//! Whether what is judged can be kept: noted where something could not be, and looked at until it can.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::History;
use crate::words::Sentence;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// With fewer bytes free it is tried whether something can be written.
const LITTLE: u64 = 1 << 20;

/// Whether what is judged can be kept: in the data folder and in the history.
pub struct Storing {
    data: Arc<Data>,
    history: Arc<History>,
    /// Why it cannot.
    trouble: Mutex<Option<Error>>,
}

impl Storing {
    /// Of both; nothing is known to be wrong yet.
    pub fn new(data: Arc<Data>, history: Arc<History>) -> Self {
        Self {
            data,
            history,
            trouble: Mutex::default(),
        }
    }

    /// Why nothing can be kept, if so.
    pub fn trouble(&self) -> Option<Sentence> {
        let error = self.lock().clone()?;
        Some(Sentence::new("storing-fails").with("why", error.meant()))
    }

    /// Notes that something could not be kept; what was wrong with an image itself is no trouble.
    pub fn note(&self, error: &Error) {
        if [Kind::NoRoom, Kind::System].contains(&error.kind()) {
            self.data.distrust();
            self.set(Some(error.clone()));
        }
    }

    /// Looks whether something can be kept.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check(&self) -> Result<()> {
        let data = Arc::clone(&self.data);
        let written = spawn_blocking(move || data.check_writable()).await;
        let mut done = written.unwrap_or_else(|error| Err(Error::internal(error.to_string())));
        let is_troubled = self.lock().is_some();
        if done.is_ok() && is_troubled {
            done = self.history.check_writable().await;
        }
        match &done {
            // Of a server that is away it is told elsewhere.
            Err(error) if error.kind() == Kind::Away => {}
            done => self.set(done.as_ref().err().cloned()),
        }
        done
    }

    /// Looks as long as nothing can be kept, and where there is little room; until nobody else has it any more, so that
    /// the data folder is free for who comes next.
    pub async fn look_after(storing: Weak<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(storing) = storing.upgrade() else {
                return;
            };
            let is_troubled = storing.lock().is_some();
            let has_little = || storing.data.room().is_some_and(|room| room.free < LITTLE);
            if is_troubled || has_little() {
                // It is noted.
                storing.check().await.ok();
            }
        }
    }

    fn set(&self, trouble: Option<Error>) {
        let mut now = self.lock();
        match (&*now, &trouble) {
            (None, Some(error)) => {
                tracing::warn!("nothing can be kept, so nothing is judged: {error}")
            }
            (Some(_), None) => tracing::info!("what is judged can be kept again"),
            _ => {}
        }
        *now = trouble;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Error>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Place;

    #[tokio::test]
    async fn what_cannot_be_kept_is_trouble_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let data = Arc::new(Data::open(folder.path()).unwrap());
        let history = History::open(&Place::File(data.history())).await.unwrap();
        history.add_station("top", false, None).await.unwrap();
        let storing = Storing::new(Arc::clone(&data), Arc::new(history));
        storing.note(&Error::new(Kind::Invalid, "no image"));
        assert_eq!(storing.trouble(), None);
        storing.note(&Error::new(Kind::NoRoom, "full"));
        let said = storing.trouble().unwrap().to_string();
        assert!(said.contains("full"), "{said}");
        // The data folder cannot be written.
        std::fs::create_dir(data.root().join("probe")).unwrap();
        assert!(storing.check().await.is_err());
        assert!(storing.trouble().is_some());
        std::fs::remove_dir(data.root().join("probe")).unwrap();
        storing.check().await.unwrap();
        assert_eq!(storing.trouble(), None);
        assert!(storing.history.unreadable("top").await.unwrap().is_empty());
    }
}
