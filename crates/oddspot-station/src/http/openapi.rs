//! The description of the API, made from the code.

use axum::Json;
use axum::http::StatusCode;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::{
    events, export, good, health, images, inference, inspections, jobs, mask, models, stations,
    verdict,
};

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
        stations::create,
        stations::pause,
        stations::resume,
        good::list,
        good::send,
        good::take_judged,
        good::change,
        good::remove,
        good::picture,
        mask::get,
        mask::put,
        jobs::list,
        jobs::start,
        jobs::one,
        jobs::cancel,
        models::list,
        models::send,
        models::activate,
        models::roll_back,
        verdict::meant,
        verdict::save,
        verdict::dataset,
        events::events,
        health::live,
        health::ready,
        health::metrics,
        inference::server,
        inference::model,
        inference::ready,
        inference::infer,
    ),
    modifiers(&OfEveryRequest)
)]
struct Description;

/// What every request may be answered, whatever it asks for.
struct OfEveryRequest;

impl Modify for OfEveryRequest {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let items = openapi.paths.paths.values_mut();
        let operations = items.flat_map(|item| {
            [
                (item.get.as_mut(), false),
                (item.post.as_mut(), true),
                (item.put.as_mut(), true),
                (item.delete.as_mut(), true),
            ]
        });
        for (operation, changes) in operations {
            let Some(operation) = operation else { continue };
            let changes = [
                (StatusCode::FORBIDDEN, "from a page of another site"),
                (StatusCode::REQUEST_TIMEOUT, "its body did not come in time"),
            ]
            .map(|response| (response, changes));
            let always = [
                (StatusCode::BAD_REQUEST, "it is broken"),
                (
                    StatusCode::MISDIRECTED_REQUEST,
                    "by a name of another machine",
                ),
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "a fault, or what is kept cannot be read or written",
                ),
            ]
            .map(|response| (response, true));
            for ((status, description), may_be) in changes.into_iter().chain(always) {
                if may_be {
                    let responses = &mut operation.responses.responses;
                    let entry = responses.entry(status.as_str().to_owned());
                    entry.or_insert_with(|| RefOr::T(problem(description)));
                }
            }
        }
    }
}

/// A problem document.
fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content.build())
        .build()
}

/// The description.
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The description, to programs.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
