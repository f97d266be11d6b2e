//! The body of a request that is no image to be judged: JSON, or a file.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::submit::in_time;

/// The body, all of it.
///
/// # Errors
/// One that is too large, or that does not come.
pub async fn bytes(request: Request, most: usize) -> Result<Bytes, Problem> {
    let body = in_time(Bytes::from_request(request, &())).await?;
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("it has more than {most} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        }
        status => Problem::new(status, "broken", rejection.body_text()),
    })
}

/// The body as JSON; `what` is what it should be.
///
/// # Errors
/// As [`bytes`], and what is nothing of the kind.
pub async fn json<T: DeserializeOwned>(
    request: Request,
    most: usize,
    what: &str,
) -> Result<T, Problem> {
    let body = bytes(request, most).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("this is no {what}: {error}")))
}
