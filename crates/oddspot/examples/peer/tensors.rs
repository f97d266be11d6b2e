//! Tensors to and from safetensors files, and the image that every network is run on.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor};
use oddspot::image::ImageSize;
use oddspot::scene;
use oddspot::scoring::image_tensor;
use oddspot::tensor_file::{NamedTensor, NamedTensors, Stored, serialize};

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

pub fn named<const D: usize>(tensor: &Tensor<D>) -> NamedTensor {
    let data = tensor.clone().into_data();
    NamedTensor {
        shape: data.shape().to_vec(),
        values: data.iter::<f32>().collect(),
    }
}

/// A made-up board as the networks take it: `[1, size, size, 3]`.
pub fn board(size: usize, seed: u64, device: &Device) -> Tensor<4> {
    image_tensor(&scene::good(ImageSize::square(size), seed), device)
}
