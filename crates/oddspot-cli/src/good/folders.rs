//! What the folders of good and bad images are called, and which of them are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use oddspot::datasets::{Dataset, Label, Layout, Sample, sounds_bad, sounds_good};

use super::{GoodArgs, SHOWN};
use crate::besides::{lines, listed};

impl GoodArgs {
    /// What is to be told of a data set's good images: the folders that they lie in, and what lies beside.
    ///
    /// # Errors
    /// Folders that are called like bad images, a folder of good ones beside others, and more images that are passed
    /// over than there are; unless they were to be taken all the same.
    pub fn look(self, dataset: &Dataset) -> Result<Vec<String>> {
        let mut told = Vec::new();
        // What a file lists is labelled one by one.
        if matches!(dataset.layout, Layout::Folder | Layout::MvtecAd) {
            let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
            for sample in dataset.train.iter().chain(&dataset.held_out) {
                *folders.entry(folder_of(dataset, sample)).or_default() += 1;
            }
            self.refuse(dataset, &folders)?;
            self.refuse_labelled(dataset, &folders)?;
            self.refuse_few(dataset)?;
            if folders.len() > 1 {
                told.push(format!(
                    "of {} folders: {}",
                    folders.len(),
                    counted(&folders)
                ));
            }
            told.extend(bad_files(dataset));
        }
        told.extend(lines(&dataset.besides, false));
        Ok(told)
    }

    /// Refuses a folder that looks like a test folder: one of good images among others, which are hardly good too.
    fn refuse_labelled(self, dataset: &Dataset, folders: &BTreeMap<&Path, usize>) -> Result<()> {
        let Some((good, others)) = good_beside_others(dataset, folders) else {
            return Ok(());
        };
        let beside = others.join(", ");
        if self.force {
            tell!(
                "taken for good although they lie beside {}: {beside}",
                good.display()
            );
            return Ok(());
        }
        bail!(
            "{} looks like a labelled test folder: beside {} are other folders of images ({beside}); give {}, or add \
             --force if all are good",
            dataset.root.display(),
            good.display(),
            dataset.root.join(&good).display()
        )
    }

    /// Refuses a data set that passes over more images than it learns from.
    fn refuse_few(self, dataset: &Dataset) -> Result<()> {
        let passed: usize = dataset.besides.passed_over.values().sum();
        let good = dataset.train.len() + dataset.held_out.len();
        if self.force || passed <= good || good == 0 {
            return Ok(());
        }
        let of: BTreeSet<&Path> = (dataset.train.iter())
            .filter_map(|sample| sample.image.parent())
            .collect();
        let of: Vec<&Path> = of.into_iter().collect();
        let over = &dataset.besides.passed_over;
        let over: BTreeMap<&Path, usize> = over
            .iter()
            .map(|(folder, &count)| (folder.as_path(), count))
            .collect();
        bail!(
            "{0} is laid out as a data set: {good} good images would be learned from, and {passed} that lie beside \
             would be passed over: {1}; give {2} for those {good} alone, or the folder of the others, move what is \
             good there, or add --force",
            dataset.root.display(),
            counted(&over),
            listed(&of)
        )
    }

    fn refuse(self, dataset: &Dataset, folders: &BTreeMap<&Path, usize>) -> Result<()> {
        let bad = folders.iter().filter(|(folder, _)| is_called_bad(folder));
        let bad: BTreeMap<&Path, usize> = bad.map(|(&folder, &count)| (folder, count)).collect();
        let own = own_name(dataset).filter(|name| is_called_bad(Path::new(name)));
        if self.force {
            if let Some(name) = &own {
                tell!(
                    "taken for good although it is called like bad images: {}",
                    name.display()
                );
            }
            if !bad.is_empty() {
                tell!(
                    "taken for good although they are called like bad images: {}",
                    counted(&bad)
                );
            }
            return Ok(());
        }
        ensure!(
            own.is_none(),
            "{} is called like a folder of bad images; give the folder of the good ones, or add --force if \
             these are good",
            dataset.root.display()
        );
        let Some(first) = bad.keys().next() else {
            return Ok(());
        };
        bail!(
            "among the good images of {} are folders that are called like bad ones: {}; give the folder of \
             the good ones, leave these out (--exclude '{}/*'), or add --force if they are good",
            dataset.root.display(),
            counted(&bad),
            first.display()
        )
    }
}

/// A folder that is called like good ones, and the names of others of images beside it; None of a data set in which each
/// image has a label of its own.
fn good_beside_others(
    dataset: &Dataset,
    folders: &BTreeMap<&Path, usize>,
) -> Option<(PathBuf, Vec<String>)> {
    if dataset.layout != Layout::Folder {
        return None;
    }
    let mut inside: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for folder in folders.keys() {
        let mut parent = PathBuf::new();
        for part in folder.iter() {
            let name = part.to_string_lossy().into_owned();
            inside.entry(parent.clone()).or_default().insert(name);
            parent.push(part);
        }
    }
    inside.into_iter().find_map(|(parent, names)| {
        // 0, 1, 2 are cameras or shifts; 0 and 1 alone are labels.
        let is_label = names.len() == 2 && names.contains("1");
        let (good, others): (Vec<String>, Vec<String>) =
            (names.into_iter()).partition(|name| sounds_good(name) && (name != "0" || is_label));
        let good = good.first().filter(|_| !others.is_empty())?;
        Some((parent.join(good), others))
    })
}

/// Refuses bad images that lie in folders called like good ones.
///
/// # Errors
/// Such a folder, unless it was to be taken all the same.
pub fn refuse_good(dataset: &Dataset, args: GoodArgs) -> Result<()> {
    let is_called_good = |folder: &Path| {
        folder
            .iter()
            .any(|part| part != "0" && sounds_good(&part.to_string_lossy()))
    };
    let mut good: BTreeMap<&Path, usize> = BTreeMap::new();
    for sample in &dataset.train {
        let folder = folder_of(dataset, sample);
        if is_called_good(folder) {
            *good.entry(folder).or_default() += 1;
        }
    }
    let own = own_name(dataset).filter(|name| is_called_good(Path::new(name)));
    if args.force {
        return Ok(());
    }
    ensure!(
        own.is_none(),
        "{} is called like a folder of good images; give the folder of the bad ones, or add --force if these are bad",
        dataset.root.display()
    );
    ensure!(
        good.is_empty(),
        "among the bad images of {} are folders that are called like good ones: {}; give the folder of the bad ones, \
         or add --force if they are bad",
        dataset.root.display(),
        counted(&good)
    );
    Ok(())
}

/// Tells of good test images that lie in folders called like bad ones.
pub fn tell_called_bad(dataset: &Dataset) {
    let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
    for sample in dataset
        .test
        .iter()
        .filter(|sample| sample.label == Label::Good)
    {
        let folder = folder_of(dataset, sample);
        if dataset.layout == Layout::MvtecAd && is_called_bad(folder) {
            *folders.entry(folder).or_default() += 1;
        }
    }
    if !folders.is_empty() {
        tell!(
            "warning: good test images lie in folders that are called like bad ones: {}",
            counted(&folders)
        );
    }
}

/// The name of a folder without a layout, however it was given; None of another data set, in which each image has
/// a label of its own.
fn own_name(dataset: &Dataset) -> Option<OsString> {
    let whole = dataset.root.canonicalize().ok()?;
    let name = whole.file_name()?.to_owned();
    (dataset.layout == Layout::Folder).then_some(name)
}

/// Good images that lie in folders called like bad ones; none of a data set in which each has a label of its own.
pub fn called_bad(dataset: &Dataset) -> impl Iterator<Item = &Sample> {
    let has_folders = matches!(dataset.layout, Layout::Folder | Layout::MvtecAd);
    let good = dataset.train.iter().chain(&dataset.held_out);
    good.filter(move |sample| has_folders && is_called_bad(folder_of(dataset, sample)))
}

fn is_called_bad(folder: &Path) -> bool {
    folder
        .iter()
        .any(|part| sounds_bad(&part.to_string_lossy()))
}

/// The folder of an image, below the data set's.
fn folder_of<'a>(dataset: &Dataset, sample: &'a Sample) -> &'a Path {
    let folder = sample.image.parent().unwrap_or(Path::new(""));
    folder.strip_prefix(&dataset.root).unwrap_or(folder)
}

/// Folders with how many images each has.
fn counted(folders: &BTreeMap<&Path, usize>) -> String {
    let shown = folders.iter().take(SHOWN).map(|(folder, count)| {
        let name = folder.display().to_string();
        format!(
            "{} ({count})",
            if name.is_empty() { "its own" } else { &name }
        )
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if folders.len() > SHOWN {
        text += &format!(", and {} more", folders.len() - SHOWN);
    }
    text
}

/// A warning of good images whose own names are those of bad ones.
fn bad_files(dataset: &Dataset) -> Option<String> {
    let good = dataset.train.iter().chain(&dataset.held_out);
    let names = good.filter(|sample| {
        let stem = sample.image.file_stem().unwrap_or_default();
        sounds_bad(&stem.to_string_lossy())
    });
    let names: Vec<&Path> = names.map(|sample| sample.image.as_path()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "warning: {} of the good images are called like bad ones: {}",
            names.len(),
            listed(&names)
        )
    })
}
