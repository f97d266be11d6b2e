//! The student's maps of one image.

use std::path::Path;

use image::RgbImage;
use oddspot::config::{Config, Method, StudentConfig};
use oddspot::cpu::{CpuDetection, Memory};
use oddspot::image::ImageSize;
use oddspot::loss::ChannelStatistics;
use oddspot::network::{Parameters, named_tensors};
use oddspot::tensor_file::NamedTensors;
use oddspot::trainable::Networks;
use serde::Deserialize;

use crate::tensors::{self, GIVEN};
use crate::{Result, Work};

#[derive(Deserialize)]
struct Options {
    student: StudentConfig,
    teacher_channels: [usize; 3],
    size: usize,
    seed: u64,
}

/// The work.
pub struct Forward {
    detection: CpuDetection,
    image: RgbImage,
    memory: Memory,
}

impl Forward {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let device = oddspot::device::open("cpu")?;
        let config = Config {
            method: Method::Baseline,
            image_size: ImageSize::square(options.size),
            student: options.student,
            ..Config::default()
        };
        let parameters = Parameters::he(options.seed, &device);
        let networks = Networks::new(&parameters, &config, options.teacher_channels, false)?;
        let image = tensors::board(options.size, options.seed);
        let mut given = named_tensors(&networks.student);
        given.insert("image".to_owned(), tensors::normalised(&image));
        tensors::write(&folder.join(GIVEN), &given)?;
        // The maps alone are asked for, which no statistics enter.
        let channels = options.teacher_channels;
        let statistics = ChannelStatistics {
            whitening: None,
            mean: channels.map(|count| vec![0.0; count]),
            std: channels.map(|count| vec![1.0; count]),
        };
        Ok(Self {
            detection: CpuDetection::new(&config, &networks, statistics),
            image,
            memory: Memory::default(),
        })
    }
}

impl Work for Forward {
    fn run(&mut self) -> Result<()> {
        self.detection.student_maps(&self.image, &mut self.memory);
        Ok(())
    }

    fn outcome(&self) -> NamedTensors {
        let mut memory = Memory::default();
        let maps = self.detection.student_maps(&self.image, &mut memory);
        tensors::levels(maps, self.image.width() as usize)
    }
}
