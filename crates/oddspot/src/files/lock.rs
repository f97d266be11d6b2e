//! A file that one run at a time may write.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, Subject};

/// Bytes of a process's number, at most.
const LONGEST: u64 = 20;

/// A hold on an output, by a lock on the file `.<name>.lock` beside it, which goes when the hold is let
/// go or the process ends. The file says which process that is.
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
        let path = lock_of(output);
        let open = || {
            let mut options = File::options();
            // What it says is the holder's.
            let file = options.write(true).create(true).truncate(false).open(&path);
            file.map_err(Error::io("write", output))
        };
        loop {
            let mut file = open()?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::at(
                        ErrorKind::Mismatch,
                        Subject::File("write"),
                        output,
                        format!(
                            "another run{} is writing it: wait for its end, or choose another name",
                            holder(output)
                        ),
                    ));
                }
                // Some network file systems have none.
                Err(TryLockError::Error(_)) => return Ok(Self { path, file: None }),
            }
            // The one who held it may have removed the file between the opening and the lock.
            if is_same(&file, &path) {
                // Only that others may say whose it is.
                file.set_len(0).ok();
                write!(file, "{}", std::process::id()).ok();
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

/// Which process holds an output, as " (process 1234)"; nothing where that is not known.
pub fn holder(output: &Path) -> String {
    let mut number = String::new();
    let read =
        File::open(lock_of(output)).map(|file| file.take(LONGEST).read_to_string(&mut number));
    match read.is_ok() && number.parse::<u32>().is_ok() {
        true => format!(" (process {number})"),
        false => String::new(),
    }
}

/// The file that is locked.
fn lock_of(output: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(output.file_name().unwrap_or_default());
    name.push(".lock");
    output.with_file_name(name)
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
        let said = format!("another run (process {}) is", std::process::id());
        assert!(error.to_string().contains(&said), "{error}");
        drop(hold);
        Hold::take(&output).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
