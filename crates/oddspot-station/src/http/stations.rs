//! The stations that are at work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;

/// A station.
#[derive(Serialize, ToSchema)]
pub struct StationNow {
    name: String,
    /// SHA-256 of the model that judges; nothing can be judged without one.
    model: Option<String>,
    /// Images that wait.
    waiting: usize,
    /// The folder that images come into.
    folder: Option<String>,
    /// What is wrong with that folder, if anything is.
    folder_trouble: Option<String>,
}

/// The stations that are at work.
#[utoipa::path(
    get, path = "/api/v1/stations", tag = "stations",
    responses((status = 200, body = Vec<StationNow>)),
)]
pub async fn list(State(shared): State<Shared>) -> Json<Vec<StationNow>> {
    let stations = shared.service.stations.values().map(|station| StationNow {
        name: station.name.clone(),
        model: (station.model.as_ref()).map(|model| model.version.sha256.clone()),
        waiting: station.queue.waiting(),
        folder: (station.folder.as_ref()).map(|(root, _)| root.display().to_string()),
        folder_trouble: (station.folder.as_ref()).and_then(|(_, state)| state.trouble()),
    });
    Json(stations.collect())
}
