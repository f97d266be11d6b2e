//! Whether a database is there.

use crate::words::Sentence;

/// How a database is that may go away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Why it cannot be used, if so.
    pub trouble: Option<Sentence>,
    /// How often it was connected to; what was begun by an earlier connection is over.
    pub generation: u64,
}
