//! The page of all that was judged.

use askama::Template;

use super::{Card, Navigation, Rates};
use crate::words::{Marked, Words};

/// What is asked for, as the form shows it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A station.
    pub station: String,
    /// A verdict.
    pub verdict: String,
    /// A label.
    pub label: String,
    /// A defect's name.
    pub defect: String,
    /// A part.
    pub part_id: String,
    /// From when.
    pub since: String,
    /// Until when.
    pub until: String,
    /// An order.
    pub order: String,
    /// A model.
    pub model: String,
}

/// The page of all that was judged.
#[derive(Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// What is asked for.
    pub asked: Asked,
    /// Stations that can be asked for.
    pub stations: Vec<String>,
    /// Verdicts that can be asked for, and the keys of their words.
    pub verdicts: Vec<(&'static str, &'static str)>,
    /// Labels that can be asked for, and the keys of their words.
    pub labels: Vec<(&'static str, &'static str)>,
    /// Names of defects that were given before.
    pub defects: Vec<String>,
    /// What of it cannot be understood.
    pub wrong: Option<Marked>,
    /// Scores over time.
    pub chart: Option<String>,
    /// Shares of verdicts over time.
    pub rates: Option<Rates>,
    /// What was found.
    pub cards: Vec<Card>,
    /// The same question, as parameters.
    pub query: String,
    /// The question for what follows.
    pub next: Option<String>,
}
