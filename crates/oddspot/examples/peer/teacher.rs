//! The teacher's three maps of one image.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use image::RgbImage;
use oddspot::cpu::Memory;
use oddspot::network::{Parameters, named_tensors};
use oddspot::teacher::{Architecture, Teacher, read_weights};
use oddspot::tensor_file::NamedTensors;
use serde::Deserialize;

use crate::tensors::{self, GIVEN, named};
use crate::{Result, Work};

/// Which teacher.
#[derive(Deserialize)]
pub struct Choice {
    architecture: Architecture,
    /// A file of weights; drawn at random without.
    weights: Option<PathBuf>,
    pub seed: u64,
}

impl Choice {
    /// The teacher, and its tensors in torchvision's names.
    pub fn open(&self, device: &Device) -> Result<(Teacher, Architecture, NamedTensors)> {
        let weights = match &self.weights {
            Some(path) => {
                let weights = read_weights(path)?;
                if weights.architecture != self.architecture {
                    let (path, asked) = (path.display(), self.architecture);
                    return Err(format!("{path} does not hold weights of {asked}").into());
                }
                weights.tensors
            }
            None => match self.architecture {
                Architecture::Vgg16 => draw_vgg16(self.seed, device)?,
                Architecture::SqueezeNet => draw_squeezenet(self.seed, device)?,
            },
        };
        let parameters = Parameters::from_tensors(&weights, device);
        let teacher = Teacher::new(self.architecture, &parameters)?;
        Ok((teacher, self.architecture, weights))
    }
}

/// VGG16 up to relu4_3 with random weights.
fn draw_vgg16(seed: u64, device: &Device) -> Result<NamedTensors> {
    const LAYERS: [(usize, usize); 10] = [
        (0, 64),
        (2, 64),
        (5, 128),
        (7, 128),
        (10, 256),
        (12, 256),
        (14, 256),
        (17, 512),
        (19, 512),
        (21, 512),
    ];
    let mut weights = NamedTensors::new();
    let mut inputs = 3;
    for (index, outputs) in LAYERS {
        let name = format!("features.{index}");
        draw_conv3x3(&mut weights, &name, inputs, outputs, seed, device)?;
        inputs = outputs;
    }
    Ok(weights)
}

/// SqueezeNet 1.0 up to fire8 with random weights.
fn draw_squeezenet(seed: u64, device: &Device) -> Result<NamedTensors> {
    /// Index, squeezed channels, and those of each of the two expansions.
    const FIRES: [(usize, usize, usize); 7] = [
        (3, 16, 64),
        (4, 16, 64),
        (5, 32, 128),
        (7, 32, 128),
        (8, 48, 192),
        (9, 48, 192),
        (10, 64, 256),
    ];
    let parameters = Parameters::he(seed, device);
    let mut weights = NamedTensors::new();
    let mut inputs = 96;
    let weight = parameters.tensor("features.0.weight", [inputs, 3, 7, 7], 3 * 49)?;
    let bias = parameters.zeros("features.0.bias", [inputs])?;
    weights.insert("features.0.weight".to_owned(), named(&weight.val()));
    weights.insert("features.0.bias".to_owned(), named(&bias.val()));
    for (index, narrow, wide) in FIRES {
        let name = |part: &str| format!("features.{index}.{part}");
        draw_linear(&mut weights, &name("squeeze"), inputs, narrow, seed, device)?;
        draw_linear(&mut weights, &name("expand1x1"), narrow, wide, seed, device)?;
        draw_conv3x3(&mut weights, &name("expand3x3"), narrow, wide, seed, device)?;
        inputs = 2 * wide;
    }
    Ok(weights)
}

fn draw_conv3x3(
    weights: &mut NamedTensors,
    name: &str,
    inputs: usize,
    outputs: usize,
    seed: u64,
    device: &Device,
) -> Result<()> {
    let layer = Parameters::he(seed, device).conv3x3(name, inputs, outputs)?;
    for (part, tensor) in named_tensors(&layer) {
        weights.insert(format!("{name}.{part}"), tensor);
    }
    Ok(())
}

fn draw_linear(
    weights: &mut NamedTensors,
    name: &str,
    inputs: usize,
    outputs: usize,
    seed: u64,
    device: &Device,
) -> Result<()> {
    let layer = Parameters::he(seed, device).linear(name, inputs, outputs)?;
    for (part, tensor) in named_tensors(&layer) {
        weights.insert(format!("{name}.{part}"), tensor);
    }
    Ok(())
}

#[derive(Deserialize)]
struct Options {
    teacher: Choice,
    size: usize,
}

/// The work.
pub struct Forward {
    teacher: Teacher,
    image: RgbImage,
    memory: Memory,
}

impl Forward {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let device = oddspot::device::open("cpu")?;
        let (teacher, _, mut given) = options.teacher.open(&device)?;
        let image = tensors::board(options.size, options.teacher.seed);
        given.insert("image".to_owned(), tensors::normalised(&image));
        tensors::write(&folder.join(GIVEN), &given)?;
        Ok(Self {
            teacher,
            image,
            memory: Memory::default(),
        })
    }
}

impl Work for Forward {
    fn run(&mut self) -> Result<()> {
        self.memory.teacher_maps(self.teacher.on_cpu(), &self.image);
        Ok(())
    }

    fn outcome(&self) -> NamedTensors {
        let mut memory = Memory::default();
        let maps = memory.teacher_maps(self.teacher.on_cpu(), &self.image);
        tensors::levels(maps, self.image.width() as usize)
    }
}
