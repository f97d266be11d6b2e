//! The frozen teacher: three feature maps, after the ReLU, at 1/2, 1/4 and 1/8 of the image.

mod import;
mod library;
mod squeezenet;
mod vgg;

pub use import::{TeacherWeights, read_weights};
pub use library::{BUILTIN, IN_THE_PROGRAM, Library, RANDOM, SQUEEZENET_FILE, VGG16_FILE};

use std::fmt;
use std::sync::OnceLock;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use oddspot_conv::Workspace;

use crate::cpu::CpuTeacher;
use crate::digest::hex;
use crate::network::Parameters;
use crate::tensor_file::NamedTensors;
use squeezenet::SqueezeNet;
use vgg::Vgg16;

/// A teacher's shape of network. Widths are read off its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// VGG16 up to relu4_3 (the paper's teacher).
    Vgg16,
    /// SqueezeNet 1.0 up to fire8.
    SqueezeNet,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vgg16 => "vgg16",
            Self::SqueezeNet => "squeezenet",
        })
    }
}

/// Which teacher a model was trained with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherIdentity {
    /// The name under which it was asked for; a file's path is kept as its file name.
    pub name: String,
    /// Its shape of network.
    pub architecture: Architecture,
    /// SHA-256 over its tensors ([`hash`]), as hexadecimal digits.
    pub sha256: String,
}

/// A frozen network with its three levels.
pub struct Teacher {
    /// None once only the form for the CPU is kept.
    network: Option<Network>,
    channels: [usize; 3],
    /// Made ready when it is first asked for.
    on_cpu: OnceLock<CpuTeacher>,
}

enum Network {
    Vgg16(Vgg16),
    SqueezeNet(SqueezeNet),
}

impl Teacher {
    /// Builds the network from weights in canonical (torchvision) names.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has a shape that does not fit.
    pub fn new(architecture: Architecture, parameters: &Parameters) -> Result<Self, String> {
        let (network, channels) = match architecture {
            Architecture::Vgg16 => {
                let (network, channels) = Vgg16::new(parameters)?;
                (Network::Vgg16(network), channels)
            }
            Architecture::SqueezeNet => {
                let (network, channels) = SqueezeNet::new(parameters)?;
                (Network::SqueezeNet(network), channels)
            }
        };
        Ok(Self {
            network: Some(network),
            channels,
            on_cpu: OnceLock::new(),
        })
    }

    /// Channels of the three levels.
    pub fn channels(&self) -> [usize; 3] {
        self.channels
    }

    /// The same network made ready for the CPU's kernels: in parallel, the first time it is asked
    /// for. That time must not be inside of a task of the pool that other tasks wait beside.
    pub fn on_cpu(&self) -> &CpuTeacher {
        self.on_cpu.get_or_init(|| {
            let mut workspace = Workspace::new();
            match self.network() {
                Network::Vgg16(network) => network.on_cpu(&mut workspace),
                Network::SqueezeNet(network) => network.on_cpu(&mut workspace),
            }
        })
    }

    /// Makes the network ready for the CPU and lets its weights go: from now on
    /// [`on_cpu`](Self::on_cpu) serves, and [`maps`](Self::maps) must not be called.
    pub(crate) fn keep_on_cpu_only(&mut self) {
        self.on_cpu();
        self.network = None;
    }

    fn network(&self) -> &Network {
        match &self.network {
            Some(network) => network,
            None => unreachable!("only the form for the CPU was kept"),
        }
    }

    /// The maps `T¹, T², T³` of normalised images `[batch, height, width, 3]`:
    /// `[batch, height/2^ℓ, width/2^ℓ, channels[ℓ−1]]`.
    pub fn maps(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        match self.network() {
            Network::Vgg16(network) => network.maps(images),
            Network::SqueezeNet(network) => network.maps(images),
        }
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
