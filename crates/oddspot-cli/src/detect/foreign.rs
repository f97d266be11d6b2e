//! Files in an output folder that are nobody's results: no picture is written over them.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use oddspot::datasets::{PICTURES, Walked, is_left_over, walk};

use super::earlier::for_each_file;
use super::input::Input;
use super::pictures::Written;
use super::results::JSON_LINES;
use crate::besides::listed;

/// What the names of pictures and maps end in.
const ENDINGS: [&str; 5] = [".odd.jpg", ".outline.jpg", ".jpg", ".png", ".tiff"];

/// The pictures that the results in an output folder name, below it.
///
/// # Errors
/// Results that cannot be read.
pub fn named(output: &Path) -> Result<HashSet<PathBuf>> {
    let mut named = HashSet::new();
    for_each_file(&output.join(JSON_LINES), |file| {
        named.insert(PathBuf::from(file));
        Ok(())
    })?;
    Ok(named)
}

/// Refuses an output folder in which pictures of these images would be written over files that no results name.
///
/// # Errors
/// Such files, by their names; results that cannot be read.
pub fn refuse_foreign(output: &Path, inputs: &[Input], written: Written) -> Result<()> {
    let mut files = foreign(output)?;
    let names: BTreeSet<String> = inputs.iter().flat_map(picture_names).collect();
    files.retain(|below| is_written_over(below, &names, written));
    if files.is_empty() {
        return Ok(());
    }
    let files: Vec<PathBuf> = files.iter().map(|below| output.join(below)).collect();
    let shown: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    bail!(
        "pictures would be written over files of {} that no results name: {}; move them away, choose another -o, or \
         add --no-pictures",
        output.display(),
        listed(&shown)
    )
}

/// Names that files among the pictures of an output folder have which no results name: pictures of images that are not
/// known yet are called otherwise.
///
/// # Errors
/// Results that cannot be read.
pub fn foreign_names(output: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for below in foreign(output)? {
        let spelled = below.to_string_lossy().replace('\\', "/");
        let Some((_kind, name)) = spelled.split_once('/') else {
            continue;
        };
        for ending in ENDINGS {
            if let Some(stem) = name.strip_suffix(ending) {
                // A page's name is its image's with a number.
                let whole = stem.rsplit_once('#').map(|(whole, _)| whole.to_owned());
                names.extend(whole.into_iter().chain([stem.to_owned()]));
            }
        }
    }
    Ok(names)
}

/// Files among the pictures of an output folder, below it, that no results name, in their order.
fn foreign(output: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for kind in PICTURES {
        let folder = output.join(kind);
        if folder.is_dir() {
            walk(&folder, |found| {
                if let Walked::File(entry) = found {
                    files.extend(entry.path().strip_prefix(output).map(Path::to_owned));
                }
            });
        }
    }
    if files.is_empty() {
        return Ok(files);
    }
    let named = named(output)?;
    files.retain(|below| !named.contains(below) && !is_left_over(output, below, &named));
    files.sort();
    Ok(files)
}

/// The name of an image's pictures, and what those of its pages begin with, in small letters: some disks know no
/// others.
fn picture_names(input: &Input) -> [String; 2] {
    [&input.name, &input.page(Some(1), None).name].map(|name| name.to_lowercase())
}

/// Whether a file, by its path below the output, is called as a picture of one of these names.
fn is_written_over(below: &Path, names: &BTreeSet<String>, written: Written) -> bool {
    let spelled = below.to_string_lossy().replace('\\', "/").to_lowercase();
    let Some((kind, name)) = spelled.split_once('/') else {
        return false;
    };
    let endings = written.endings(kind);
    let mut stems = endings
        .iter()
        .filter_map(|ending| name.strip_suffix(ending));
    stems.any(|stem| {
        // A page of any number is as its first.
        let page = stem.rsplit_once('#').map(|(whole, _)| format!("{whole}#1"));
        names.contains(stem) || page.is_some_and(|page| names.contains(&page))
    })
}
