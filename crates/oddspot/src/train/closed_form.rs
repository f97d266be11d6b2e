//! The closed-form terms of all good images: no step is made.

use std::collections::BTreeMap;

use super::observer::{Observer, Progress};
use super::places::Both;
use super::set::{HeldOut, TrainingSet};
use crate::error::Result;
use crate::files::{NamedTensors, PackedTensors};
use crate::maps::ScoreMap;
use crate::net::learned::Learned;
use crate::settings::Settings;
use crate::terms;

/// The closed-form terms, fitted.
#[derive(Default)]
pub(super) struct ClosedForm {
    /// What they keep in the model.
    pub tensors: NamedTensors,
    /// The same of 8 bits.
    pub packed: PackedTensors,
    /// By a term's name, its errors of each piece of the good images as if its image had not been there: of
    /// those trained on, then of those held out.
    pub left_out: BTreeMap<&'static str, Vec<Vec<ScoreMap>>>,
}

impl ClosedForm {
    /// Fits them to all good images, those held out too: each is judged as if it had been left out.
    ///
    /// # Errors
    /// Features that cannot be read, or that a term cannot be fitted to;
    /// [`Cancelled`](crate::ErrorKind::Cancelled) if the observer breaks.
    pub fn fit(
        settings: &Settings,
        learned: &Learned,
        (set, held_out): (&mut TrainingSet, &mut HeldOut),
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let mut found = Self::default();
        let (Some(of_set), Some(of_held_out)) = (&mut set.places, &mut held_out.places) else {
            return Ok(found);
        };
        for kind in terms::used(settings).filter(|kind| kind.closed_form) {
            let mut told = |done, total| {
                let term = kind.name;
                observer.progress(&Progress::Fitting { term, done, total })
            };
            let mut good = Both(&mut *of_set, &mut *of_held_out, &mut told);
            let mut term = kind.unfitted(settings, learned, &set.statistics)?;
            let left_out = term.fit_good(&mut good, 0)?.unwrap_or_default();
            found.left_out.insert(kind.name, left_out);
            found.tensors.extend(term.tensors());
            found.packed.extend(term.packed());
        }
        Ok(found)
    }
}
