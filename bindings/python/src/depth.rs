//! Which bits of images with 16 bits a sample are in use, as Python says it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oddspot::images::{BitDepth, Kind, Reading};
use oddspot::settings::Settings;
use pyo3::prelude::*;

use crate::errors::raised;
use crate::settings::over;
use crate::warnings::warn;

/// What is said once where nobody told which bits are in use.
const GUESSED: &str = "the image has 16 bits a sample, which the model's good images had not: which of them are in use is \
                       guessed from each image anew, and a dark one may count as bright; give as many as the camera \
                       has, as bit_depth=12, here or to Detector.load";

/// The bits that are told, as 12, "12" or "auto".
///
/// # Errors
/// What is no such number.
pub fn bit_depth_of(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<BitDepth>> {
    let Some(given) = given else {
        return Ok(None);
    };
    let told = [("bit_depth".to_owned(), given.str()?.to_string())];
    let settings = over(Settings::default(), &told);
    let settings = settings.map_err(|error| raised(given.py(), &error))?;
    Ok(Some(settings.bit_depth))
}

/// Whether bits are guessed, and whether that was said.
#[derive(Clone, Default)]
pub struct Guesses {
    was_said: Arc<AtomicBool>,
}

impl Guesses {
    /// Of somebody who knows already.
    pub fn known() -> Self {
        let guesses = Self::default();
        guesses.was_said.store(true, Ordering::Relaxed);
        guesses
    }

    /// Warns once if the bits of an image were guessed.
    ///
    /// # Errors
    /// A warning that is raised, because the user asked for that.
    pub fn note(&self, py: Python<'_>, bits_are_guessed: bool) -> PyResult<()> {
        match bits_are_guessed && !self.was_said.swap(true, Ordering::Relaxed) {
            true => warn(py, GUESSED, 1),
            false => Ok(()),
        }
    }
}

/// Whether the bits of an image that was read so were guessed from itself.
pub fn are_guessed(kind: &Kind, reading: Reading) -> bool {
    kind.bits == 16 && !kind.says_bits && reading.bit_depth.is_auto()
}
