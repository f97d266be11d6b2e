//! A model and what was made ready of it, in a process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oddspot::files::lock::Hold;
use oddspot::files::replaced::replace;
use oddspot::judge::{self, Options};
use oddspot::net::teachers::Library;
use oddspot::{Model, Result};

/// What a detector is in a process.
#[derive(Clone)]
pub struct Held {
    process: u32,
    /// What judges.
    pub detector: Arc<judge::Detector>,
    /// What it was made of, to be changed and saved.
    pub model: Arc<Model>,
}

impl Held {
    /// Makes a model ready, on so many threads.
    ///
    /// # Errors
    /// A teacher that is not at hand.
    pub fn of(model: Model, threads: usize) -> Result<Self> {
        let options = Options {
            threads,
            library: Some(library()),
            ..Options::default()
        };
        Ok(Self {
            process: std::process::id(),
            detector: Arc::new(judge::Detector::new(model.clone(), options)?),
            model: Arc::new(model),
        })
    }

    /// The same on threads of this process.
    ///
    /// # Errors
    /// Threads that the system does not give.
    pub fn again(&self, threads: usize) -> Result<Self> {
        Ok(Self {
            process: std::process::id(),
            detector: Arc::new(self.detector.on_threads(threads)?),
            model: Arc::clone(&self.model),
        })
    }

    /// Whether its threads are of this process, which may have been forked.
    pub fn is_of_here(&self) -> bool {
        self.process == std::process::id()
    }

    /// An image is anomalous above the first, to be checked above the second; and the shares of good images that these
    /// aim at.
    pub fn thresholds(&self) -> [(f64, f64); 2] {
        let thresholds = &self.model.header.thresholds;
        let rates = thresholds.rates();
        [
            (thresholds.image, thresholds.check),
            (rates.anomalous, rates.check),
        ]
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_of_here() {
            // Its threads are another process's: nobody here can end them.
            std::mem::forget(Arc::clone(&self.detector));
        }
    }
}

/// Teachers that the user has imported, and those in the program.
pub fn library() -> Library {
    Library::of_user().unwrap_or_else(Library::in_the_program)
}

/// Writes a model, with the one that lay there kept.
///
/// # Errors
/// A file that cannot be written, or that another run is writing.
pub fn save(model: &Model, path: &Path) -> Result<Option<PathBuf>> {
    let _hold = Hold::take_soon(path)?;
    replace(path, || model.save(path))
}
