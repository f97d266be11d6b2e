//! Jobs: started, watched, broken off.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::history::Job;
use crate::jobs::Wanted;

/// Jobs of an answer, at most.
const MOST: u32 = 100;

/// Which jobs are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Of a station.
    #[param(required = false)]
    station: String,
}

/// The newest jobs first, at most 100.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", params(Asked),
    responses((status = 200, body = Vec<Job>), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn list(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Vec<Job>>, Problem> {
    let station = (!asked.station.is_empty()).then_some(asked.station.as_str());
    Ok(Json(shared.service.jobs.list(station, MOST).await?))
}

/// Starts a job: `audit` looks through the good images, `instant` makes a model in seconds, `default` makes the same and
/// trains the better one then, going on from where the same training was broken off; `extend` adds the station's good
/// images to what the active model knows, `calibrate` sets its thresholds by good images that it has not learned from and
/// by labelled parts: both make a new model, and refuse images that speak against it without `force`. `compare` judges
/// labelled parts by the two `models`, `labels` by the active one, each part once by each model. `verify` looks whether the
/// active model, or the one of `models`, judges here as when it was made; with the setting `labelled` also whether
/// labelled parts have the score that it gave them before, and how many it stops and misses.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", request_body = Wanted,
    responses(
        (status = 202, body = Job), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the same is at work"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn start(
    State(shared): State<Shared>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let wanted: Wanted = body::json(request, SMALL, "job").await?;
    let job = shared.service.jobs.start(&wanted, &who.actor()).await?;
    let place = format!("/api/v1/jobs/{}", job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(job)))
}

/// A job as it is now.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = Job), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn one(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<i64>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(shared.service.jobs.get(id).await?))
}

/// Breaks a job off; what a training has come to is kept, and the same job goes on with it.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", params(("id" = i64, Path)),
    responses(
        (status = 202, body = Job), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is over"),
    ),
)]
pub async fn cancel(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<i64>,
    who: Who,
) -> Result<impl IntoResponse, Problem> {
    let job = shared.service.jobs.cancel(id, who.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
