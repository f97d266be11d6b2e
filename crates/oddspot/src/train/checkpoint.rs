//! Checkpoints: a training set aside, to be resumed as if it had never stopped.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::engine::TrainingEngine;
use super::set::{TrainingSet, records};
use super::trainer::Trainer;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::sealed::{Opened, Sealed, seal};
use crate::files::{Stored, TensorFile, atomic, check_finite};
use crate::model::ImageRecord;
use crate::net::network::Level;
use crate::net::teachers::TeacherIdentity;
use crate::settings::{Difference, Settings};

/// Version of the file format.
const FORMAT: u32 = 6;
/// Metadata key of a checkpoint.
const KEY: &str = "oddspot.checkpoint";
/// Name of the tensor that holds the optimizer's state.
const OPTIMIZER: &str = "optimizer";

/// A checkpoint's text metadata.
#[derive(Serialize, Deserialize)]
struct Header {
    settings: Settings,
    teacher: TeacherIdentity,
    images: Vec<ImageRecord>,
    iteration: usize,
    /// Hash of what is inspected; absent where all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

impl Trainer {
    /// Saves a checkpoint, replacing an older one whole.
    ///
    /// # Errors
    /// Parameters that are not finite (the older checkpoint stays), or a file that cannot be
    /// written.
    pub fn save(&mut self, path: &Path) -> Result<()> {
        let tensors = self.layout.tensors(&self.values);
        let mut stored = BTreeMap::new();
        for (name, tensor) in &tensors {
            if check_finite(name, &tensor.values).is_err() {
                return Err(self.diverged());
            }
            stored.insert(name.clone(), Stored::floats(tensor));
        }
        stored.insert(OPTIMIZER.to_owned(), Stored::bytes(self.steps.state()));
        let header = Header {
            settings: self.settings.clone(),
            teacher: self.teacher.clone(),
            images: records(&self.set.images),
            iteration: self.iteration,
            region: self.set.view.region_hash(),
        };
        let bytes = seal(KEY, FORMAT, &header, &stored).map_err(|error| error.in_file(path))?;
        atomic::write_bytes(path, &bytes)?;
        self.last_checkpoint = Some((self.iteration, path.to_owned()));
        Ok(())
    }

    /// Goes on from a checkpoint, which must belong to the same settings, teacher and images.
    ///
    /// # Errors
    /// A damaged checkpoint, or one of another training; each says what differs.
    pub fn resume(
        path: &Path,
        settings: Settings,
        (teacher, levels): (TeacherIdentity, &[Level]),
        set: TrainingSet,
        engine: &dyn TrainingEngine,
    ) -> Result<Self> {
        let about = |error: Error| match error.subject() {
            Subject::File(_) => error,
            _ => Error::at(error.kind(), Subject::Checkpoint, path, error.reason()),
        };
        let (mut file, sealed) = open(path)?;
        let header = &sealed.header;
        let settings = set.view.settled(settings);
        check_same_training(header, &settings, &teacher, &set).map_err(about)?;
        if header.iteration > settings.training.iterations {
            return Err(Error::checkpoint(
                path,
                "its iteration lies past the end of the training",
            ));
        }
        let Opened {
            header,
            tensors,
            raw,
            ..
        } = sealed.open(&mut file, &[OPTIMIZER])?;
        let trainer = Self::new(settings, (teacher, levels), set, engine)?;
        let values = trainer.layout.row(&tensors).map_err(about)?;
        let mut trainer = trainer.with_values(values)?;
        let state = raw.get(OPTIMIZER).map(Vec::as_slice);
        (trainer.steps.set_state(state.unwrap_or_default())).map_err(about)?;
        trainer.iteration = header.iteration;
        trainer.last_checkpoint = Some((header.iteration, path.to_owned()));
        Ok(trainer)
    }
}

/// The settings that a checkpoint was made with.
///
/// # Errors
/// A file that is not a checkpoint, or a damaged one.
pub fn settings_of(path: &Path) -> Result<Settings> {
    Ok(open(path)?.1.header.settings)
}

fn open(path: &Path) -> Result<(TensorFile, Sealed<Header>)> {
    let file = TensorFile::open(path, Subject::Checkpoint)?;
    if file.metadata(KEY).is_none() {
        let reason = match file.has_any(&["oddspot.model"]) {
            true => "it is a finished model, not a checkpoint; there is nothing to resume",
            false => "it is no checkpoint of this program's",
        };
        return Err(file.error(ErrorKind::Invalid, reason));
    }
    let sealed = Sealed::read(&file, KEY, FORMAT)?;
    Ok((file, sealed))
}

fn check_same_training(
    header: &Header,
    settings: &Settings,
    teacher: &TeacherIdentity,
    set: &TrainingSet,
) -> Result<()> {
    let differences = header.settings.decisive_differences(settings);
    let differs = if !differences.is_empty() {
        differing_settings(&differences)
    } else if header.teacher.sha256 != teacher.sha256 {
        format!(
            "the teacher is {}, not {}",
            teacher.sha256, header.teacher.sha256
        )
    } else if header.images != records(&set.images) {
        differing_image(&header.images, &records(&set.images))
    } else if header.region != set.view.region_hash() {
        "the region that is inspected is another".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Mismatch,
        Subject::Checkpoint,
        format!("it belongs to another training: {differs}; give the same data and settings"),
    ))
}

/// Every setting, such as "training.seed is 1, not 0", that is not as in the checkpoint.
pub(super) fn differing_settings(differences: &[Difference]) -> String {
    let named: Vec<String> = (differences.iter())
        .map(|Difference { name, mine, other }| format!("{name} is {other}, not {mine}"))
        .collect();
    format!("the settings differ: {}", named.join(", "))
}

/// Names one of the images that are not the same in both.
pub(super) fn differing_image(expected: &[ImageRecord], found: &[ImageRecord]) -> String {
    let stray = found.iter().find(|record| !expected.contains(record));
    let gone = expected.iter().find(|record| !found.contains(record));
    match stray.or(gone) {
        Some(image) => format!("the training images differ, {} for one", image.name),
        None => "the training images come in another order".to_owned(),
    }
}
