//! MVTec AD's layout, and MVTec LOCO's, which is the same with a folder of masks for each image
//! and good images in `validation/good`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::listing::Besides;
use super::walk::is_hidden;
use super::{Dataset, Label, Layout, Sample, extensions, names, no_images};
use crate::error::{Error, Result};
use crate::images::has_image_extension;

/// Whether a folder has this layout.
pub(super) fn is_one(root: &Path) -> bool {
    below(root, "train").is_some() || below(root, "test").is_some()
}

/// Whether a folder has good images to learn from.
pub(super) fn has_good_training_images(root: &Path) -> bool {
    good_of(root, "train").is_ok_and(|folders| !folders.is_empty())
}

/// Lists a data set of this layout.
///
/// # Errors
/// A folder that cannot be read, or without images.
pub(super) fn open(root: &Path) -> Result<Dataset> {
    let mut besides = Besides::default();
    let train = match below(root, "train") {
        Some(train) => train_images(root, &train, &mut besides)?,
        None => Vec::new(),
    };
    let held_out = good_images(&good_of(root, "validation")?, &mut besides)?;
    let test = match below(root, "test") {
        Some(test) => test_images(root, &test, &mut besides)?,
        None => Vec::new(),
    };
    if train.is_empty() && test.is_empty() {
        return Err(no_images(&root.join("test"), &besides));
    }
    Ok(Dataset {
        root: root.to_owned(),
        layout: Layout::MvtecAd,
        train,
        held_out,
        test,
        besides,
    })
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
    let is_good = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default();
        names::is_good(&name.to_string_lossy())
    };
    Ok(folders(&part)?.into_iter().filter(is_good).collect())
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
                "it has a train folder but no images ({}) in {}: put the good training images \
                 there, or give the folder that holds them",
                extensions(),
                train.join("good").display()
            ),
        ));
    }
    Ok(images)
}

/// The images of `test/good` and `test/<defect>`, each with its masks.
fn test_images(root: &Path, test: &Path, besides: &mut Besides) -> Result<Vec<Sample>> {
    let truth = below(root, "ground_truth");
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
            Some(masks) => masks_by_stem(&masks, besides)?,
            None => BTreeMap::new(),
        };
        let label = Label::named(&name);
        for image in besides.list(&folder)? {
            let stem = image
                .strip_prefix(&folder)
                .unwrap_or(&image)
                .with_extension("");
            samples.push(Sample {
                masks: masks_of(&stem, &masks),
                label: label.clone(),
                image,
            });
        }
    }
    samples.sort_by(|a, b| a.image.cmp(&b.image));
    Ok(samples)
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
mod tests {
    use super::super::tests::{names, tree};
    use super::*;

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
                let mut masks = s.masks.iter().map(|m| m.strip_prefix(root.path()).unwrap());
                let mask = masks.next().map(|m| m.display().to_string());
                assert_eq!(masks.next(), None);
                (s.label.clone(), mask)
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
    fn good_images_may_be_called_ok_and_capital_letters_make_no_difference() {
        let root = tree(&[
            "Train/OK/0.png",
            "Train/nok/9.png",
            "Test/Good/0.png",
            "Test/0/1.png",
            "Test/@eaDir/0.png",
            "Test/KO/2.png",
            "ground_truth/ko/2.bmp",
        ]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!(names(root.path(), &dataset.train), ["Train/OK/0.png"]);
        let test: Vec<_> = (dataset.test.iter())
            .map(|sample| (sample.label.clone(), sample.masks.len()))
            .collect();
        let ko = Label::Defect("KO".to_owned());
        assert_eq!(test, [(Label::Good, 0), (Label::Good, 0), (ko, 1)]);
        assert_eq!(dataset.besides.folders.len(), 1);
    }

    #[test]
    fn a_test_folder_alone_can_be_measured_on() {
        let root = tree(&["test/good/0.png"]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (0, 1));
    }

    #[test]
    fn loco_has_several_masks_an_image_and_its_own_held_out_images() {
        let root = tree(&[
            "train/good/000.png",
            "validation/good/000.png",
            "validation/good/001.png",
            "test/good/000.png",
            "test/logical_anomalies/000.png",
            "test/logical_anomalies/001.png",
            "test/structural_anomalies/000.png",
            "ground_truth/logical_anomalies/000/000.png",
            "ground_truth/logical_anomalies/000/001.png",
            "ground_truth/logical_anomalies/001/000.png",
            "ground_truth/structural_anomalies/000/000.png",
            "defects_config.json",
        ]);
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!(
            names(root.path(), &dataset.held_out),
            ["validation/good/000.png", "validation/good/001.png"]
        );
        let masks: Vec<_> = dataset.test.iter().map(|s| s.masks.len()).collect();
        assert_eq!(masks, [0, 2, 1, 1]);
        let split = dataset.split(0).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (1, 2));
    }
}
