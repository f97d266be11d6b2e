//! Thresholds: what others would have meant, others saved, and what was labelled as a data set.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::error::{Error, Kind, Result as StationResult};
use crate::history::Labelled;
use crate::prices::Price;
use crate::words::Sentence;

/// Thresholds that are asked about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// An image is anomalous above it; without it that of the active model.
    #[param(required = false)]
    pub threshold: Option<f64>,
    /// An image is to be checked above it.
    #[param(required = false)]
    pub check_threshold: Option<f64>,
}

/// Thresholds that are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// SHA-256 of the model that they were chosen for: if another is active by now, they are refused.
    model: String,
    /// An image is anomalous above it.
    threshold: f64,
    /// An image is to be checked above it; never above the other.
    check_threshold: f64,
}

/// What thresholds would have meant.
#[derive(Serialize, ToSchema)]
pub struct Meant {
    /// SHA-256 of the active model.
    pub model: String,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// An image is to be checked above it.
    pub check_threshold: f64,
    /// What is anomalous by it.
    pub anomalous: Price,
    /// What is not good by it: anomalous or to be checked.
    pub not_good: Price,
    /// Labelled parts that were judged by models with other scores, and do not count here.
    pub others: u64,
    /// Of these, so many whose image is kept: a job `labels` judges them anew.
    pub waiting: u64,
    /// Labelled parts that do not count here because the model learned from their image since.
    pub learned: u64,
}

/// The new model.
#[derive(Serialize, ToSchema)]
pub struct Saved {
    /// SHA-256 of its file.
    sha256: String,
}

/// What is known of a station's verdict.
pub struct Known {
    /// What thresholds would have meant.
    pub meant: Meant,
    /// The scores of the model's good images.
    pub own: Vec<f32>,
    /// What is labelled.
    pub labelled: Vec<Labelled>,
}

/// What is known of a station's verdict, and what thresholds would have meant.
///
/// # Errors
/// A station without a model; thresholds that are none.
pub async fn known(shared: &Shared, station: &str, asked: &Asked) -> StationResult<Known> {
    let at = shared.service.station(station)?;
    let model = at.model().ok_or_else(|| {
        let sentence = Sentence::new("refused-no-model").with("station", station);
        Error::of(Kind::NoModel, sentence)
    })?;
    let thresholds = model.detector.thresholds();
    let threshold = asked.threshold.unwrap_or(thresholds.image);
    let check_threshold = asked.check_threshold.unwrap_or(thresholds.check);
    if !threshold.is_finite() || !check_threshold.is_finite() {
        let sentence = Sentence::new("refused-thresholds-finite");
        return Err(Error::of(Kind::Invalid, sentence));
    }
    let sha256 = &model.version.sha256;
    let found = shared.service.history.labelled(station, sha256).await?;
    let labelled = found.parts;
    let own = &thresholds.scores;
    Ok(Known {
        meant: Meant {
            model: sha256.clone(),
            threshold,
            check_threshold,
            anomalous: Price::of(threshold, &labelled, own),
            not_good: Price::of(check_threshold.min(threshold), &labelled, own),
            others: found.others,
            waiting: found.waiting,
            learned: found.learned,
        },
        own: own.good.clone(),
        labelled,
    })
}

/// What thresholds would have meant for labelled parts, and mean for the model's good images.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/verdict", tag = "verdict", params(("station" = String, Path), Asked),
    responses(
        (status = 200, body = Meant), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn meant(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Meant>, Problem> {
    Ok(Json(known(&shared, &station, &asked).await?.meant))
}

/// Saves the active model with these thresholds as a new one, and lets it judge.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/verdict", tag = "verdict", params(("station" = String, Path)),
    request_body = Thresholds,
    responses(
        (status = 201, body = Saved), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn save(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let wanted: Thresholds = body::json(request, SMALL, "choice of thresholds").await?;
    let thresholds = [wanted.threshold, wanted.check_threshold];
    let versions = &shared.service.versions;
    let folder = shared.service.data.training(&station);
    shared.service.station(&station)?;
    let sha256 = versions
        .move_thresholds(&station, wanted.model, thresholds, (folder?, who.actor()))
        .await?;
    Ok((StatusCode::CREATED, Json(Saved { sha256 })))
}

/// The good images and the labelled parts of a station as a manifest, as `train` and `evaluate` read it; each image
/// once, by its path on this machine.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/dataset.jsonl", tag = "verdict", params(("station" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "application/jsonl"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn dataset(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
) -> Result<impl IntoResponse, Problem> {
    shared.service.station(&station)?;
    let service = &shared.service;
    let rows = service.history.manifest(&station).await?;
    let mut text = String::new();
    for row in rows {
        let line = serde_json::json!({
            "path": service.data.image(&row.kept),
            "split": row.split,
            "label": row.label,
        });
        text += &line.to_string();
        text.push('\n');
    }
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{station}.jsonl\""),
        ),
    ];
    Ok((headers, text))
}
