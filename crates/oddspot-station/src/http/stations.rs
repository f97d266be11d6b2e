//! The stations that are at work: made, renamed, taken away, paused, resumed.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::history::Backlog;
use crate::outputs::OutputNow;
use crate::service::{Service, Station};

/// A station.
#[derive(Serialize, ToSchema)]
pub struct StationNow {
    name: String,
    /// SHA-256 of the model that judges; nothing can be judged without one.
    model: Option<String>,
    /// Whether nothing is judged for now, because a person wants it so.
    paused: bool,
    /// Images that wait.
    waiting: usize,
    /// The folder that images come into.
    folder: Option<String>,
    /// What is wrong with that folder, if anything is.
    folder_trouble: Option<String>,
    /// That the last images had the very same pixels, so that the camera may be stuck, or that no image came for long, if so.
    camera_trouble: Option<String>,
    /// Bytes of its images; null until it was looked for the first time.
    kept_bytes: Option<u64>,
    /// Why it keeps more than it is to, or that the disk is nearly full, if so.
    keeping_trouble: Option<String>,
    /// The ways by which results go out, and what waits for them.
    outputs: Vec<OutputNow>,
}

/// A station that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStation {
    /// Letters, digits, - and _: it stands in addresses.
    name: String,
}

impl StationNow {
    fn of(service: &Service, station: &Station, backlog: &[Backlog]) -> Self {
        Self {
            name: station.name.clone(),
            model: (station.model()).map(|model| model.version.sha256.clone()),
            paused: station.post.is_paused(),
            waiting: station.queue.waiting(),
            folder: (station.folder.as_ref()).map(|(root, _)| root.display().to_string()),
            folder_trouble: (station.folder.as_ref())
                .and_then(|(_, state)| Some(state.told()?.to_string())),
            camera_trouble: (station.camera_trouble()).map(|trouble| trouble.to_string()),
            kept_bytes: service.keeping.bytes(&station.name),
            keeping_trouble: (service.keeping.trouble(&station.name))
                .map(|trouble| trouble.to_string()),
            outputs: (station.outputs.iter())
                .map(|output| output.now(backlog))
                .collect(),
        }
    }
}

/// The stations that are at work.
#[utoipa::path(
    get, path = "/api/v1/stations", tag = "stations",
    responses((status = 200, body = Vec<StationNow>)),
)]
pub async fn list(State(shared): State<Shared>) -> Result<Json<Vec<StationNow>>, Problem> {
    let service = &shared.service;
    let backlog = service.history.backlog().await?;
    let stations = service.stations();
    let stations = (stations.iter()).map(|one| StationNow::of(service, one, &backlog));
    Ok(Json(stations.collect()))
}

/// Makes a station, which has no model yet.
#[utoipa::path(
    post, path = "/api/v1/stations", tag = "stations", request_body = NewStation,
    responses(
        (status = 201, body = StationNow), (status = 409, body = Problem, content_type = "application/problem+json", description = "the name is taken"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(shared): State<Shared>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let NewStation { name } = body::json(request, SMALL, "station").await?;
    let station = shared.service.create_station(&name, who.actor()).await?;
    let place = format!("/stations/{name}");
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, place)],
        Json(StationNow::of(
            &shared.service,
            &station,
            &shared.service.history.backlog().await?,
        )),
    ))
}

/// Gives a station another name, under which it has all that it had. Programs send to the new address from then on.
#[utoipa::path(
    put, path = "/api/v1/stations/{station}", tag = "stations", params(("station" = String, Path)), request_body = NewStation,
    responses(
        (status = 200, body = StationNow), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the name is taken, the station is configured, or a job of it is not over"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn rename(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let NewStation { name } = body::json(request, SMALL, "station").await?;
    let service = &shared.service;
    let renamed = service.rename_station(&station, &name, who.actor()).await?;
    let place = format!("/stations/{name}");
    let backlog = service.history.backlog().await?;
    Ok((
        [(header::LOCATION, place)],
        Json(StationNow::of(service, &renamed, &backlog)),
    ))
}

/// Takes a station away. What it judged, its images and its models stay; made anew by the same name, it has them again.
#[utoipa::path(
    delete, path = "/api/v1/stations/{station}", tag = "stations", params(("station" = String, Path)),
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is configured, or a job of it is not over"),
    ),
)]
pub async fn remove(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let service = &shared.service;
    service.remove_station(&station, who.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Judges nothing for now: images by requests are refused, files of the folder wait.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/pause", tag = "stations", params(("station" = String, Path)),
    responses((status = 200, body = StationNow), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn pause(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
) -> Result<Json<StationNow>, Problem> {
    set_paused(&shared, &who, &station, true).await
}

/// Judges again.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/resume", tag = "stations", params(("station" = String, Path)),
    responses((status = 200, body = StationNow), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn resume(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
) -> Result<Json<StationNow>, Problem> {
    set_paused(&shared, &who, &station, false).await
}

async fn set_paused(
    shared: &Shared,
    who: &Who,
    station: &str,
    is_paused: bool,
) -> Result<Json<StationNow>, Problem> {
    let service = &shared.service;
    let station = service.set_paused(station, is_paused, who.actor()).await?;
    let backlog = shared.service.history.backlog().await?;
    Ok(Json(StationNow::of(&shared.service, &station, &backlog)))
}
