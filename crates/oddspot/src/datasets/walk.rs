//! The files under a folder that are the user's, at any depth.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Folders of the pictures that findings are shown by, each a kind.
pub const PICTURES: [&str; 6] = [
    "figure",
    "contour",
    "page",
    "total",
    "looks_wrong",
    "wrong_place",
];
/// Kinds that make a folder one of findings, even where their list is gone.
const KINDS: usize = 3;
/// The list of findings, and how it begins.
const FINDINGS: (&str, &[u8]) = ("results.jsonl", b"{\"image\":");

/// Folders that operating systems and network drives make for themselves, in lower case.
const SYSTEM: [&str; 18] = [
    "#recycle",
    "#snapshot",
    "$extend",
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@sharebin",
    "@tmp",
    "__macosx",
    "lost+found",
    "network trash folder",
    "recycled",
    "recycler",
    "system volume information",
    "temporary items",
    "thevolumesettingsfolder",
    "~snapshot",
];

/// Whose a folder is that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The operating system's or a network drive's.
    System,
    /// This program's: pictures of what it found.
    Findings,
    /// Hidden.
    Hidden,
}

/// What lies under a folder.
#[derive(Debug)]
pub enum Walked {
    /// What is no folder; a link to it, followed.
    File(DirEntry),
    /// A folder that is not the user's.
    LeftOut(PathBuf, Whose),
    /// What cannot be looked at.
    Unreadable(PathBuf, walkdir::Error),
}

/// Goes through all that lies under a folder, in no order. Folders that are not the user's are not gone into; a symbolic
/// link is followed, but never in a loop.
pub fn walk(folder: &Path, mut each: impl FnMut(Walked)) {
    let mut walk = WalkDir::new(folder).follow_links(true).into_iter();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                if let Some(whose) = whose(entry.path()).filter(|_| entry.depth() > 0) {
                    walk.skip_current_dir();
                    each(Walked::LeftOut(entry.into_path(), whose));
                }
            }
            Ok(entry) => each(Walked::File(entry)),
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let at = error.path().unwrap_or(folder).to_owned();
                each(Walked::Unreadable(at, error));
            }
        }
    }
}

/// Whether a path below a folder is none of the user's files: hidden, or in a folder that is not gone into.
pub fn is_left_out(folder: &Path, path: &Path) -> bool {
    let above = path
        .ancestors()
        .skip(1)
        .take_while(|above| *above != folder);
    is_hidden(path) || above.into_iter().any(|above| whose(above).is_some())
}

/// Whose a folder is, if not the user's.
pub(super) fn whose(folder: &Path) -> Option<Whose> {
    let name = folder.file_name()?.to_string_lossy().to_lowercase();
    if SYSTEM.contains(&name.as_str()) {
        return Some(Whose::System);
    }
    if is_hidden(folder) {
        return Some(Whose::Hidden);
    }
    let is_of_findings =
        PICTURES.contains(&name.as_str()) && folder.parent().is_some_and(has_findings);
    is_of_findings.then_some(Whose::Findings)
}

/// Whether pictures of findings lie in a folder.
fn has_findings(folder: &Path) -> bool {
    let (list, begins) = FINDINGS;
    let path = folder.join(list);
    let mut start = vec![0; begins.len()];
    // A pipe of that name would never end.
    let listed = path.is_file()
        && File::open(&path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == begins;
    let kinds = PICTURES.iter().filter(|kind| folder.join(kind).is_dir());
    listed || kinds.count() >= KINDS
}

/// Whether a file or a folder is hidden by its name.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn a_path_is_left_out_as_the_walk_leaves_it_out() {
        let root = tree(&["0.png", "a/1.png", "@eaDir/2.png", ".x/3.png", "a/.4.png"]);
        let root = root.path();
        let mut walked = Vec::new();
        walk(root, |found| {
            if let Walked::File(entry) = found {
                walked.push(entry.into_path());
            }
        });
        walked.retain(|path| !is_hidden(path));
        walked.sort();
        let all = ["0.png", "@eaDir/2.png", ".x/3.png", "a/.4.png", "a/1.png"];
        let paths = all.map(|name| root.join(name));
        let kept: Vec<PathBuf> = (paths.into_iter())
            .filter(|path| !is_left_out(root, path))
            .collect();
        assert_eq!(kept, walked);
        // Who names such a folder means it.
        let named = root.join("@eaDir");
        assert!(!is_left_out(&named, &named.join("2.png")));
    }
}
