//! The page of a station's models.

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::pages::navigation;
use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use crate::history::Version;
use crate::pages::{ModelsPage, Place, VersionCard, render};

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let versions = shared.service.history.versions(&station).await?;
    let before = shared.service.versions.before(&station).await?;
    let active = at.model().map(|model| model.version.sha256.clone());
    let configured = match (&at.configured_model, &active) {
        (Some(named), Some(active)) if named == active => Some(format!(
            "The configuration names the active model. If you activate another here, that one holds after a restart too, \
             until the file {named:.12} is replaced by another."
        )),
        (Some(named), Some(active)) => Some(format!(
            "The configuration names model {named:.12}, and {active:.12} was activated here: it holds after a restart too, \
             until the file is replaced by another."
        )),
        (_, None) => at.post.trouble(),
        (None, Some(_)) => None,
    };
    // What cannot be used any more is not at work, though it was last.
    let card = |one: &Version| VersionCard {
        active: active.as_ref() == Some(&one.sha256),
        ..VersionCard::of(one)
    };
    let page = ModelsPage {
        nav: navigation(&shared, &who, Some(station.clone()), Place::Models),
        is_paused: at.post.is_paused(),
        versions: versions.iter().map(card).collect(),
        before: before.map(|before| before.model.chars().take(12).collect()),
        configured,
        station,
    };
    Ok(Html(render(&page)?))
}
