//! The good images of a station: sent, taken from the history, left out, removed.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::inspections::found;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use super::{SMALL, Shared, body};
use crate::history::{Deed, GoodImage, Note};
use crate::pictures::GoodPicture;
use crate::words::Sentence;

/// A picture never changes: it is called by its content.
const FOREVER: &str = "private, max-age=31536000, immutable";
/// Inspections that are taken at a time.
const AT_ONCE: usize = 500;
/// Bytes of a request that names them, at most.
const CHOICE: usize = 64 << 10;

/// What a file is called.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    /// The file's name or path, as people know it.
    #[param(required = false)]
    name: String,
}

/// What came of an image.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// SHA-256 of its file.
    image: String,
    /// Whether it was not among the good ones before.
    new: bool,
    /// What came of it, in a sentence.
    said: String,
}

/// Inspections whose images are good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Their ids.
    inspections: Vec<String>,
}

/// What is to be done with a good image.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Whether nothing is to be learned from it.
    left_out: bool,
}

/// All good images of a station.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/good", tag = "set-up", params(("station" = String, Path)),
    responses((status = 200, body = Vec<GoodImage>), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn list(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
) -> Result<Json<Vec<GoodImage>>, Problem> {
    shared.service.station(&station)?;
    Ok(Json(shared.service.history.good_images(&station).await?))
}

/// Takes an image among the good ones: its file is the body. The same content counts once.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/good", tag = "set-up", params(("station" = String, Path), Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Taken), (status = 200, body = Taken, description = "it was there already"),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn send(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(named): Parameters<Named>,
    who: Who,
    request: Request,
) -> Result<Response, Problem> {
    shared.service.station(&station)?;
    // Images that are read at a time take memory: whoever sends more waits.
    let _room = shared.learning.acquire().await;
    let bytes = body::bytes(request, shared.service.limits.body).await?;
    if bytes.is_empty() {
        return Err(Problem::refused(Sentence::new("refused-empty-file")));
    }
    let taken = shared
        .service
        .good
        .take(&station, bytes, &named.name, who.actor())
        .await?;
    let (status, said) = match taken.is_new {
        true => (StatusCode::CREATED, "taken"),
        false => (
            StatusCode::OK,
            "the same image is there already: it counts once",
        ),
    };
    let taken = Taken {
        image: taken.image,
        new: taken.is_new,
        said: said.to_owned(),
    };
    Ok((status, Json(taken)).into_response())
}

/// Takes images of inspections among the good ones.
#[utoipa::path(
    post, path = "/api/v1/stations/{station}/good/judged", tag = "set-up", params(("station" = String, Path)),
    request_body = Judged,
    responses(
        (status = 200, body = Vec<Taken>), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn take_judged(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    request: Request,
) -> Result<Json<Vec<Taken>>, Problem> {
    shared.service.station(&station)?;
    let Judged { inspections } = body::json(request, CHOICE, "choice of inspections").await?;
    if inspections.len() > AT_ONCE {
        let sentence = Sentence::new("refused-at-once").with("most", AT_ONCE);
        return Err(Problem::refused(sentence));
    }
    let mut all = Vec::new();
    for id in inspections {
        let inspection = found(&shared, &id).await?;
        let taken = shared
            .service
            .good
            .take_judged(&station, &inspection, who.actor())
            .await?;
        let said = match taken.is_new {
            true => "taken",
            false => "it is there already",
        };
        all.push(Taken {
            image: taken.image,
            new: taken.is_new,
            said: said.to_owned(),
        });
    }
    Ok(Json(all))
}

/// Leaves a good image out of what is learned from, or takes it in again.
#[utoipa::path(
    put, path = "/api/v1/stations/{station}/good/{image}", tag = "set-up",
    params(("station" = String, Path), ("image" = String, Path, description = "SHA-256 of its file")),
    request_body = Use,
    responses(
        (status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn change(
    State(shared): State<Shared>,
    PathParameters((station, image)): PathParameters<(String, String)>,
    who: Who,
    request: Request,
) -> Result<StatusCode, Problem> {
    let Use { left_out } = body::json(request, SMALL, "use of an image").await?;
    let deed = match left_out {
        true => Deed::GoodLeftOut,
        false => Deed::GoodTakenIn,
    };
    let note = of_image(&who, deed, &station, &image);
    let history = &shared.service.history;
    history
        .leave_out(&station, &image, left_out, Some(&note))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an image away from the good ones. Its file stays: a model may have learned from it.
#[utoipa::path(
    delete, path = "/api/v1/stations/{station}/good/{image}", tag = "set-up",
    params(("station" = String, Path), ("image" = String, Path, description = "SHA-256 of its file")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn remove(
    State(shared): State<Shared>,
    PathParameters((station, image)): PathParameters<(String, String)>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let note = of_image(&who, Deed::GoodRemoved, &station, &image);
    let history = &shared.service.history;
    history.remove_good(&station, &image, Some(&note)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is done with a good image, as it is written.
fn of_image(who: &Who, deed: Deed, station: &str, image: &str) -> Note {
    let short: String = image.chars().take(12).collect();
    Note::new(who.actor(), deed, station).with(short)
}

/// A good image as a browser shows it: `thumbnail` or `view`.
#[utoipa::path(
    get, path = "/api/v1/stations/{station}/good/{image}/{kind}", tag = "set-up",
    params(
        ("station" = String, Path), ("image" = String, Path, description = "SHA-256 of its file"),
        ("kind" = String, Path, description = "thumbnail or view"),
    ),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn picture(
    State(shared): State<Shared>,
    PathParameters((station, image, kind)): PathParameters<(String, String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let shown = match kind.as_str() {
        "thumbnail" => GoodPicture::Thumbnail,
        "view" => GoodPicture::View,
        _ => {
            let detail = format!("there is no picture {kind:?}: take thumbnail or view");
            return Err(Problem::missing(detail));
        }
    };
    // By what the history has: an address cannot name a file.
    let good = shared.service.history.good_image(&station, &image).await?;
    let pictures = Arc::clone(&shared.service.pictures);
    let bytes = pictures.of_good(good.kept, shown).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, FOREVER),
    ];
    Ok((headers, bytes))
}
