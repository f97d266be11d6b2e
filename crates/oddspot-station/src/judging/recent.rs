//! What was found in the last images, from which pictures can be drawn without judging again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use oddspot::judge::Examined;

/// Images of which it is kept.
const KEPT: usize = 32;

/// What was found in the last images.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<(String, Arc<Examined>)>>);

impl Recent {
    /// Keeps what was found in an image, by its inspection's id.
    pub fn put(&self, id: &str, examined: Examined) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((id.to_owned(), Arc::new(examined)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }

    /// What was found, if it is still kept.
    pub fn get(&self, id: &str) -> Option<Arc<Examined>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(one, _)| one == id);
        found.map(|(_, examined)| Arc::clone(examined))
    }
}
