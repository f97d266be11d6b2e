//! Two models of a station side by side: for programs, and as a part of a page.

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use crate::comparison::{Comparison, compare};
use crate::error::Result as StationResult;
use crate::pages::{ComparisonPart, render};
use crate::words::Words;

/// Which models are compared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// SHA-256 of a model.
    #[param(required = true)]
    first: String,
    /// SHA-256 of another.
    #[param(required = true)]
    second: String,
}

/// What two models make of the labelled parts, as far as both judged them: misses and false alarms with 95 % intervals,
/// and the parts of which the verdicts differ. A job `compare` judges what is missing.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/models/comparison", tag = "models", params(("station" = String, Path), Asked),
    responses(
        (status = 200, body = Comparison), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn comparison(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Comparison>, Problem> {
    Ok(Json(compared(&shared, &station, &asked).await?))
}

/// The same for people; nothing before two are chosen.
pub async fn part(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(asked): Parameters<Asked>,
    t: Words,
) -> Result<Html<String>, Problem> {
    if asked.first.is_empty() && asked.second.is_empty() {
        shared.service.station(&station)?;
        return Ok(Html(String::new()));
    }
    let compared = compared(&shared, &station, &asked).await?;
    Ok(Html(render(&ComparisonPart::of(&t, &compared))?))
}

async fn compared(shared: &Shared, station: &str, asked: &Asked) -> StationResult<Comparison> {
    shared.service.station(station)?;
    let models = [asked.first.as_str(), asked.second.as_str()];
    compare(&shared.service.history, station, models).await
}
