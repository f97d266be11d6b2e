//! Inspections as lines of a table or of JSON, for other programs.

use serde::Serialize;

use super::event::{Event, Missed};
use super::inspection::Inspection;
use crate::error::{Error, Result};

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

/// The line of the columns' names.
///
/// # Errors
/// None that is known.
pub fn head() -> Result<Vec<u8>> {
    line_of(&COLUMNS.map(str::to_owned))
}

/// The line of an inspection.
///
/// # Errors
/// None that is known.
pub fn line(one: &Inspection) -> Result<Vec<u8>> {
    line_of(&row(one))
}

/// An inspection as a line of JSON, or what was missed.
///
/// # Errors
/// None that is known.
pub fn json_line(one: &impl Serialize) -> Result<Vec<u8>> {
    let line = serde_json::to_vec(one).map_err(|error| Error::internal(error.to_string()))?;
    Ok([line, b"\n".to_vec()].concat())
}

/// An event as one line of a table: breaks in its texts are spaces.
///
/// # Errors
/// None that is known.
pub fn event_line(event: &Event) -> Result<Vec<u8>> {
    let cells = match event {
        Event::Inspection(inspection) => row(inspection),
        Event::Missed(missed) => row_of_missed(missed),
    };
    line_of(&cells.map(|cell| cell.replace(['\r', '\n'], " ")))
}

/// The cells of what was missed: no score, and a verdict that is none.
fn row_of_missed(missed: &Missed) -> [String; 14] {
    let images = match missed.images {
        0 | 1 => String::new(),
        images => format!(", {images} images"),
    };
    let mut cells: [String; 14] = Default::default();
    cells[0] = missed.id.clone();
    cells[1] = missed.time.clone();
    cells[2] = missed.station.clone();
    cells[3] = missed.part_id.clone().unwrap_or_default();
    cells[4] = "missed".to_owned();
    cells[8] = format!("{}{images}: {}", missed.reason, missed.detail);
    cells[12] = missed.file.clone().unwrap_or_default();
    cells
}

/// The cells of an inspection.
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
    use super::super::event::NoVerdict;
    use super::*;

    #[test]
    fn what_was_missed_is_one_line_and_no_verdict() {
        let missed = Missed {
            id: "7".to_owned(),
            station: "top".to_owned(),
            time: "now".to_owned(),
            verdict: NoVerdict::Missed,
            reason: "queue_full".to_owned(),
            detail: "too\nmany".to_owned(),
            images: 3,
            part_id: Some("=a".to_owned()),
            file: None,
        };
        let line = String::from_utf8(event_line(&Event::Missed(missed)).unwrap()).unwrap();
        assert_eq!(
            line,
            "7,now,top,'=a,missed,,,,\"queue_full, 3 images: too many\",,,,,\n"
        );
    }

    #[test]
    fn a_table_computes_nothing() {
        let cells = ["=1+1", "-2.5", "-x", "a,b"].map(str::to_owned);
        let line = String::from_utf8(line_of(&cells).unwrap()).unwrap();
        assert_eq!(line, "'=1+1,-2.5,'-x,\"a,b\"\n");
    }
}
