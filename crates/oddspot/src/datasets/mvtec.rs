//! MVTec AD's layout, and MVTec LOCO's, which is the same with a folder of masks for each image
//! and good images in `validation/good`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::listing::Besides;
use super::walk::{has_images, is_hidden, whose};
use super::{Dataset, Label, Layout, Sample, extensions, names, no_images};
use crate::error::{Error, Result};
use crate::images::has_image_extension;

/// The folders that a data set of this layout has.
const PARTS: [&str; 4] = ["train", "validation", "test", "ground_truth"];

/// Whether a folder has this layout: empty folders called so make none.
pub(super) fn is_one(root: &Path) -> bool {
    let parts = ["train", "test"].into_iter();
    parts
        .filter_map(|part| below(root, part))
        .any(|part| has_images(&part))
}

/// Whether a folder has good images to learn from.
pub(super) fn has_good_training_images(root: &Path) -> bool {
    good_of(root, "train").is_ok_and(|folders| folders.iter().any(|folder| has_images(folder)))
}

/// Lists a data set of this layout.
///
/// # Errors
/// A folder that cannot be read, or without images.
pub(super) fn open(root: &Path) -> Result<Dataset> {
    let mut besides = Besides::default();
    let train = match below(root, "train").filter(|train| has_images(train)) {
        Some(train) => train_images(root, &train, &mut besides)?,
        None => Vec::new(),
    };
    let held_out = good_images(&good_of(root, "validation")?, &mut besides)?;
    let test = match below(root, "test") {
        Some(test) => test_images(root, &test, &mut besides)?,
        None => Vec::new(),
    };
    if train.is_empty() && test.is_empty() {
        return Err(no_images(root, &besides));
    }
    pass_over(root, &mut besides)?;
    Ok(Dataset {
        root: root.to_owned(),
        layout: Layout::MvtecAd,
        train,
        held_out,
        test,
        besides,
    })
}

/// Notes the images that belong to no part: beside the parts, and in the parts for good images beside these.
fn pass_over(root: &Path, besides: &mut Besides) -> Result<()> {
    besides.pass_over_loose(root)?;
    for folder in folders(root)? {
        let is_called = |part: &str| {
            let name = folder.file_name().unwrap_or_default();
            name.eq_ignore_ascii_case(part)
        };
        match PARTS.into_iter().find(|part| is_called(part)) {
            None if whose(&folder).is_none() && !is_for_tests(&folder) => {
                besides.pass_over(&folder)?;
            }
            Some("train" | "validation") => {
                besides.pass_over_loose(&folder)?;
                for other in folders(&folder)? {
                    if !is_good(&other) && whose(&other).is_none() {
                        besides.pass_over(&other)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a folder is called as one of further images to measure with: `test_public`, `validation_2`.
fn is_for_tests(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    ["test", "val", "ground_truth", "mask"]
        .iter()
        .any(|part| name.starts_with(part))
}

fn is_good(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    names::is_good(&name.to_string_lossy())
}

/// The folder of a name, or of the same in other letters, small or capital.
fn below(root: &Path, name: &str) -> Option<PathBuf> {
    let exact = root.join(name);
    if exact.is_dir() {
        return Some(exact);
    }
    let called = |folder: &PathBuf| {
        let found = folder.file_name().unwrap_or_default();
        found.eq_ignore_ascii_case(name)
    };
    folders(root).ok()?.into_iter().find(called)
}

/// The folders of good images of one part of a data set: none where there is no such part.
fn good_of(root: &Path, part: &str) -> Result<Vec<PathBuf>> {
    let Some(part) = below(root, part) else {
        return Ok(Vec::new());
    };
    let good = folders(&part)?.into_iter();
    Ok(good.filter(|folder| is_good(folder)).collect())
}

/// The folders in a folder, by their names.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn good_images(folders: &[PathBuf], besides: &mut Besides) -> Result<Vec<Sample>> {
    let mut images = Vec::new();
    for folder in folders {
        images.extend(besides.list(folder)?);
    }
    images.sort();
    Ok(images.into_iter().map(Sample::good).collect())
}

/// The good images of `train/good`.
fn train_images(root: &Path, train: &Path, besides: &mut Besides) -> Result<Vec<Sample>> {
    let images = good_images(&good_of(root, "train")?, besides)?;
    if images.is_empty() {
        return Err(Error::dataset(
            root,
            format!(
                "{} has no images ({}) in a folder called good, ok, normal or 0: put the good training images \
                 there, or give the folder that holds them",
                train.display(),
                extensions(),
            ),
        ));
    }
    Ok(images)
}

/// The images of `test/good` and `test/<defect>`, each with its masks.
fn test_images(root: &Path, test: &Path, besides: &mut Besides) -> Result<Vec<Sample>> {
    let truth = below(root, "ground_truth");
    let mut spare = Spare::of(truth.as_deref())?;
    let mut samples = Vec::new();
    for entry in fs::read_dir(test).map_err(Error::io("read", test))? {
        let folder = entry.map_err(Error::io("read", test))?.path();
        if !folder.is_dir() {
            if has_image_extension(&folder) && !is_hidden(&folder) {
                return Err(Error::dataset(
                    &folder,
                    "a test image must lie in test/good or in test/<defect>, which label it: \
                     move it there",
                ));
            }
            continue;
        }
        if besides.leaves_out(&folder) {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let masks = match truth.as_ref().and_then(|truth| below(truth, &name)) {
            Some(masks) => {
                spare.folders.retain(|folder| *folder != masks);
                masks_by_stem(&masks, besides)?
            }
            None => BTreeMap::new(),
        };
        let label = Label::named(&name);
        let mut used = BTreeSet::new();
        for image in besides.list(&folder)? {
            let stem = image
                .strip_prefix(&folder)
                .unwrap_or(&image)
                .with_extension("");
            let masks = masks_of(&stem, &masks);
            used.extend(masks.iter().cloned());
            samples.push(Sample {
                masks,
                label: label.clone(),
                image,
            });
        }
        spare
            .files
            .extend(masks.into_values().filter(|mask| !used.contains(mask)));
    }
    besides.spare_masks.extend(spare.all());
    samples.sort_by(|a, b| a.image.cmp(&b.image));
    Ok(samples)
}

/// Masks that no image was found for yet.
struct Spare {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Spare {
    /// All folders of masks.
    fn of(truth: Option<&Path>) -> Result<Self> {
        let mut of_defects = truth.map(folders).transpose()?.unwrap_or_default();
        of_defects.retain(|folder| whose(folder).is_none() && has_images(folder));
        Ok(Self {
            folders: of_defects,
            files: Vec::new(),
        })
    }

    /// Folders and files, in the order of their paths.
    fn all(self) -> Vec<PathBuf> {
        let mut all = [self.folders, self.files].concat();
        all.sort();
        all
    }
}

/// The masks of an image of this stem: the file of its name and `_mask`, the file of its name, or
/// all files in the folder of its name.
fn masks_of(stem: &Path, masks: &BTreeMap<PathBuf, PathBuf>) -> Vec<PathBuf> {
    let mut marked = stem.to_owned().into_os_string();
    marked.push("_mask");
    if let Some(mask) = masks.get(Path::new(&marked)).or_else(|| masks.get(stem)) {
        return vec![mask.clone()];
    }
    let inside = masks.iter().filter(|(name, _)| name.parent() == Some(stem));
    inside.map(|(_, mask)| mask.clone()).collect()
}

/// The mask files of one defect by their path within its folder, without extension; the first
/// in path order where two differ only in that.
fn masks_by_stem(folder: &Path, besides: &mut Besides) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let mut masks = BTreeMap::new();
    for mask in besides.list(folder)? {
        let stem = mask
            .strip_prefix(folder)
            .unwrap_or(&mask)
            .with_extension("");
        masks.entry(stem).or_insert(mask);
    }
    Ok(masks)
}

#[cfg(test)]
mod tests;
