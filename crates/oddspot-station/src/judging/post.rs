//! What judges at a station now: it may change while images come, and each is judged by one alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::model::Model;
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// What judges at a station now.
pub struct Post {
    /// The station.
    pub name: String,
    model: RwLock<Option<Arc<Model>>>,
    /// SHA-256 of the model that judged last, if it cannot be used any more.
    unusable: RwLock<Option<String>>,
    is_paused: AtomicBool,
}

impl Post {
    /// Of a station that nothing judges for yet.
    pub fn new(name: &str, is_paused: bool) -> Self {
        Self {
            name: name.to_owned(),
            model: RwLock::default(),
            unusable: RwLock::default(),
            is_paused: AtomicBool::new(is_paused),
        }
    }

    /// The model that judges; without it nothing can be.
    pub fn model(&self) -> Option<Arc<Model>> {
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        model.clone()
    }

    /// Judges by another model from the next image on.
    pub fn set_model(&self, model: Arc<Model>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = Some(model);
        self.set_unusable(None);
    }

    /// Notes that the model that was to judge cannot be used, and why.
    pub fn begin_without(&self, sha256: &str, error: &Error) {
        self.set_unusable(Some(sha256.to_owned()));
        tracing::warn!("{} ({error})", self.trouble().unwrap_or_default());
    }

    fn set_unusable(&self, sha256: Option<String>) {
        *self
            .unusable
            .write()
            .unwrap_or_else(PoisonError::into_inner) = sha256;
    }

    /// SHA-256 of the model that judged last, if it cannot be used any more.
    pub fn unusable(&self) -> Option<String> {
        let unusable = self.unusable.read().unwrap_or_else(PoisonError::into_inner);
        unusable.clone()
    }

    /// Why there is no model though there was one.
    pub fn trouble(&self) -> Option<String> {
        let (name, sha256) = (&self.name, self.unusable()?);
        Some(format!(
            "station {name} has no model: {sha256:.12}, which judged last, cannot be used any more. Bring its file again, \
             or activate another, under Models"
        ))
    }

    /// Whether nothing is judged for now.
    pub fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::SeqCst)
    }

    /// Judges nothing for now, or goes on.
    pub fn set_paused(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::SeqCst);
    }

    /// The model that judges the next image.
    ///
    /// # Errors
    /// It is paused; there is no model.
    pub fn ready(&self) -> Result<Arc<Model>> {
        let name = &self.name;
        if self.is_paused() {
            let sentence = Sentence::new("refused-paused").with("station", name);
            return Err(Error::of(Kind::Paused, sentence));
        }
        self.model().ok_or_else(|| {
            let none = || format!("station {name} has no model: nothing can be said of an image");
            Error::new(Kind::NoModel, self.trouble().unwrap_or_else(none))
        })
    }
}
