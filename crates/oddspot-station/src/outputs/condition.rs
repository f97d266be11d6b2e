//! How a station is, for outputs that tell of more than results.

use std::sync::Arc;

/// How a station is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Why nothing can be judged, or not all that comes; nothing where all is well.
    pub trouble: Option<String>,
    /// Whether an image waits or is being judged.
    pub is_busy: bool,
}

/// Looks how a station is.
pub type Look = Arc<dyn Fn() -> Condition + Send + Sync>;
