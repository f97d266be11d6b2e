//! Files of a folder that are done with: moved below it, never over another.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Folder of the files that were judged.
pub const DONE: &str = "done";
/// Folder of those that could not be.
pub const FAILED: &str = "failed";

/// Moves a file of a folder to the same place below one of its own folders, and gives where it lies.
///
/// # Errors
/// A file that cannot be moved.
pub fn move_to(root: &Path, below: &str, file: &Path) -> Result<PathBuf> {
    let name = file.strip_prefix(root).unwrap_or(file);
    let wanted = root.join(below).join(name);
    if let Some(folder) = wanted.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let mut candidates = std::iter::once(wanted.clone()).chain((2..).map(|n| numbered(&wanted, n)));
    // The numbers never end. This service alone moves files there.
    let place = candidates.find(|place| place.symlink_metadata().is_err());
    let place = place.unwrap_or(wanted);
    std::fs::rename(file, &place).map_err(Error::io(file))?;
    Ok(place)
}

/// Writes why a file could not be judged beside it.
///
/// # Errors
/// A file that cannot be written.
pub fn explain(file: &Path, reason: &str) -> Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".txt");
    let path = PathBuf::from(name);
    std::fs::write(&path, format!("{reason}\n")).map_err(Error::io(&path))
}

/// `part.png` → `part-2.png`.
fn numbered(file: &Path, number: usize) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default();
    let mut name = stem.to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_keep_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("sub")).unwrap();
        let file = root.join("sub/a.png");
        let moved = ["one", "two", "three"].map(|text| {
            std::fs::write(&file, text).unwrap();
            let place = move_to(root, DONE, &file).unwrap();
            place.strip_prefix(root).unwrap().display().to_string()
        });
        assert_eq!(
            moved,
            ["done/sub/a.png", "done/sub/a-2.png", "done/sub/a-3.png"]
        );
        assert_eq!(
            std::fs::read(root.join("done/sub/a-2.png")).unwrap(),
            b"two"
        );
        explain(&root.join("done/sub/a.png"), "why").unwrap();
        assert_eq!(
            std::fs::read(root.join("done/sub/a.png.txt")).unwrap(),
            b"why\n"
        );
        assert!(move_to(root, DONE, &file).is_err());
    }
}
