//! A row of a manifest, whoever wrote it: which column is which, and what its words mean.

use serde_json::{Map, Value};

/// What columns of the path may be called, the usual name first.
#[rustfmt::skip]
const PATH: [&str; 8] = ["path", "filename", "file", "file_name", "filepath", "file_path", "image", "image_path"];
/// What the column of the split is called.
const SPLIT: [&str; 1] = ["split"];
/// What columns of the label may be called, the usual name first.
#[rustfmt::skip]
const LABEL: [&str; 12] = [
    "label", "anomalous", "anomaly", "defect", "defective", "is_anomalous", "is_defect", "is_defective",
    "good", "ok", "is_good", "is_ok",
];
/// Those of which true is good; true is a defect in all others.
const GOOD: [&str; 4] = ["good", "ok", "is_good", "is_ok"];
/// What the column of the masks is called.
const MASK: &str = "mask";
/// How programs write that there is nothing, in small letters.
const NOTHING: [&str; 7] = ["", "-", "<na>", "n/a", "nan", "none", "null"];
/// What a defect is called of which no more is known.
const DEFECT: &str = "defect";

/// The cells of a row, by the names of their columns in small letters.
pub(super) type Cells = Map<String, Value>;

/// A row as it is meant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The image, from the manifest's folder.
    pub path: String,
    /// `train`, `validation` (or `val`), `test`, in small letters.
    pub split: String,
    /// `good` (or `ok`, `normal`, `0`), or the defect's name.
    pub label: String,
    /// What marks the defect, from the manifest's folder.
    pub masks: Vec<String>,
    /// What is meant otherwise than it is written, in words.
    pub meant: Vec<String>,
}

/// A label as it is meant.
struct Meant {
    text: String,
    /// Whether it was written as true or false.
    is_truth: bool,
}

impl Row {
    /// Of its cells.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn of(cells: &Cells) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut row = Self::default();
        wrong.extend(row.take_path(cells).err());
        wrong.extend(row.take_split(cells).err());
        wrong.extend(row.take_label(cells).err());
        wrong.extend(row.take_masks(cells).err());
        match wrong.is_empty() {
            true => Ok(row),
            false => Err(wrong),
        }
    }

    fn take_path(&mut self, cells: &Cells) -> Result<(), String> {
        let (column, value) = column(cells, &PATH)?;
        let Value::String(path) = value else {
            return Err(format!("the {column} is no text"));
        };
        path.trim().clone_into(&mut self.path);
        if self.path.is_empty() {
            return Err(format!("the {column} is empty"));
        }
        if column != PATH[0] {
            self.meant.push(format!("{column} is taken for the path"));
        }
        Ok(())
    }

    fn take_split(&mut self, cells: &Cells) -> Result<(), String> {
        let (_, value) = column(cells, &SPLIT)?;
        let Value::String(split) = value else {
            return Err("the split is no text: write train, validation or test".to_owned());
        };
        self.split = split.trim().to_lowercase();
        Ok(())
    }

    fn take_label(&mut self, cells: &Cells) -> Result<(), String> {
        let (column, value) = column(cells, &LABEL)?;
        let Meant { text, is_truth } = label(column, value)?;
        self.label = text;
        if is_truth || column != LABEL[0] {
            let truth = match GOOD.contains(&column) {
                true => "good",
                false => "a defect",
            };
            self.meant
                .push(format!("{column}: true is taken for {truth}"));
        }
        Ok(())
    }

    fn take_masks(&mut self, cells: &Cells) -> Result<(), String> {
        let text = |value: &Value| match value {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.trim().to_owned()),
            other => Err(format!("the mask {other} is no path")),
        };
        // In CSV several are parted by semicolons.
        self.masks = match cells.get(MASK) {
            None => Vec::new(),
            Some(Value::Array(several)) => several.iter().map(text).collect::<Result<_, _>>()?,
            Some(one) => text(one)?
                .split(';')
                .map(|path| path.trim().to_owned())
                .collect(),
        };
        self.masks.retain(|path| !is_nothing(path));
        Ok(())
    }
}

/// Which column that must be there is missing, if any, or there twice.
pub(super) fn missing(cells: &Cells) -> Option<String> {
    let columns: [&[&str]; 3] = [&PATH, &SPLIT, &LABEL];
    columns.iter().find_map(|names| column(cells, names).err())
}

/// Whether a column of this name may be read.
pub(super) fn is_read(name: &str) -> bool {
    let all = PATH.iter().chain(&SPLIT).chain(&LABEL).chain([&MASK]);
    all.into_iter().any(|one| *one == name)
}

/// The cell of a column, by the usual name or the only other that is there.
fn column<'c>(
    cells: &'c Cells,
    names: &[&'static str],
) -> Result<(&'static str, &'c Value), String> {
    let mut found = names
        .iter()
        .filter_map(|&name| Some((name, cells.get(name)?)));
    let usual = names.first().copied().unwrap_or_default();
    match (found.next(), found.next()) {
        (None, _) => Err(format!("missing field `{usual}`")),
        (Some(first), second) if first.0 == usual || second.is_none() => Ok(first),
        (Some((first, _)), second) => Err(format!(
            "either of the columns {first} and {} may be the {usual}: call that one {usual}",
            second.map_or("", |(second, _)| second)
        )),
    }
}

/// What is written in the column of the label.
fn label(column: &str, value: &Value) -> Result<Meant, String> {
    let written = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null => String::new(),
        _ => return Err(format!("the {column} is neither a text nor a number")),
    };
    if is_nothing(&written) {
        let said = match &*written {
            "" => format!("the {column} is empty"),
            nothing => format!("the {column} '{nothing}' says nothing"),
        };
        return Err(format!("{said}: write good, or the defect's name"));
    }
    let text = whole(&written)
        .ok_or_else(|| format!("the {column} {written} is neither 0 nor 1, nor a defect's name"))?;
    let truth = match &*text.to_lowercase() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let number = match &*text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    };
    let good = |is: bool| if is { "good" } else { DEFECT }.to_owned();
    let text = match (GOOD.contains(&column), truth, number) {
        (false, Some(is), _) => good(!is),
        // Under these names 1 and 0 are labels as others.
        (false, None, _) => text,
        (true, Some(is), _) | (true, None, Some(is)) => good(is),
        (true, None, None) => {
            return Err(format!("the {column} '{text}' is neither true nor false"));
        }
    };
    let is_truth = truth.is_some();
    Ok(Meant { text, is_truth })
}

/// A text as it is, or the whole number of one with a fraction of nothing: 1.0 is 1. None of another number.
fn whole(text: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |text: &str| digits(text.strip_prefix('-').unwrap_or(text));
    match text.split_once('.') {
        Some((whole, fraction)) if is_number(whole) && digits(fraction) => {
            let is_whole = fraction.bytes().all(|digit| digit == b'0');
            is_whole.then(|| whole.to_owned())
        }
        _ => Some(text.to_owned()),
    }
}

fn is_nothing(text: &str) -> bool {
    NOTHING.contains(&&*text.to_lowercase())
}

#[cfg(test)]
mod tests;
