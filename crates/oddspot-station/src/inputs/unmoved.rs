//! Files that are moved on once they are judged, and that were not moved yet: of these alone it may be that they were
//! judged already. One that was moved and lies there again is another part's, however like the one before it is.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use oddspot_arrivals::{FileState, spelled};

use super::moved::copies_done;

/// Files by their names below the folder, each as it lay there.
#[derive(Default)]
pub struct Unmoved(HashSet<(String, FileState)>);

impl Unmoved {
    /// Of those that were judged the ones that still lie in the folder at the start: the service was ended before it
    /// moved them. `times` tells how often one was judged, and as often as it lies in `done` it was moved.
    pub fn at_start(
        root: &Path,
        left_out: &[PathBuf],
        judged: Vec<(String, FileState)>,
        times: impl Fn(&str, &FileState) -> u64,
    ) -> Self {
        // Of a folder that is away nobody knows: what was judged is not judged again.
        let Some(lying) = lying(root, left_out) else {
            return Self(judged.into_iter().collect());
        };
        let is_left = |(name, state): &(String, FileState)| {
            lying.get(name) == Some(state) && copies_done(root, name, state) < times(name, state)
        };
        Self(judged.into_iter().filter(is_left).collect())
    }

    /// Whether it may be that a file is judged already, and only not moved yet.
    pub fn has(&self, name: &str, state: &FileState) -> bool {
        self.0.contains(&(name.to_owned(), *state))
    }

    /// Notes a file that is about to be judged.
    pub fn note(&mut self, name: &str, state: &FileState) {
        self.0.insert((name.to_owned(), *state));
    }

    /// Forgets a file that was moved.
    pub fn forget(&mut self, name: &str, state: &FileState) {
        self.0.remove(&(name.to_owned(), *state));
    }
}

/// The files of a folder but of those that are left out; None if it cannot be read.
fn lying(root: &Path, left_out: &[PathBuf]) -> Option<HashMap<String, FileState>> {
    root.read_dir().ok()?;
    let (mut folders, mut files) = (vec![root.to_owned()], HashMap::new());
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let metadata = entry.metadata().ok();
            match metadata {
                Some(found) if found.is_dir() && !left_out.contains(&path) => folders.push(path),
                Some(found) if found.is_file() => {
                    files.extend(FileState::of(&found).map(|state| (name_of(root, &path), state)));
                }
                _ => {}
            }
        }
    }
    Some(files)
}

/// A file's path below its folder, with `/`.
pub fn name_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.iter().map(|part| spelled(Path::new(part)));
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::moved::{DONE, move_to};
    use super::*;

    fn state(file: &Path) -> FileState {
        FileState::of(&file.metadata().unwrap()).unwrap()
    }

    #[test]
    fn what_was_moved_and_lies_there_again_is_to_be_judged_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("sub")).unwrap();
        let file = root.join("sub/a.png");
        fs::write(&file, "one").unwrap();
        let as_it_lay = state(&file);
        let known = |times| {
            let judged = vec![("sub/a.png".to_owned(), as_it_lay)];
            let unmoved = Unmoved::at_start(root, &[root.join(DONE)], judged, |_, _| times);
            unmoved.has("sub/a.png", &as_it_lay)
        };
        // Killed between the row and the move.
        assert!(known(1));
        move_to(root, DONE, (&file, &as_it_lay), None).unwrap();
        // Killed after it: nothing lies there.
        assert!(!known(1));
        let put_back = || {
            fs::write(&file, "one").unwrap();
            let opened = fs::File::options().write(true).open(&file).unwrap();
            let done = root.join("done/sub/a.png").metadata().unwrap();
            opened.set_modified(done.modified().unwrap()).unwrap();
        };
        put_back();
        assert_eq!(state(&file), as_it_lay);
        assert!(!known(1));
        // Judged again, and killed before the second move.
        assert!(known(2));
        move_to(root, DONE, (&file, &as_it_lay), None).unwrap();
        put_back();
        assert!(!known(2));
        // Of a folder that is away nobody knows.
        let judged = vec![("sub/a.png".to_owned(), as_it_lay)];
        let away = Unmoved::at_start(&root.join("none"), &[], judged, |_, _| 1);
        assert!(away.has("sub/a.png", &as_it_lay));
    }

    #[test]
    fn a_file_is_known_from_the_first_attempt_until_it_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        fs::write(&file, "one").unwrap();
        let as_it_lay = state(&file);
        let mut unmoved = Unmoved::default();
        assert!(!unmoved.has("a.png", &as_it_lay));
        unmoved.note("a.png", &as_it_lay);
        // What came of it is not known: it is tried again.
        assert!(unmoved.has("a.png", &as_it_lay));
        unmoved.forget("a.png", &as_it_lay);
        assert!(!unmoved.has("a.png", &as_it_lay));
    }
}
