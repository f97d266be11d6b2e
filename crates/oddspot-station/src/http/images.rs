//! Pictures of inspections, each with its own type and never as a page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::inspections::{found, found_by};
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use crate::error::{Error, Result as StationResult};
use crate::history::Inspection;
use crate::pages::sheet_labels;
use crate::pictures::{Picture, Wording};
use crate::words::{Language, Sentence};

/// A picture never changes: its inspection and its model are what they are.
const FOREVER: &str = "private, max-age=31536000, immutable";

/// How a picture is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// The language of a sheet, such as `de`.
    #[param(required = false)]
    language: String,
}

impl Asked {
    /// What stands on a sheet in the language; None in English.
    fn wording(&self, shared: &Shared) -> Result<Option<Wording>, Problem> {
        let language = match self.language.as_str() {
            "" => return Ok(None),
            code => Language::named(code),
        };
        let language = language.ok_or_else(|| {
            let detail = format!("there are no words of the language {:?}", self.language);
            Problem::invalid(detail)
        })?;
        let t = (shared.languages).words(&[Some(language.code())], "", String::new());
        let code = t.other_code().map(str::to_owned);
        Ok(code.map(|code| Wording {
            code,
            labels: Box::new(move |found, repeats| sheet_labels(&t, found, repeats)),
        }))
    }
}

/// The image as it came, or a picture of what was found in it.
#[utoipa::path(
    get, path = "/api/v1/inspections/{id}/images/{kind}", tag = "inspections",
    params(
        ("id" = String, Path),
        ("kind" = String, Path, description = "image, view, overlay, sheet or map"),
        Asked,
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/*"), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "no such language"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "the image was removed"),
    ),
)]
pub async fn image(
    State(shared): State<Shared>,
    PathParameters((id, kind)): PathParameters<(String, String)>,
    Parameters(asked): Parameters<Asked>,
    who: Who,
) -> Result<Response, Problem> {
    let wording = asked.wording(&shared)?;
    let inspection = found_by(&shared, &who, &id).await?;
    check_there(&inspection)?;
    // The id as the history has it: an address cannot name a file.
    let id = inspection.id.clone();
    let (bytes, media_type, name) = match (kind.as_str(), Picture::named(&kind)) {
        ("image", _) => {
            let path = shared.service.data.image(&inspection.kept);
            let read =
                tokio::task::spawn_blocking(move || std::fs::read(&path).map_err(Error::io(&path)));
            let bytes = read
                .await
                .map_err(|error| Error::internal(error.to_string()))?;
            let bytes = unless_gone(&shared, &id, bytes).await?;
            let name = format!("{id}.{}", inspection.kept.format.extension());
            (bytes, inspection.media_type, name)
        }
        (_, Some(picture)) => {
            let pictures = Arc::clone(&shared.service.pictures);
            let bytes = pictures.get(inspection, picture, wording).await;
            let bytes = unless_gone(&shared, &id, bytes).await?;
            let media_type = picture.media_type();
            let extension = media_type.strip_prefix("image/").unwrap_or_default();
            (bytes, media_type, format!("{id}-{kind}.{extension}"))
        }
        _ => {
            let detail =
                format!("there is no picture {kind:?}: take image, view, overlay, sheet or map");
            return Err(Problem::missing(detail));
        }
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, FOREVER.to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Refuses an inspection whose image was removed.
fn check_there(inspection: &Inspection) -> Result<(), Problem> {
    let Some(removed) = &inspection.image_removed else {
        return Ok(());
    };
    let id = &inspection.id;
    let sentence = Sentence::new("refused-image-removed").with("id", id);
    let sentence = sentence.with("day", format!("{removed:.10}"));
    Err(Problem::of(StatusCode::GONE, "gone", sentence))
}

/// What was read of an image, which may have gone meanwhile.
async fn unless_gone(
    shared: &Shared,
    id: &str,
    read: StationResult<Vec<u8>>,
) -> Result<Vec<u8>, Problem> {
    match read {
        Ok(bytes) => Ok(bytes),
        Err(error) => {
            check_there(&found(shared, id).await?)?;
            Err(error.into())
        }
    }
}
