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
    let mut files = Vec::new();
    for kind in PICTURES {
        let folder = output.join(kind);
        if folder.is_dir() {
            walk(&folder, |found| {
                if let Walked::File(entry) = found {
                    files.push(entry.into_path());
                }
            });
        }
    }
    if files.is_empty() {
        return Ok(());
    }
    let named = named(output)?;
    let names: BTreeSet<String> = inputs.iter().flat_map(picture_names).collect();
    files.retain(|file| {
        let Ok(below) = file.strip_prefix(output) else {
            return false;
        };
        !named.contains(below)
            && is_written_over(below, &names, written)
            && !is_left_over(output, below, &named)
    });
    files.sort();
    if files.is_empty() {
        return Ok(());
    }
    let shown: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    bail!(
        "pictures would be written over files of {} that no results name: {}; move them away, choose another -o, or \
         add --no-pictures",
        output.display(),
        listed(&shown)
    )
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
