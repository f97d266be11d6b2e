//! A manifest: a CSV or JSON Lines file with a row per image, `path,split,label,mask`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::table::{self, Listed};
use super::{Dataset, Label, Layout, Sample, has_extension};
use crate::error::{Error, Result};
use crate::images::read_file;

/// Extensions that a manifest is known by, in lower case.
pub(super) const EXTENSIONS: [&str; 2] = ["csv", "jsonl"];

/// A row as it is written.
#[derive(Deserialize)]
struct Row {
    /// The image, from the manifest's folder.
    path: String,
    /// `train`, `validation` (or `val`), `test`.
    split: String,
    /// `good` (or `normal`), or the defect's name.
    label: String,
    /// What marks the defect, from the manifest's folder.
    #[serde(default)]
    mask: Masks,
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
/// The first line that cannot be read or names a file that is not there.
pub(super) fn open(path: &Path) -> Result<Dataset> {
    let rows = match has_extension(path, &["csv"]) {
        true => table::rows(path)?,
        false => json_lines(path)?,
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
    };
    let mut listed = Listed::default();
    for (line, row) in &rows {
        let problem = |reason| Error::dataset(path, format!("line {line}: {reason}"));
        let image = add(&mut dataset, row, root).map_err(problem)?;
        listed.add(&image, *line).map_err(problem)?;
    }
    if dataset.train.is_empty() && dataset.test.is_empty() {
        let reason = "it lists no image to learn from and none to test on: add rows whose split is \
                      train or test";
        return Err(Error::dataset(path, reason));
    }
    dataset.sort();
    Ok(dataset)
}

/// Adds a row's image, and gives its path.
fn add(dataset: &mut Dataset, row: &Row, root: &Path) -> Result<PathBuf, String> {
    let file = |path: &str| -> Result<PathBuf, String> {
        let found = root.join(path);
        match found.is_file() {
            true => Ok(found),
            false => Err(format!("there is no file {}", found.display())),
        }
    };
    let sample = Sample {
        image: file(row.path.trim())?,
        masks: (row.mask.paths().into_iter().map(file)).collect::<Result<_, _>>()?,
        label: match row.label.trim() {
            "" => return Err("the label is empty: write good, or the defect's name".to_owned()),
            "good" | "normal" => Label::Good,
            defect => Label::Defect(defect.to_owned()),
        },
    };
    let good = sample.label == Label::Good;
    let to = match row.split.trim() {
        "test" => &mut dataset.test,
        "train" | "validation" | "val" if !good => {
            return Err(format!(
                "an image of '{}' cannot be learned from: its split must be test",
                row.label
            ));
        }
        "train" => &mut dataset.train,
        "validation" | "val" => &mut dataset.held_out,
        other => {
            return Err(format!(
                "the split '{other}' is not known: write train, validation or test"
            ));
        }
    };
    let image = sample.image.clone();
    to.push(sample);
    Ok(image)
}

fn json_lines(path: &Path) -> Result<Vec<(u64, Row)>> {
    let problem =
        |line: u64, reason: String| Error::dataset(path, format!("line {line}: {reason}"));
    let bytes = read_file(path)?;
    let text = String::from_utf8(bytes).map_err(|_| problem(1, "it is not UTF-8 text".into()))?;
    (1..)
        .zip(text.lines())
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| {
            let row = serde_json::from_str(text);
            Ok((line, row.map_err(|error| problem(line, error.to_string()))?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(manifest: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.png", "c.png", "d.png", "m.png", "n.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let path = folder.path().join(manifest);
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn shown(samples: &[Sample]) -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let show = |sample: &Sample| {
            let masks: Vec<_> = sample.masks.iter().map(name).collect();
            format!(
                "{} {:?} {}",
                name(&sample.image),
                sample.label,
                masks.join("+")
            )
        };
        samples.iter().map(show).collect()
    }

    #[test]
    fn both_forms_list_the_same_samples() {
        let csv = "\u{feff}path,split,label,mask,note\n\
                   b.png,train,good,,x\na.png, train, normal,,\nd.png,val,good,,\n\
                   c.png,test,cut,m.png; n.png,\n";
        let jsonl = r#"
            {"path": "b.png", "split": "train", "label": "good"}
            {"path": "a.png", "split": "train", "label": "good", "mask": null}
            {"path": "d.png", "split": "validation", "label": "good", "mask": ""}
            {"path": "c.png", "split": "test", "label": "cut", "mask": ["m.png", "n.png"]}"#;
        for (name, text) in [("list.csv", csv), ("list.jsonl", jsonl)] {
            let (_folder, path) = folder(name, text);
            let dataset = Dataset::open(&path).unwrap();
            assert_eq!(dataset.layout, Layout::Manifest);
            assert_eq!(shown(&dataset.train), ["a.png Good ", "b.png Good "]);
            assert_eq!(shown(&dataset.held_out), ["d.png Good "]);
            assert_eq!(shown(&dataset.test), ["c.png Defect(\"cut\") m.png+n.png"]);
            let split = dataset.split(0).unwrap();
            assert_eq!((split.train.len(), split.held_out.len()), (2, 1));
        }
    }

    #[test]
    fn an_image_that_is_listed_twice_is_named_with_both_lines() {
        let rows = "path,split,label\na.png,train,good\nb.png,test,good\na.png,test,good\n";
        let (_folder, path) = folder("m.csv", rows);
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 4: ") && error.contains("a.png is listed on line 2"),
            "{error}"
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let head = "path,split,label,mask\n";
        for (name, text, said) in [
            (
                "m.csv",
                "path,label\na.png,good\n".to_owned(),
                "line 2: missing field `split`",
            ),
            (
                "m.csv",
                format!("{head}a.png,train,good\n"),
                "line 2: 3 values for 4 columns",
            ),
            (
                "m.csv",
                format!("{head}a.png,train,good,\nx.png,test,cut,\n"),
                "line 3: there is no file",
            ),
            (
                "m.csv",
                format!("{head}a.png,test,cut,x.png\n"),
                "line 2: there is no file",
            ),
            (
                "m.csv",
                format!("{head}a.png,exam,good,\n"),
                "line 2: the split 'exam'",
            ),
            (
                "m.csv",
                format!("{head}a.png,train,cut,\n"),
                "line 2: an image of 'cut' cannot",
            ),
            (
                "m.csv",
                format!("{head}a.png,test,,\n"),
                "line 2: the label is empty",
            ),
            ("m.csv", head.to_owned(), "it lists no image"),
            ("m.csv", String::new(), "it lists no image"),
            (
                "m.jsonl",
                "{\"path\": 1}".to_owned(),
                "line 1: invalid type",
            ),
            ("m.jsonl", "\n{".to_owned(), "line 2: EOF"),
        ] {
            let (_folder, path) = folder(name, &text);
            let error = Dataset::open(&path).unwrap_err().to_string();
            assert!(error.contains(said), "{said}: {error}");
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
        let (_folder, path) = folder("m.csv", "");
        fs::write(&path, b"path,split,label\n\xff.png,train,good\n").unwrap();
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(error.contains("line 2: it is not UTF-8"), "{error}");
    }
}
