//! Rows of a CSV file, each with the line that it stands on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::{ErrorKind, ReaderBuilder, Trim};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::images::read_file;

/// Reads a CSV file with a line of column names; columns that `Row` does not name are ignored.
///
/// # Errors
/// A file that cannot be read, and the first line that is no such row.
pub(super) fn rows<Row: DeserializeOwned>(path: &Path) -> Result<Vec<(u64, Row)>> {
    let bytes = read_file(path)?;
    // A mark that spreadsheets put at the start would become part of the first name.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text);
    let headers = reader.headers().map_err(|e| problem(path, 1, &e))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            problem(path, line, &error)
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let row = record.deserialize(Some(&headers));
        rows.push((line, row.map_err(|error| problem(path, line, &error))?));
    }
    Ok(rows)
}

/// The images that a file has listed so far, and on which lines.
#[derive(Default)]
pub(super) struct Listed(HashMap<PathBuf, u64>);

impl Listed {
    /// Refuses an image that was listed before: learned from and tested on, it would be known.
    pub fn add(&mut self, image: &Path, line: u64) -> Result<(), String> {
        match self.0.insert(image.to_owned(), line) {
            None => Ok(()),
            Some(first) => Err(format!("{} is listed on line {first} too", image.display())),
        }
    }
}

fn problem(path: &Path, line: u64, error: &csv::Error) -> Error {
    let reason = match error.kind() {
        ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} values for {expected_len} columns"),
        ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    Error::dataset(path, format!("line {line}: {reason}"))
}
