//! The shapes of teachers: each a description, and the names that weight files give its layers.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Result;
use crate::net::network::{Network, Widths};
use crate::net::tensors::Shapes;

/// A teacher's shape of network. Widths are read off its weights.
pub struct Architecture {
    /// Its name in files.
    pub name: &'static str,
    /// Its name in sentences.
    pub title: &'static str,
    /// The network, its features the teacher's levels, fine to coarse.
    pub describe: fn(&Widths) -> Result<Network>,
    /// The ways in which weight files name its layers; the first is the canonical one's.
    pub namings: &'static [Naming],
}

/// How a kind of weight files names a teacher's layers.
pub struct Naming {
    /// From a canonical layer name to the file's.
    pub rename: fn(&str) -> String,
    /// Whether a file with these tensors is one of them.
    pub told_by: fn(&Shapes) -> bool,
}

impl Naming {
    /// Whether a tensor is the weight of a network's first convolution of so many taps a side.
    pub fn first_conv(shapes: &Shapes, tensor: &str, kernel: usize) -> bool {
        let shape = shapes.get(tensor).map(Vec::as_slice);
        matches!(shape, Some(&[_, 3, h, w]) if h == kernel && w == kernel)
    }
}

impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl PartialEq for Architecture {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Architecture {}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// Stage and unit, counted from 1, of a layer named `features.<index>`.
pub(super) fn stage_and_unit(stages: &[&[usize]], layer: &str) -> (usize, usize) {
    let index = layer.rsplit('.').next().and_then(|i| i.parse().ok());
    stages
        .iter()
        .enumerate()
        .find_map(|(stage, indices)| {
            let unit = indices.iter().position(|&i| Some(i) == index)?;
            Some((stage + 1, unit + 1))
        })
        .unwrap_or_default()
}
