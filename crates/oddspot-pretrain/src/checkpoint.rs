//! Checkpoints: a pretraining set aside, to be resumed as if it had never stopped, or as the
//! beginning of a longer one.

use std::collections::BTreeMap;
use std::path::Path;

use oddspot::tensor_file::{
    NamedTensor, NamedTensors, Stored, TensorFile, check_finite, serialize,
};
use oddspot::{Error, Result, atomic};
use serde::{Deserialize, Serialize};

use crate::config::Recipe;
use crate::pretraining::Pretraining;

const KEY: &str = "oddspot.pretraining";
/// Version of the checkpoints that this program writes and reads.
const FORMAT: u32 = 1;
/// What to do about a checkpoint that cannot be used.
const AGAIN: &str = "start again with --restart";
/// Before the names of each kind of values.
const KINDS: [&str; 4] = ["value", "moment1", "moment2", "running"];

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
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
        let fail = |reason: String| Error::model_file(path, reason);
        let mut stored = BTreeMap::new();
        let rows = [
            (&self.layout, &self.values),
            (&self.layout, &self.moments[0]),
            (&self.layout, &self.moments[1]),
            (&self.network.running, &self.running),
        ];
        for (kind, (layout, values)) in KINDS.iter().zip(rows) {
            for (name, tensor) in layout.tensors(values) {
                check_finite(&name, &tensor.values).map_err(fail)?;
                stored.insert(format!("{kind}.{name}"), Stored::floats(&tensor));
            }
        }
        let header = Header {
            format: FORMAT,
            recipe: self.recipe.clone(),
            step: self.step,
            seconds: self.seconds,
        };
        let header = serde_json::to_string(&header).map_err(|e| fail(e.to_string()))?;
        let bytes = serialize(&stored, KEY, header).map_err(fail)?;
        atomic::write_bytes(path, &bytes)
    }

    /// Goes on from a checkpoint of the same recipe, or of one that differs in its number of
    /// steps only and had not begun to lower its learning rate.
    ///
    /// # Errors
    /// A damaged checkpoint, or one of another recipe; each says what to do.
    pub fn resume(path: &Path, recipe: Recipe) -> Result<Self> {
        let fail = |reason: String| Error::model_file(path, reason);
        let damaged = |reason: String| fail(format!("{reason}; {AGAIN}"));
        let mut file = TensorFile::open(path).map_err(|e| e.explain(fail))?;
        let text = file.metadata(KEY);
        let text =
            text.ok_or_else(|| fail(format!("it is not a checkpoint of a pretraining; {AGAIN}")))?;
        let header: Header = serde_json::from_str(text)
            .map_err(|e| fail(format!("its header does not parse: {e}; {AGAIN}")))?;
        (header.recipe.validate()).map_err(|e| damaged(format!("its recipe: {e}")))?;
        if header.format != FORMAT {
            return Err(fail(format!(
                "it is of format {}, and this oddspot reads {FORMAT}; {AGAIN}",
                header.format
            )));
        }
        check_same(&header, &recipe).map_err(fail)?;
        let mut tensors: [NamedTensors; 4] = Default::default();
        for name in file.shapes().into_keys() {
            let tensor: NamedTensor = file.read(&name).map_err(|e| e.explain(fail))?;
            let kind = KINDS
                .iter()
                .position(|kind| name.starts_with(&format!("{kind}.")));
            let kind =
                kind.ok_or_else(|| fail(format!("it has a stray tensor '{name}'; {AGAIN}")))?;
            let name = name[KINDS[kind].len() + 1..].to_owned();
            tensors[kind].insert(name, tensor);
        }
        let mut resumed = Self::at_step(recipe, header.step)?;
        let [values, first, second, running] = &tensors;
        resumed.values = resumed.layout.row(values).map_err(damaged)?;
        resumed.moments = [
            resumed.layout.row(first).map_err(damaged)?,
            resumed.layout.row(second).map_err(damaged)?,
        ];
        resumed.running = resumed.network.running.row(running).map_err(damaged)?;
        resumed.seconds = header.seconds;
        Ok(resumed)
    }
}

fn check_same(header: &Header, recipe: &Recipe) -> Result<(), String> {
    let mut same_length = header.recipe.clone();
    same_length.steps = recipe.steps;
    if same_length != *recipe {
        return Err(
            "it belongs to another recipe; give the same options, or start again with --restart"
                .to_owned(),
        );
    }
    if header.step > recipe.steps {
        return Err(format!(
            "its {} steps are more than --steps {}; give at least as many",
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
             the two begins to fall, so that its number of steps cannot change; give --steps {}",
            header.step, header.recipe.steps
        ));
    }
    Ok(())
}
