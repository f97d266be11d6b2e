//! Files that a command writes: refused before long work where that cannot be, and held while it goes
//! on.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use oddspot::ErrorKind;
use oddspot::files::atomic;
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
    fn an_output_is_claimed_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        let claim = Claim::take(&file).unwrap();
        assert!(Claim::take(&file).is_err());
        drop(claim);
        assert!(Claim::take(&file).is_ok());
    }
}
