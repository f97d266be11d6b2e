//! The student's levels of one image.

use std::path::Path;

use image::RgbImage;
use oddspot::files::NamedTensors;
use oddspot::net::network::Level;
use oddspot::net::student::Student;
use oddspot::settings::StudentSettings;
use serde::Deserialize;

use crate::pass::Pass;
use crate::teacher::fresh;
use crate::tensors::{self, GIVEN};
use crate::{Result, Work};

#[derive(Deserialize)]
struct Options {
    student: StudentSettings,
    teacher_channels: [usize; 3],
    size: usize,
    seed: u64,
}

/// The work.
pub struct Forward {
    pass: Pass,
    image: RgbImage,
}

impl Forward {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let mut stride = 1;
        let levels = options.teacher_channels.map(|channels| {
            stride *= 2;
            Level { stride, channels }
        });
        let network = Student::new(&options.student, &levels)?.network;
        let weights = fresh(&network, options.seed);
        let image = tensors::board(options.size, options.seed);
        let mut given = weights.clone();
        given.insert("image".to_owned(), tensors::normalised(&image));
        tensors::write(&folder.join(GIVEN), &given)?;
        Ok(Self {
            pass: Pass::new(&network, &weights, levels.to_vec(), options.size)?,
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
