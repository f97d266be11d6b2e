//! The Open Inference Protocol: a model server's client gets a verdict.

mod outputs;

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Shared;
use super::letters::check_json;
use super::parameters::PathParameters;
use super::problem::Problem;
use super::submit;
use super::who::Who;
use crate::history::Source;
use crate::judging::Task;
use crate::service::Station;
use outputs::{Answer, Asked, RequestedOutput, described};

/// In which an image's bytes lie behind the JSON, so many of it.
const JSON_BYTES: &str = "inference-header-content-length";
/// Before each value of bytes, its length.
const LENGTH: usize = 4;

/// A request of the protocol.
#[derive(Deserialize, ToSchema)]
pub struct InferenceRequest {
    /// Given back.
    #[serde(default)]
    id: String,
    /// One, of datatype BYTES: the image's file.
    inputs: Vec<Input>,
    /// `score`, `verdict`, `map`; without any the first two.
    #[serde(default)]
    outputs: Vec<RequestedOutput>,
    /// `binary_data_output`: whether outputs are bytes behind the JSON, where they do not say so themselves.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Value,
}

/// What a request asks for.
struct Asks {
    id: String,
    image: Bytes,
    outputs: Asked,
}

/// An input of a request.
#[derive(Deserialize, ToSchema)]
pub struct Input {
    datatype: String,
    /// The file in base 64, unless it lies behind the JSON.
    #[serde(default)]
    data: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Value,
}

/// What serves.
#[utoipa::path(get, path = "/v2", tag = "inference", responses((status = 200, body = Object)))]
pub async fn server() -> Json<Value> {
    Json(json!({
        "name": "oddspot",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"],
    }))
}

/// What a station's model takes and gives.
#[utoipa::path(
    get, path = "/v2/models/{model}", tag = "inference", params(("model" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub async fn model(
    State(shared): State<Shared>,
    PathParameters(model): PathParameters<String>,
) -> Result<Json<Value>, Problem> {
    let station = shared.service.station(&model)?;
    let versions: Vec<String> = versions(&station);
    Ok(Json(json!({
        "name": model,
        "versions": versions,
        "platform": "oddspot",
        "inputs": [{ "name": "image", "datatype": "BYTES", "shape": [1] }],
        "outputs": described(),
    })))
}

/// Whether a station can judge.
#[utoipa::path(
    get, path = "/v2/models/{model}/ready", tag = "inference", params(("model" = String, Path)),
    responses((status = 200), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")),
)]
pub async fn ready(
    State(shared): State<Shared>,
    PathParameters(model): PathParameters<String>,
) -> Result<Json<Value>, Problem> {
    let station = shared.service.station(&model)?;
    station.post.ready()?;
    Ok(Json(json!({ "name": model, "ready": true })))
}

/// Judges an image. Outputs that are asked for as bytes lie behind the JSON; the map has one score for each place of the
/// image as the model sees it, row by row, and the largest of them is the image's.
#[utoipa::path(
    post, path = "/v2/models/{model}/infer", tag = "inference", params(("model" = String, Path)),
    request_body = InferenceRequest,
    responses(
        (status = 200, content((Object = "application/json"), (Vec<u8> = "application/octet-stream"))),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn infer(
    State(shared): State<Shared>,
    PathParameters(model): PathParameters<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Result<Response, Problem> {
    let (body, since) = submit::body_for(&shared, &model, request).await?;
    let sent = json_bytes(&headers).and_then(|json_bytes| asks_of(&body, json_bytes));
    let asks = sent.map_err(|problem| submit::unusable(&shared, &model, problem))?;
    let judged = submit::judge(&shared, &model, task(asks.image, since, &who)).await?;
    let inspection = &judged.inspection;
    let examined = match asks.outputs.has_map() {
        true => {
            let pictures = Arc::clone(&shared.service.pictures);
            Some(pictures.examined(Arc::clone(inspection)).await?)
        }
        false => None,
    };
    let map = examined.as_ref().map(|examined| &examined.maps.total);
    let answer = Answer::new(model, asks.id, inspection);
    Ok(answer.with(&asks.outputs, inspection, map)?)
}

fn versions(station: &Station) -> Vec<String> {
    let model = station.model().into_iter();
    model.map(|model| model.version.sha256.clone()).collect()
}

fn task(bytes: Bytes, since: Instant, who: &Who) -> Task {
    Task {
        bytes,
        part_id: None,
        source: Source::Http,
        token: who.token().map(str::to_owned),
        sender: who.sender(),
        file: None,
        idempotency_key: None,
        since,
    }
}

/// How many bytes of the body are JSON, if not all of them.
fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let bytes = headers.get(JSON_BYTES).map(|bytes| {
        let bytes = bytes.to_str().ok().and_then(|bytes| bytes.parse().ok());
        bytes.ok_or_else(|| Problem::invalid(format!("{JSON_BYTES} is no number of bytes")))
    });
    bytes.transpose()
}

/// What a request asks for; its image is in its JSON, or behind so many bytes of JSON.
fn asks_of(body: &Bytes, json_bytes: Option<usize>) -> Result<Asks, Problem> {
    let invalid = |detail: &str| Problem::invalid(detail);
    let json = body.get(..json_bytes.unwrap_or(body.len()));
    let json = json.ok_or_else(|| invalid("the body is shorter than its JSON is said to be"))?;
    check_json(json)?;
    let request: InferenceRequest = serde_json::from_slice(json)
        .map_err(|error| Problem::invalid(format!("this is no request to infer: {error}")))?;
    let of_all = request.parameters.get("binary_data_output");
    let outputs = Asked::of(
        &request.outputs,
        of_all.and_then(Value::as_bool) == Some(true),
    )?;
    let [input] = &request.inputs[..] else {
        return Err(invalid("give one input: the image"));
    };
    if input.datatype != "BYTES" {
        return Err(invalid("the image is of datatype BYTES: its file"));
    }
    let behind = input.parameters.get("binary_data_size");
    let image = match (behind, &input.data[..]) {
        (Some(_), _) => {
            let data = body.slice(json.len()..);
            let length = data
                .first_chunk::<LENGTH>()
                .map(|bytes| u32::from_le_bytes(*bytes));
            match length {
                Some(length) if data.len() - LENGTH == length as usize => data.slice(LENGTH..),
                _ => {
                    return Err(invalid(
                        "behind the JSON lies not one value with its length before it",
                    ));
                }
            }
        }
        (None, [text]) => {
            let bytes = STANDARD.decode(text);
            bytes.map_err(|_| invalid("data is not in base 64"))?.into()
        }
        _ => {
            return Err(invalid(
                "give one value of data: the image's file in base 64",
            ));
        }
    };
    Ok(Asks {
        id: request.id,
        image,
        outputs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_lies_in_the_json_or_behind_it() {
        let inside = r#"{"id": "7", "inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": ["YWJj"]}]}"#;
        let asks = asks_of(&Bytes::from_static(inside.as_bytes()), None).unwrap();
        assert_eq!((asks.id.as_str(), &asks.image[..]), ("7", &b"abc"[..]));
        let json = r#"{"inputs": [{"datatype": "BYTES", "parameters": {"binary_data_size": 7}}]}"#;
        let body = |length: u32| {
            let parts = [json.as_bytes(), &length.to_le_bytes(), b"abc"];
            Bytes::from(parts.concat())
        };
        assert_eq!(
            &asks_of(&body(3), Some(json.len())).unwrap().image[..],
            b"abc"
        );
        assert!(asks_of(&body(9), Some(json.len())).is_err());
        assert!(asks_of(&body(3), Some(1 << 20)).is_err());
        assert!(asks_of(&Bytes::from_static(b"{}"), None).is_err());
    }
}
