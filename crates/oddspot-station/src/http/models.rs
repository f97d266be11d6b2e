//! The models of a station: listed, brought, activated, rolled back.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::io::Write;
use utoipa::{IntoParams, ToSchema};

use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::submit::in_time;
use super::who::Who;
use super::wrong_page::OF_SCRIPTS;
use super::{SMALL, Shared, body};
use crate::error::{Error, Kind};
use crate::history::{Origin, Version, VersionSource};
use crate::words::{Gap, Sentence, Words};

/// Bytes of a model's file, at most.
const MODEL: usize = 1 << 30;
/// Letters of a file's name that are kept.
const NAME: usize = 200;

/// The model that is to judge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// SHA-256 of its file.
    sha256: String,
}

/// The model that judges now.
#[derive(Serialize, ToSchema)]
pub struct Active {
    /// SHA-256 of its file.
    sha256: String,
}

/// What a model's file is called.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    /// The file's name, as people know it.
    #[param(required = false)]
    name: String,
}

/// What came of a model that was sent.
#[derive(Serialize, ToSchema)]
pub struct Sent {
    /// SHA-256 of its file.
    sha256: String,
    /// Whether it judges: it is the station's first.
    active: bool,
    /// Why it does not, though it is the first.
    refused: Option<String>,
}

/// The models of a station, the newest first.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/models", tag = "models", params(("station" = String, Path)),
    responses((status = 200, body = Vec<Version>), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn list(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
) -> Result<Json<Vec<Version>>, Problem> {
    shared.service.station(&station)?;
    Ok(Json(shared.service.versions.list(&station).await?))
}

/// Takes a model's file as one of the station's models: the body is the file. The first of a station judges from then
/// on if it verifies.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/models", tag = "models", params(("station" = String, Path), Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Sent), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn send(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(named): Parameters<Named>,
    who: Who,
    t: Words,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    shared.service.station(&station)?;
    let is_of_page = request.headers().contains_key(OF_SCRIPTS);
    let folder = shared.service.data.training(&station)?;
    let file = tempfile::Builder::new()
        .prefix(".sent.")
        .suffix(".tmp")
        .tempfile_in(&folder)
        .map_err(Error::io(&folder))?;
    let written = in_time(received(request.into_body(), file)).await??;
    let name: String = named.name.chars().take(NAME).collect();
    let origin = Origin {
        source: VersionSource::Upload,
        file: (!name.is_empty()).then_some(name),
        ..Origin::default()
    };
    let brought = shared
        .service
        .versions
        .bring(
            &station,
            written.path().to_owned(),
            origin,
            Some(who.actor()),
        )
        .await
        .map_err(|error| match error.kind() {
            Kind::Invalid | Kind::Mismatch | Kind::NotFound => {
                // What it is called here says nothing to who sent it.
                let reason = error.reason().rsplit(".tmp: ").next().unwrap_or_default();
                let sentence = Sentence::new("refused-model-file");
                Problem::refused(sentence.with("detail", Gap::english(reason)))
            }
            _ => error.into(),
        })?;
    let sent = Sent {
        sha256: brought.sha256,
        active: brought.is_active,
        refused: brought.refused.map(|error| match is_of_page {
            true => error.said(&t),
            false => error.to_string(),
        }),
    };
    Ok((StatusCode::CREATED, Json(sent)))
}

/// Writes a body to a file as it comes.
async fn received(
    body: Body,
    mut file: tempfile::NamedTempFile,
) -> Result<tempfile::NamedTempFile, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = 0;
    while let Some(some) = stream.next().await {
        let some = some
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "broken", error.to_string()))?;
        bytes += some.len();
        if bytes > MODEL {
            let sentence = Sentence::new("refused-model-large").with("most", MODEL);
            return Err(Problem::of(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                sentence,
            ));
        }
        file.write_all(&some).map_err(Error::io(file.path()))?;
    }
    Ok(file)
}

/// Lets a model judge, once it has shown that it judges here as when it was made. Labelled parts that others judged are
/// judged anew by it then, as a job.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/models/activate", tag = "models", params(("station" = String, Path)),
    request_body = Chosen,
    responses(
        (status = 200, body = Active), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it does not verify"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn activate(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<Json<Active>, Problem> {
    let Chosen { sha256 } = body::json(request, SMALL, "choice of a model").await?;
    let versions = &shared.service.versions;
    versions
        .activate(&station, &sha256, Some(who.actor()))
        .await?;
    shared.service.jobs.follow(&station, &who.actor()).await;
    Ok(Json(Active { sha256 }))
}

/// Lets the model judge again that did before the active one.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/models/rollback", tag = "models", params(("station" = String, Path)),
    responses(
        (status = 200, body = Active), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "there was none, or it does not verify"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn roll_back(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
) -> Result<impl IntoResponse, Problem> {
    let versions = &shared.service.versions;
    let sha256 = versions.roll_back(&station, who.actor()).await?;
    shared.service.jobs.follow(&station, &who.actor()).await;
    let never = [(header::CACHE_CONTROL, "no-store")];
    Ok((never, Json(Active { sha256 })))
}
