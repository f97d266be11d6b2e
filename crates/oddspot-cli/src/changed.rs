//! A model that is changed where it lies, its last version kept beside it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use oddspot::Model;

use crate::output::{Claim, replace};
use crate::voice::Voice;

/// Where a changed model goes.
#[derive(Args, Clone)]
pub struct ChangedArgs {
    /// Where to write the changed model [default: in its place, the old one kept as MODEL.bak]
    #[arg(short, long, value_name = "MODEL")]
    pub output: Option<PathBuf>,
}

/// A place for a changed model that is this run's own.
pub struct Place<'a> {
    model: &'a Path,
    output: &'a Path,
    _claim: Claim,
}

impl ChangedArgs {
    /// Claims it, before long work.
    ///
    /// # Errors
    /// A file that cannot be written, or that another run is writing.
    pub fn claim<'a>(&'a self, model: &'a Path) -> Result<Place<'a>> {
        if model.is_dir() {
            // Told as what is no model, and not as what cannot be written.
            Model::load(model)?;
        }
        let output = self.output.as_deref().unwrap_or(model);
        Ok(Place {
            model,
            output,
            _claim: Claim::take(output)?,
        })
    }
}

impl Place<'_> {
    /// Writes the model; one that lay there is kept.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, model: &Model, voice: Voice) -> Result<()> {
        let output = self.output;
        if let Some(kept) = replace(output, || model.save(output))? {
            note!(voice, "the model before is kept as {}", kept.display());
        }
        if self.output != self.model {
            note!(voice, "{} stays as it is", self.model.display());
        }
        report!(voice, "model {}", output.display());
        Ok(())
    }
}
