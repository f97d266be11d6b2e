//! The page where a person changes the own password.

use askama::Template;

use super::Navigation;
use crate::words::Words;

/// The page.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The person.
    pub name: String,
    /// The key of the role's word.
    pub role: &'static str,
    /// Whether nothing else can be done before.
    pub is_to_change: bool,
    /// Why it was not changed.
    pub wrong: Option<String>,
}
