//! The page of what a station's models are made of, and the parts of it that are brought anew.

use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;

use super::Shared;
use super::pages::navigation;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use crate::error::Result as StationResult;
use crate::good::LEAST;
use crate::history::{Filter, GoodImage, Inspection, LabelFilter, Order, Role, Truth};
use crate::jobs::FoundAmong;
use crate::pages::{
    AroundPart, Card, FoundPart, GoodCard, GoodPart, JobCard, JobsPart, Place, SetupPage,
    folder_row, kept_rows, output_row, render,
};
use crate::service::Station;
use crate::words::Words;
use oddspot::verdict::Verdict;

/// Good images that are shown at a time.
const CARDS: usize = 60;
/// Parts of the history that are offered.
const OFFERED: u32 = 24;
/// Jobs that are shown.
const JOBS: u32 = 6;
/// Images that can be drawn on.
const DRAWN_ON: usize = 12;

/// Which good images are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Counted from 0.
    page: usize,
}

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let history = &shared.service.history;
    let good = history.good_images(&station).await?;
    let row = history.station(&station).await?;
    let mask = row.and_then(|row| row.mask);
    let judged = offered(&shared, &station, &good).await?;
    let used = good.iter().filter(|one| !one.left_out);
    let page = SetupPage {
        nav: navigation(&shared, &who, Some(station.clone()), Place::Setup),
        judged: judged.iter().map(|one| Card::of(&t, one)).collect(),
        drawn_on: (used.take(DRAWN_ON))
            .map(|one| GoodCard::of(&t, &station, one))
            .collect(),
        told_of_regions: told_of_regions(&shared, &station, mask.as_deref()).await?,
        regions: mask.unwrap_or_else(|| "{}".to_owned()),
        jobs: jobs_part(&shared, &t, &station, &good).await?,
        found: found_part(&shared, &t, &station, &good).await?,
        good: good_part(&t, &station, &good, 0),
        around: around(&shared, &t, &at, &who),
        station,
        t,
    };
    Ok(Html(render(&page)?))
}

/// Where images come from and results go.
fn around(shared: &Shared, t: &Words, station: &Station, who: &Who) -> AroundPart {
    let service = &shared.service;
    let folder = station.folder.as_ref();
    let outputs = station.asked.outputs.iter();
    AroundPart {
        station: station.name.clone(),
        folder: folder.map(|(root, _)| folder_row(t, root, station.asked.after)),
        outputs: outputs.map(|one| output_row(t, one)).collect(),
        kept: kept_rows(t, &service.keeping.rule(&station.name)),
        file: (service.configuration_file.as_ref()).map(|file| file.display().to_string()),
        is_configured: service.check_changeable(station).is_err(),
        is_for_admin: who.is(Role::Admin),
        t: t.clone(),
    }
}

/// The good images, some of them.
pub async fn good(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(asked): Parameters<Asked>,
    t: Words,
) -> Result<Html<String>, Problem> {
    shared.service.station(&station)?;
    let good = shared.service.history.good_images(&station).await?;
    Ok(Html(render(&good_part(&t, &station, &good, asked.page))?))
}

/// The jobs.
pub async fn jobs(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    t: Words,
) -> Result<Html<String>, Problem> {
    shared.service.station(&station)?;
    let good = shared.service.history.good_images(&station).await?;
    Ok(Html(render(
        &jobs_part(&shared, &t, &station, &good).await?,
    )?))
}

/// What was found among the good images.
pub async fn found(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    t: Words,
) -> Result<Html<String>, Problem> {
    shared.service.station(&station)?;
    let good = shared.service.history.good_images(&station).await?;
    Ok(Html(render(
        &found_part(&shared, &t, &station, &good).await?,
    )?))
}

/// The newest first: what was just brought is seen.
fn good_part(t: &Words, station: &str, good: &[GoodImage], page: usize) -> GoodPart {
    let pages = good.len().div_ceil(CARDS).max(1);
    let page = page.min(pages - 1);
    let from = page * CARDS;
    let cards = good.iter().rev().skip(from).take(CARDS);
    let cards: Vec<GoodCard> = cards.map(|one| GoodCard::of(t, station, one)).collect();
    GoodPart {
        t: t.clone(),
        station: station.to_owned(),
        total: good.len(),
        left_out: good.iter().filter(|one| one.left_out).count(),
        before: page.checked_sub(1),
        after: (page + 1 < pages).then_some(page + 1),
        shown: [from + 1, from + cards.len()],
        cards,
    }
}

async fn jobs_part(
    shared: &Shared,
    t: &Words,
    station: &str,
    good: &[GoodImage],
) -> StationResult<JobsPart> {
    let mut jobs = shared.service.jobs.list(Some(station), JOBS).await?;
    let open = shared.service.jobs.open(station).await?;
    // What waits or is at work is shown however much was asked for since.
    let oldest = jobs.last().map_or(0, |job| job.id);
    jobs.extend(open.iter().filter(|job| job.id < oldest).cloned());
    let versions = shared.service.history.versions(station).await?;
    let cards = jobs.iter().enumerate().map(|(at, job)| {
        let is_last = !jobs[..at].iter().any(|newer| newer.kind == job.kind);
        JobCard::of(t, job, is_last, &versions)
    });
    Ok(JobsPart {
        t: t.clone(),
        station: station.to_owned(),
        jobs: cards.collect(),
        is_ready: good.iter().filter(|one| !one.left_out).count() >= LEAST,
        has_model: shared.service.station(station)?.model().is_some(),
        open: open.iter().map(|job| job.kind).collect(),
    })
}

async fn found_part(
    shared: &Shared,
    t: &Words,
    station: &str,
    good: &[GoodImage],
) -> StationResult<FoundPart> {
    let job = shared.service.history.last_audit(station).await?;
    let found = job.as_ref().and_then(|job| job.audit.clone());
    // What an earlier version kept otherwise is as if it had not been looked for.
    let found: Option<FoundAmong> = found.and_then(|found| serde_json::from_value(found).ok());
    let job = job.filter(|_| found.is_some());
    Ok(FoundPart::of(
        t,
        station,
        job.as_ref(),
        &found.unwrap_or_default(),
        good,
    ))
}

/// The newest parts that are labelled good, or judged good and not labelled, and are not among the good images.
async fn offered(
    shared: &Shared,
    station: &str,
    good: &[GoodImage],
) -> StationResult<Vec<Inspection>> {
    let history = &shared.service.history;
    let of_station = Filter {
        station: Some(station.to_owned()),
        ..Filter::default()
    };
    let labelled = Filter {
        label: Some(LabelFilter::Is(Truth::Good)),
        ..of_station.clone()
    };
    let judged = Filter {
        verdict: Some(Verdict::Good),
        label: Some(LabelFilter::None),
        ..of_station
    };
    let mut all = history
        .find(&labelled, Order::Newest, None, OFFERED)
        .await?;
    all.extend(history.find(&judged, Order::Newest, None, OFFERED).await?);
    all.sort_by(|a, b| b.id.cmp(&a.id));
    let mut seen: Vec<String> = good.iter().map(|one| one.image.clone()).collect();
    all.retain(|one| {
        let is_new = one.image_removed.is_none() && !seen.contains(&one.image);
        seen.push(one.image.clone());
        is_new
    });
    all.truncate(OFFERED as usize);
    Ok(all)
}

/// The key of what is to be said of the regions that are drawn and those that the active model was trained with.
async fn told_of_regions(
    shared: &Shared,
    station: &str,
    mask: Option<&str>,
) -> StationResult<Option<&'static str>> {
    let versions = shared.service.history.versions(station).await?;
    let active = versions.into_iter().find(|one| one.active);
    Ok(active.and_then(
        |active| match active.job.is_some() || active.mask.is_some() {
            true if active.mask.as_deref() != mask => Some("regions-other"),
            true => None,
            false => mask.map(|_| "regions-unknown"),
        },
    ))
}
