//! What is said of each good image without the one most like it too.
//!
//! By terms of their own, which look at the coarser levels alone: at the finest most good images are a little
//! odd once the likest is gone, and faults drown in that (docs/lab/audit.md).

use super::observer::{Observer, Progress};
use super::places::{Both, Coarser};
use super::set::{HeldOut, TrainingSet};
use crate::error::Result;
use crate::maps::ScoreMap;
use crate::net::learned::Learned;
use crate::settings::Settings;
use crate::terms::places::{PlaceGrid, images_of};
use crate::terms::{self, Term};

/// The levels that are looked at, coarse to fine, of those that the settings ask for.
const LEVELS: usize = 2;

/// A term that can leave out the image most like another, fitted to the coarser levels.
pub(super) struct Alone {
    /// The term.
    pub term: Box<dyn Term>,
    /// Which of the settings' terms it is one of.
    pub at: usize,
    /// Its errors of each piece, those trained on and then those held out, without the image most like it.
    pub errors: Vec<Vec<ScoreMap>>,
}

impl Alone {
    /// All of some settings.
    ///
    /// # Errors
    /// Features that cannot be read, or that a term cannot be fitted to;
    /// [`Cancelled`](crate::ErrorKind::Cancelled) if the observer breaks.
    pub fn all(
        settings: &Settings,
        learned: &Learned,
        (set, held_out): (&mut TrainingSet, &mut HeldOut),
        observer: &mut dyn Observer,
    ) -> Result<Vec<Self>> {
        let (Some(of_set), Some(of_held_out)) = (&mut set.places, &mut held_out.places) else {
            return Ok(Vec::new());
        };
        let mut coarse = settings.clone();
        coarse.closed_form.place_levels = coarse.closed_form.place_levels.min(LEVELS);
        let [grid, all] = [&coarse, settings].map(|one| PlaceGrid::of(one, &learned.levels));
        let mut found = Vec::new();
        let kinds = terms::used(settings).enumerate();
        for (at, kind) in kinds.filter(|(_, kind)| kind.leaves_out_likest) {
            let mut told = |done, total| observer.progress(&Progress::Comparing { done, total });
            let good = Both(&mut *of_set, &mut *of_held_out, &mut told);
            let mut good = Coarser::new(good, [all.channels(), grid.channels()]);
            let mut term = kind.unfitted(&coarse, learned, &set.statistics)?;
            let left_out = term.fit_good(&mut good, 0)?.unwrap_or_default();
            let without_likest = term.without_likest(&images_of(&good))?;
            // An image that is not remembered excuses no other either.
            let errors = without_likest
                .into_iter()
                .zip(left_out)
                .map(|(errors, left_out)| errors.unwrap_or(left_out))
                .collect();
            found.push(Self { term, at, errors });
        }
        Ok(found)
    }
}
