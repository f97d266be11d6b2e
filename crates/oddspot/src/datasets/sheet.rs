//! A table of whatever columns, as programs and spreadsheets save it: CSV, or JSON Lines.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::has_extension;
use super::manifest::json_objects;
use super::table::{Records, records};
use crate::error::Result;

/// A table.
pub struct Sheet {
    /// The line of the column names; 0 where each row has its own.
    pub line: u64,
    /// The column names in small letters, as often as they are written.
    pub columns: Vec<String>,
    /// The rows that are not empty.
    pub rows: Vec<SheetRow>,
}

/// A row of a table.
pub struct SheetRow {
    /// Where it stands in the file.
    pub line: u64,
    /// What is written in it, by column; nothing of empty cells.
    pub cells: BTreeMap<String, String>,
}

impl Sheet {
    /// Reads a table in the encodings and with the separators that manifests of images may have.
    ///
    /// # Errors
    /// A file that cannot be read, and the first line that is no row.
    pub fn read(path: &Path) -> Result<Self> {
        match has_extension(path, &["jsonl"]) {
            true => Self::of_objects(path),
            false => Self::of_records(path),
        }
    }

    fn of_records(path: &Path) -> Result<Self> {
        let Records {
            line,
            headers,
            records,
        } = records(path)?;
        let row = |(line, record): (u64, csv::StringRecord)| {
            let cells = headers.iter().zip(record.iter());
            let cells = cells.filter(|(_, cell)| !cell.is_empty());
            SheetRow {
                line,
                cells: cells.map(|(a, b)| (a.to_owned(), b.to_owned())).collect(),
            }
        };
        Ok(Self {
            line,
            // What programs and spreadsheets leave behind the last comma has no name.
            columns: (headers.iter())
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            rows: records.into_iter().map(row).collect(),
        })
    }

    fn of_objects(path: &Path) -> Result<Self> {
        let mut columns = Vec::new();
        let mut rows = Vec::new();
        for (line, object) in json_objects(path)? {
            let mut cells = BTreeMap::new();
            for (name, value) in object {
                if !columns.contains(&name) {
                    columns.push(name.clone());
                }
                let text = text_of(&value);
                if !text.is_empty() {
                    cells.insert(name, text);
                }
            }
            rows.push(SheetRow { line, cells });
        }
        Ok(Self {
            line: 0,
            columns,
            rows,
        })
    }
}

/// A value as a cell has it; those of a list are parted by semicolons.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(all) => all.iter().map(text_of).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_rows_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let sheet = Sheet::read(&path).unwrap();
            let rows: Vec<_> = sheet.rows.into_iter().map(|r| (r.line, r.cells)).collect();
            (sheet.columns, rows)
        };
        let csv = read(
            "a.csv",
            "sep=;\nName;images\na;x;\n\nb;\n"
                .replace("x;", "x")
                .as_str(),
        );
        assert_eq!(csv.0, ["name", "images"]);
        assert_eq!((csv.1[0].0, csv.1[1].0), (3, 5));
        assert!(!csv.1[1].1.contains_key("images"));
        let jsonl = "{\"NAME\": \"a\", \"images\": [\"x\", \"y\"], \"seed\": 3, \"mask\": null}\n";
        let jsonl = read("a.jsonl", jsonl);
        assert_eq!(jsonl.1[0].1["images"], "x;y");
        assert_eq!(jsonl.1[0].1["seed"], "3");
        assert!(!jsonl.1[0].1.contains_key("mask"));
    }
}
