//! The data sets that lie in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::listing::Besides;
use super::{has_extension, manifest, mvtec, visa};
use crate::error::{Error, Result};

/// Folders deep that data sets are looked for.
const DEPTH: usize = 3;

/// A data set among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The name of its folder.
    pub name: String,
    /// What [`Dataset::open`](super::Dataset::open) takes.
    pub path: PathBuf,
}

/// The data sets under a folder (three folders deep), by name: folders with good images in
/// `train/good`, and VisA's categories. A data set itself, or a manifest, gives itself.
///
/// # Errors
/// A folder that cannot be read or has none; two of the same name.
pub fn categories(root: &Path) -> Result<Vec<Category>> {
    let is_file = fs::metadata(root)
        .map_err(Error::io("open", root))?
        .is_file();
    let itself = match is_file {
        true => has_extension(root, &manifest::EXTENSIONS),
        false => mvtec::is_one(root) || visa::category(root).is_some(),
    };
    if itself {
        let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let name = full.file_stem().unwrap_or(full.as_os_str());
        return Ok(vec![Category {
            name: name.to_string_lossy().into_owned(),
            path: root.to_owned(),
        }]);
    }
    let mut found = below(root, DEPTH)?;
    found.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    if found.is_empty() {
        return Err(Error::dataset(
            root,
            "no data set is in it: each needs a folder with its good images in train/good",
        ));
    }
    let mut by_name: BTreeMap<&str, &Path> = BTreeMap::new();
    for Category { name, path } in &found {
        if let Some(other) = by_name.insert(name, path) {
            return Err(Error::dataset(
                root,
                format!(
                    "two data sets in it are called {name}: {} and {}; rename one, or give the \
                     folder of one",
                    other.display(),
                    path.display()
                ),
            ));
        }
    }
    Ok(found)
}

/// The data sets at most so many folders below one that is none itself.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn below(root: &Path, depth: usize) -> Result<Vec<Category>> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    if let Some(file) = visa::split_file(root) {
        let category = |name: String| Category {
            path: root.join(&name),
            name,
        };
        return Ok(visa::categories(&file)?.into_iter().map(category).collect());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(Error::io("read", root))? {
        let entry = entry.map_err(Error::io("read", root))?;
        let path = entry.path();
        if !path.is_dir() || Besides::default().leaves_out(&path) {
            continue;
        }
        if mvtec::has_good_training_images(&path) {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(Category { name, path });
        } else if depth > 1 && fs::read_dir(&path).is_ok() {
            found.extend(below(&path, depth - 1)?);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn data_sets_are_found_by_their_good_images() {
        let root = tree(&[
            "mvtec/cable/train/good/0.png",
            "mvtec/cable/test/good/0.png",
            "tiles/train/good/0.png",
            "visa/split_csv/1cls.csv",
            "other/test/good/0.png",
            ".hidden/x/train/good/0.png",
            "notes.txt",
        ]);
        let split = "object,split,label,image,mask\ncandle,train,normal,candle/0.JPG,\n";
        fs::write(root.path().join("visa/split_csv/1cls.csv"), split).unwrap();
        let found = categories(root.path()).unwrap();
        let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["cable", "candle", "tiles"]);
        assert_eq!(found[1].path, root.path().join("visa/candle"));
        let one = categories(&root.path().join("tiles")).unwrap();
        assert_eq!((one.len(), one[0].name.as_str()), (1, "tiles"));
    }

    #[test]
    fn an_empty_folder_and_equal_names_are_errors() {
        let root = tree(&[
            "a/part/train/good/0.png",
            "b/part/train/good/0.png",
            "c/0.png",
        ]);
        let error = categories(root.path()).unwrap_err().to_string();
        assert!(
            error.contains("two data sets") && error.contains("a/part"),
            "{error}"
        );
        assert!(error.contains("b/part"), "{error}");
        let error = categories(&root.path().join("c")).unwrap_err().to_string();
        assert!(
            error.contains("no data set") && error.contains("train/good"),
            "{error}"
        );
    }
}
