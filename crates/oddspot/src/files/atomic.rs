//! Files that appear whole or not at all: written under a temporary name, then renamed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile};

use super::digest::hex;
use crate::error::{Error, Result};

/// Bytes of a file name that every common file system takes.
const LONGEST: usize = 255;
/// What a temporary file's name has beside the file's own: two dots, and its end.
const AROUND: usize = 1 + 1 + RANDOM + ".tmp".len();
/// Letters and digits in a temporary file's name that are left to chance.
const RANDOM: usize = 6;

/// Writes a file by a closure, so that `path` always holds either its old content or all of
/// the new one.
///
/// The bytes go to `.<name>.<random>.tmp` in the same folder (a long name is shortened for that), are flushed to the disk, and the
/// file is renamed over `path`; after an error (a full disk, a failing closure) the temporary
/// file is gone and `path` is as it was. The new file has the permissions of any newly created
/// one (0666 less the umask on Unix). A symbolic link at `path` is replaced, not followed.
/// What is neither file nor folder (`/dev/stdout`, a pipe) cannot be renamed over and is
/// written directly.
pub fn write(
    path: impl AsRef<Path>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let written = if is_special(path) {
        write_through(path, content)
    } else {
        write_and_rename(path, content)
    };
    written.map_err(Error::io("write", path))
}

/// Writes bytes with the guarantees of [`write()`].
pub fn write_bytes(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    write(path, |file| file.write_all(bytes))
}

/// Removes what runs that were killed left beside `path` of [`write()`]: for who knows that nobody is
/// writing it, as by a [`Hold`](super::lock::Hold). What cannot be removed stays.
pub fn remove_leftovers(path: &Path) {
    if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
        let name = shortened(name, LONGEST - AROUND);
        remove_leftovers_in(folder_of(path), |of| of == name);
    }
}

/// The same in a folder, but not below it, for all files whose names `of` says yes to.
pub fn remove_leftovers_in(folder: &Path, of: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let meant = name.to_str().and_then(meant_for);
        if meant.is_some_and(&of) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// The name of the file that a temporary one was to become.
fn meant_for(temporary: &str) -> Option<&str> {
    let middle = temporary.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (name, random) = middle.rsplit_once('.')?;
    let is_random = random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric());
    is_random.then_some(name)
}

fn write_and_rename(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_beside(path)?;
    fill(temporary.as_file(), content)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|refused| refused.error)?;
    Ok(())
}

fn write_through(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    fill(&File::options().write(true).open(path)?, content)
}

fn fill(file: &File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::new(file);
    content(&mut buffered)?;
    buffered.flush()
}

/// A file's name in at most so many bytes: of a longer one the end gives way to a mark by which names stay
/// apart, before the extension.
pub fn shortened(name: &str, most: usize) -> Cow<'_, str> {
    if name.len() <= most {
        return Cow::Borrowed(name);
    }
    let mark = format!("~{:.8}", hex(&Sha256::digest(name)));
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot + mark.len() < most => &name[dot..],
        _ => "",
    };
    let kept = name.floor_char_boundary(most.saturating_sub(mark.len() + extension.len()));
    Cow::Owned(format!("{}{mark}{extension}", &name[..kept]))
}

/// An empty file `.<name>.<random>.tmp` in the folder of `path`, removed when dropped.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path does not end in a file name",
        )
    })?;
    let mut prefix = std::ffi::OsString::from(".");
    match name.len() + AROUND > LONGEST {
        true => prefix.push(&*shortened(&name.to_string_lossy(), LONGEST - AROUND)),
        false => prefix.push(name),
    }
    prefix.push(".");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp").rand_bytes(RANDOM);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_and_then_its_replacement_hold_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.oddspot");
        for content in [&b"first"[..], b"the second, longer"] {
            write_bytes(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
            assert_eq!(names_in(folder.path()), ["model.oddspot"]);
        }
    }

    #[test]
    fn a_disk_that_fills_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.oddspot");
        write_bytes(&path, b"old").unwrap();
        let error = write(&path, |file| {
            file.write_all(&[7; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.to_string().contains("model.oddspot"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names_in(folder.path()), ["model.oddspot"]);
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results");
        fs::create_dir(&path).unwrap();
        assert!(write_bytes(&path, b"x").is_err());
        assert_eq!(names_in(folder.path()), ["results"]);
    }

    #[test]
    fn what_killed_runs_left_of_a_file_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.oddspot");
        let left = temporary_beside(&path).unwrap();
        let (_, left) = left.keep().unwrap();
        let kept = [
            ".a.oddspot.lock",
            ".a.oddspot.short.tmp",
            ".b.oddspot.AbC123.tmp",
            "a.oddspot",
            "a.oddspot.AbC123.tmp",
        ];
        for name in kept {
            fs::write(folder.path().join(name), name).unwrap();
        }
        remove_leftovers(&path);
        assert!(!left.exists());
        assert_eq!(names_in(folder.path()), kept);
        remove_leftovers_in(folder.path(), |name| name.ends_with(".oddspot"));
        assert_eq!(names_in(folder.path()).len(), 4);
        remove_leftovers(&folder.path().join("none/a.oddspot"));
    }

    #[test]
    fn a_name_as_long_as_can_be_is_written_and_its_leftovers_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["検".repeat(83) + ".png", "x".repeat(255)] {
            let path = folder.path().join(&name);
            write_bytes(&path, b"long").unwrap();
            let (_, left) = temporary_beside(&path).unwrap().keep().unwrap();
            remove_leftovers(&path);
            assert!(path.exists() && !left.exists());
        }
        assert_eq!(names_in(folder.path()).len(), 2);
    }

    #[test]
    fn a_shortened_name_keeps_its_extension_and_is_told_from_others() {
        assert_eq!(shortened("a.png", 20), "a.png");
        let [one, other] = ["one", "other"].map(|end| format!("{}{end}.png", "ä".repeat(100)));
        let short = |name: &str| shortened(name, 40).into_owned();
        assert!(short(&one).len() <= 40 && short(&one).ends_with(".png"));
        assert_ne!(short(&one), short(&other));
        assert!(shortened(&("a.".to_owned() + &"b".repeat(99)), 40).len() <= 40);
    }

    #[test]
    fn a_missing_folder_and_a_missing_name_are_errors_that_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_bytes(folder.path().join("none/map.png"), b"x").unwrap_err();
        assert!(error.to_string().ends_with("none/map.png"), "{error}");
        assert!(write_bytes("..", b"x").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
        fs::write(&plain, "x").unwrap();
        write_bytes(&atomic, b"x").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_directly_and_its_errors_are_reported() {
        let error = write_bytes("/dev/full", &[0; 10]).unwrap_err();
        assert!(error.to_string().contains("/dev/full"), "{error}");
        assert!(is_special(Path::new("/dev/full")));
    }
}
