//! The page of a station's models.

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::pages::navigation;
use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use crate::error::Result as StationResult;
use crate::history::{Job, JobKind};
use crate::pages::{ModelsPage, Place, VersionCard, render};
use crate::service::Station;
use crate::words::Words;

/// Jobs that may be at work or wait.
const JOBS: u32 = 50;

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let versions = shared.service.versions.list(&station).await?;
    let before = shared.service.versions.before(&station).await?;
    let active = at.model().map(|model| model.version.sha256.clone());
    let configured = configured(&t, &at, active.as_deref());
    let page = ModelsPage {
        nav: navigation(&shared, &who, Some(station.clone()), Place::Models),
        is_paused: at.post.is_paused(),
        versions: versions
            .iter()
            .map(|one| VersionCard::of(&t, one))
            .collect(),
        before: before.map(|before| before.model.chars().take(12).collect()),
        configured,
        comparing: comparing(&shared, &station).await?,
        station,
        t,
    };
    Ok(Html(render(&page)?))
}

/// The job that compares two models just now.
async fn comparing(shared: &Shared, station: &str) -> StationResult<Option<i64>> {
    let jobs = shared.service.jobs.list(Some(station), JOBS).await?;
    let is_at_it = |job: &&Job| job.kind == JobKind::Compare && job.state.is_open();
    Ok(jobs.iter().find(is_at_it).map(|job| job.id))
}

/// What is to be said of the file that the configuration names, or of a model that cannot be used.
fn configured(t: &Words, station: &Station, active: Option<&str>) -> Option<String> {
    let short = |sha256: &str| format!("{sha256:.12}");
    let said = match (&station.configured_model, active) {
        (Some(named), Some(active)) if named == active => {
            t.say("configured-active").with("named", short(named))
        }
        (Some(named), Some(active)) => (t.say("configured-other"))
            .with("named", short(named))
            .with("active", short(active)),
        (_, None) => (t.say("trouble-model"))
            .with("station", &station.name)
            .with("model", short(&station.post.unusable()?)),
        (None, Some(_)) => return None,
    };
    Some(said.to_string())
}
