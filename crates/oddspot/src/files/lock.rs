//! A file that one run at a time may write.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, Subject};

/// A hold on an output, by a lock on the file `.<name>.lock` beside it, which goes when the hold is let
/// go or the process ends.
#[derive(Debug)]
pub struct Hold {
    path: PathBuf,
    /// None where the file system knows no locks.
    file: Option<File>,
}

impl Hold {
    /// Takes hold of an output.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where another run holds it; a folder that cannot be written.
    pub fn take(output: &Path) -> Result<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(output.file_name().unwrap_or_default());
        name.push(".lock");
        let path = output.with_file_name(name);
        let create = || File::create(&path).map_err(Error::io("write", output));
        loop {
            let file = create()?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::at(
                        ErrorKind::Mismatch,
                        Subject::File("write"),
                        output,
                        "another run is writing it: wait for its end, or choose another name",
                    ));
                }
                // Some network file systems have none.
                Err(TryLockError::Error(_)) => return Ok(Self { path, file: None }),
            }
            // The one who held it may have removed the file between the opening and the lock.
            if is_same(&file, &path) {
                return Ok(Self {
                    path,
                    file: Some(file),
                });
            }
        }
    }

    /// The same, waiting a moment: a run that was killed may still be letting go of it.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_soon(output: &Path) -> Result<Self> {
        const TRIES: usize = 5;
        for _ in 1..TRIES {
            match Self::take(output) {
                Err(error) if error.kind() == ErrorKind::Mismatch => {
                    sleep(Duration::from_millis(100));
                }
                taken => return taken,
            }
        }
        Self::take(output)
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for Hold {
    fn drop(&mut self) {
        // While it is still locked, so that nobody else's file goes.
        std::fs::remove_file(&self.path).ok();
        self.file.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_held_by_one_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("model");
        let hold = Hold::take(&output).unwrap();
        let error = Hold::take(&output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains("another run"), "{error}");
        drop(hold);
        Hold::take(&output).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
