//! Files that a command writes: refused before long work where that cannot be, and held while it goes
//! on.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use oddspot::ErrorKind;
use oddspot::files::atomic;
use oddspot::files::digest::sha256_of_file;
use oddspot::files::lock::Hold;

/// An output file that is this run's own until it is let go.
pub struct Claim(Option<Hold>);

impl Claim {
    /// Claims a file, and removes what killed runs left of it.
    ///
    /// # Errors
    /// A file that could not be written after long work, or that another run is writing.
    pub fn take(file: &Path) -> Result<Self> {
        check(file)?;
        if is_special(file) {
            return Ok(Self(None));
        }
        let claim = Self(Some(hold(file)?));
        claim.clean(file);
        Ok(claim)
    }

    /// Removes what killed runs left of a file that goes with the claimed one.
    pub fn clean(&self, file: &Path) {
        if self.0.is_some() {
            atomic::remove_leftovers(file);
        }
    }
}

/// Claims the reports that a command was asked for, and tells which are there already.
///
/// # Errors
/// As [`Claim::take`].
pub fn claim_reports<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Claim>> {
    let claim = |file: &PathBuf| {
        let claim = Claim::take(file)?;
        if file.is_file() {
            tell!("{} is there already and will be replaced", file.display());
        }
        Ok(claim)
    };
    files.map(claim).collect()
}

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
    let numbered = (2..).map(|number| format!("bak.{number}"));
    let names = std::iter::once("bak".to_owned()).chain(numbered);
    let mut places = names.map(|name| beside(file, &name));
    // The numbers never end, and what was kept once is not kept twice.
    let place = places
        .find(|place| !place.exists() || sha256_of_file(place).is_ok_and(|kept| kept == before));
    let kept = place.unwrap_or_else(|| beside(file, "bak"));
    let is_new = !kept.exists();
    if is_new {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
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

/// Takes hold of an output. A run that was killed a moment ago may still be letting go of it.
///
/// # Errors
/// As [`Hold::take`].
pub fn hold(output: &Path) -> oddspot::Result<Hold> {
    const TRIES: usize = 5;
    for _ in 1..TRIES {
        match Hold::take(output) {
            Err(error) if error.kind() == ErrorKind::Mismatch => sleep(Duration::from_millis(100)),
            taken => return taken,
        }
    }
    Hold::take(output)
}

/// Devices and pipes are nobody's own.
fn is_special(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| !found.is_file())
}

fn check(file: &Path) -> Result<()> {
    ensure!(
        !file.is_dir(),
        "{} is a folder; give a file name, such as {}",
        file.display(),
        file.join("model.oddspot").display()
    );
    tempfile::tempfile_in(parent(file)).with_context(|| {
        format!(
            "cannot write {}; choose an existing folder that you may write to (-o)",
            file.display()
        )
    })?;
    Ok(())
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
    fn an_output_in_a_missing_folder_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        assert!(check(Path::new("results.json")).is_ok());
        assert!(Claim::take(&file).is_ok());
        assert!(Claim::take(folder.path()).is_err());
        assert!(Claim::take(&folder.path().join("no such folder/results.json")).is_err());
    }

    #[test]
    fn what_is_replaced_is_kept_and_never_lost_to_what_was_kept_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m");
        let put = |text: &'static str| {
            let kept = replace(&file, || Ok(atomic::write_bytes(&file, text.as_bytes())?)).unwrap();
            kept.map(|kept| kept.file_name().unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(put("one"), None);
        assert_eq!(put("one"), None);
        assert_eq!(put("two").as_deref(), Some("m.bak"));
        assert_eq!(put("three").as_deref(), Some("m.bak.2"));
        // The model of before is kept already.
        assert_eq!(put("one").as_deref(), Some("m.bak.3"));
        assert_eq!(put("two").as_deref(), Some("m.bak"));
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
        assert!(replace(&file, || anyhow::bail!("full")).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn an_output_is_claimed_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        let claim = Claim::take(&file).unwrap();
        assert!(Claim::take(&file).is_err());
        drop(claim);
        assert!(Claim::take(&file).is_ok());
    }
}
