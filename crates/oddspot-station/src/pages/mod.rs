//! The pages, rendered here: what comes from outside is escaped by the templates.

mod card;
mod chart;
mod history;
mod line;

use askama::Template;

pub use card::Card;
pub use chart::chart;
pub use history::{Asked, HistoryPage};
pub use line::{Count, LinePage, Now};

use crate::error::{Error, Result};

/// The style that these pages share with those of results.
pub fn style() -> String {
    oddspot_draw::page::style()
}

/// Where one is, among all pages.
#[derive(Clone, Debug)]
pub struct Navigation {
    /// The stations.
    pub stations: Vec<String>,
    /// The station whose page it is; None of the history.
    pub here: Option<String>,
}

impl Navigation {
    fn is_here(&self, station: &str) -> bool {
        self.here.as_deref() == Some(station)
    }

    fn is_history(&self) -> bool {
        self.here.is_none()
    }
}

/// The page where there is no station.
#[derive(Template)]
#[template(path = "none.html")]
pub struct NonePage {
    /// Where one is.
    pub nav: Navigation,
}

/// A page as HTML.
///
/// # Errors
/// None that is known.
pub fn render(page: &impl Template) -> Result<String> {
    page.render()
        .map_err(|error| Error::internal(error.to_string()))
}
