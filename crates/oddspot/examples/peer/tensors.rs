//! Tensors to and from safetensors files, and the image that every network is run on.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Tensor;
use image::RgbImage;
use oddspot::image::{ImageSize, normalise};
use oddspot::scene;
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

/// A made-up board, which every network is run on.
pub fn board(size: usize, seed: u64) -> RgbImage {
    scene::good(ImageSize::square(size), seed)
}

/// An image as the networks take it: `[1, height, width, 3]`.
pub fn normalised(image: &RgbImage) -> NamedTensor {
    NamedTensor {
        shape: vec![1, image.height() as usize, image.width() as usize, 3],
        values: normalise(image),
    }
}

/// A network's levels of a square image, `[1, size/2^ℓ, size/2^ℓ, channels]`, by name.
pub fn levels(maps: [&[f32]; 3], size: usize) -> NamedTensors {
    let named = |(values, level): (&[f32], usize)| {
        let side = size >> level;
        let tensor = NamedTensor {
            shape: vec![1, side, side, values.len() / (side * side)],
            values: values.to_vec(),
        };
        (format!("level{level}"), tensor)
    };
    maps.into_iter().zip(1..).map(named).collect()
}
