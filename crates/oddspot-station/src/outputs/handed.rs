//! What came of an attempt to tell.

use std::io::{Error, ErrorKind};

/// What became of some events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// So many of them, the first ones, are with whoever is told.
    pub done: usize,
    /// Why not all are, in a sentence. Without it the rest is handed on at once.
    pub trouble: Option<String>,
}

impl Handed {
    /// That, and then something went wrong.
    pub fn but(self, trouble: impl Into<String>) -> Self {
        Self {
            trouble: Some(trouble.into()),
            ..self
        }
    }
}

/// What went wrong on the way to a server, for people.
pub fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "the connection broke".to_owned()
        }
        ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        ErrorKind::TimedOut => "no answer in time".to_owned(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "it cannot be reached".to_owned()
        }
        _ => error.to_string(),
    }
}
