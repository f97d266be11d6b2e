//! Files of a folder that are done with: moved below it, never over another.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use oddspot::files::digest::{hex, sha256_of_file};
use oddspot_arrivals::{FileState, is_linked};

use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// Folder of the files that were judged.
pub const DONE: &str = "done";
/// Folder of those that could not be.
pub const FAILED: &str = "failed";
/// Folder below [`DONE`] of those that it is not known of yet whether they are those that were taken.
const MOVING: &str = ".moving";

/// Moves a file of a folder to the same place below one of its own folders, and gives where it lies. Where another
/// had come in its place meanwhile, that one lies in the folder as before, and comes anew: None. `sha256` is that of
/// what was judged.
///
/// # Errors
/// A file that cannot be moved.
pub fn move_to(
    root: &Path,
    below: &str,
    (file, state): (&Path, &FileState),
    sha256: Option<&str>,
) -> Result<Option<PathBuf>> {
    let name = file.strip_prefix(root).unwrap_or(file);
    // It may be another by now: ended in between, what lies there is put back.
    let held = root.join(DONE).join(MOVING).join(name);
    renamed(root, file, &held)?;
    if is_same(&held, state, sha256) {
        return renamed(root, &held, &root.join(below).join(name)).map(Some);
    }
    renamed(root, &held, file)?;
    Ok(None)
}

/// How many files of this name, as they were written, were moved to [`DONE`] and still lie there.
pub fn copies_done(root: &Path, name: &str, state: &FileState) -> u64 {
    let first = root.join(DONE).join(name);
    let numbers = (2..).map(|number| numbered(&first, number));
    let lying = std::iter::once(first.clone()).chain(numbers);
    let lying = lying.map_while(|path| path.symlink_metadata().ok());
    let copies = lying.filter(|found| FileState::of(found).as_ref() == Some(state));
    copies.count() as u64
}

/// Puts files back into a folder of which a service that was killed did not know yet whether it had judged them.
///
/// # Errors
/// One that cannot be moved.
pub fn put_back(root: &Path) -> Result<()> {
    let mut folders = vec![root.join(DONE).join(MOVING)];
    let moving = folders[0].clone();
    if is_linked(root, &moving) {
        return Ok(());
    }
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(&moving) {
                renamed(root, &path, &root.join(name))?;
            }
        }
    }
    Ok(())
}

/// Moves a file to a place, or beside what lies there, and gives where it lies. This service alone moves files there.
fn renamed(root: &Path, file: &Path, wanted: &Path) -> Result<PathBuf> {
    for folder in [file, wanted].into_iter().filter_map(Path::parent) {
        if is_linked(root, folder) {
            // What lies there is none of this folder's.
            let sentence = Sentence::new("folder-linked");
            let sentence = sentence.with("folder", folder.display().to_string());
            return Err(Error::of(Kind::System, sentence));
        }
    }
    if let Some(folder) = wanted.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let place = free(wanted);
    fs::rename(file, &place).map_err(Error::io(file))?;
    Ok(place)
}

/// Whether a file is the one that was taken. Its number on the disk says so; some shares make numbers up, and there
/// its content does.
fn is_same(moved: &Path, taken: &FileState, sha256: Option<&str>) -> bool {
    let state = moved
        .symlink_metadata()
        .ok()
        .and_then(|found| FileState::of(&found));
    let Some(state) = state.filter(|state| state == taken) else {
        return false;
    };
    let number = |state: &FileState| state.node.map(|node| node.number);
    let has_content = |sha256: &str| sha256_of_file(moved).is_ok_and(|found| hex(&found) == sha256);
    number(&state) == number(taken) || sha256.is_none_or(has_content)
}

/// Writes why a file could not be judged beside it.
///
/// # Errors
/// A file that cannot be written.
pub fn explain(file: &Path, reason: &str) -> Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".txt");
    let path = free(Path::new(&name));
    let written = File::create_new(&path).and_then(|mut to| writeln!(to, "{reason}"));
    written.map_err(Error::io(&path))
}

/// The path, or one with a number where it is taken: looked for in few steps, however many are.
fn free(wanted: &Path) -> PathBuf {
    let is_taken = |path: &Path| path.symlink_metadata().is_ok();
    if !is_taken(wanted) {
        return wanted.to_owned();
    }
    let number_is_taken = |number| is_taken(&numbered(wanted, number));
    // `taken` is, and `open` is none.
    let (mut taken, mut open) = (1, 2);
    while number_is_taken(open) {
        (taken, open) = (open, 2 * open);
    }
    while open - taken > 1 {
        let middle = taken + (open - taken) / 2;
        match number_is_taken(middle) {
            true => taken = middle,
            false => open = middle,
        }
    }
    numbered(wanted, open)
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
    use sha2::{Digest, Sha256};

    use super::*;

    fn state(file: &Path) -> FileState {
        FileState::of(&file.metadata().unwrap()).unwrap()
    }

    #[test]
    fn files_of_one_name_keep_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("sub")).unwrap();
        let file = root.join("sub/a.png");
        let moved: Vec<String> = (1..=7)
            .map(|number| {
                fs::write(&file, number.to_string()).unwrap();
                let place = move_to(root, DONE, (&file, &state(&file)), None)
                    .unwrap()
                    .unwrap();
                assert_eq!(fs::read(&place).unwrap(), number.to_string().as_bytes());
                place.strip_prefix(root).unwrap().display().to_string()
            })
            .collect();
        assert_eq!(
            [&moved[0], &moved[1], &moved[6]],
            ["done/sub/a.png", "done/sub/a-2.png", "done/sub/a-7.png"]
        );
        let gone = state(&root.join("done/sub/a.png"));
        assert!(move_to(root, DONE, (&file, &gone), None).is_err());
    }

    #[test]
    fn one_that_came_in_its_place_is_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let file = root.join("a.png");
        fs::write(&file, "one").unwrap();
        let taken = state(&file);
        // Of the same size and age, which only its number and its content tell apart.
        fs::write(root.join("b"), "two").unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        let other = File::options().write(true).open(root.join("b")).unwrap();
        other.set_modified(written).unwrap();
        fs::rename(root.join("b"), &file).unwrap();
        let [one, two] = ["one", "two"].map(|text| hex(&Sha256::digest(text)));
        let moved = |sha256| move_to(root, DONE, (&file, &taken), Some(sha256)).unwrap();
        assert_eq!(moved(&one), None);
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(!root.join("done/a.png").exists());
        // A share that makes numbers up.
        assert_eq!(moved(&two), Some(root.join("done/a.png")));
    }

    #[test]
    fn what_was_being_moved_at_a_kill_lies_in_the_folder_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let held = root.join("done/.moving/sub");
        fs::create_dir_all(&held).unwrap();
        fs::write(held.join("a.png"), "one").unwrap();
        fs::write(root.join("done/b.png"), "two").unwrap();
        put_back(root).unwrap();
        put_back(root).unwrap();
        assert_eq!(fs::read(root.join("sub/a.png")).unwrap(), b"one");
        assert!(!held.join("a.png").exists() && root.join("done/b.png").is_file());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_moved_by_a_link_to_elsewhere() {
        let [folder, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let root = folder.path();
        let file = root.join("a.png");
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.join(DONE)).unwrap();
        let refused = move_to(root, DONE, (&file, &state(&file)), None).unwrap_err();
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
        fs::create_dir(elsewhere.path().join(MOVING)).unwrap();
        let others = elsewhere.path().join(MOVING).join("b.png");
        fs::write(&others, "two").unwrap();
        put_back(root).unwrap();
        assert!(file.is_file() && others.is_file());
    }

    #[test]
    fn a_reason_is_written_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        for _ in 0..2 {
            explain(&file, "why").unwrap();
        }
        for name in ["a.png.txt", "a.png-2.txt"] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"why\n");
        }
    }
}
