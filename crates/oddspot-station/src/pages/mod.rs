//! The pages, rendered here: what comes from outside is escaped by the templates.

mod account;
mod around;
mod away;
mod card;
mod chart;
mod comparison;
mod frame;
mod histogram;
mod history;
mod inspection;
mod keys;
mod line;
mod login;
mod losses;
mod models;
mod navigation;
mod overview;
mod people;
mod rate;
mod setup;
mod step;
mod told;
mod verdict;
mod wrong;

use askama::Template;

pub use account::AccountPage;
pub use around::{AroundPart, folder_row, kept_rows, output_row};
pub use away::AwayPage;
pub use card::Card;
pub use chart::chart;
pub use comparison::ComparisonPart;
pub use histogram::{Scores, axis_of, histogram};
pub use history::{Asked, HistoryPage};
pub use inspection::{InspectionPage, PlaceRow};
pub use keys::{role as role_key, verdict as verdict_key};
pub use line::{Count, LinePage, MissedRows, Now, OutputRow};
pub use login::LoginPage;
pub use models::{ModelsPage, VersionCard};
pub use navigation::{Link, Navigation, Place, Reader, natural};
pub use overview::{OverviewPage, Tile, Tiles, ago};
pub use people::{DeedRow, PeoplePage, TokenRow, UserRow};
pub use rate::{Counted, Rates};
pub use setup::{FoundPart, GoodCard, GoodPart, JobCard, JobsPart, SetupPage};
pub use step::{Step, is_cut};
pub use told::sheet as sheet_labels;
pub use verdict::{MeantPart, MeantRow, Shown, VerdictPage};
pub use wrong::WrongPage;

use crate::error::{Error, Result};
use crate::words::Words;

/// The style that these pages share with those of results.
pub fn style() -> String {
    oddspot_draw::page::style()
}

/// The page where a station is made.
#[derive(Template)]
#[template(path = "new.html")]
pub struct NewPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
}

/// The first page where there is no station, for who cannot make one.
#[derive(Template)]
#[template(path = "empty.html")]
pub struct EmptyPage {
    /// The words of the page.
    pub t: Words,
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
