//! A network on the CPU, and its levels of the image that it saw last.

use image::RgbImage;
use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::judge::Memory;
use oddspot::net::engine::{Cpu, Engine, Forward};
use oddspot::net::network::{Level, Network};
use oddspot_conv::Shape;

use crate::Result;

pub struct Pass {
    network: Box<dyn Forward>,
    levels: Vec<Level>,
    /// Side of the image.
    size: usize,
    memory: Memory,
}

impl Pass {
    /// Of a network whose first features are the given levels, for square images of a size.
    pub fn new(
        network: &Network,
        weights: &NamedTensors,
        levels: Vec<Level>,
        size: usize,
    ) -> Result<Self> {
        let network = Cpu.forward(network, weights, Shape::new(1, size, size, 3))?;
        Ok(Self {
            network,
            levels,
            size,
            memory: Memory::default(),
        })
    }

    /// The pass, from the picture's bytes on.
    pub fn run(&mut self, image: &RgbImage) -> Result<()> {
        Ok(self.memory.run_teacher(&*self.network, image)?)
    }

    /// `[1, size/stride, size/stride, channels]` of each level, by name.
    pub fn levels(&self) -> NamedTensors {
        let maps = (self.memory).teacher_levels(&*self.network, self.levels.len());
        let named = |(number, (map, level)): (usize, (&[f32], &Level))| {
            let side = self.size / level.stride;
            let tensor = NamedTensor {
                shape: vec![1, side, side, level.channels],
                values: map.to_vec(),
            };
            (format!("level{number}"), tensor)
        };
        (1..)
            .zip(maps.into_iter().zip(&self.levels))
            .map(named)
            .collect()
    }
}
