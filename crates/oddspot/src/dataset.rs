//! Folder layouts to samples: which images are good, which are not, and where their masks lie.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use walkdir::{DirEntry, WalkDir};

use crate::error::{Error, Result};
use crate::image::{EXTENSIONS, has_image_extension};

mod check;

pub use check::Problem;

/// What an image is known to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Nothing odd.
    Good,
    /// A defect, by the name of its folder.
    Defect(String),
}

/// An image, what it shows, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The image file.
    pub image: PathBuf,
    /// The file that marks its anomalous pixels, if there is one.
    pub mask: Option<PathBuf>,
    /// What it shows.
    pub label: Label,
}

impl Sample {
    fn good(image: PathBuf) -> Self {
        Self {
            image,
            mask: None,
            label: Label::Good,
        }
    }
}

/// How a data set's folder is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Good images, at any depth.
    Folder,
    /// MVTec AD's: `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`.
    MvtecAd,
}

/// A data set on disk. Both lists are in the order of their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The folder that was opened.
    pub root: PathBuf,
    /// The layout that was recognised.
    pub layout: Layout,
    /// Good images to learn from; empty where there is only a `test` folder.
    pub train: Vec<Sample>,
    /// Labelled images to measure on; empty for a plain folder.
    pub test: Vec<Sample>,
}

impl Dataset {
    /// Lists a data set's files without opening them.
    ///
    /// A folder with a `train` or a `test` folder inside is read as MVTec AD's layout, any other
    /// as a folder of good images. The mask of `test/<defect>/<name>.png` is
    /// `ground_truth/<defect>/<name>_mask.png`, or the same without `_mask`, with any image
    /// extension. Hidden files are skipped, symbolic links followed.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        if !fs::metadata(root)
            .map_err(Error::io("open", root))?
            .is_dir()
        {
            return Err(Error::dataset(
                root,
                "it is a file: give the folder that holds the images",
            ));
        }
        let (has_train, has_test) = (root.join("train").is_dir(), root.join("test").is_dir());
        let (layout, train, test) = if has_train || has_test {
            let train = if has_train {
                train_images(root)?
            } else {
                Vec::new()
            };
            let test = if has_test {
                test_images(root)?
            } else {
                Vec::new()
            };
            if train.is_empty() && test.is_empty() {
                return Err(no_images(&root.join("test")));
            }
            (Layout::MvtecAd, train, test)
        } else {
            let images = images_under(root)?;
            if images.is_empty() {
                return Err(no_images(root));
            }
            let train = images.into_iter().map(Sample::good).collect();
            (Layout::Folder, train, Vec::new())
        };
        Ok(Self {
            root: root.to_owned(),
            layout,
            train,
            test,
        })
    }
}

/// The image files under a folder at any depth, in the order of their paths; a file's path gives
/// itself. Hidden files and folders are skipped; a symbolic link is followed, but never in a loop.
pub fn images_under(path: &Path) -> Result<Vec<PathBuf>> {
    if fs::metadata(path)
        .map_err(Error::io("open", path))?
        .is_file()
    {
        return Ok(vec![path.to_owned()]);
    }
    let mut images = Vec::new();
    let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry.path());
    for entry in WalkDir::new(path)
        .follow_links(true)
        .into_iter()
        .filter_entry(visible)
    {
        match entry {
            Ok(entry) if entry.file_type().is_file() && has_image_extension(entry.path()) => {
                images.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) if error.loop_ancestor().is_some() => {}
            // A link to nowhere is an image that cannot be read: whoever opens it says so.
            Err(error) if error.path().is_some_and(is_dangling_image) => {
                images.extend(error.path().map(Path::to_owned));
            }
            Err(error) => {
                let at = error.path().unwrap_or(path).to_owned();
                return Err(Error::io("read", at)(error.into()));
            }
        }
    }
    images.sort();
    Ok(images)
}

fn is_dangling_image(path: &Path) -> bool {
    has_image_extension(path) && path.is_symlink() && !path.exists()
}

/// The good images of `train/good`.
fn train_images(root: &Path) -> Result<Vec<Sample>> {
    let good = root.join("train").join("good");
    let images = if good.is_dir() {
        images_under(&good)?
    } else {
        Vec::new()
    };
    if images.is_empty() {
        return Err(Error::dataset(
            root,
            format!(
                "it has a train folder but no images ({}) in {}: put the good training images \
                 there, or give the folder that holds them",
                extensions(),
                good.display()
            ),
        ));
    }
    Ok(images.into_iter().map(Sample::good).collect())
}

/// The images of `test/good` and `test/<defect>`, each with its mask.
fn test_images(root: &Path) -> Result<Vec<Sample>> {
    let test = root.join("test");
    let mut samples = Vec::new();
    for entry in fs::read_dir(&test).map_err(Error::io("read", &test))? {
        let folder = entry.map_err(Error::io("read", &test))?.path();
        if is_hidden(&folder) {
            continue;
        }
        if !folder.is_dir() {
            if has_image_extension(&folder) {
                return Err(Error::dataset(
                    &folder,
                    "a test image must lie in test/good or in test/<defect>, which label it: \
                     move it there",
                ));
            }
            continue;
        }
        let name = folder.file_name().unwrap_or_default();
        let masks = masks_by_stem(&root.join("ground_truth").join(name))?;
        let label = match name.to_string_lossy().into_owned() {
            good if good == "good" => Label::Good,
            defect => Label::Defect(defect),
        };
        for image in images_under(&folder)? {
            let stem = image
                .strip_prefix(&folder)
                .unwrap_or(&image)
                .with_extension("");
            let mut marked = stem.clone().into_os_string();
            marked.push("_mask");
            let mask = masks.get(Path::new(&marked)).or_else(|| masks.get(&stem));
            samples.push(Sample {
                mask: mask.cloned(),
                label: label.clone(),
                image,
            });
        }
    }
    samples.sort_by(|a, b| a.image.cmp(&b.image));
    Ok(samples)
}

/// The mask files of one defect by their path within its folder, without extension; the first
/// in path order where two differ only in that.
fn masks_by_stem(folder: &Path) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let mut masks = BTreeMap::new();
    if folder.is_dir() {
        for mask in images_under(folder)? {
            let stem = mask
                .strip_prefix(folder)
                .unwrap_or(&mask)
                .with_extension("");
            masks.entry(stem).or_insert(mask);
        }
    }
    Ok(masks)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn no_images(folder: &Path) -> Error {
    Error::dataset(
        folder,
        format!(
            "no images ({}) are in it: put some there, or give another folder",
            extensions()
        ),
    )
}

fn extensions() -> String {
    EXTENSIONS
        .map(|extension| format!(".{extension}"))
        .join(", ")
}

/// Good samples, some of them kept out of training to set the threshold by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// To train on, in path order.
    pub train: Vec<Sample>,
    /// Never trained on, in path order.
    pub held_out: Vec<Sample>,
}

/// Splits off a tenth (rounded) of the samples: at least one, and at least ten where there are
/// 50 or more. Which ones depends only on the seed and on the samples in path order, on any
/// platform (ChaCha8). With fewer than two samples it is an error.
pub fn hold_out(mut samples: Vec<Sample>, seed: u64) -> Result<Split> {
    let count = samples.len();
    if count < 2 {
        let path = samples.first().map(|s| s.image.clone()).unwrap_or_default();
        return Err(Error::dataset(
            path,
            format!(
                "{count} good image(s) cannot be split: give at least two, one to train on and \
                 one to hold out"
            ),
        ));
    }
    let least = if count >= 50 { 10 } else { 1 };
    let held_out = ((count + 5) / 10).max(least);
    samples.sort_by(|a, b| a.image.cmp(&b.image));
    samples.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut train = samples.split_off(held_out);
    train.sort_by(|a, b| a.image.cmp(&b.image));
    samples.sort_by(|a, b| a.image.cmp(&b.image));
    Ok(Split {
        train,
        held_out: samples,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these (empty) files in it.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn names(root: &Path, samples: &[Sample]) -> Vec<String> {
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
    fn mvtec_masks_are_found_with_and_without_their_suffix() {
        let root = tree(&[
            "train/good/0.png",
            "test/good/0.png",
            "test/cut/a.png",
            "test/cut/b.jpg",
            "test/cut/deep/c.png",
            "test/cut/d.png",
            "ground_truth/cut/a_mask.png",
            "ground_truth/cut/a.png",
            "ground_truth/cut/b.BMP",
            "ground_truth/cut/deep/c_mask.tif",
            "readme.txt",
        ]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!(dataset.layout, Layout::MvtecAd);
        assert_eq!(names(root.path(), &dataset.train), ["train/good/0.png"]);
        let found: Vec<_> = dataset
            .test
            .iter()
            .map(|s| {
                let mask = s
                    .mask
                    .as_ref()
                    .map(|m| m.strip_prefix(root.path()).unwrap());
                (s.label.clone(), mask.map(|m| m.display().to_string()))
            })
            .collect();
        let cut = |mask: Option<&str>| {
            let mask = mask.map(|m| format!("ground_truth/cut/{m}"));
            (Label::Defect("cut".into()), mask)
        };
        assert_eq!(
            found,
            [
                cut(Some("a_mask.png")),
                cut(Some("b.BMP")),
                cut(None),
                cut(Some("deep/c_mask.tif")),
                (Label::Good, None),
            ]
        );
    }

    #[test]
    fn a_test_folder_alone_can_be_measured_on() {
        let root = tree(&["test/good/0.png"]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (0, 1));
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_out() {
        for (files, said) in [
            (&["train/bad/0.png"][..], "train/good: put"),
            (&["train/good/notes.txt"], ".webp"),
            (&["test/good/notes.txt"], "no images (.png, .jpg"),
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
        assert!(file.to_string().contains("it is a file"));
        let missing = Dataset::open(root.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("none"));
    }

    #[test]
    fn a_file_gives_itself_whatever_its_name() {
        let root = tree(&["odd.name"]);
        let file = root.path().join("odd.name");
        assert_eq!(images_under(&file).unwrap(), [file]);
        assert!(images_under(&root.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_its_own_parent_ends() {
        let root = tree(&["a/0.png"]);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
        assert_eq!(images_under(root.path()).unwrap().len(), 1);
    }

    fn numbered(count: usize) -> Vec<Sample> {
        let path = |i| PathBuf::from(format!("{i:03}.png"));
        (0..count).map(|i| Sample::good(path(i))).collect()
    }

    #[test]
    fn a_tenth_is_held_out_and_ten_of_fifty() {
        for (count, held_out) in [
            (2, 1),
            (14, 1),
            (15, 2),
            (49, 5),
            (50, 10),
            (104, 10),
            (105, 11),
        ] {
            let split = hold_out(numbered(count), 1).unwrap();
            assert_eq!(split.held_out.len(), held_out, "of {count}");
            assert!(split.train.is_sorted_by_key(|s| &s.image));
            assert!(split.held_out.is_sorted_by_key(|s| &s.image));
            let mut all = [split.train, split.held_out].concat();
            all.sort_by(|a, b| a.image.cmp(&b.image));
            assert_eq!(all, numbered(count));
        }
    }

    #[test]
    fn the_same_seed_holds_out_the_same_images_in_every_version() {
        let mut reversed = numbered(30);
        reversed.reverse();
        let split = hold_out(reversed, 7).unwrap();
        assert_eq!(split, hold_out(numbered(30), 7).unwrap());
        assert_ne!(split, hold_out(numbered(30), 8).unwrap());
        assert_eq!(names(Path::new(""), &split.held_out), GOLDEN);
    }

    /// Written down once: a change here changes which images every existing model trained on.
    const GOLDEN: [&str; 3] = ["018.png", "022.png", "027.png"];

    #[test]
    fn one_good_image_is_too_few() {
        let error = hold_out(numbered(1), 0).unwrap_err().to_string();
        assert!(
            error.contains("000.png") && error.contains("at least two"),
            "{error}"
        );
    }
}
