//! The service over HTTP: a function from a service to a router.

mod assets;
mod body;
mod drained;
mod events;
mod export;
mod good;
mod health;
mod images;
mod inference;
mod inspections;
mod jobs;
mod listing;
mod mask;
mod models;
mod models_page;
mod openapi;
mod pages;
mod parameters;
mod problem;
mod rate;
mod safety;
mod server;
mod setup_page;
mod stations;
mod submit;
mod verdict;
mod verdict_page;

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
    /// Room for good images that are sent: inspections never wait for it.
    learning: Arc<Semaphore>,
}

/// Bytes of a small request, such as a label, at most.
const SMALL: usize = 16 << 10;
/// Images that are read at a time, beside as many as may wait.
const READING: usize = 8;
/// Good images that are read at a time.
const LEARNING: usize = 4;

/// All routes of a service.
pub fn router(service: Arc<Service>) -> Router {
    let body = service.limits.body;
    let shared = Shared {
        rate: Arc::new(Rate::new(service.limits.requests)),
        reading: Arc::new(Semaphore::new(service.limits.queue + READING)),
        learning: Arc::new(Semaphore::new(LEARNING)),
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
        .route(
            "/api/v1/stations",
            get(stations::list).post(stations::create),
        )
        .route("/api/v1/stations/{station}/pause", post(stations::pause))
        .route("/api/v1/stations/{station}/resume", post(stations::resume))
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
                .layer(DefaultBodyLimit::max(SMALL)),
        )
        .merge(for_setting_up())
        .route("/api/v1/events", get(events::events))
        .route("/openapi.json", get(openapi::openapi))
        .route("/metrics", get(health::metrics))
        .route("/v2", get(inference::server))
        .route("/v2/models/{model}", get(inference::model))
        .route("/v2/models/{model}/ready", get(inference::ready))
        .route("/v2/models/{model}/infer", post(inference::infer))
}

/// What models are made with. Where there are users, these need the role of an engineer.
fn for_setting_up() -> Router<Shared> {
    Router::new()
        .route("/api/v1/jobs", get(jobs::list).post(jobs::start))
        .route("/api/v1/jobs/{id}", get(jobs::one))
        .route("/api/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route(
            "/api/v1/stations/{station}/good",
            get(good::list).post(good::send),
        )
        .route(
            "/api/v1/stations/{station}/good/judged",
            post(good::take_judged),
        )
        .route(
            "/api/v1/stations/{station}/good/{image}",
            put(good::change).delete(good::remove),
        )
        .route(
            "/api/v1/stations/{station}/good/{image}/{kind}",
            get(good::picture),
        )
        .route(
            "/api/v1/stations/{station}/mask",
            get(mask::get).put(mask::put),
        )
        .route(
            "/api/v1/stations/{station}/models",
            get(models::list).post(models::send),
        )
        .route(
            "/api/v1/stations/{station}/models/activate",
            post(models::activate),
        )
        .route(
            "/api/v1/stations/{station}/models/rollback",
            post(models::roll_back),
        )
        .route(
            "/api/v1/stations/{station}/verdict",
            get(verdict::meant).post(verdict::save),
        )
        .route(
            "/api/v1/stations/{station}/dataset.jsonl",
            get(verdict::dataset),
        )
}

/// What operators see. Where there are users, these need the role of an operator.
fn for_people() -> Router<Shared> {
    Router::new()
        .route("/", get(pages::first))
        .route("/new", get(pages::new))
        .route("/stations/{station}", get(pages::line))
        .route("/stations/{station}/now", get(pages::now))
        .route("/stations/{station}/setup", get(setup_page::page))
        .route("/stations/{station}/setup/good", get(setup_page::good))
        .route("/stations/{station}/setup/jobs", get(setup_page::jobs))
        .route("/stations/{station}/setup/found", get(setup_page::found))
        .route("/stations/{station}/models", get(models_page::page))
        .route("/stations/{station}/verdict", get(verdict_page::page))
        .route(
            "/stations/{station}/verdict/meant",
            get(verdict_page::meant),
        )
        .route("/history", get(pages::history))
        .route("/assets/{file}", get(assets::asset))
}
