//! Images to errors, on whichever device: one pass of the kernels on a CPU, burn elsewhere.

use burn::tensor::Device;
use image::RgbImage;

use crate::config::Config;
use crate::cpu::{CpuDetection, Memory, TeacherMaps};
use crate::device;
use crate::error::Result;
use crate::error_maps::GridErrors;
use crate::loss::{ChannelStatistics, whiten_teacher};
use crate::network::Parameters;
use crate::placement::Placement;
use crate::scoring::{Scorer, image_tensor};
use crate::teacher::Teacher;
use crate::teacher_cache::TeacherCache;
use crate::tensor_file::NamedTensors;
use crate::trainable::Networks;

/// Trained networks that judge images of the configuration's size.
pub struct Judge(Path);

enum Path {
    Cpu(Box<CpuDetection>),
    Portable(Box<Portable>),
}

/// What [`Scorer`] needs.
struct Portable {
    config: Config,
    networks: Networks,
    statistics: ChannelStatistics,
    device: Device,
}

impl Portable {
    fn scorer(&self) -> Scorer<'_> {
        Scorer {
            config: &self.config,
            student: &self.networks.student,
            position: self.networks.position.as_ref(),
            statistics: &self.statistics,
        }
    }
}

impl Judge {
    /// Makes networks ready to judge.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(
        config: &Config,
        tensors: &NamedTensors,
        teacher_channels: [usize; 3],
        statistics: ChannelStatistics,
        device: &Device,
    ) -> std::result::Result<Self, String> {
        let parameters = Parameters::from_tensors(tensors, device);
        let networks = Networks::new(&parameters, config, teacher_channels, false)?;
        Ok(Self(match device::is_cpu(device) {
            true => Path::Cpu(Box::new(CpuDetection::new(config, &networks, statistics))),
            false => Path::Portable(Box::new(Portable {
                config: config.clone(),
                networks,
                statistics,
                device: device.clone(),
            })),
        }))
    }

    /// The errors of an image that the teacher has not seen.
    pub fn errors(&self, image: &RgbImage, teacher: &Teacher, memory: &mut Memory) -> GridErrors {
        match &self.0 {
            Path::Cpu(cpu) => cpu.errors(image, TeacherMaps::Run(teacher.on_cpu()), memory),
            Path::Portable(portable) => {
                let image = image_tensor(image, &portable.device);
                let maps = whiten_teacher(teacher.maps(image.clone()), &portable.statistics);
                portable.scorer().errors(image, maps)
            }
        }
    }

    /// What the position classifier says of the place nearest to a pixel (row, column) of an
    /// image whose errors were computed last with this memory; None without a classifier.
    pub fn placement(
        &self,
        image: &RgbImage,
        pixel: (usize, usize),
        memory: &mut Memory,
    ) -> Option<Placement> {
        match &self.0 {
            Path::Cpu(cpu) => cpu.placement(pixel, memory),
            Path::Portable(portable) => {
                let image = image_tensor(image, &portable.device);
                portable.scorer().placement(image, pixel)
            }
        }
    }

    /// The errors of an image whose teacher's maps are in the cache.
    ///
    /// # Errors
    /// A cache that cannot be read.
    pub fn cached_errors(
        &self,
        image: &RgbImage,
        cache: &mut TeacherCache,
        index: usize,
        memory: &mut Memory,
    ) -> Result<GridErrors> {
        Ok(match &self.0 {
            Path::Cpu(cpu) => cpu.errors(image, TeacherMaps::Cached(cache.levels(index)?), memory),
            Path::Portable(portable) => {
                let maps = cache.get(index, &portable.device)?;
                portable
                    .scorer()
                    .errors(image_tensor(image, &portable.device), maps)
            }
        })
    }
}
