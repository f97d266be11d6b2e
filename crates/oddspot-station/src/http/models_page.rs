//! The page of a station's models.

use std::path::Path;

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::pages::navigation;
use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use crate::history::JobKind;
use crate::pages::{JobCard, ModelsPage, Place, VersionCard, render};
use crate::service::Station;
use crate::words::{Marked, Words};

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
    let jobs = &shared.service.jobs;
    let page = ModelsPage {
        nav: navigation(&shared, &who, Some(station.clone()), Place::Models),
        is_paused: at.post.is_paused(),
        versions: versions
            .iter()
            .map(|one| VersionCard::of(&t, one))
            .collect(),
        before: before.map(|before| before.model.chars().take(12).collect()),
        configured,
        verifying: jobs.open_of_kind(&station, JobKind::Verify).await?,
        verified: verified(&shared, &t, &station).await?,
        comparing: jobs.open_of_kind(&station, JobKind::Compare).await?,
        station,
        t,
    };
    Ok(Html(render(&page)?))
}

/// When a model was verified last, and what came of it.
async fn verified(
    shared: &Shared,
    t: &Words,
    station: &str,
) -> Result<Option<(String, Vec<Marked>)>, Problem> {
    let last = shared.service.history.last_verified(station).await?;
    Ok(last.map(|job| {
        let at = t.day_and_time(job.ended.as_deref().unwrap_or(&job.asked));
        (at, JobCard::of(t, &job, false, &[]).outcome)
    }))
}

/// What is to be said of the file that the configuration names, or of a model that cannot be used.
fn configured(t: &Words, station: &Station, active: Option<&str>) -> Option<String> {
    let short = |sha256: &str| format!("{sha256:.12}");
    let file = station.asked.model.as_deref().and_then(Path::file_name);
    let file = file.unwrap_or_default().to_string_lossy();
    let said = match (&station.configured_model, active) {
        (Some(named), Some(active)) if named == active => {
            t.say("configured-active").with("file", &*file)
        }
        (Some(named), Some(active)) => (t.say("configured-other"))
            .with("file", &*file)
            .with("named", short(named))
            .with("active", short(active)),
        (_, None) => (t.say("trouble-model"))
            .with("station", &station.name)
            .with("model", short(&station.post.unusable()?)),
        (None, Some(_)) => return None,
    };
    Some(said.to_string())
}
