//! Models made ready to judge: each once, however many stations it judges for.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use oddspot::images::Limits;
use oddspot::{Detector, Options};

use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::ModelVersion;

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
    ready: Mutex<Vec<Arc<Model>>>,
}

impl Models {
    /// None is ready yet.
    pub fn new(data: Arc<Data>, options: Options, limits: Limits) -> Self {
        Self {
            data,
            options,
            limits,
            ready: Mutex::default(),
        }
    }

    /// Keeps a model's file in the data folder, and makes it ready.
    ///
    /// # Errors
    /// A file that is no usable model.
    pub fn bring(&self, file: &Path) -> Result<Arc<Model>> {
        // What cannot judge is not kept.
        oddspot::Model::load(file)?;
        let sha256 = self.data.keep_model(file)?;
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
        let path = self.data.model(sha256);
        if !path.is_file() {
            let reason = "this model judged before and is not in the data folder any more";
            return Err(Error::at(Kind::NotFound, path, reason));
        }
        let detector = Detector::load(&path, self.options.clone())?.with_limits(self.limits);
        let thresholds = detector.thresholds();
        let model = Arc::new(Model {
            version: ModelVersion {
                sha256: sha256.to_owned(),
                oddspot: detector.header().oddspot.clone(),
                thresholds: [thresholds.image, thresholds.check],
            },
            detector,
        });
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
