//! The description of the API, made from the code.

use axum::Json;
use utoipa::OpenApi;

use super::{events, export, health, images, inference, inspections, stations};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "oddspot station",
        description = "Images in, verdicts out. Errors are problem documents (RFC 9457)."
    ),
    paths(
        inspections::judge,
        inspections::list,
        inspections::one,
        inspections::set_label,
        inspections::remove_label,
        images::image,
        export::csv,
        export::json_lines,
        stations::list,
        events::events,
        health::live,
        health::ready,
        health::metrics,
        inference::server,
        inference::model,
        inference::ready,
        inference::infer,
    )
)]
struct Description;

/// The description.
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The description, to programs.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
