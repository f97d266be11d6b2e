//! VisA's layout (Zou et al., 2022): folders of categories beside `split_csv`, which tells what
//! is to be learned from and what to be tested on.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::listing::Besides;
use super::table::{self, Listed, Problems};
use super::{Dataset, Label, Layout, Sample, names};
use crate::error::{Error, Result};

/// The one-class split: good images to learn from, good and anomalous ones to test on.
const SPLIT: &str = "split_csv/1cls.csv";

#[derive(Deserialize)]
struct Row {
    object: String,
    split: String,
    label: String,
    image: String,
    mask: Option<String>,
}

/// The split file of a folder that holds VisA's categories.
pub(super) fn split_file(root: &Path) -> Option<PathBuf> {
    let file = root.join(SPLIT);
    file.is_file().then_some(file)
}

/// The split file of a folder that is one of VisA's categories, and that folder's full path.
pub(super) fn category(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    // A link lies beside the split file where what it leads to may not; "." has no parent by name.
    let beside = |folder: PathBuf| Some((split_file(folder.parent()?)?, folder));
    let named = folder
        .file_name()
        .and_then(|_| std::path::absolute(folder).ok());
    named
        .and_then(beside)
        .or_else(|| beside(folder.canonicalize().ok()?))
}

/// The names of a split file's categories, in order.
///
/// # Errors
/// A file that cannot be read, and the first line that is no row of it.
pub(super) fn categories(file: &Path) -> Result<Vec<String>> {
    let rows = table::rows::<Row>(file)?;
    let mut names: Vec<String> = rows.into_iter().map(|(_, row)| row.object).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The images of the category of a full path.
///
/// # Errors
/// The first line that cannot be read; all that name a file that is not there; a category that the file does not
/// have.
pub(super) fn open(folder: &Path, file: &Path) -> Result<Dataset> {
    let beside = folder.parent().unwrap_or(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut dataset = Dataset {
        root: folder.to_owned(),
        layout: Layout::Visa,
        train: Vec::new(),
        held_out: Vec::new(),
        test: Vec::new(),
        besides: Besides::default(),
    };
    let mut listed = Listed::default();
    let mut problems = Problems::default();
    for (line, row) in table::rows::<Row>(file)? {
        if row.object == name {
            let added = add(&mut dataset, &row, beside);
            let added = added.and_then(|()| listed.add(&beside.join(&row.image), line));
            problems.add(line, added.err());
        }
    }
    problems.check(file)?;
    if dataset.train.is_empty() {
        let reason = format!("it has no image of {name} to learn from");
        return Err(Error::dataset(file, reason));
    }
    dataset.sort();
    Ok(dataset)
}

fn add(dataset: &mut Dataset, row: &Row, root: &Path) -> Result<(), String> {
    let found = |path: &str| table::file_at(root, path);
    let label = match row.label.to_lowercase().as_str() {
        good if names::is_good(good) => Label::Good,
        "anomaly" => Label::Defect("anomaly".to_owned()),
        _ => {
            return Err(format!(
                "the label '{}' is neither normal nor anomaly",
                row.label
            ));
        }
    };
    let to = match row.split.to_lowercase().as_str() {
        "train" if label == Label::Good => &mut dataset.train,
        "test" => &mut dataset.test,
        other => {
            return Err(format!(
                "the split '{other}' of a label '{}' is not known",
                row.label
            ));
        }
    };
    to.push(Sample {
        image: found(&row.image)?,
        masks: (row.mask.iter().map(|mask| found(mask))).collect::<Result<_, _>>()?,
        label,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEAD: &str = "object,split,label,image,mask\n";

    fn tree(csv: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "split_csv/1cls.csv",
            "candle/Data/Images/Normal/0.JPG",
            "candle/Data/Images/Normal/1.JPG",
            "candle/Data/Images/Anomaly/0.JPG",
            "candle/Data/Masks/Anomaly/0.png",
            "pcb/Data/Images/Normal/0.JPG",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, csv).unwrap();
        }
        root
    }

    #[test]
    fn a_category_is_what_the_split_file_says() {
        let root = tree(&format!(
            "{HEAD}candle,train,normal,candle/Data/Images/Normal/1.JPG,\n\
             pcb,train,normal,pcb/Data/Images/Normal/0.JPG,\n\
             candle,test,normal,candle/Data/Images/Normal/0.JPG,\n\
             candle,test,anomaly,candle/Data/Images/Anomaly/0.JPG,candle/Data/Masks/Anomaly/0.png\n"
        ));
        let folder = root.path().join("candle");
        let dataset = Dataset::open(&folder).unwrap();
        assert_eq!(dataset.layout, Layout::Visa);
        let names = |samples: &[Sample]| -> Vec<_> {
            let name = |s: &Sample| s.image.strip_prefix(&folder).unwrap().display().to_string();
            samples.iter().map(name).collect()
        };
        assert_eq!(names(&dataset.train), ["Data/Images/Normal/1.JPG"]);
        assert_eq!(
            names(&dataset.test),
            ["Data/Images/Anomaly/0.JPG", "Data/Images/Normal/0.JPG"]
        );
        assert_eq!(dataset.test[0].masks.len(), 1);
        assert_eq!(dataset.test[1].masks.len(), 0);
        let error = Dataset::open(root.path()).unwrap_err().to_string();
        assert!(error.contains("candle, pcb"), "{error}");
    }

    #[test]
    fn a_bad_line_is_named() {
        for (row, said) in [
            (
                "candle,train,normal,candle/9.JPG,",
                "line 2: there is no file",
            ),
            (
                "candle,train,anomaly,candle/Data/Images/Anomaly/0.JPG,",
                "line 2: the split 'train'",
            ),
            (
                "candle,test,odd,candle/Data/Images/Normal/0.JPG,",
                "line 2: the label 'odd'",
            ),
            ("candle,test", "line 2: 2 values for 5 columns"),
            (
                "pcb,train,normal,pcb/Data/Images/Normal/0.JPG,",
                "no image of candle",
            ),
        ] {
            let root = tree(&format!("{HEAD}{row}\n"));
            let error = Dataset::open(root.path().join("candle"))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(said) && error.contains("1cls.csv"),
                "{said}: {error}"
            );
        }
    }
}
