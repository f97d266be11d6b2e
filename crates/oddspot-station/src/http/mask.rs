//! Which part of a station's images the next model inspects.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::parameters::PathParameters;
use super::problem::Problem;
use super::who::Who;
use super::{Shared, body};
use crate::history::{Deed, Note};
use crate::regions::Regions;

/// Bytes of what is drawn, at most.
const DRAWN: usize = 4 << 20;

/// The regions that are drawn: none, where all is inspected.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/mask", tag = "set-up", params(("station" = String, Path)),
    responses((status = 200, body = Regions), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn get(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
) -> Result<Json<Regions>, Problem> {
    shared.service.station(&station)?;
    let row = shared.service.history.station(&station).await?;
    let mask = row.and_then(|row| row.mask);
    Ok(Json(Regions::read(mask.as_deref())?))
}

/// Draws them anew; the next training goes by them.
#[utoipa::path(
    put, path = "/api/v1/stations/{station}/mask", tag = "set-up", params(("station" = String, Path)),
    request_body = Regions,
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<StatusCode, Problem> {
    shared.service.station(&station)?;
    let regions: Regions = body::json(request, DRAWN, "drawing of regions").await?;
    let kept = regions.kept()?;
    let detail = match kept.is_some() {
        true => "another part of the image",
        false => "the whole image",
    };
    let note = Note::new(who.actor(), Deed::RegionsDrawn, &station).with(detail);
    let history = &shared.service.history;
    history
        .set_mask(&station, kept.as_deref(), Some(&note))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
