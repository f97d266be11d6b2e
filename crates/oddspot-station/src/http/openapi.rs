//! The description of the API, made from the code.

use axum::Json;
use axum::http::{Method, StatusCode};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::need::Need;
use super::{
    audit, comparison, events, export, good, groups, health, images, inference, inspections, jobs,
    mask, models, stations, tokens, users, verdict,
};
use crate::history::{Role, TokenRole};

/// What a person's cookie is called in the description.
const SESSION: &str = "session";
/// What a program's token is called there.
const TOKEN: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "oddspot station",
        description = "Images in, verdicts out. Errors are problem documents (RFC 9457). As long as there are no users, this machine's own people may do everything; then each operation says which role it needs."
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
        stations::rename,
        stations::remove,
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
        comparison::comparison,
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
        users::list,
        users::add,
        users::set_role,
        users::set_password,
        users::remove,
        tokens::list,
        tokens::add,
        tokens::remove,
        audit::list,
    ),
    modifiers(&OfWhoAsks, &OfEveryRequest)
)]
struct Description;

/// What each operation needs of who asks, as it is written beside its route.
struct OfWhoAsks;

impl Modify for OfWhoAsks {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let session = ApiKeyValue::with_description(
            "oddspot_8480",
            "of a person who signed in at /login; its name ends with the port, and its value is a secret of the browser",
        );
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "of a program: made by an admin at /people, or by `oddspot serve token add`",
            ));
        let components = openapi.components.get_or_insert_default();
        let session = SecurityScheme::ApiKey(ApiKey::Cookie(session));
        components.add_security_scheme(SESSION, session);
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
        for group in groups() {
            for (method, path, need) in group.needs() {
                let item = openapi.paths.paths.get_mut(path);
                if let Some(operation) = item.and_then(|item| operation_of(item, method)) {
                    describe(operation, need);
                }
            }
        }
    }
}

/// Writes what an operation needs.
fn describe(operation: &mut Operation, need: Need) {
    if need.is_open {
        operation.security = Some(Vec::new());
        return;
    }
    let people = need.people.map(|role| {
        let least = Role::ALL.into_iter().filter(|one| *one >= role);
        SecurityRequirement::new(SESSION, least.map(Role::word))
    });
    let tokens = (!need.tokens.is_empty()).then(|| {
        let roles = need.tokens.iter().copied();
        SecurityRequirement::new(TOKEN, roles.map(TokenRole::word))
    });
    operation.security = Some(people.into_iter().chain(tokens).collect());
    let responses = &mut operation.responses.responses;
    let forbidden = format!("it is for {}", need.words());
    for (status, description) in [
        (StatusCode::UNAUTHORIZED, "nobody that is known asks"),
        (StatusCode::FORBIDDEN, &forbidden),
    ] {
        let entry = responses.entry(status.as_str().to_owned());
        entry.or_insert_with(|| RefOr::T(problem(description)));
    }
}

fn operation_of<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    match *method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

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
