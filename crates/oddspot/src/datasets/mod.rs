//! Folder layouts to samples: which images are good, which are not, and where their masks lie.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::images::EXTENSIONS;

mod categories;
mod check;
mod contents;
mod exclude;
mod listing;
mod manifest;
mod mvtec;
mod names;
mod sheet;
mod split;
mod table;
mod text;
mod visa;
mod walk;

pub use categories::{Category, categories};
pub use check::{Problem, TestLook};
pub use exclude::exclude;
pub use listing::{Besides, LeftOutFolder, Listing, Unreadable, list};
pub use names::{may_be_good, sounds_bad, sounds_good};
pub use sheet::{Sheet, SheetRow};
pub use split::{Split, split_of};
pub use table::{Problems, file_at};
pub use text::text_of;
pub use walk::{
    PICTURES, Walked, Whose, has_images, is_left_out, is_left_over, lies_among_findings, walk,
    walk_without_links,
};

/// What an image is known to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Nothing odd.
    Good,
    /// A defect, by the name of its folder.
    Defect(String),
}

impl Label {
    /// What a folder or a label of this name is of: `good`, `OK`, `normal` and the like are good.
    pub fn named(name: &str) -> Self {
        match names::is_good(name) {
            true => Self::Good,
            false => Self::Defect(name.trim().to_owned()),
        }
    }
}

/// An image, what it shows, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The image file.
    pub image: PathBuf,
    /// The files that mark its anomalous pixels: none, one, or several that belong together.
    pub masks: Vec<PathBuf>,
    /// What it shows.
    pub label: Label,
}

impl Sample {
    fn good(image: PathBuf) -> Self {
        Self {
            image,
            masks: Vec::new(),
            label: Label::Good,
        }
    }
}

/// How a data set's folder is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Good images, at any depth.
    Folder,
    /// MVTec AD's: `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`; MVTec
    /// LOCO's too, with `validation/good` and a folder of masks for each image.
    MvtecAd,
    /// VisA's: a folder beside `split_csv`.
    Visa,
    /// A CSV or JSON Lines file that lists the images.
    Manifest,
}

/// A data set on disk. The lists are in the order of their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The folder that was opened, or that holds the manifest.
    pub root: PathBuf,
    /// The layout that was recognised.
    pub layout: Layout,
    /// Good images to learn from; empty where there is only a `test` folder.
    pub train: Vec<Sample>,
    /// Good images that the data set keeps apart to set the threshold by; mostly none.
    pub held_out: Vec<Sample>,
    /// Labelled images to measure on; empty for a plain folder.
    pub test: Vec<Sample>,
    /// What lies beside the images in its folders.
    pub besides: Besides,
}

impl Dataset {
    /// Lists a data set's files without opening them.
    ///
    /// - A `.csv` or `.jsonl` file is a manifest: a row for each image with its `path`, its
    ///   `split` (`train`, `validation`, `test`), its `label` (`good`, or the defect's name) and
    ///   its `mask` (several in a list, in CSV parted by `;`), all paths from the file's folder.
    /// - A folder with a `train` or a `test` folder of images inside is read as MVTec AD's layout. Good images lie in
    ///   `good`, or in `ok`, `normal` or `0`; capital letters make no difference. The mask
    ///   of `test/<defect>/<name>.png` is `ground_truth/<defect>/<name>_mask.png`, or the same
    ///   without `_mask`, with any image extension, or all of `ground_truth/<defect>/<name>/`.
    /// - A folder beside `split_csv/1cls.csv` is one of VisA's categories.
    /// - Any other folder holds good images, as [`list`] finds them.
    ///
    /// # Errors
    /// A file or folder that cannot be read, one without images, one that holds several data
    /// sets; a manifest's line that is wrong.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        if !fs::metadata(root)
            .map_err(Error::io("open", root))?
            .is_dir()
        {
            return match has_extension(root, &manifest::EXTENSIONS) {
                true => manifest::open(root),
                false if has_extension(root, &["xls", "xlsx", "ods"]) => Err(Error::dataset(
                    root,
                    "a manifest is a text: save the table as CSV (\"CSV UTF-8\") and give that file",
                )),
                false => Err(Error::dataset(
                    root,
                    "it is neither a folder nor a manifest: give the folder that holds the \
                     images, or a .csv or .jsonl file that lists them",
                )),
            };
        }
        if mvtec::is_one(root) {
            return mvtec::open(root);
        }
        if let Some((file, folder)) = visa::category(root) {
            return visa::open(&folder, &file);
        }
        let several = categories::below(root, 1)?;
        if !several.is_empty() {
            let names: Vec<_> = several.iter().map(|one| one.name.as_str()).collect();
            return Err(Error::dataset(
                root,
                format!(
                    "it holds several data sets ({}): give one of their folders",
                    names.join(", ")
                ),
            ));
        }
        let Listing { images, besides } = list(root)?;
        if images.is_empty() {
            return Err(no_images(root, &besides));
        }
        Ok(Self {
            root: root.to_owned(),
            layout: Layout::Folder,
            train: images.into_iter().map(Sample::good).collect(),
            held_out: Vec::new(),
            test: Vec::new(),
            besides,
        })
    }

    /// An image's path below the data set's folder, with `/`.
    pub fn name_of(&self, sample: &Sample) -> String {
        self.name_below(&sample.image)
    }

    fn name_below(&self, image: &Path) -> String {
        let below = image.strip_prefix(&self.root);
        let name = below.unwrap_or(image).to_string_lossy();
        name.replace('\\', "/")
    }

    fn sort(&mut self) {
        for samples in [&mut self.train, &mut self.held_out, &mut self.test] {
            samples.sort_by(|a, b| a.image.cmp(&b.image));
        }
    }
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// How many folders and links an error names.
const SHOWN: usize = 10;

fn no_images(folder: &Path, besides: &Besides) -> Error {
    let unreadable = &besides.unreadable;
    if !unreadable.is_empty() {
        let shown = unreadable.iter().take(SHOWN).map(|one| one.reason.as_str());
        let mut reasons = shown.collect::<Vec<_>>().join("; ");
        if unreadable.len() > SHOWN {
            reasons += &format!("; and {} more", unreadable.len() - SHOWN);
        }
        return Error::dataset(folder, format!("no images are in it: {reasons}"));
    }
    let mut others: Vec<String> = (besides.others.iter())
        .map(|(extension, count)| match extension.is_empty() {
            true => format!("{count} without an extension"),
            false => format!("{count} {extension}"),
        })
        .collect();
    others.extend(
        besides
            .unread
            .iter()
            .map(|file| format!("{}, which cannot be read", file.display())),
    );
    others.extend(
        besides
            .folders
            .iter()
            .map(|folder| format!("{}, which is left out", folder.path.display())),
    );
    let there = match others.is_empty() {
        true => String::new(),
        false => format!("; there are {}", others.join(", ")),
    };
    Error::dataset(
        folder,
        format!(
            "no images ({}) are in it: put some there, or give another folder{there}",
            extensions()
        ),
    )
}

fn extensions() -> String {
    EXTENSIONS
        .map(|extension| format!(".{extension}"))
        .join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder with these (empty) files in it.
    pub(super) fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    pub(super) fn names(root: &Path, samples: &[Sample]) -> Vec<String> {
        let name = |s: &Sample| s.image.strip_prefix(root).unwrap().display().to_string();
        samples.iter().map(name).collect()
    }

    #[test]
    fn a_plain_folder_is_good_images_in_path_order() {
        let root = tree(&[
            "b.PNG",
            "a/2.jpg",
            "a/10.jpg",
            ".hidden.png",
            ".git/x.png",
            "notes.txt",
        ]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!(dataset.layout, Layout::Folder);
        assert_eq!(
            names(root.path(), &dataset.train),
            ["a/10.jpg", "a/2.jpg", "b.PNG"]
        );
        assert!(dataset.test.is_empty());
        assert!(dataset.train.iter().all(|s| s.label == Label::Good));
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_out() {
        for (files, said) in [
            (
                &["train/bad/0.png"][..],
                "called good, ok, normal or 0: put",
            ),
            (&["train/good/notes.txt"], ".webp"),
            (&["test/good/notes.txt"], "no images (.png, .jpg"),
            (
                &["test/good/notes.txt", "train/x.txt"],
                "no images (.png, .jpg",
            ),
            (&["train/good/0.png", "test/0.png"], "test/<defect>"),
            (&["notes.txt"], "no images (.png, .jpg"),
        ] {
            let root = tree(files);
            let error = Dataset::open(root.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(
                error.contains(&root.path().display().to_string()),
                "{error}"
            );
        }
        let root = tree(&["a.png"]);
        let file = Dataset::open(root.path().join("a.png")).unwrap_err();
        assert!(file.to_string().contains("it is neither"));
        fs::write(root.path().join("list.xlsx"), "PK").unwrap();
        let table = Dataset::open(root.path().join("list.xlsx")).unwrap_err();
        assert!(table.to_string().contains("save the table as CSV"));
        let missing = Dataset::open(root.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("none"));
    }
}
