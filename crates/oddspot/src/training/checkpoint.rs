//! Checkpoints: a training set aside, to be resumed as if it had never stopped.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Trainer, TrainingSet, engine};
use crate::atomic;
use crate::config::{Config, Difference};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::model_file::ImageRecord;
use crate::teacher::TeacherIdentity;
use crate::tensor_file::{
    CHECKPOINT_KEY, FORMAT, NamedTensors, Stored, TensorFile, check_finite, check_format, serialize,
};

/// Name of the tensor that holds the optimizer's state.
const OPTIMIZER: &str = "optimizer";

/// A checkpoint's text metadata.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    config: Config,
    teacher: TeacherIdentity,
    images: Vec<ImageRecord>,
    iteration: usize,
    /// Which engine's state of the optimizer it is.
    #[serde(default = "portable")]
    engine: String,
    /// Of the optimizer's bytes, which are parsed only if they are those that were written.
    optimizer_sha256: String,
}

/// The engine of checkpoints that do not name one.
fn portable() -> String {
    "portable".to_owned()
}

impl Trainer {
    /// Saves a checkpoint, replacing an older one whole.
    ///
    /// # Errors
    /// Parameters that are not finite (the older checkpoint stays), or a file that cannot be
    /// written.
    pub fn save(&mut self, path: &Path) -> Result<()> {
        let fail = |reason: String| Error::model_file(path, reason);
        let tensors = self.engine.tensors();
        for (name, tensor) in &tensors {
            if check_finite(name, &tensor.values).is_err() {
                return Err(self.diverged());
            }
        }
        let optimizer = self
            .engine
            .optimizer()
            .map_err(|e| fail(format!("the optimizer's state cannot be written: {e}")))?;
        let header = Header {
            format: FORMAT,
            config: self.config.clone(),
            teacher: self.teacher.clone(),
            images: self.set.records.clone(),
            iteration: self.iteration,
            engine: self.engine.name().to_owned(),
            optimizer_sha256: hex(&Sha256::digest(&optimizer[..])),
        };
        let mut stored: BTreeMap<String, Stored> = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), Stored::floats(tensor)))
            .collect();
        stored.insert(OPTIMIZER.to_owned(), Stored::bytes(optimizer));
        let header = serde_json::to_string(&header).map_err(|e| fail(e.to_string()))?;
        let bytes = serialize(&stored, CHECKPOINT_KEY, header).map_err(fail)?;
        atomic::write_bytes(path, &bytes)?;
        self.last_checkpoint = Some((self.iteration, path.to_owned()));
        Ok(())
    }

    /// Goes on from a checkpoint, which must belong to the same configuration, teacher and
    /// images.
    ///
    /// # Errors
    /// A damaged checkpoint, or one of another training; each says what differs.
    pub fn resume(
        path: &Path,
        config: Config,
        teacher: TeacherIdentity,
        teacher_channels: [usize; 3],
        set: TrainingSet,
        device: &Device,
    ) -> Result<Self> {
        let fail = |reason: String| Error::model_file(path, reason);
        let mut file = TensorFile::open(path).map_err(|e| e.explain(fail))?;
        let header = read_header(&file).map_err(fail)?;
        check_same_training(&header, &config, &teacher, &set).map_err(fail)?;
        if header.iteration > config.training.iterations {
            return Err(fail(
                "its iteration lies past the end of the training".to_owned(),
            ));
        }

        let mut tensors = NamedTensors::new();
        for name in file.shapes().into_keys().filter(|name| name != OPTIMIZER) {
            let tensor = file.read(&name).map_err(|e| e.explain(fail))?;
            tensors.insert(name, tensor);
        }
        let optimizer = file.read_bytes(OPTIMIZER).map_err(|e| e.explain(fail))?;
        if hex(&Sha256::digest(&optimizer)) != header.optimizer_sha256 {
            return Err(fail(
                "the optimizer's state in it is damaged; start again with --restart".to_owned(),
            ));
        }

        let mut trainer = Self::new(config, teacher, teacher_channels, set, device)?;
        trainer.engine =
            engine(&trainer.config, &tensors, teacher_channels, device).map_err(fail)?;
        if trainer.engine.name() != header.engine {
            return Err(fail(format!(
                "it was made by the engine '{}', and this device has '{}'; go on with the same \
                 --device, or start again with --restart",
                header.engine,
                trainer.engine.name()
            )));
        }
        trainer
            .engine
            .set_optimizer(optimizer)
            .map_err(|e| fail(format!("the optimizer's state cannot be read: {e}")))?;
        trainer.iteration = header.iteration;
        trainer.last_checkpoint = Some((header.iteration, path.to_owned()));
        Ok(trainer)
    }
}

/// The configuration that a checkpoint was made with.
///
/// # Errors
/// A file that is not a checkpoint, or a damaged one.
pub fn configuration(path: &Path) -> Result<Config> {
    let fail = |reason: String| Error::model_file(path, reason);
    let file = TensorFile::open(path).map_err(|e| e.explain(fail))?;
    Ok(read_header(&file).map_err(fail)?.config)
}

fn read_header(file: &TensorFile) -> Result<Header, String> {
    let text = file.metadata(CHECKPOINT_KEY).ok_or_else(|| {
        if file.is_model() {
            "it is a finished model, not a checkpoint; there is nothing to resume".to_owned()
        } else {
            "it is not an oddspot checkpoint".to_owned()
        }
    })?;
    check_format(text)?;
    serde_json::from_str(text).map_err(|e| format!("its header does not parse: {e}"))
}

fn check_same_training(
    header: &Header,
    config: &Config,
    teacher: &TeacherIdentity,
    set: &TrainingSet,
) -> Result<(), String> {
    let mut expected = header.config.clone();
    // These change how the training is run, not what it computes.
    expected.training.cache_mib = config.training.cache_mib;
    expected.training.checkpoint_every = config.training.checkpoint_every;
    expected.teacher.clone_from(&config.teacher);
    let differs = if expected != *config {
        differing_fields(&expected, config)
    } else if header.teacher.sha256 != teacher.sha256 {
        format!(
            "the teacher is {}, not {}",
            teacher.sha256, header.teacher.sha256
        )
    } else if header.images != set.records {
        differing_image(&header.images, &set.records)
    } else {
        return Ok(());
    };
    Err(format!(
        "it belongs to another training: {differs}; give the same data and options, or start \
         again with --restart instead of --resume"
    ))
}

/// Every field, such as "training.seed is 1, not 0", in which `config` is not as `expected`.
fn differing_fields(expected: &Config, config: &Config) -> String {
    let named: Vec<String> = (expected.differences(config).into_iter())
        .map(|Difference { name, mine, other }| format!("{name} is {other}, not {mine}"))
        .collect();
    format!("the configuration differs: {}", named.join(", "))
}

/// Names one of the images that are not the same in both.
fn differing_image(expected: &[ImageRecord], found: &[ImageRecord]) -> String {
    let stray = found.iter().find(|record| !expected.contains(record));
    let gone = expected.iter().find(|record| !found.contains(record));
    match stray.or(gone) {
        Some(image) => format!("the training images differ, {} for one", image.name),
        None => "the training images come in another order".to_owned(),
    }
}
