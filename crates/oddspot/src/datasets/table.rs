//! Rows of a CSV file, each with the line that it stands on, as programs and spreadsheets save them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use serde::de::DeserializeOwned;

use super::text::{text_of, without_sep};
use crate::error::{Error, Result};
use crate::images::read_file;

/// What may part the columns; the first one if none is there.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Reads a CSV file with a line of column names, in small letters or capitals; columns that `Row` does not
/// name are ignored, as are empty rows. Columns are parted by commas, semicolons, tabs or bars.
///
/// # Errors
/// A file that cannot be read, and the first line that is no such row.
pub(super) fn rows<Row: DeserializeOwned>(path: &Path) -> Result<Vec<(u64, Row)>> {
    let Records {
        headers, records, ..
    } = records(path)?;
    let columns = || headers.iter().collect::<Vec<_>>().join(", ");
    let row = |(line, record): (u64, StringRecord)| match record.deserialize(Some(&headers)) {
        Ok(row) => Ok((line, row)),
        Err(error) => {
            let error = problem(path, line, &error);
            let reason = format!("{}; the columns are {}", error.reason(), columns());
            Err(Error::dataset(path, reason))
        }
    };
    records.into_iter().map(row).collect()
}

/// A CSV file as it is written.
pub(super) struct Records {
    /// The line of the column names.
    pub line: u64,
    /// The column names, in small letters.
    pub headers: StringRecord,
    /// Rows that are not empty, each with its line.
    pub records: Vec<(u64, StringRecord)>,
}

/// Reads a CSV file, whatever its columns.
///
/// # Errors
/// A file that cannot be read, and the first line with more or fewer values than there are columns.
pub(super) fn records(path: &Path) -> Result<Records> {
    let bytes = read_file(path)?;
    let text = text_of(&bytes, path)?;
    let (named, text) = without_sep(&text);
    // What stood before is a line too.
    let before = u64::from(named.is_some());
    let separator = named.unwrap_or_else(|| separator_of(text));
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .delimiter(separator as u8)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| problem(path, 1, &e))?;
    let headers: StringRecord = headers.iter().map(str::to_lowercase).collect();
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = line_at(text, error.position());
            problem(path, before + line, &error)
        })?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = before + line_at(text, record.position());
        records.push((line, record));
    }
    Ok(Records {
        line: before + 1,
        headers,
        records,
    })
}

/// The line that a record begins on: its position is that of the empty lines before it.
fn line_at(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let rest = text.as_bytes().iter().skip(position.byte() as usize);
    let empty = rest.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}

/// What parts the column names in the first line, outside of quotes.
fn separator_of(text: &str) -> char {
    let head = text.lines().next().unwrap_or_default();
    let outside: Vec<&str> = head.split('"').step_by(2).collect();
    let count = |separator: char| {
        outside
            .iter()
            .map(|part| part.matches(separator).count())
            .sum::<usize>()
    };
    let mut best = SEPARATORS[0];
    for separator in SEPARATORS {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

/// A file by its path as a table spells it: from the table's folder, with `/` or as Windows has it.
///
/// # Errors
/// No such file.
pub fn file_at(root: &Path, spelled: &str) -> Result<PathBuf, String> {
    let found = root.join(spelled);
    if found.is_file() {
        return Ok(found);
    }
    if has_drive(spelled) {
        return Err(format!(
            "there is no file {spelled}: a path begins at the list's folder, as test/0.png"
        ));
    }
    if spelled.contains('\\') {
        let turned = root.join(spelled.replace('\\', "/"));
        if turned.is_file() {
            return Ok(turned);
        }
        return Err(format!(
            "there is no file {}, nor {}",
            found.display(),
            turned.display()
        ));
    }
    Err(format!("there is no file {}", found.display()))
}

/// Whether a path begins with a drive of Windows: `C:\data`, `d:/data`.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// How many lines one error spells out.
const SHOWN: usize = 10;

/// What is wrong with the lines of a file.
#[derive(Default)]
pub struct Problems(BTreeMap<u64, Vec<String>>);

impl Problems {
    /// Takes note of what is wrong with a line, if anything is.
    pub fn add(&mut self, line: u64, reasons: impl IntoIterator<Item = String>) {
        let mut reasons = reasons.into_iter().peekable();
        if reasons.peek().is_some() {
            self.0.entry(line).or_default().extend(reasons);
        }
    }

    /// Says what was noted.
    ///
    /// # Errors
    /// One that names every line, the first ten in full.
    pub fn check(&self, path: &Path) -> Result<()> {
        let lines = self.0.iter();
        let lines = lines.map(|(line, reasons)| format!("line {line}: {}", reasons.join("; ")));
        let reason = match &lines.collect::<Vec<_>>()[..] {
            [] => return Ok(()),
            [only] => only.clone(),
            all => {
                let shown: String = all
                    .iter()
                    .take(SHOWN)
                    .map(|one| format!("\n  {one}"))
                    .collect();
                let more = match all.len().saturating_sub(SHOWN) {
                    0 => String::new(),
                    more => format!("\n  and {more} more"),
                };
                format!("{} of its lines need mending:{shown}{more}", all.len())
            }
        };
        Err(Error::dataset(path, reason))
    }
}

/// The images that a file has listed so far, and on which lines.
#[derive(Default)]
pub(super) struct Listed(HashMap<PathBuf, u64>);

impl Listed {
    /// Refuses an image that was listed before, however it was spelled: learned from and tested on, it would be known.
    pub fn add(&mut self, image: &Path, line: u64) -> Result<(), String> {
        let real = image.canonicalize().unwrap_or_else(|_| image.to_owned());
        match self.0.insert(real, line) {
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
        _ => error.to_string(),
    };
    Error::dataset(path, format!("line {line}: {reason}"))
}
