//! Good images, and bad ones, by the paths that a command is given.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use oddspot::datasets::{Dataset, Label, Layout, Sample};
use oddspot::images::{Source, has_image_extension};
use oddspot::train::GoodImages;

/// A data set to learn from.
///
/// # Errors
/// A path that is none, or has no good images to learn from.
pub fn data_set(path: &Path) -> Result<Dataset> {
    let dataset = Dataset::open(path)?;
    ensure!(
        !dataset.train.is_empty(),
        "{} has test images but no good ones to learn from: bring those of train/good, or of the split \
         train",
        path.display()
    );
    Ok(dataset)
}

/// The good images of files, folders and data sets: of the latter those to learn from.
///
/// # Errors
/// A path that does not exist, or that has no good image.
pub fn good_images(paths: &[PathBuf]) -> Result<GoodImages> {
    let mut found = GoodImages::default();
    for path in paths {
        if is_image(path) {
            found.train.push(Source::file(path));
            continue;
        }
        let dataset = Dataset::open(path)?;
        let good = dataset.train.iter().chain(&dataset.held_out);
        let before = found.train.len();
        found.train.extend(good.map(source));
        ensure!(
            found.train.len() > before,
            "{} has test images but no good ones to learn from: give the folder of the good ones",
            path.display()
        );
        if paths.len() == 1 {
            found.root = dataset.root;
        }
    }
    Ok(found)
}

/// The bad images of files, folders and data sets: of the latter those that are labelled as a defect, of a
/// folder without labels all.
///
/// # Errors
/// A path that does not exist, or that has no bad image.
pub fn bad_images(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        if is_image(path) {
            found.push(Source::file(path));
            continue;
        }
        let dataset = Dataset::open(path)?;
        let is_bad = |sample: &&Sample| matches!(sample.label, Label::Defect(_));
        let before = found.len();
        match dataset.layout {
            Layout::Folder => found.extend(dataset.train.iter().map(source)),
            _ => found.extend(dataset.test.iter().filter(is_bad).map(source)),
        }
        ensure!(
            found.len() > before,
            "{} has no image that is labelled as a defect: give the folder of the bad ones",
            path.display()
        );
    }
    Ok(found)
}

fn is_image(path: &Path) -> bool {
    path.is_file() && has_image_extension(path)
}

fn source(sample: &Sample) -> Source {
    Source::file(&sample.image)
}
