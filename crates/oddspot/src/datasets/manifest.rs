//! A manifest: a CSV or JSON Lines file with a row per image, `path,split,label,mask`.

mod row;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::listing::Besides;
use super::table::{self, Listed, Problems, Records, file_at};
use super::text::text_of;
use super::{Dataset, Label, Layout, Sample, has_extension};
use crate::error::{Error, Result};
use crate::images::read_file;
use row::{Cells, Row};

/// Extensions that a manifest is known by, in lower case.
pub(super) const EXTENSIONS: [&str; 3] = ["csv", "tsv", "jsonl"];

/// The data set that a manifest lists.
///
/// # Errors
/// The first line that cannot be read; all that name a file that is not there, or say something that is not known.
pub(super) fn open(path: &Path) -> Result<Dataset> {
    let rows = match has_extension(path, &["jsonl"]) {
        true => json_objects(path)?,
        false => csv_rows(path)?,
    };
    let root = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut dataset = Dataset {
        root: root.to_owned(),
        layout: Layout::Manifest,
        train: Vec::new(),
        held_out: Vec::new(),
        test: Vec::new(),
        besides: Besides::default(),
    };
    let mut listed = Listed::default();
    let mut problems = Problems::default();
    for (line, cells) in &rows {
        let row = Row::of(cells);
        let added = row.and_then(|row| {
            for meant in &row.meant {
                if !dataset.besides.meant.contains(meant) {
                    dataset.besides.meant.push(meant.clone());
                }
            }
            add(&mut dataset, &row, root)
        });
        match added {
            Ok(image) => problems.add(*line, listed.add(&image, *line).err()),
            Err(reasons) => problems.add(*line, reasons),
        }
    }
    problems.check(path)?;
    if dataset.train.is_empty() && dataset.test.is_empty() {
        let reason = "it lists no image to learn from and none to test on: add rows whose split is \
                      train or test";
        return Err(Error::dataset(path, reason));
    }
    dataset.sort();
    Ok(dataset)
}

/// Adds a row's image, and gives its path; else all that is wrong with the row.
fn add(dataset: &mut Dataset, row: &Row, root: &Path) -> Result<PathBuf, Vec<String>> {
    let mut wrong = Vec::new();
    let mut file = |path: &str| {
        file_at(root, path)
            .map_err(|reason| wrong.push(reason))
            .ok()
    };
    let image = file(&row.path);
    let masks = row.masks.iter().filter_map(|mask| file(mask)).collect();
    let label = Label::named(&row.label);
    let to = match row.split.as_str() {
        "test" | "testing" => &mut dataset.test,
        "train" | "training" | "validation" | "val" if label != Label::Good => {
            wrong.push(format!(
                "an image of '{}' cannot be learned from: its split must be test",
                row.label
            ));
            &mut dataset.train
        }
        "train" | "training" => &mut dataset.train,
        "validation" | "val" => &mut dataset.held_out,
        _ => {
            wrong.push(format!(
                "the split '{}' is not known: write train, validation or test",
                row.split
            ));
            &mut dataset.train
        }
    };
    match (image, wrong.is_empty()) {
        (Some(image), true) => {
            to.push(Sample {
                image: image.clone(),
                masks,
                label,
            });
            Ok(image)
        }
        _ => Err(wrong),
    }
}

/// The rows of a CSV file, each with its line.
fn csv_rows(path: &Path) -> Result<Vec<(u64, Cells)>> {
    let Records {
        headers, records, ..
    } = table::records(path)?;
    let cells = |record: &csv::StringRecord| -> Cells {
        let named = headers.iter().zip(record.iter());
        let named = named.map(|(name, cell)| (name.to_owned(), Value::from(cell)));
        named.collect()
    };
    let names: Vec<&str> = headers.iter().collect();
    let is_twice = |&(at, name): &(usize, &&str)| row::is_read(name) && names[..at].contains(name);
    let twice = names.iter().enumerate().find(is_twice);
    let twice = twice.map(|(_, name)| format!("the column {name} is there twice"));
    if let Some((line, first)) = records.first()
        && let Some(reason) = twice.or_else(|| row::missing(&cells(first)))
    {
        let columns = names.join(", ");
        let reason = format!("line {line}: {reason}; the columns are {columns}");
        return Err(Error::dataset(path, reason));
    }
    Ok(records
        .iter()
        .map(|(line, record)| (*line, cells(record)))
        .collect())
}

/// The objects of a JSON Lines file, each with its line; their names may be in capitals.
///
/// # Errors
/// A file that cannot be read, and the first line that is no object.
pub(super) fn json_objects(path: &Path) -> Result<Vec<(u64, Map<String, Value>)>> {
    let bytes = read_file(path)?;
    let text = text_of(&bytes, path)?;
    if text.trim_start().starts_with('[') {
        let reason = "it is one JSON array: write an object a line, without brackets around them and commas between \
                      (pandas: orient=\"records\", lines=True)";
        return Err(Error::dataset(path, reason));
    }
    let written = (1..).zip(text.lines());
    let written = written.filter(|(_, text)| !text.trim().is_empty());
    let object = |(line, text): (u64, &str)| {
        let row: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| Error::dataset(path, format!("line {line}: {error}")))?;
        let small = row
            .into_iter()
            .map(|(name, value)| (name.trim().to_lowercase(), value));
        Ok((line, small.collect()))
    };
    written.map(object).collect()
}

#[cfg(test)]
mod tests;
