//! What came of an attempt to tell.

use crate::error::{Error, Kind};
use crate::words::Sentence;

/// What became of some events.
#[derive(Clone, Debug, Default)]
pub struct Handed {
    /// So many of them, the first ones, are with whoever is told.
    pub done: usize,
    /// Why not all are. Without it the rest is handed on at once.
    pub trouble: Option<Error>,
}

impl Handed {
    /// That, and then something went wrong.
    pub fn but(self, trouble: Error) -> Self {
        Self {
            trouble: Some(trouble),
            ..self
        }
    }
}

/// What went wrong, by a key of words.
pub fn failed(key: &'static str) -> Error {
    Error::of(Kind::System, Sentence::new(key))
}
