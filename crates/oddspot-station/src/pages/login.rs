//! The page where one signs in.

use askama::Template;

/// The page.
#[derive(Default, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The name that was given before.
    pub name: String,
    /// Where one goes then.
    pub next: String,
    /// Why one could not.
    pub wrong: Option<String>,
}
