//! Checkpoints: a pretraining set aside, to be resumed as if it had never stopped, or as the
//! beginning of a longer one.

use std::collections::BTreeMap;
use std::path::Path;

use oddspot::files::sealed::{Opened, Sealed, seal};
use oddspot::files::{NamedTensors, Stored, TensorFile, atomic, check_finite};
use oddspot::{Error, ErrorKind, Result, Subject};
use serde::{Deserialize, Serialize};

use crate::config::Recipe;
use crate::pretraining::Pretraining;

/// Metadata key of a checkpoint.
const KEY: &str = "oddspot.pretraining";
/// Version of the checkpoints that this program writes and reads.
const FORMAT: u32 = 2;
/// Before the names of each kind of values.
const KINDS: [&str; 4] = ["value", "moment1", "moment2", "running"];

/// A checkpoint's text metadata.
#[derive(Serialize, Deserialize)]
struct Header {
    recipe: Recipe,
    step: usize,
    seconds: f64,
}

impl Pretraining {
    /// Saves a checkpoint, replacing an older one whole.
    ///
    /// # Errors
    /// Parameters that are not finite (the older checkpoint stays), or a file that cannot be
    /// written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut stored = BTreeMap::new();
        let rows = [
            (&self.layout, &self.values),
            (&self.layout, &self.moments[0]),
            (&self.layout, &self.moments[1]),
            (&self.network.running, &self.running),
        ];
        for (kind, (layout, values)) in KINDS.iter().zip(rows) {
            for (name, tensor) in layout.tensors(values) {
                if check_finite(&name, &tensor.values).is_err() {
                    return Err(self.diverged());
                }
                stored.insert(format!("{kind}.{name}"), Stored::floats(&tensor));
            }
        }
        let header = Header {
            recipe: self.recipe.clone(),
            step: self.step,
            seconds: self.seconds,
        };
        let bytes = seal(KEY, FORMAT, &header, &stored)?;
        atomic::write_bytes(path, &bytes)
    }

    /// Goes on from a checkpoint of the same recipe, or of one that differs in its number of
    /// steps only and had not begun to lower its learning rate.
    ///
    /// # Errors
    /// A damaged checkpoint, or one of another recipe; each says what differs.
    pub fn resume(path: &Path, recipe: Recipe) -> Result<Self> {
        let about = |kind, reason: &str| Error::at(kind, Subject::Checkpoint, path, reason);
        let damaged = |error: Error| about(ErrorKind::Damaged, error.reason());
        let mut file = TensorFile::open(path, Subject::Checkpoint)?;
        if file.metadata(KEY).is_none() {
            let reason = "it is no checkpoint of a pretraining";
            return Err(file.error(ErrorKind::Invalid, reason));
        }
        let sealed = Sealed::<Header>::read(&file, KEY, FORMAT)?;
        sealed.header.recipe.validate().map_err(damaged)?;
        check_same(&sealed.header, &recipe)
            .map_err(|differs| about(ErrorKind::Mismatch, &differs))?;
        let Opened {
            header, tensors, ..
        } = sealed.open(&mut file, &[])?;
        let mut resumed = Self::at_step(recipe, header.step)?;
        let of_kind = |kind: &str| -> NamedTensors {
            let rest = |name: &str| Some(name.strip_prefix(kind)?.strip_prefix('.')?.to_owned());
            (tensors.iter())
                .filter_map(|(name, tensor)| Some((rest(name)?, tensor.clone())))
                .collect()
        };
        let [values, first, second, running] = KINDS.map(of_kind);
        let row = |tensors: &NamedTensors| resumed.layout.row(tensors).map_err(damaged);
        let (values, moments) = (row(&values)?, [row(&first)?, row(&second)?]);
        resumed.running = resumed.network.running.row(&running).map_err(damaged)?;
        (resumed.values, resumed.moments) = (values, moments);
        resumed.seconds = header.seconds;
        Ok(resumed)
    }
}

/// Refuses to go on with another recipe; a sentence on what differs.
fn check_same(header: &Header, recipe: &Recipe) -> Result<(), String> {
    let mut same_length = header.recipe.clone();
    same_length.steps = recipe.steps;
    if same_length != *recipe {
        return Err("it belongs to another recipe; give the same one, or start again".to_owned());
    }
    if header.step > recipe.steps {
        return Err(format!(
            "its {} steps are more than the {} asked for; give at least as many",
            header.step, recipe.steps
        ));
    }
    let falls_from = header
        .recipe
        .cool_down_start()
        .min(recipe.cool_down_start());
    if header.recipe.steps != recipe.steps && header.step > falls_from {
        return Err(format!(
            "it was made at step {}, past step {falls_from} at which the learning rate of one of \
             the two begins to fall, so that its number of steps cannot change; give {} steps",
            header.step, header.recipe.steps
        ));
    }
    Ok(())
}
