//! The bits in use of good images whose files have 16 bits a sample.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::error::Result;
use crate::images::{BitDepth, Source, batches};
use crate::settings::Settings;

/// The settings with the bits that are in use in good images, if they leave that to these and any image has
/// 16 bits a sample. All of them count, but for some hot pixels: the brightest alone shows how far a camera reaches.
/// None if told to stop.
///
/// # Errors
/// An unreadable image.
pub fn with_bits_in_use<'a>(
    mut settings: Settings,
    images: impl Iterator<Item = &'a Source>,
    mut progress: impl FnMut() -> ControlFlow<()>,
) -> Result<Option<Settings>> {
    if !settings.bit_depth.is_auto() {
        return Ok(Some(settings));
    }
    let reading = settings.reading();
    let images: Vec<&Source> = images.collect();
    let mut most = None;
    for now in batches(&images, 2 * rayon::current_num_threads()) {
        let found = now.par_iter().map(|source| source.bits_in_use(reading));
        for bits in found.collect::<Result<Vec<_>>>()? {
            most = most.max(bits);
        }
        if progress().is_break() {
            return Ok(None);
        }
    }
    if let Some(bits) = most {
        settings.bit_depth = BitDepth::Of(bits);
    }
    Ok(Some(settings))
}
