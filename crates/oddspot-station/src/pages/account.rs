//! The page where a person changes the own password.

use askama::Template;

use super::Navigation;

/// The page.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Where one is.
    pub nav: Navigation,
    /// The person.
    pub name: String,
    /// The role's word.
    pub role: &'static str,
    /// Whether nothing else can be done before.
    pub is_to_change: bool,
    /// Why it was not changed.
    pub wrong: Option<String>,
}
