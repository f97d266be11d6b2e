//! The page of a station: the last part large, those before it, and how it goes today.

use askama::Template;

use super::{Card, Navigation};
use crate::outputs::OutputNow;

/// How many images of a verdict there were today.
#[derive(Clone, Debug)]
pub struct Count {
    /// The verdict's word.
    pub word: &'static str,
    /// So many.
    pub images: u64,
}

/// What is brought anew as parts come.
#[derive(Template)]
#[template(path = "now.html")]
pub struct Now {
    /// The station.
    pub station: String,
    /// Whether nothing is judged for now.
    pub is_paused: bool,
    /// What is wrong, if anything is.
    pub trouble: Option<String>,
    /// How many there were today, verdict by verdict.
    pub counts: Vec<Count>,
    /// Images that wait.
    pub waiting: usize,
    /// The folder that images come into.
    pub folder: Option<String>,
    /// The ways by which results go out.
    pub outputs: Vec<OutputNow>,
    /// The beginning of the model's hash.
    pub model: Option<String>,
    /// The address of the service, from its scheme on.
    pub address: String,
    /// Whether whoever sends an image needs a token.
    pub needs_token: bool,
    /// Whether it is shown to who sets stations up.
    pub is_for_engineer: bool,
    /// The last part.
    pub last: Option<Card>,
    /// The last parts, the newest first.
    pub stream: Vec<Card>,
}

/// The page of a station.
#[derive(Template)]
#[template(path = "line.html")]
pub struct LinePage {
    /// Where one is.
    pub nav: Navigation,
    /// How it goes.
    pub now: Now,
}
