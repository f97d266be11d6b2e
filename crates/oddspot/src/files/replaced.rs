//! Files that are written anew, with what lay there kept beside them.

use std::path::{Path, PathBuf};

use super::atomic;
use super::digest::sha256_of_file;
use crate::error::{Error, Result};

/// Writes a file anew by `write`, and keeps what lay there as FILE.bak, or as FILE.bak.2 and so on where an
/// older one lies there: by that name, if it is another file than the new one.
///
/// # Errors
/// A file that cannot be read or written.
pub fn replace(file: &Path, write: impl FnOnce() -> Result<()>) -> Result<Option<PathBuf>> {
    if !file.is_file() {
        write()?;
        return Ok(None);
    }
    let before = sha256_of_file(file)?;
    let mut places = places(file);
    // The numbers never end, and what was kept once is not kept twice.
    let place = places
        .find(|place| !place.exists() || sha256_of_file(place).is_ok_and(|kept| kept == before));
    let kept = place.unwrap_or_else(|| beside(file, "bak"));
    let is_new = !kept.exists();
    if is_new {
        let bytes = std::fs::read(file).map_err(Error::io("read", file))?;
        atomic::write_bytes(&kept, &bytes)?;
    }
    write()?;
    if sha256_of_file(file)? != before {
        return Ok(Some(kept));
    }
    if is_new {
        std::fs::remove_file(&kept).ok();
    }
    Ok(None)
}

/// What [`replace`] kept of a file, in the order of its names.
pub fn kept(file: &Path) -> impl Iterator<Item = PathBuf> {
    places(file).take_while(|place| place.is_file())
}

/// Where a file is kept that is written anew, without an end.
fn places(file: &Path) -> impl Iterator<Item = PathBuf> {
    let numbered = (2..).map(|number| format!("bak.{number}"));
    let names = std::iter::once("bak".to_owned()).chain(numbered);
    names.map(|name| beside(file, &name))
}

/// The file `<output>.<suffix>`.
pub fn beside(output: &Path, suffix: &str) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder of a file.
pub fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_is_kept_and_never_lost_to_what_was_kept_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m");
        let put = |text: &'static str| {
            let kept = replace(&file, || atomic::write_bytes(&file, text.as_bytes())).unwrap();
            kept.map(|kept| kept.file_name().unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(put("one"), None);
        assert_eq!(put("one"), None);
        assert_eq!(put("two").as_deref(), Some("m.bak"));
        assert_eq!(put("three").as_deref(), Some("m.bak.2"));
        // The model of before is kept already.
        assert_eq!(put("one").as_deref(), Some("m.bak.3"));
        assert_eq!(put("two").as_deref(), Some("m.bak"));
        assert_eq!(kept(&file).count(), 3);
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            ["m", "m.bak", "m.bak.2", "m.bak.3"].map(text),
            ["two", "one", "two", "three"]
        );
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m");
        std::fs::write(&file, "old").unwrap();
        assert!(replace(&file, || Err(Error::internal("full"))).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    }
}
