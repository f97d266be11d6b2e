//! The page of one inspection.

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::inspections::found_by;
use super::pages::navigation;
use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use crate::pages::{InspectionPage, Place, render};
use crate::words::Words;

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<String>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let one = found_by(&shared, &who, &id).await?;
    // A station of before has a history, and no pages.
    let station = Some(one.station.clone()).filter(|name| shared.service.station(name).is_ok());
    let defects = shared.service.history.defects(Some(&one.station)).await?;
    let nav = navigation(&shared, &who, station, Place::Elsewhere);
    Ok(Html(render(&InspectionPage::of(t, nav, &one, defects))?))
}
