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
use crate::error::{Error, Result};
use crate::history::{Filter, Inspection, Order};

/// Inspections that are read at a time.
const AT_ONCE: u32 = 500;
/// Columns of the table.
const COLUMNS: [&str; 14] = [
    "id",
    "time",
    "station",
    "part_id",
    "verdict",
    "score",
    "threshold",
    "check_threshold",
    "reason",
    "label",
    "defect",
    "note",
    "file",
    "model",
];

/// All that are asked for, as CSV.
#[utoipa::path(
    get, path = "/api/v1/inspections.csv", tag = "inspections", params(Listing),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn csv(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Listing>,
) -> Result<Response, Problem> {
    let head = line_of(&COLUMNS.map(str::to_owned))?;
    export(
        shared,
        &asked,
        "text/csv; charset=utf-8",
        "inspections.csv",
        head,
        |one| line_of(&row(one)),
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
        |one| {
            let line =
                serde_json::to_vec(one).map_err(|error| Error::internal(error.to_string()))?;
            Ok([line, b"\n".to_vec()].concat())
        },
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
        return Err(Problem::invalid(
            "an export has all that are asked for: give no limit",
        ));
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

fn row(one: &Inspection) -> [String; 14] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let label = one.label.as_ref();
    [
        one.id.clone(),
        one.time.clone(),
        one.station.clone(),
        text(&one.part_id),
        one.verdict.word().to_owned(),
        one.score.to_string(),
        one.threshold.to_string(),
        one.check_threshold.to_string(),
        text(&one.reason),
        label
            .map(|label| label.truth.word().to_owned())
            .unwrap_or_default(),
        label.map(|label| text(&label.defect)).unwrap_or_default(),
        label.map(|label| text(&label.note)).unwrap_or_default(),
        text(&one.file),
        one.model.clone(),
    ]
}

/// A line of a table. What a spreadsheet would compute is text to it.
fn line_of(cells: &[String]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let harmless = cells.iter().map(|cell| match cell.as_bytes().first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => format!("'{cell}"),
        Some(b'+' | b'-') if cell.parse::<f64>().is_err() => format!("'{cell}"),
        _ => cell.clone(),
    });
    let written = writer.write_record(harmless);
    written.map_err(|error| Error::internal(error.to_string()))?;
    writer
        .into_inner()
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_computes_nothing() {
        let cells = ["=1+1", "-2.5", "-x", "a,b"].map(str::to_owned);
        let line = String::from_utf8(line_of(&cells).unwrap()).unwrap();
        assert_eq!(line, "'=1+1,-2.5,'-x,\"a,b\"\n");
    }
}
