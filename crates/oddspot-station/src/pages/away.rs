//! What is shown in the place of a page while the history is away.

use askama::Template;

use super::Navigation;
use crate::words::{Marked, Words};

/// Shown in the place of a page while the history is away; it asks again by itself.
#[derive(Template)]
#[template(path = "away.html")]
pub struct AwayPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// Why, in a sentence.
    pub trouble: Marked,
}
