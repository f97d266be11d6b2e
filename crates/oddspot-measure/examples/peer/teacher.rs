//! The teacher's levels of one image.

use std::path::{Path, PathBuf};

use image::RgbImage;
use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::net::network::Network;
use oddspot::net::teachers::{Teacher, architecture, of_stages, read_weights};
use serde::Deserialize;

use crate::pass::Pass;
use crate::tensors::{self, GIVEN};
use crate::{Result, Work};

/// Which teacher.
#[derive(Deserialize)]
pub struct Choice {
    architecture: String,
    /// A file of weights; drawn at random without.
    weights: Option<PathBuf>,
    pub seed: u64,
}

impl Choice {
    /// The teacher; its tensors have torchvision's names.
    pub fn open(&self) -> Result<Teacher> {
        let asked = &self.architecture;
        let architecture =
            architecture(asked).ok_or_else(|| format!("there is no architecture '{asked}'"))?;
        if let Some(path) = &self.weights {
            let teacher = read_weights(path, asked)?;
            if teacher.identity.architecture != architecture {
                let path = path.display();
                return Err(format!("{path} does not hold weights of {asked}").into());
            }
            return Ok(teacher);
        }
        let network = match asked.as_str() {
            "vgg16" => (architecture.describe)(&of_stages([64, 128, 256, 512]))?,
            "squeezenet" => (architecture.describe)(&squeezenet_widths)?,
            _ => return Err(format!("{asked} needs a file of weights").into()),
        };
        let weights = fresh(&network, self.seed);
        Ok(Teacher::new(asked, architecture, weights)?)
    }
}

/// The published widths of SqueezeNet 1.0.
fn squeezenet_widths(layer: &str) -> oddspot::Result<usize> {
    let mut parts = layer.split('.').skip(1);
    let index: usize = parts.next().and_then(|i| i.parse().ok()).unwrap_or(0);
    let squeezed = match index {
        0 => return Ok(96),
        1..=4 => 16,
        5..=7 => 32,
        8..=9 => 48,
        _ => 64,
    };
    Ok(match parts.next() {
        Some("squeeze") => squeezed,
        _ => 4 * squeezed,
    })
}

/// A network's tensors, drawn at random.
pub fn fresh(network: &Network, seed: u64) -> NamedTensors {
    let named = |tensor: oddspot::net::tensors::TensorSpec| {
        let values = tensor.fresh_values(seed);
        let shape = tensor.shape;
        (tensor.name, NamedTensor { shape, values })
    };
    network.tensors().into_iter().map(named).collect()
}

#[derive(Deserialize)]
struct Options {
    teacher: Choice,
    size: usize,
}

/// The work.
pub struct Forward {
    pass: Pass,
    image: RgbImage,
}

impl Forward {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let teacher = options.teacher.open()?;
        let image = tensors::board(options.size, options.teacher.seed);
        let mut given = teacher.weights.clone();
        given.insert("image".to_owned(), tensors::normalised(&image));
        tensors::write(&folder.join(GIVEN), &given)?;
        let levels = teacher.network.levels();
        Ok(Self {
            pass: Pass::new(&teacher.network, &teacher.weights, levels, options.size)?,
            image,
        })
    }
}

impl Work for Forward {
    fn run(&mut self) -> Result<()> {
        self.pass.run(&self.image)
    }

    fn outcome(&self) -> NamedTensors {
        self.pass.levels()
    }
}
