//! Tensors to and from safetensors files, and the image that every network is run on.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbImage;
use oddspot::files::{NamedTensor, NamedTensors, Stored, serialize};
use oddspot::images::{ImageSize, normalise};
use oddspot_demo::good;

use crate::Result;

/// A file's name for what the others must be given.
pub const GIVEN: &str = "given.safetensors";

pub fn write(path: &Path, tensors: &NamedTensors) -> Result<()> {
    let stored: BTreeMap<String, Stored> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), Stored::floats(tensor)))
        .collect();
    let bytes = serialize(&stored, "oddspot.peer", String::new())?;
    Ok(std::fs::write(path, bytes)?)
}

/// A made-up board, which every network is run on.
pub fn board(size: usize, seed: u64) -> RgbImage {
    good(ImageSize::square(size), seed)
}

/// An image as the networks take it: `[1, height, width, 3]`.
pub fn normalised(image: &RgbImage) -> NamedTensor {
    NamedTensor {
        shape: vec![1, image.height() as usize, image.width() as usize, 3],
        values: normalise(image),
    }
}
