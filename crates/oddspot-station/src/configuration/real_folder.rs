//! Where a folder lies, whether or not it is there yet.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use oddspot_arrivals::in_time;

/// Links that are followed, at most: more lead in a circle.
const LINKS: usize = 40;

/// The real path of a folder. Of one that is not there that part is real which is, and the rest is as it is named.
pub fn real(folder: &Path) -> PathBuf {
    let (mut wanted, mut links) = (folder.to_owned(), 0);
    // Parts that are not there, the last first.
    let mut missing = Vec::new();
    loop {
        let there = match wanted.as_os_str().is_empty() {
            true => canonical(Path::new(".")),
            false => canonical(&wanted),
        };
        match there {
            Ok(real) => return missing.into_iter().rev().fold(real, put),
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Err(_) if links < LINKS => {
                if let Ok(to) = wanted.read_link() {
                    wanted = wanted.parent().unwrap_or(Path::new("")).join(to);
                    links += 1;
                    continue;
                }
            }
            Err(_) => {}
        }
        let Some(last) = wanted.components().next_back() else {
            return folder.to_owned();
        };
        missing.push(PathBuf::from(last.as_os_str()));
        if !wanted.pop() {
            return folder.to_owned();
        }
    }
}

/// The number of the first folder that lies in one before it, or around one, and what is wrong with it.
pub fn fault<'a>(folders: impl Iterator<Item = Option<&'a Path>>) -> Option<(usize, String)> {
    let folders: Vec<Option<&Path>> = folders.collect();
    let mut before: Vec<PathBuf> = Vec::new();
    let places = reals(&folders).into_iter().zip(folders);
    places.enumerate().find_map(|(number, (real, folder))| {
        let (real, folder) = (real?, folder?);
        let is_shared = |other: &PathBuf| real.starts_with(other) || other.starts_with(&real);
        let reason = before.iter().any(is_shared).then(|| {
            let folder = folder.display();
            format!(
                "two stations take images from {folder}, or from below it: each file is for one alone"
            )
        });
        before.push(real);
        reason.map(|reason| (number, reason))
    })
}

/// The number of the first folder that lies in another one, or is that one.
pub fn within<'a>(outer: &Path, folders: impl Iterator<Item = Option<&'a Path>>) -> Option<usize> {
    let folders: Vec<Option<&Path>> = folders.collect();
    let outer = real(outer);
    let is_in = |real: &Option<PathBuf>| real.as_ref().is_some_and(|real| real.starts_with(&outer));
    reals(&folders).iter().position(is_in)
}

/// The real paths of folders, all asked for at a time: of several on a share that hangs each is waited for.
fn reals(folders: &[Option<&Path>]) -> Vec<Option<PathBuf>> {
    std::thread::scope(|scope| {
        let asked = folders.iter().map(|folder| {
            let folder = (*folder)?;
            let thread = std::thread::Builder::new().name("place".to_owned());
            Some((folder, thread.spawn_scoped(scope, move || real(folder))))
        });
        let asked: Vec<_> = asked.collect();
        let found = asked.into_iter().map(|one| {
            let (folder, thread) = one?;
            let real = thread.ok().and_then(|thread| thread.join().ok());
            Some(real.unwrap_or_else(|| folder.to_owned()))
        });
        found.collect()
    })
}

/// A part behind a path; `..` is the one before.
fn put(mut path: PathBuf, part: PathBuf) -> PathBuf {
    if part == Path::new("..") {
        path.pop();
    } else {
        path.push(part);
    }
    path
}

/// The real path of what is there, unless its disk or share does not answer.
fn canonical(path: &Path) -> std::io::Result<PathBuf> {
    let path = path.to_owned();
    in_time(move || path.canonicalize())
}

/// Whether a path is no folder. Of one whose disk or share does not answer nobody knows: it is waited for as one.
pub fn is_no_folder(path: &Path) -> bool {
    let path = path.to_owned();
    matches!(in_time(move || Ok(path.is_dir())), Ok(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_is_a_folder_is_told_from_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(!is_no_folder(folder.path()));
        assert!(is_no_folder(&file) && is_no_folder(&folder.path().join("none")));
    }

    #[test]
    fn a_folder_that_is_not_there_lies_where_its_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("a")).unwrap();
        assert_eq!(real(&root.join("a/../a")), root.join("a"));
        assert_eq!(real(&root.join("a/x/y")), root.join("a/x/y"));
        assert_eq!(real(&root.join("b/x/../y/.")), root.join("b/y"));
        assert_eq!(real(&root.join("a/x/../../b")), root.join("b"));
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(real(Path::new("none/x")), here.join("none/x"));
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_where_they_lead_though_nothing_is_there() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("a")).unwrap();
        symlink("a", root.join("there")).unwrap();
        symlink("../later/x", root.join("a/gone")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        assert_eq!(real(&root.join("there/x")), root.join("a/x"));
        assert_eq!(real(&root.join("there/gone/y")), root.join("later/x/y"));
        assert_eq!(real(&root.join("circle/y")), root.join("circle/y"));
    }
}
