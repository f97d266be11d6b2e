//! The façade of detection: a loaded model that judges images.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use image::RgbImage;

use crate::cpu::Memory;
use crate::device;
use crate::error::{Error, Result};
use crate::error_maps::LevelMoments;
use crate::image::resize;
use crate::judge::Judge;
use crate::model_file::{Header, Model};
use crate::network::Parameters;
use crate::placement::Placement;
use crate::scoring::AnomalyMaps;
use crate::shares::Shares;
use crate::teacher::{Library, Teacher, hash};
use crate::threshold::Thresholds;

/// What was found in one image.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The anomaly map and its parts at the model's `image_size`.
    pub maps: AnomalyMaps,
    /// The maximum of the map.
    pub score: f32,
    /// Whether the score lies above the model's image threshold.
    pub anomalous: bool,
    /// What the peak and what stands out with it are owed to.
    pub shares: Shares,
    /// What the position classifier says of the place where "in the wrong place" peaks; none in a
    /// baseline.
    pub placement: Option<Placement>,
}

/// A model ready to judge images.
pub struct Detector {
    path: PathBuf,
    header: Header,
    teacher: Teacher,
    judge: Judge,
    local: Option<LevelMoments>,
    /// Memory of passes: as many as there were images at a time.
    memories: Mutex<Vec<Memory>>,
}

impl Detector {
    /// Loads a model file; a model saved without its teacher takes it from the library.
    ///
    /// # Errors
    /// An unusable model file, or a teacher that is missing or not the one trained with.
    pub fn load(path: &Path, library: &Library, device: &Device) -> Result<Self> {
        let model = Model::load(path)?;
        Self::new(model, path, library, device)
    }

    fn new(model: Model, path: &Path, library: &Library, device: &Device) -> Result<Self> {
        let fail = |reason: String| Error::model_file(path, reason);
        let header = model.header;
        let weights = match model.teacher {
            Some(weights) => weights,
            None => library
                .find_identical(&header.teacher, &header.config.teacher)
                .map_err(|e| match e {
                    Error::TeacherMissing { name, .. } => fail(format!(
                        "it was saved without its teacher '{name}' (SHA-256 {}): bring that file \
                     and run `oddspot teacher import`",
                        header.teacher.sha256
                    )),
                    other => other,
                })?,
        };
        if hash(&weights) != header.teacher.sha256 {
            return Err(fail(
                "its teacher's weights are not those it was trained with: the file is damaged"
                    .to_owned(),
            ));
        }
        let parameters = Parameters::from_tensors(&weights, device);
        let mut teacher = Teacher::new(header.teacher.architecture, &parameters).map_err(fail)?;
        drop(weights);
        if teacher.channels() != header.teacher_channels {
            return Err(fail(
                "its teacher's channels are not those it was trained for".to_owned(),
            ));
        }
        if device::is_cpu(device) {
            // Here, before any thread of the pool could wait for it.
            teacher.keep_on_cpu_only();
        }
        let channels = header.teacher_channels;
        let judge = Judge::new(
            &header.config,
            &model.networks,
            channels,
            model.statistics,
            device,
        )
        .map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            header,
            teacher,
            judge,
            local: model.local,
            memories: Mutex::default(),
        })
    }

    /// The same with other thresholds (see [`Thresholds::at_rate`], [`Thresholds::at_score`]).
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.header.thresholds = thresholds;
        self
    }

    /// The model's header: configuration, provenance, statistics, and the thresholds that hold.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn memories(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges one image of any size. Several threads may judge at a time.
    ///
    /// # Errors
    /// A map that is not of finite numbers, which only a damaged model gives.
    pub fn detect(&self, image: &RgbImage) -> Result<Detection> {
        let config = &self.header.config;
        let mut memory = self.memories().pop().unwrap_or_default();
        let image = resize(image, config.image_size);
        let errors = self.judge.errors(&image, &self.teacher, &mut memory);
        let errors = errors.at_pixels(config, self.local.as_ref());
        let maps = AnomalyMaps::fuse(&errors, &self.header.normalisation, &config.detection);
        if !maps.total.values.iter().all(|value| value.is_finite()) {
            return Err(Error::model_file(
                &self.path,
                "it gives scores that are not finite numbers: it is damaged; train it anew",
            ));
        }
        let score = maps.score();
        let placement = (maps.pos.as_ref())
            .and_then(|pos| self.judge.placement(&image, pos.peak().1, &mut memory));
        self.memories().push(memory);
        Ok(Detection {
            placement,
            score,
            anomalous: f64::from(score) > self.header.thresholds.image,
            shares: maps.shares(),
            maps,
        })
    }
}
