//! A pretraining that is set aside, and gone on with.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use oddspot::{ErrorKind, Result};
use oddspot_pretrain::{Pretraining, Recipe};

fn recipe(steps: usize) -> Recipe {
    Recipe {
        seed: 5,
        steps,
        scenes: 2,
        view: 32,
        widths: [8; 4],
        points: 6,
        cool_down: 0.5,
        ..Recipe::default()
    }
}

/// Runs up to a step.
fn run(mut pretraining: Pretraining, to: usize) -> Pretraining {
    let until = |_: &Pretraining, report: &oddspot_pretrain::pretraining::StepReport| {
        Ok(match report.step < to {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    };
    pretraining.run(until).unwrap();
    pretraining
}

fn set_aside(path: &Path, steps: usize, at: usize) {
    let pretraining = run(Pretraining::new(recipe(steps)).unwrap(), at);
    pretraining.save(path).unwrap();
}

#[track_caller]
fn assert_refused(resumed: Result<Pretraining>, path: &Path, kind: ErrorKind, words: &str) {
    let error = resumed.err().unwrap();
    assert_eq!((error.kind(), error.path()), (kind, Some(path)), "{error}");
    assert!(error.reason().contains(words), "{error}");
}

#[test]
fn a_pretraining_goes_on_as_if_it_had_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    set_aside(&path, 4, 2);
    let resumed = Pretraining::resume(&path, recipe(4)).unwrap();
    assert_eq!(resumed.steps_done(), 2);
    let whole = run(Pretraining::new(recipe(4)).unwrap(), 4);
    assert_eq!(run(resumed, 4).weights(), whole.weights());
}

#[test]
fn more_steps_are_added_until_the_rate_has_begun_to_fall() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    set_aside(&path, 4, 2);
    let longer = run(Pretraining::resume(&path, recipe(6)).unwrap(), 6);
    let whole = run(Pretraining::new(recipe(6)).unwrap(), 6);
    assert_eq!(longer.weights(), whole.weights());
    set_aside(&path, 4, 3);
    let late = Pretraining::resume(&path, recipe(6));
    assert_refused(late, &path, ErrorKind::Mismatch, "past step 2");
    let fewer = Pretraining::resume(&path, recipe(2));
    assert_refused(fewer, &path, ErrorKind::Mismatch, "give at least as many");
}

#[test]
fn another_recipe_and_another_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    set_aside(&path, 4, 1);
    let mut other = recipe(4);
    other.seed = 6;
    let resumed = Pretraining::resume(&path, other);
    assert_refused(resumed, &path, ErrorKind::Mismatch, "another recipe");
    let weights = folder.path().join("weights");
    let pretraining = Pretraining::new(recipe(4)).unwrap();
    pretraining.write_weights(&weights).unwrap();
    let resumed = Pretraining::resume(&weights, recipe(4));
    assert_refused(resumed, &weights, ErrorKind::Invalid, "no checkpoint");
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    set_aside(&path, 4, 1);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&path, bytes).unwrap();
        assert!(Pretraining::resume(&path, recipe(4)).is_err(), "byte {at}");
    }
}
