//! A manifest: a CSV or JSON Lines file with a row per image, `path,split,label,mask`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::listing::Besides;
use super::table::{self, Listed, file_at};
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
/// The first line that cannot be read or names a file that is not there.
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
    let file = |path: &str| file_at(root, path);
    let sample = Sample {
        image: file(row.path.trim())?,
        masks: (row.mask.paths().into_iter().map(file)).collect::<Result<_, _>>()?,
        label: match row.label.trim() {
            "" => return Err("the label is empty: write good, or the defect's name".to_owned()),
            label => Label::named(label),
        },
    };
    let good = sample.label == Label::Good;
    let to = match row.split.trim().to_lowercase().as_str() {
        "test" => &mut dataset.test,
        "train" | "validation" | "val" if !good => {
            return Err(format!(
                "an image of '{}' cannot be learned from: its split must be test",
                row.label
            ));
        }
        "train" => &mut dataset.train,
        "validation" | "val" => &mut dataset.held_out,
        _ => {
            return Err(format!(
                "the split '{}' is not known: write train, validation or test",
                row.split.trim()
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
    let text = text_of(&bytes, path)?;
    (1..)
        .zip(text.lines())
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| {
            let row = json_row(text);
            Ok((line, row.map_err(|error| problem(line, error.to_string()))?))
        })
        .collect()
}

/// An object whose names may be in capitals.
fn json_row(text: &str) -> serde_json::Result<Row> {
    let row: Map<String, Value> = serde_json::from_str(text)?;
    let small = row
        .into_iter()
        .map(|(name, value)| (name.trim().to_lowercase(), value));
    serde_json::from_value(Value::Object(small.collect()))
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
    fn a_manifest_is_read_as_spreadsheets_save_it() {
        let plain =
            "path,split,label,mask\nb.png,train,good,\na.png,test,good,\nc.png,test,cut,m.png\n";
        let wide = |text: &str| -> Vec<u8> {
            let marked = "\u{feff}".to_owned() + text;
            marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        let (_folder, path) = folder("m.csv", plain);
        let expected = Dataset::open(&path).unwrap();
        assert_eq!(expected.test.len(), 2);
        for (how, bytes) in [
            ("semicolons", plain.replace(',', ";").into_bytes()),
            ("tabs", plain.replace(',', "\t").into_bytes()),
            ("bars", plain.replace(',', "|").into_bytes()),
            ("UTF-16", wide(plain)),
            ("UTF-16 with tabs", wide(&plain.replace(',', "\t"))),
            (
                "sep",
                format!("sep=,\r\n{}", plain.replace('\n', "\r\n")).into_bytes(),
            ),
            (
                "sep of semicolons",
                format!("sep=;\n{}", plain.replace(',', ";")).into_bytes(),
            ),
            (
                "capital columns",
                plain
                    .replace("path,split,label,mask", "Path, SPLIT,Label,Mask")
                    .into_bytes(),
            ),
            (
                "capital splits",
                plain
                    .replace(",test,", ",Test,")
                    .replace("train", "TRAIN")
                    .into_bytes(),
            ),
            ("another good", plain.replace(",good,", ",OK,").into_bytes()),
            ("numbers", plain.replace(",good,", ",0,").into_bytes()),
            ("a comma too many", plain.replace('\n', ",\n").into_bytes()),
            ("empty rows", format!("{plain},,,\n\n,,,\n").into_bytes()),
            (
                "quotes",
                format!(
                    "\"path\";\"split\";\"label\";\"mask\"\n{}",
                    plain.replace(',', ";").split_once('\n').unwrap().1
                )
                .into_bytes(),
            ),
        ] {
            fs::write(&path, bytes).unwrap();
            let found = Dataset::open(&path).unwrap_or_else(|error| panic!("{how}: {error}"));
            assert_eq!(found, expected, "{how}");
        }
        let jsonl = "{\"Path\": \"b.png\", \"SPLIT\": \"Train\", \"label\": 0}\n\
                     {\"path\": \"c.png\", \"split\": \"test\", \"label\": 1}\n";
        let (_folder, path) = folder("m.jsonl", "");
        fs::write(&path, wide(jsonl)).unwrap();
        let found = Dataset::open(&path).unwrap();
        assert_eq!(shown(&found.train), ["b.png Good "]);
        assert_eq!(shown(&found.test), ["c.png Defect(\"1\") "]);
        // Lines are counted with the one that names the separator.
        let (_folder, path) = folder("m.csv", "sep=;\npath;split;label\nx.png;test;good\n");
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(error.contains("line 3: there is no file"), "{error}");
        let (_folder, path) = folder("m.csv", "file;split;label\na.png;test;good\n");
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("missing field `path`; the columns are file, split, label"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn paths_of_windows_are_read_where_no_such_file_is() {
        let (root, path) = folder(
            "m.csv",
            "path,split,label,mask\nsub\\e.png,test,cut,.\\m.png\n",
        );
        fs::create_dir(root.path().join("sub")).unwrap();
        fs::write(root.path().join("sub/e.png"), "").unwrap();
        let found = Dataset::open(&path).unwrap();
        assert_eq!(shown(&found.test), ["e.png Defect(\"cut\") m.png"]);
        // A file of that very name comes first.
        fs::write(root.path().join("sub\\e.png"), "").unwrap();
        let found = Dataset::open(&path).unwrap();
        assert!(found.test[0].image.ends_with("sub\\e.png"));
        fs::write(&path, "path,split,label\nno\\f.png,test,cut\n").unwrap();
        let error = Dataset::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("no\\f.png, nor") && error.contains("no/f.png"),
            "{error}"
        );
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
