//! A model of the closed-form terms alone: no step is made.

use super::closed_form::ClosedForm;
use super::finish::{Finishing, unless_cancelled};
use super::observer::Observer;
use super::set::{HeldOut, TrainingSet};
use crate::error::Result;
use crate::files::NamedTensors;
use crate::model::Model;
use crate::net::engine::{Engine, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::Teacher;
use crate::settings::Settings;

/// Fits the closed-form terms to a prepared set and the images held out, and makes a model of them, the teacher
/// inside; None if the observer breaks. `ready` is the teacher made ready.
///
/// # Errors
/// Settings of another method; a cache that cannot be read; features that terms cannot be fitted to.
pub fn instant_model(
    settings: &Settings,
    (mut set, mut held_out): (TrainingSet, HeldOut),
    (teacher, ready): (&Teacher, &dyn Forward),
    engine: &dyn Engine,
    observer: &mut dyn Observer,
) -> Result<Option<Model>> {
    let learned = Learned::new(settings, &teacher.network.levels())?;
    let of_good = (&mut set, &mut held_out);
    let closed_form = ClosedForm::fit(settings, &learned, of_good, observer);
    let Some(closed_form) = unless_cancelled(closed_form)? else {
        return Ok(None);
    };
    let good = (&closed_form, &mut set, &held_out);
    of_fitted(
        (settings, &learned),
        good,
        (teacher, ready, true),
        engine,
        observer,
    )
}

/// The same of terms that are fitted already, with the teacher's weights inside or without.
///
/// # Errors
/// A cache that cannot be read.
pub(super) fn of_fitted(
    (settings, learned): (&Settings, &Learned),
    (closed_form, set, held_out): (&ClosedForm, &mut TrainingSet, &HeldOut),
    (teacher, ready, keep_teacher): (&Teacher, &dyn Forward, bool),
    engine: &dyn Engine,
    observer: &mut dyn Observer,
) -> Result<Option<Model>> {
    let finishing = Finishing {
        settings,
        identity: &teacher.identity,
        learned,
        tensors: NamedTensors::new(),
        closed_form,
        set,
        held_out,
        folds: &[],
        iterations: 0,
        keep_teacher,
    };
    finishing.model(engine, (teacher, ready), observer)
}
