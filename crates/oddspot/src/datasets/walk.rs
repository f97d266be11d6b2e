//! The files under a folder that are the user's, at any depth.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::{DirEntry, WalkDir};

use crate::images::{begins_like_an_image, has_image_extension};

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

/// Folders that operating systems, network drives and backups make for themselves, in lower case.
const SYSTEM: [&str; 13] = [
    "#recycle",
    "#snapshot",
    "__macosx",
    "_gsdata_",
    "lost+found",
    "network trash folder",
    "recycled",
    "recycler",
    "system volume information",
    "temporary items",
    "thevolumesettingsfolder",
    "windowsimagebackup",
    "~snapshot",
];
/// How others begin, whatever follows: `@eaDir`, `@appstore` of network drives, `$RECYCLE.BIN`, `$WinREAgent` of Windows.
const SYSTEM_BEGINS: [char; 2] = ['@', '$'];
/// How folders begin in which a check of the disk keeps what it found, before three digits.
const FOUND: &str = "found.";

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
    /// A picture that this program wrote of what it found, by the results beside it.
    Finding(PathBuf),
    /// A folder that is not the user's.
    LeftOut(PathBuf, Whose),
    /// What cannot be looked at.
    Unreadable(PathBuf, walkdir::Error),
}

/// Goes through all that lies under a folder, in no order. Folders that are not the user's are not gone into; a symbolic
/// link is followed, but never in a loop. Of the pictures in a folder of findings those are none of the user's that its
/// results name.
pub fn walk(folder: &Path, each: impl FnMut(Walked)) {
    go(WalkDir::new(folder).follow_links(true), folder, each);
}

/// The same without following a symbolic link, but for the folder itself: each link is a file, and nothing that lies
/// elsewhere is opened.
pub fn walk_without_links(folder: &Path, each: impl FnMut(Walked)) {
    go(WalkDir::new(folder).follow_links(false), folder, each);
}

fn go(walk: WalkDir, folder: &Path, mut each: impl FnMut(Walked)) {
    let mut walk = walk.into_iter();
    let mut findings = Findings::default();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                if let Some(whose) = whose(entry.path()).filter(|_| entry.depth() > 0) {
                    if whose == Whose::Findings && findings.know(entry.path()) {
                        continue;
                    }
                    walk.skip_current_dir();
                    each(Walked::LeftOut(entry.into_path(), whose));
                }
            }
            // The folder itself is named by a link: it is gone into all the same.
            Ok(entry) if entry.depth() == 0 && entry.file_type().is_symlink() => {}
            Ok(entry) if findings.name(entry.path()) => each(Walked::Finding(entry.into_path())),
            Ok(entry) => each(Walked::File(entry)),
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let at = error.path().unwrap_or(folder).to_owned();
                each(Walked::Unreadable(at, error));
            }
        }
    }
}

/// Whether an image lies under a folder, by its name or its first bytes, in a folder of the user's.
pub fn has_images(folder: &Path) -> bool {
    let is_users = |entry: &DirEntry| entry.depth() == 0 || whose(entry.path()).is_none();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    walk.filter_entry(is_users).flatten().any(|entry| {
        let path = entry.path();
        entry.file_type().is_file()
            && !is_hidden(path)
            && (has_image_extension(path) || begins_like_an_image(path))
    })
}

/// The pictures that results name, of each folder of findings that was come to.
#[derive(Default)]
struct Findings(HashMap<PathBuf, HashSet<PathBuf>>);

impl Findings {
    /// Reads the results beside a folder of pictures; false where there are none.
    fn know(&mut self, pictures: &Path) -> bool {
        let Some(output) = pictures.parent().filter(|output| is_listed(output)) else {
            return false;
        };
        if !self.0.contains_key(output) {
            self.0.insert(output.to_owned(), named_by(output));
        }
        true
    }

    /// Whether a file is one of them.
    fn name(&self, file: &Path) -> bool {
        !self.0.is_empty()
            && file.ancestors().skip(2).any(|output| {
                let named = self.0.get(output);
                named.is_some_and(|named| {
                    file.strip_prefix(output).is_ok_and(|below| {
                        named.contains(below) || is_left_over(output, below, named)
                    })
                })
            })
    }
}

/// Whether a picture below an output folder is one of several of an image that no results name, as of a run that was
/// killed before it wrote the image's line.
pub fn is_left_over(output: &Path, below: &Path, named: &HashSet<PathBuf>) -> bool {
    let mut parts = below.components();
    let kind = parts.next().map(|kind| kind.as_os_str());
    let name = parts.as_path();
    let is_kind = |other: &str| kind == Some(OsStr::new(other));
    let others = PICTURES.iter().filter(|other| !is_kind(other));
    let mut others = others.flat_map(|other| {
        ["png", "jpg"].map(|ending| Path::new(other).join(name.with_extension(ending)))
    });
    PICTURES.iter().any(|known| is_kind(known))
        && others.any(|other| !named.contains(&other) && output.join(other).is_file())
}

/// The pictures that the results in a folder name, below it; half lines of runs that were killed name none.
fn named_by(output: &Path) -> HashSet<PathBuf> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(default)]
        files: Vec<PathBuf>,
    }
    let Ok(results) = File::open(output.join(FINDINGS.0)) else {
        return HashSet::new();
    };
    let lines = BufReader::new(results).split(b'\n').map_while(Result::ok);
    let lines = lines.filter_map(|line| serde_json::from_slice::<Line>(&line).ok());
    lines.flat_map(|line| line.files).collect()
}

/// Whether a path below a folder is none of the user's files: hidden, or in a folder that is not gone into.
pub fn is_left_out(folder: &Path, path: &Path) -> bool {
    let above = path
        .ancestors()
        .skip(1)
        .take_while(|above| *above != folder);
    is_hidden(path) || above.into_iter().any(|above| whose(above).is_some())
}

/// Whether a path below a folder lies among pictures of findings, whoever put it there.
pub fn lies_among_findings(folder: &Path, path: &Path) -> bool {
    let above = path.ancestors().skip(1);
    let mut above = above.take_while(|above| *above != folder);
    above.any(|above| whose(above) == Some(Whose::Findings))
}

/// Whose a folder is, if not the user's.
pub(super) fn whose(folder: &Path) -> Option<Whose> {
    let name = folder.file_name()?.to_string_lossy().to_lowercase();
    if is_of_system(&name) {
        return Some(Whose::System);
    }
    if is_hidden(folder) {
        return Some(Whose::Hidden);
    }
    let is_of_findings =
        PICTURES.contains(&name.as_str()) && folder.parent().is_some_and(has_findings);
    is_of_findings.then_some(Whose::Findings)
}

/// Whether a name in lower case is one that systems give.
fn is_of_system(name: &str) -> bool {
    let number = name.strip_prefix(FOUND).unwrap_or_default();
    SYSTEM.contains(&name)
        || name.starts_with(SYSTEM_BEGINS)
        || number.len() == 3 && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether pictures of findings lie in a folder.
fn has_findings(folder: &Path) -> bool {
    let kinds = PICTURES.iter().filter(|kind| folder.join(kind).is_dir());
    is_listed(folder) || kinds.count() >= KINDS
}

/// Whether results lie in a folder.
fn is_listed(folder: &Path) -> bool {
    let (list, begins) = FINDINGS;
    let path = folder.join(list);
    let mut start = vec![0; begins.len()];
    // A pipe of that name would never end, and a link may lead elsewhere.
    (path.symlink_metadata()).is_ok_and(|metadata| metadata.is_file())
        && File::open(&path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == begins
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
    fn folders_of_systems_are_known_by_name() {
        for of_system in [
            "@appstore",
            "@DownloadStation",
            "@S2S",
            "@__thumb",
            "$WinREAgent",
            "$RECYCLE.BIN",
            "found.000",
            "FOUND.017",
            "_gsdata_",
            "WindowsImageBackup",
            "Network Trash Folder",
            "Temporary Items",
        ] {
            assert_eq!(
                whose(Path::new(of_system)),
                Some(Whose::System),
                "{of_system}"
            );
        }
        for hidden in [".Trash-1000", ".AppleDouble"] {
            assert_eq!(whose(Path::new(hidden)), Some(Whose::Hidden), "{hidden}");
        }
        for of_user in [
            "found",
            "found.00",
            "found.0000",
            "found.abc",
            "gsdata",
            "a@b",
            "us$",
        ] {
            assert_eq!(whose(Path::new(of_user)), None, "{of_user}");
        }
    }

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
