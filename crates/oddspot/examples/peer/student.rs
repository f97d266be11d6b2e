//! The student's maps of one image.

use std::path::Path;

use burn::tensor::Tensor;
use oddspot::config::StudentConfig;
use oddspot::network::{Parameters, named_tensors};
use oddspot::student::{Student, StudentMaps};
use oddspot::tensor_file::NamedTensors;
use serde::Deserialize;

use crate::tensors::{self, GIVEN, named};
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
    student: Student,
    output_stride: usize,
    image: Tensor<4>,
    maps: Option<StudentMaps>,
}

impl Forward {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let device = oddspot::device::open("cpu")?;
        let parameters = Parameters::he(options.seed, &device);
        let student = Student::new(&parameters, &options.student, options.teacher_channels)?;
        let image = tensors::board(options.size, options.seed, &device);
        let mut given = named_tensors(&student);
        given.insert("image".to_owned(), named(&image));
        tensors::write(&folder.join(GIVEN), &given)?;
        Ok(Self {
            student,
            output_stride: options.student.output_stride,
            image,
            maps: None,
        })
    }
}

impl Work for Forward {
    fn run(&mut self) -> Result<()> {
        self.maps = Some(self.student.forward(self.image.clone(), self.output_stride));
        Ok(())
    }

    fn outcome(&self) -> NamedTensors {
        let mut outcome = NamedTensors::new();
        if let Some(maps) = &self.maps {
            for (map, level) in maps.levels.iter().zip(1..) {
                outcome.insert(format!("level{level}"), named(map));
            }
            outcome.insert("trunk".to_owned(), named(&maps.trunk));
        }
        outcome
    }
}
