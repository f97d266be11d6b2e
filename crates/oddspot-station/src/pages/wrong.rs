//! What a person sees in the place of a page that cannot be shown.

use askama::Template;

use super::Navigation;
use crate::words::{Marked, Words};

/// The page.
#[derive(Template)]
#[template(path = "wrong.html")]
pub struct WrongPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The key of why.
    pub key: &'static str,
    /// Why, in a sentence.
    pub detail: Marked,
}

impl WrongPage {
    /// The key of why, by the status of the answer.
    pub fn key_of(status: u16) -> &'static str {
        match status {
            404 | 405 => "wrong-not-there",
            401 | 403 => "wrong-forbidden",
            429 | 503 => "wrong-busy",
            500.. => "wrong-fault",
            _ => "wrong-address",
        }
    }
}
