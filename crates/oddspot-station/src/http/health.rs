//! Whether the service lives, and what it counts.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

use super::Shared;
use super::need::Need;
use super::problem::Problem;
use super::who::Who;
use crate::error::Kind;

/// It lives.
#[utoipa::path(get, path = "/v2/health/live", tag = "health", responses((status = 200)))]
pub async fn live() -> impl IntoResponse {
    Json(json!({ "live": true }))
}

/// Every station can judge, the history can be read, and what is judged can be kept.
#[utoipa::path(
    get, path = "/v2/health/ready", tag = "health",
    responses((status = 200), (status = 503, body = Problem, content_type = "application/problem+json")),
)]
pub async fn ready(State(shared): State<Shared>, who: Who) -> Result<impl IntoResponse, Problem> {
    let service = &shared.service;
    let not_ready = |detail: String| {
        // Names of stations and folders are for who may read them.
        let detail = match who.may(Need::READ_OWN) {
            true => detail,
            false => "not all can be judged and kept that should be".to_owned(),
        };
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
    };
    if let Err(error) = service.history.check_readable().await {
        return Err(not_ready(match error.kind() {
            Kind::Away => error.reason().to_owned(),
            _ => "the history cannot be read".to_owned(),
        }));
    }
    let stations = service.stations();
    if stations.is_empty() {
        return Err(not_ready("there is no station".to_owned()));
    }
    if let Err(error) = service.storing.check().await {
        return Err(not_ready(format!("nothing can be kept: {error}")));
    }
    for station in &stations {
        let name = &station.name;
        // One that is paused is so because a person wants it.
        if !station.post.is_paused() && station.model().is_none() {
            return Err(not_ready(format!("station {name} has no model")));
        }
        if station.queue.is_ended() {
            return Err(not_ready(format!("station {name} judges no more")));
        }
    }
    // It can judge and keep, and somebody should look.
    let warnings = match who.may(Need::READ_OWN) {
        true => {
            let of_cameras = stations.iter().filter_map(|station| {
                let trouble = station.camera_trouble()?;
                Some(format!("station {}: {trouble}", station.name))
            });
            let of_keeping = service.keeping.troubles().into_iter();
            let of_keeping = of_keeping.map(|trouble| trouble.to_string());
            let of_inputs = stations.iter().filter_map(|station| {
                let (_, folder) = station.folder.as_ref()?;
                Some(format!("station {}: {}", station.name, folder.told()?))
            });
            let outputs = stations.iter().flat_map(|station| &station.outputs);
            let of_outputs = outputs.filter_map(|output| {
                let trouble = output.state.trouble()?;
                let (station, name) = (&output.station, &output.name);
                Some(format!("station {station}: output {name}: {trouble}"))
            });
            let of_ways = of_inputs.chain(of_outputs);
            of_keeping.chain(of_cameras).chain(of_ways).collect()
        }
        false => Vec::<String>::new(),
    };
    Ok(Json(match warnings.is_empty() {
        true => json!({ "ready": true }),
        false => json!({ "ready": true, "warnings": warnings }),
    }))
}

/// What is counted, as Prometheus reads it.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text")),
)]
pub async fn metrics(State(shared): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let service = &shared.service;
    // What is counted here can be told without the history.
    let backlog = match service.history.backlog().await {
        Err(error) if error.kind() == Kind::Away => None,
        backlog => Some(backlog?),
    };
    service.metrics.history(backlog.is_some());
    for station in service.stations() {
        for output in backlog.iter().flat_map(|_| &station.outputs) {
            let waiting = output.now(backlog.as_deref().unwrap_or_default()).waiting;
            (service.metrics).to_tell(&station.name, &output.name, waiting);
        }
        service
            .metrics
            .waiting(&station.name, station.queue.waiting());
    }
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok((
        [(header::CONTENT_TYPE, media_type)],
        service.metrics.text()?,
    ))
}
