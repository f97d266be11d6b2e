//! The body of a request that is no image to be judged: JSON, or a file.

use std::fmt::Display;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::letters::check_json;
use super::problem::Problem;
use super::submit::in_time;
use crate::words::{Gap, Sentence};

/// The body, all of it.
///
/// # Errors
/// One of more bytes, or that does not come.
pub async fn bytes(request: Request, most: usize) -> Result<Bytes, Problem> {
    in_time(read(request, most)).await?
}

async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    let mut stream = request.into_body().into_data_stream();
    let mut all = Vec::new();
    while let Some(some) = stream.next().await {
        let some = some.map_err(|error| {
            tracing::debug!("a body broke off: {error}");
            Problem::broken()
        })?;
        if all.len() + some.len() > most {
            let sentence = Sentence::new("refused-large-body").with("most", most);
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Problem::of(status, "too_large", sentence));
        }
        all.extend_from_slice(&some);
    }
    Ok(all.into())
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
    check_json(&body)?;
    serde_json::from_slice(&body).map_err(|error| unreadable(what, &error))
}

/// That a text is nothing of what it should be.
pub fn unreadable(what: &str, error: &impl Display) -> Problem {
    let sentence = Sentence::new("refused-unreadable").with("what", Gap::english(what));
    Problem::refused(sentence.with("detail", Gap::english(error.to_string())))
}
