//! The page where one signs in.

use askama::Template;

use crate::words::Words;

/// The page.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The words of the page.
    pub t: Words,
    /// The name that was given before.
    pub name: String,
    /// Where one goes then.
    pub next: String,
    /// Why one could not.
    pub wrong: Option<String>,
}
