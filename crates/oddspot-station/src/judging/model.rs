//! Models made ready to judge: each once, however many stations it judges for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oddspot::files::digest::{hex, sha256_of_file};
use oddspot::images::Limits;
use oddspot::{Detector, Options};

use super::decoding::Decoding;
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::ModelVersion;
use crate::words::Sentence;

/// Models that are ready at a time, beside those that judge for a station.
const KEPT: usize = 2;

/// A model made ready.
pub struct Model {
    /// What the history keeps of it.
    pub version: ModelVersion,
    /// What judges.
    pub detector: Detector,
}

/// The models of the data folder.
pub struct Models {
    data: Arc<Data>,
    options: Options,
    limits: Limits,
    decoding: Decoding,
    ready: Mutex<Vec<Arc<Model>>>,
    /// By SHA-256 those whose files cannot be used any more, and why.
    damaged: Mutex<BTreeMap<String, String>>,
}

/// A model as pages name it.
fn short(sha256: &str) -> String {
    format!("{sha256:.12}")
}

impl Models {
    /// None is ready yet.
    pub fn new(data: Arc<Data>, options: Options, limits: Limits) -> Self {
        Self {
            data,
            options,
            limits,
            decoding: Decoding::new(limits),
            ready: Mutex::default(),
            damaged: Mutex::default(),
        }
    }

    /// How models are made ready.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How large images may be.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many images lie decoded in memory.
    pub fn decoding(&self) -> &Decoding {
        &self.decoding
    }

    /// Where a model's file lies.
    pub fn path(&self, sha256: &str) -> PathBuf {
        self.data.model(sha256)
    }

    /// A model as its file is now, made ready anew: what lies in memory does not vouch for the disk.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn fresh(&self, sha256: &str) -> Result<Arc<Model>> {
        self.load(sha256).map(Arc::new)
    }

    /// Why a model's file cannot be used any more, if that was found.
    pub fn damage(&self, sha256: &str) -> Option<String> {
        self.damaged().get(sha256).cloned()
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether a model's file is still as it was brought, and notes it.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, sha256: &str) -> Result<()> {
        self.noted(sha256, self.check_file(sha256))
    }

    fn check_file(&self, sha256: &str) -> Result<()> {
        let path = self.data.model(sha256);
        if !path.is_file() {
            let sentence = Sentence::new("refused-model-gone").with("model", short(sha256));
            let error = Error::at(Kind::NotFound, path, sentence.to_string());
            return Err(error.meaning(sentence));
        }
        if hex(&sha256_of_file(&path)?) != sha256 {
            let sentence = Sentence::new("refused-model-damaged").with("model", short(sha256));
            let error = Error::at(Kind::Invalid, path, sentence.to_string());
            return Err(error.meaning(sentence));
        }
        Ok(())
    }

    /// Notes whether a model's file can be used.
    fn noted<T>(&self, sha256: &str, used: Result<T>) -> Result<T> {
        match &used {
            Ok(_) => drop(self.damaged().remove(sha256)),
            // Where it lies is for the terminal.
            Err(error) => {
                drop((self.damaged()).insert(sha256.to_owned(), error.reason().to_owned()))
            }
        }
        used
    }

    fn load(&self, sha256: &str) -> Result<Model> {
        self.noted(sha256, self.load_file(sha256))
    }

    fn load_file(&self, sha256: &str) -> Result<Model> {
        self.check_file(sha256)?;
        let path = self.data.model(sha256);
        let detector = Detector::load(&path, self.options.clone())?.with_limits(self.limits);
        let thresholds = detector.thresholds();
        Ok(Model {
            version: ModelVersion {
                sha256: sha256.to_owned(),
                oddspot: detector.header().oddspot.clone(),
                thresholds: [thresholds.image, thresholds.check],
            },
            detector,
        })
    }

    /// Keeps a model's file in the data folder, and makes it ready.
    ///
    /// # Errors
    /// A file that is no usable model.
    pub fn bring(&self, file: &Path) -> Result<Arc<Model>> {
        // What cannot judge is not kept.
        oddspot::Model::load(file)?;
        let sha256 = self.data.keep_model(file)?;
        // What was damaged is mended.
        self.check(&sha256)?;
        self.get(&sha256)
    }

    /// A model by its SHA-256.
    ///
    /// # Errors
    /// A model that the data folder lacks, or that cannot be used any more.
    pub fn get(&self, sha256: &str) -> Result<Arc<Model>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = ready.iter().position(|one| one.version.sha256 == sha256) {
            let found = ready.remove(at);
            ready.push(Arc::clone(&found));
            return Ok(found);
        }
        let model = Arc::new(self.load(sha256)?);
        ready.push(Arc::clone(&model));
        let idle = ready.iter().filter(|one| Arc::strong_count(one) == 1);
        if idle.count() > KEPT
            && let Some(oldest) = ready.iter().position(|one| Arc::strong_count(one) == 1)
        {
            ready.remove(oldest);
        }
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let data = Arc::new(Data::open(folder.path()).unwrap());
        let models = Models::new(Arc::clone(&data), Options::default(), Limits::default());
        let sha256 = "0123456789ab".repeat(5);
        let said = || {
            let refused = models.check(&sha256).unwrap_err();
            refused.sentence().unwrap().to_string()
        };
        assert_eq!(
            said(),
            "model 0123456789ab is not in the data folder any more"
        );
        std::fs::write(data.model(&sha256), "another").unwrap();
        let damaged = said();
        assert!(
            damaged.starts_with("model 0123456789ab is damaged"),
            "{damaged}"
        );
    }
}
