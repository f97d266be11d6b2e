//! A manifest: a CSV or JSON Lines file with a row per image, `path,split,label,mask`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::listing::Besides;
use super::table::{self, Listed, Problems, file_at};
use super::text::text_of;
use super::{Dataset, Label, Layout, Sample, has_extension};
use crate::error::{Error, Result};
use crate::images::read_file;

/// Extensions that a manifest is known by, in lower case.
pub(super) const EXTENSIONS: [&str; 3] = ["csv", "tsv", "jsonl"];

/// A row as it is written.
#[derive(Deserialize)]
struct Row {
    /// The image, from the manifest's folder.
    path: String,
    /// `train`, `validation` (or `val`), `test`, in small letters or capitals.
    split: String,
    /// `good` (or `ok`, `normal`, `0`), or the defect's name.
    #[serde(deserialize_with = "text_or_number")]
    label: String,
    /// What marks the defect, from the manifest's folder.
    #[serde(default)]
    mask: Masks,
}

/// A text, or a number as text: labels are often 0 and 1.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a number")]
    enum Written {
        Text(String),
        Number(i64),
    }
    Ok(match Written::deserialize(from)? {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    })
}

/// No mask, one, or several; in CSV several are parted by semicolons.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Masks {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Masks {
    fn paths(&self) -> Vec<&str> {
        let all: Vec<&str> = match self {
            Self::None => Vec::new(),
            Self::One(text) => text.split(';').collect(),
            Self::Several(paths) => paths.iter().map(String::as_str).collect(),
        };
        let named = all.into_iter().map(str::trim);
        named.filter(|path| !path.is_empty()).collect()
    }
}

/// The data set that a manifest lists.
///
/// # Errors
/// The first line that cannot be read; all that name a file that is not there, or say something that is not known.
pub(super) fn open(path: &Path) -> Result<Dataset> {
    let rows = match has_extension(path, &["jsonl"]) {
        true => json_lines(path)?,
        false => table::rows(path)?,
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
    for (line, row) in &rows {
        match add(&mut dataset, row, root) {
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
    let image = file(row.path.trim());
    let masks = row.mask.paths().into_iter().filter_map(&mut file).collect();
    let label = match row.label.trim() {
        "" => {
            wrong.push("the label is empty: write good, or the defect's name".to_owned());
            Label::Good
        }
        label => Label::named(label),
    };
    let to = match row.split.trim().to_lowercase().as_str() {
        "test" => &mut dataset.test,
        "train" | "validation" | "val" if label != Label::Good => {
            wrong.push(format!(
                "an image of '{}' cannot be learned from: its split must be test",
                row.label
            ));
            &mut dataset.train
        }
        "train" => &mut dataset.train,
        "validation" | "val" => &mut dataset.held_out,
        _ => {
            wrong.push(format!(
                "the split '{}' is not known: write train, validation or test",
                row.split.trim()
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

fn json_lines(path: &Path) -> Result<Vec<(u64, Row)>> {
    let row = |(line, row)| match serde_json::from_value(Value::Object(row)) {
        Ok(row) => Ok((line, row)),
        Err(error) => Err(Error::dataset(path, format!("line {line}: {error}"))),
    };
    json_objects(path)?.into_iter().map(row).collect()
}

/// The objects of a JSON Lines file, each with its line; their names may be in capitals.
///
/// # Errors
/// A file that cannot be read, and the first line that is no object.
pub(super) fn json_objects(path: &Path) -> Result<Vec<(u64, Map<String, Value>)>> {
    let bytes = read_file(path)?;
    let text = text_of(&bytes, path)?;
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
