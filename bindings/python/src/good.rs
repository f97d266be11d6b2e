//! Good and bad images as they are given: a folder, a data set, or images one by one.

use std::path::{Path, PathBuf};

use oddspot::datasets::{Dataset, Label, Layout, Sample, list};
use oddspot::images::{Limits, Source, begins_like_an_image, has_image_extension};
use oddspot::train::GoodImages;
use oddspot::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::{invalid, raised};
use crate::images::{bytes_of, path_of, source_of};

/// The good images of a folder, of a data set, or of some images; of folders among them too.
///
/// # Errors
/// What cannot be read, what is no image, a data set without good ones.
pub fn good_images(given: &Bound<'_, PyAny>, limits: Limits) -> PyResult<GoodImages> {
    if let Some(path) = path_of(given)? {
        let images = of_path(&path, good_of).map_err(|error| raised(given.py(), &error))?;
        return Ok(match images {
            Images::One(image) => GoodImages::from_iter([image]),
            Images::Set(good) => good,
        });
    }
    let mut train: Vec<Source> = Vec::new();
    let mut held_out: Vec<Source> = Vec::new();
    for images in each(given, (good_of, limits))? {
        match images {
            Images::One(source) => train.push(source),
            Images::Set(good) => {
                train.extend(good.train);
                held_out.extend(good.held_out);
            }
        }
    }
    if train.is_empty() {
        let said = "there is no good image: two are the least, and fifty do it well";
        return Err(invalid(given.py(), said));
    }
    Ok(GoodImages {
        held_out,
        ..GoodImages::from_iter(train)
    })
}

/// Bad images, of a folder without labels all, of a data set those that are labelled as a defect.
///
/// # Errors
/// As [`good_images`].
pub fn bad_images(given: &Bound<'_, PyAny>, limits: Limits) -> PyResult<Vec<Source>> {
    let py = given.py();
    if let Some(path) = path_of(given)? {
        let images = of_path(&path, bad_of).map_err(|error| raised(py, &error))?;
        return Ok(match images {
            Images::One(image) => vec![image],
            Images::Set(bad) => bad.train,
        });
    }
    let mut bad: Vec<Source> = Vec::new();
    for images in each(given, (bad_of, limits))? {
        match images {
            Images::One(source) => bad.push(source),
            Images::Set(set) => bad.extend(set.train),
        }
    }
    Ok(GoodImages::from_iter(bad).train)
}

/// The images of a folder, at any depth, in their order. Raises `NotFoundError` where there are none.
#[pyfunction]
pub fn listed(py: Python<'_>, folder: PathBuf) -> PyResult<Vec<PathBuf>> {
    let listing = list(&folder).map_err(|error| raised(py, &error))?;
    if listing.images.is_empty() {
        let reason = "there is no image to judge in it: give images, or a folder that holds some";
        let error = Error::dataset(&folder, reason).of_kind(ErrorKind::NotFound);
        return Err(raised(py, &error));
    }
    Ok(listing.images)
}

/// An image, or those of a folder.
enum Images {
    One(Source),
    Set(GoodImages),
}

/// What is given one by one: images, and folders of which those that are asked for are taken.
///
/// # Errors
/// What is no image, by its place: all of them at once, of the kind of the first.
fn each(given: &Bound<'_, PyAny>, (of, limits): (Chosen, Limits)) -> PyResult<Vec<Images>> {
    let py = given.py();
    let helper = py.import("oddspot._images")?;
    let images = helper.call_method1("several", (given,))?;
    let one = |image: &Bound<'_, PyAny>| match (bytes_of(image)?, path_of(image)?) {
        (None, Some(path)) if path.metadata().is_err() => Ok(Images::One(Source::file(path))),
        (None, Some(path)) => of_path(&path, of).map_err(|error| raised(py, &error)),
        _ => Ok(Images::One(source_of(image, limits)?)),
    };
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for (place, image) in images.try_iter()?.enumerate() {
        match one(&image?) {
            Ok(images) => taken.push((place, images)),
            Err(error) if is_of_image(py, &error)? => refused.push((place, error)),
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() {
        return Ok(taken.into_iter().map(|(_, images)| images).collect());
    }
    // What is seen of the others by their heads is told too, so that one run names them all.
    let heads = taken.iter().filter_map(|(place, images)| match images {
        Images::One(source) => Some((*place, raised(py, &source.size().err()?))),
        Images::Set(_) => None,
    });
    refused.extend(heads);
    refused.sort_by_key(|(place, _)| *place);
    Err(all_of(py, &refused)?)
}

/// Whether an exception says what is wrong with an image: all else, as Ctrl-C, ends the taking.
fn is_of_image(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let ours = py.import("oddspot._errors")?.getattr("OddspotError")?;
    let is_ours = error.matches(py, ours)?;
    Ok(is_ours || error.is_instance_of::<PyTypeError>(py))
}

/// One exception of several images, by their places among those that were given, counted from 0 as lists are; the first ten
/// in full.
fn all_of(py: Python<'_>, refused: &[(usize, PyErr)]) -> PyResult<PyErr> {
    const NAMED: usize = 10;
    let said = |(place, error): &(usize, PyErr)| format!("image {place}: {}", error.value(py));
    let said = match refused {
        [one] => said(one),
        _ => {
            let mut all = format!("{} images cannot be used:", refused.len());
            let named = refused.iter().take(NAMED);
            all.extend(named.map(|one| format!("\n  {}", said(one))));
            if refused.len() > NAMED {
                all += &format!("\n  and {} more", refused.len() - NAMED);
            }
            all
        }
    };
    let (_, first) = refused
        .first()
        .ok_or_else(|| raised(py, &Error::internal("nothing was refused")))?;
    let all = first.get_type(py).call1((said,))?;
    for name in ["path", "line", "reason", "_number"] {
        if let Ok(value) = first.value(py).getattr(name) {
            all.setattr(name, value)?;
        }
    }
    Ok(PyErr::from_value(all))
}

/// The images of a data set that are asked for.
type Chosen = fn(&Dataset) -> Result<GoodImages, Error>;

fn of_path(path: &Path, of: Chosen) -> Result<Images, Error> {
    // One that is not there is told of with all others that cannot be used.
    let is_called_so = has_image_extension(path) && !path.is_dir();
    let is_image = is_called_so || (path.is_file() && begins_like_an_image(path));
    if is_image {
        return Ok(Images::One(Source::file(path)));
    }
    let dataset = Dataset::open(path)?;
    let mut images = of(&dataset)?;
    // Links and folders that cannot be followed: so is each of them, and what is broken beside them.
    let unreadable = dataset.besides.unreadable.iter();
    (images.train).extend(unreadable.map(|one| Source::file(&one.path)));
    Ok(Images::Set(images))
}

fn good_of(dataset: &Dataset) -> Result<GoodImages, Error> {
    match dataset.train.is_empty() {
        false => Ok(GoodImages::of(dataset)),
        true => Err(Error::dataset(
            &dataset.root,
            "it has test images but no good ones to learn from: give the folder of the good ones",
        )
        .of_kind(ErrorKind::NotFound)),
    }
}

fn bad_of(dataset: &Dataset) -> Result<GoodImages, Error> {
    let is_bad = |sample: &&Sample| matches!(sample.label, Label::Defect(_));
    let bad: Vec<&Sample> = match dataset.layout {
        Layout::Folder => dataset.train.iter().collect(),
        _ => dataset.test.iter().filter(is_bad).collect(),
    };
    if bad.is_empty() {
        let reason =
            "it has no image that is labelled as a defect: give the folder of the bad ones";
        return Err(Error::dataset(&dataset.root, reason).of_kind(ErrorKind::NotFound));
    }
    Ok(GoodImages {
        train: bad
            .iter()
            .map(|sample| Source::file(&sample.image))
            .collect(),
        ..GoodImages::default()
    })
}
