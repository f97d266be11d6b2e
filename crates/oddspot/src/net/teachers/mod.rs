//! The frozen teachers: feature maps, after the ReLU, at several strides of the image.

mod architecture;
mod import;
mod library;
mod resnet;
mod squeezenet;
mod vgg16;

pub use architecture::{Architecture, Naming};
pub use import::read_weights;
pub use library::{BUILTIN, IN_THE_PROGRAM, Library, RANDOM};
pub use resnet::{RESNET18, WIDE_RESNET50_2};
pub use squeezenet::SQUEEZENET;
pub use vgg16::{VGG16, of_stages, vgg16};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::network::{Network, widths_of};
use super::tensors::shapes_of;
use crate::error::Result;
use crate::files::NamedTensors;
use crate::files::digest::hex;

/// All shapes of teachers that are known.
pub static ARCHITECTURES: [&Architecture; 4] = [&VGG16, &SQUEEZENET, &RESNET18, &WIDE_RESNET50_2];

/// The architecture of a name.
pub fn architecture(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.into_iter().find(|one| one.name == name)
}

/// Reads an architecture by its name.
fn by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Architecture, D::Error> {
    let name = String::deserialize(deserializer)?;
    architecture(&name)
        .ok_or_else(|| D::Error::custom(format!("no teacher is built like '{name}'")))
}

/// Which teacher a model was trained with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherIdentity {
    /// The name under which it was asked for; a file's path is kept as its file name.
    pub name: String,
    /// Its shape of network.
    #[serde(deserialize_with = "by_name")]
    pub architecture: &'static Architecture,
    /// SHA-256 over its tensors ([`hash`]), as hexadecimal digits.
    pub sha256: String,
}

/// A frozen network with its weights.
#[derive(Clone, Debug)]
pub struct Teacher {
    /// Which one it is.
    pub identity: TeacherIdentity,
    /// Its layers; its features are the levels, fine to coarse.
    pub network: Network,
    /// Its weights in canonical names.
    pub weights: NamedTensors,
}

impl Teacher {
    /// A teacher of weights in canonical names.
    ///
    /// # Errors
    /// The tensor that is missing or has a shape that does not fit, by its name.
    pub fn new(
        name: impl Into<String>,
        architecture: &'static Architecture,
        weights: NamedTensors,
    ) -> Result<Self> {
        let shapes = shapes_of(&weights);
        let network = (architecture.describe)(&widths_of(&shapes))?;
        network.check(&shapes)?;
        Ok(Self {
            identity: TeacherIdentity {
                name: name.into(),
                architecture,
                sha256: hash(&weights),
            },
            network,
            weights,
        })
    }
}

/// SHA-256 over the tensors in the order of their names: name, shape and values (as
/// little-endian 32-bit floats) of each.
pub fn hash(weights: &NamedTensors) -> String {
    let mut hash = Sha256::new();
    for (name, tensor) in weights {
        hash.update(name.as_bytes());
        for &axis in &tensor.shape {
            hash.update((axis as u64).to_le_bytes());
        }
        for value in &tensor.values {
            hash.update(value.to_le_bytes());
        }
    }
    hex(&hash.finalize())
}
