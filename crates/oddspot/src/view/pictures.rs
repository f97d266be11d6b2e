//! Good images as edges, to be laid upon each other.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::edges::{self, edges};
use crate::error::Result;
use crate::images::{ImageSize, Reading, Source, batches, resize};
use crate::maps::ScoreMap;

/// The edges of each image, as they are once it is resized to `size`; all of one size, which the first one's
/// proportions give. None if told to stop.
///
/// # Errors
/// An unreadable image.
pub(super) fn pictures(
    images: &[&Source],
    (reading, size): (Reading, ImageSize),
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<ScoreMap>>> {
    let Some(first) = images.first() else {
        return Ok(Some(Vec::new()));
    };
    let first = first.decode(reading)?;
    let canvas = edges::canvas([first.width(), first.height()]);
    drop(first);
    let mut pictures = Vec::with_capacity(images.len());
    for now in batches(images, 2 * rayon::current_num_threads()) {
        let seen = now.par_iter().map(|source| {
            let image = source.decode(reading)?;
            Ok(edges(&resize(&image, size), canvas))
        });
        pictures.extend(seen.collect::<Result<Vec<_>>>()?);
        if progress(pictures.len(), images.len()).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(pictures))
}
