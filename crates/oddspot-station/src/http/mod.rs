//! The service over HTTP: a function from a service to a router.

mod assets;
mod drained;
mod events;
mod export;
mod health;
mod images;
mod inference;
mod inspections;
mod listing;
mod openapi;
mod pages;
mod parameters;
mod problem;
mod rate;
mod safety;
mod server;
mod stations;
mod submit;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use tokio::sync::Semaphore;

pub use openapi::document;
pub use server::serve;

use crate::service::Service;
use problem::Problem;
use rate::Rate;

/// What requests share.
#[derive(Clone)]
pub struct Shared {
    /// The service.
    pub service: Arc<Service>,
    /// How fast images may be sent.
    rate: Arc<Rate>,
    /// Room for images that are being read: more would only fill memory.
    reading: Arc<Semaphore>,
}

/// Bytes of a label, at most.
const LABEL: usize = 16 << 10;
/// Images that are read at a time, beside as many as may wait.
const READING: usize = 8;

/// All routes of a service.
pub fn router(service: Arc<Service>) -> Router {
    let body = service.limits.body;
    let shared = Shared {
        rate: Arc::new(Rate::new(service.limits.requests)),
        reading: Arc::new(Semaphore::new(service.limits.queue + READING)),
        service,
    };
    let routes = for_everyone().merge(for_machines()).merge(for_people());
    let routes = routes
        .fallback(|| async { Problem::missing("there is no such address") })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(body))
        .with_state(shared);
    safety::guarded(routes)
}

/// What tells nothing of what was judged.
fn for_everyone() -> Router<Shared> {
    Router::new()
        .route("/v2/health/live", get(health::live))
        .route("/v2/health/ready", get(health::ready))
}

/// What other programs use. Where there are users, these need the role of a machine.
fn for_machines() -> Router<Shared> {
    Router::new()
        .route("/api/v1/stations", get(stations::list))
        .route(
            "/api/v1/stations/{station}/inspections",
            post(inspections::judge),
        )
        .route("/api/v1/inspections", get(inspections::list))
        .route("/api/v1/inspections.csv", get(export::csv))
        .route("/api/v1/inspections.jsonl", get(export::json_lines))
        .route("/api/v1/inspections/{id}", get(inspections::one))
        .route("/api/v1/inspections/{id}/images/{kind}", get(images::image))
        .route(
            "/api/v1/inspections/{id}/label",
            put(inspections::set_label)
                .delete(inspections::remove_label)
                .layer(DefaultBodyLimit::max(LABEL)),
        )
        .route("/api/v1/events", get(events::events))
        .route("/openapi.json", get(openapi::openapi))
        .route("/metrics", get(health::metrics))
        .route("/v2", get(inference::server))
        .route("/v2/models/{model}", get(inference::model))
        .route("/v2/models/{model}/ready", get(inference::ready))
        .route("/v2/models/{model}/infer", post(inference::infer))
}

/// What operators see. Where there are users, these need the role of an operator.
fn for_people() -> Router<Shared> {
    Router::new()
        .route("/", get(pages::first))
        .route("/stations/{station}", get(pages::line))
        .route("/stations/{station}/now", get(pages::now))
        .route("/history", get(pages::history))
        .route("/assets/{file}", get(assets::asset))
}
