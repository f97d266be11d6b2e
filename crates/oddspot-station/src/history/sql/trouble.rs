//! What a server's errors mean, and how they are said.

use std::io::ErrorKind;

use crate::words::{Sentence, of_system};

/// What is said to whoever asks, who need not know where the database is.
pub fn away(why: Sentence) -> Sentence {
    Sentence::new("history-away").with("why", why)
}

/// Whether it is not the statement's own error: others would meet it too.
pub fn is_of_the_connection(error: &sqlx::Error) -> bool {
    use sqlx::Error::{BeginFailed, Io, PoolClosed, Protocol, Tls, WorkerCrashed};
    match error {
        Io(_) | Tls(_) | Protocol(_) | PoolClosed | WorkerCrashed | BeginFailed => true,
        sqlx::Error::Configuration(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // It ends, begins, lets nobody else in, or only follows another server now.
            code.starts_with("08") || ["57P01", "57P02", "57P03", "25006"].contains(&&*code)
        }),
        _ => false,
    }
}

/// Whether it took longer than a statement may.
pub fn is_too_slow(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57014"),
        _ => false,
    }
}

/// An error in the words of the server or the system.
pub fn words_of(error: &sqlx::Error) -> Sentence {
    match error {
        sqlx::Error::Database(error) => Sentence::english(error.message()),
        // What the library says of it then leads to its own manual.
        sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Sentence::new("system-closed")
        }
        sqlx::Error::Io(error) => of_system(error),
        error => Sentence::english(error.to_string()),
    }
}
