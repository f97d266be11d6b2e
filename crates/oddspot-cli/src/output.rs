//! Files that a command writes: refused before long work where that cannot be, and held while it goes
//! on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use oddspot::files::atomic;
use oddspot::files::lock::Hold;
pub use oddspot::files::replaced::{beside, parent, replace};

use crate::voice::Voice;

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
        let claim = Self(Some(Hold::take_soon(file)?));
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

/// Refuses to write over files that are there already, before the work.
///
/// # Errors
/// Such a file.
pub fn refuse_to_replace<'a>(mut files: impl Iterator<Item = &'a PathBuf>) -> Result<()> {
    match files.find(|file| file.is_file()) {
        None => Ok(()),
        Some(file) => bail!(
            "{} is there already; add --replace to write over it, or choose another name",
            file.display()
        ),
    }
}

/// Claims the reports that a command was asked for, and tells which are there already.
///
/// # Errors
/// As [`Claim::take`].
pub fn claim_reports<'a>(
    files: impl Iterator<Item = &'a PathBuf>,
    voice: Voice,
) -> Result<Vec<Claim>> {
    let claim = |file: &PathBuf| {
        let claim = Claim::take(file)?;
        if file.is_file() {
            note!(
                voice,
                "{} is there already and will be replaced",
                file.display()
            );
        }
        Ok(claim)
    };
    files.map(claim).collect()
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
