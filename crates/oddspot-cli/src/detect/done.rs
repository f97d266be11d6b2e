//! What became of an image.

use std::time::Duration;

use oddspot::images::Kind;
use oddspot::verdict::Finding;

/// An image that was judged.
pub struct Done {
    /// What is said of it.
    pub finding: Finding,
    /// What it is as a file.
    pub kind: Kind,
    /// Its pictures and raw maps, as paths below the output folder with `/`.
    pub files: Vec<String>,
    /// File to verdict and pictures.
    pub latency: Duration,
    /// Why it has no pictures, where that is owed to its name.
    pub unnamed: Option<String>,
}
