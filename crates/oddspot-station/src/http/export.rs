//! Inspections as a table or as lines, for other programs.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;

use super::Shared;
use super::listing::Listing;
use super::parameters::Parameters;
use super::problem::Problem;
use crate::error::Result;
use crate::history::{Filter, Inspection, Order, table};
use crate::words::Sentence;

/// Inspections that are read at a time.
const AT_ONCE: u32 = 500;
/// All that are asked for, as CSV.
#[utoipa::path(
    get, path = "/api/v1/inspections.csv", tag = "inspections", params(Listing),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn csv(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Listing>,
) -> Result<Response, Problem> {
    let head = table::head()?;
    export(
        shared,
        &asked,
        "text/csv; charset=utf-8",
        "inspections.csv",
        head,
        table::line,
    )
}

/// All that are asked for, as lines of JSON.
#[utoipa::path(
    get, path = "/api/v1/inspections.jsonl", tag = "inspections", params(Listing),
    responses((status = 200, body = String, content_type = "application/jsonl"), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn json_lines(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Listing>,
) -> Result<Response, Problem> {
    export(
        shared,
        &asked,
        "application/jsonl",
        "inspections.jsonl",
        Vec::new(),
        table::json_line,
    )
}

/// Some of the answer after the other: it may be longer than memory.
fn export(
    shared: Shared,
    asked: &Listing,
    media_type: &'static str,
    name: &str,
    head: Vec<u8>,
    line: fn(&Inspection) -> Result<Vec<u8>>,
) -> Result<Response, Problem> {
    if !asked.limit.is_empty() {
        return Err(Problem::refused(Sentence::new("refused-export-limit")));
    }
    let reading = Reading {
        shared,
        filter: asked.filter()?,
        order: asked.order()?,
        last: asked.after()?,
        is_ended: false,
        heads: VecDeque::from([head]),
    };
    let lines = unfold(reading, move |mut reading| async move {
        let part = reading.next(line).await.transpose()?;
        Some((part, reading))
    });
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// How far an export is.
struct Reading {
    shared: Shared,
    filter: Filter,
    order: Order,
    last: Option<String>,
    is_ended: bool,
    heads: VecDeque<Vec<u8>>,
}

impl Reading {
    async fn next(&mut self, line: fn(&Inspection) -> Result<Vec<u8>>) -> Result<Option<Bytes>> {
        if let Some(head) = self.heads.pop_front()
            && !head.is_empty()
        {
            return Ok(Some(head.into()));
        }
        if self.is_ended {
            return Ok(None);
        }
        let history = &self.shared.service.history;
        let found = history.find(&self.filter, self.order, self.last.as_deref(), AT_ONCE);
        // An answer that broke must not go on.
        let found = found.await.inspect_err(|_| self.is_ended = true)?;
        self.is_ended = found.len() < AT_ONCE as usize;
        self.last = found.last().map(|one| one.id.clone()).or(self.last.take());
        let lines: Result<Vec<_>> = found.iter().map(line).collect();
        let lines = lines?.concat();
        Ok((!lines.is_empty()).then(|| lines.into()))
    }
}
