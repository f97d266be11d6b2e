//! Images that are judged, and what was said of others.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::listing::Listing;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::submit;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::history::{Deed, Inspection, Label, Note, Source};
use crate::judging::Task;
use crate::words::Sentence;

/// Letters of a part's id or of a key, at most.
const LONGEST: usize = 200;

/// What is said of an image that is sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Sent {
    /// The part, as the line knows it.
    #[param(required = false)]
    part_id: Option<String>,
}

/// Some inspections.
#[derive(Serialize, ToSchema)]
pub struct Inspections {
    inspections: Vec<Inspection>,
    /// The cursor of those that follow, if there are more.
    next: Option<String>,
}

/// Judges an image: its file is the body.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/inspections", tag = "inspections",
    params(("station" = String, Path), Sent, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Inspection), (status = 200, body = Inspection, description = "sent before"),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn judge(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    sent: Result<Parameters<Sent>, Problem>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Result<Response, Problem> {
    let Parameters(sent) = sent.map_err(|problem| submit::unusable(&shared, &station, problem))?;
    let part_id = sent.part_id.filter(|part| !part.is_empty());
    let key = key_of(&headers, part_id.as_deref())
        .map_err(|problem| submit::unusable(&shared, &station, problem))?;
    let (bytes, since) = submit::body_for(&shared, &station, request).await?;
    let task = Task {
        bytes,
        part_id,
        source: Source::Http,
        token: who.token().map(str::to_owned),
        sender: who.sender(),
        file: None,
        idempotency_key: key,
        since,
    };
    let judged = submit::judge(&shared, &station, task).await?;
    let status = match judged.is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let place = format!("/api/v1/inspections/{}", judged.inspection.id);
    Ok((
        status,
        [(header::LOCATION, place)],
        Json(&*judged.inspection),
    )
        .into_response())
}

/// The key of a request, once it and the part's id are such as can be kept.
fn key_of(headers: &HeaderMap, part_id: Option<&str>) -> Result<Option<String>, Problem> {
    let key = headers.get("idempotency-key").map(|key| key.to_str());
    let key = key
        .transpose()
        .map_err(|_| Problem::refused(Sentence::new("refused-key-text")))?;
    for (name, text) in [("part_id", part_id), ("Idempotency-Key", key)] {
        if text.is_some_and(|text| text.chars().count() > LONGEST) {
            let sentence = Sentence::new("refused-letters").with("what", name);
            return Err(Problem::refused(sentence.with("longest", LONGEST)));
        }
    }
    Ok(key.map(str::to_owned))
}

/// Inspections, the newest first or by score.
#[utoipa::path(
    get, path = "/api/v1/inspections", tag = "inspections", params(Listing),
    responses((status = 200, body = Inspections), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn list(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Listing>,
) -> Result<Json<Inspections>, Problem> {
    let (filter, order, limit) = (asked.filter()?, asked.order()?, asked.limit()?);
    let history = &shared.service.history;
    let mut inspections = history
        .find(&filter, order, asked.after()?.as_deref(), limit + 1)
        .await?;
    let more = inspections.len() > limit as usize;
    inspections.truncate(limit as usize);
    let last = inspections.last().filter(|_| more);
    Ok(Json(Inspections {
        next: last.map(|one| one.id.clone()),
        inspections,
    }))
}

/// One inspection.
#[utoipa::path(
    get, path = "/api/v1/inspections/{id}", tag = "inspections", params(("id" = String, Path)),
    responses((status = 200, body = Inspection), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn one(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<String>,
    who: Who,
) -> Result<Json<Inspection>, Problem> {
    found_by(&shared, &who, &id).await.map(Json)
}

/// Says what the part really is.
#[utoipa::path(
    put, path = "/api/v1/inspections/{id}/label", tag = "inspections", params(("id" = String, Path)),
    request_body = Label,
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn set_label(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<StatusCode, Problem> {
    let label: Label = body::json(request, SMALL, "label").await?;
    let label = Label {
        who: who.person().map(|person| person.name.clone()),
        ..label
    };
    let detail = match &label.defect {
        Some(defect) => format!("{}: {defect}", label.truth.word()),
        None => label.truth.word().to_owned(),
    };
    let note = Note::new(who.actor(), Deed::Labelled, &id).with(detail);
    let history = &shared.service.history;
    history.label(&id, Some(&label), Some(&note)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back what was said.
#[utoipa::path(
    delete, path = "/api/v1/inspections/{id}/label", tag = "inspections", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn remove_label(
    State(shared): State<Shared>,
    PathParameters(id): PathParameters<String>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let note = Note::new(who.actor(), Deed::LabelRemoved, &id);
    shared.service.history.label(&id, None, Some(&note)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An inspection by its id, for whoever asks.
///
/// # Errors
/// There is none; one that a machine did not send.
pub async fn found_by(shared: &Shared, who: &Who, id: &str) -> Result<Inspection, Problem> {
    let inspection = found(shared, id).await?;
    if who.is_kept_from(inspection.token.as_deref(), &inspection.station) {
        let detail = "this token reads what was sent with it alone";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(inspection)
}

/// An inspection by its id.
///
/// # Errors
/// There is none.
pub async fn found(shared: &Shared, id: &str) -> Result<Inspection, Problem> {
    let found = shared.service.history.inspection(id).await?;
    found.ok_or_else(|| {
        let sentence = Sentence::new("refused-no-inspection").with("id", format!("{id:?}"));
        Problem::of(StatusCode::NOT_FOUND, "not_found", sentence)
    })
}
