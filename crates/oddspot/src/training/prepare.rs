//! Before the first step: images decoded and resized, the teacher's maps cached.

use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Device, Tensor};
use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::cpu::Memory;
use crate::dataset::Sample;
use crate::device;
use crate::digest::hex;
use crate::error::Result;
use crate::image::{ImageSize, decode_bytes, read_file, resize};
use crate::loss::ChannelStatistics;
use crate::model_file::ImageRecord;
use crate::scoring::image_tensor;
use crate::teacher::Teacher;
use crate::teacher_cache::{EncodedMaps, TeacherCache};

/// The training images, resized, with the teacher's maps of each.
pub struct TrainingSet {
    /// At `image_size`, in path order.
    pub images: Vec<RgbImage>,
    /// Name and hash of each file.
    pub records: Vec<ImageRecord>,
    /// The teacher's maps of each image.
    pub cache: TeacherCache,
    /// Statistics of the teacher's channels over all images.
    pub statistics: ChannelStatistics,
}

impl TrainingSet {
    /// Decodes every sample and runs the teacher on it, telling after each how many of how
    /// many are done; None if told to stop. Maps past the memory budget go to a temporary
    /// file in the folder `scratch`.
    ///
    /// # Errors
    /// An unreadable image, or a cache that cannot be written.
    pub fn prepare(
        samples: &[Sample],
        root: &Path,
        config: &Config,
        teacher: &Teacher,
        device: &Device,
        scratch: &Path,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>> {
        let size = config.image_size;
        let budget = config.training.cache_mib;
        let channels = teacher.channels();
        // Made ready out here: a thread of the pool that waits for it could take up an image
        // that waits for it too.
        let on_cpu = device::is_cpu(device).then(|| teacher.on_cpu());
        let mut cache = TeacherCache::new(size, channels, samples.len(), budget, scratch)?;
        let mut images = Vec::with_capacity(samples.len());
        let mut records = Vec::with_capacity(samples.len());
        let mut memories = Vec::new();
        // Enough images at a time to keep all threads busy; put away in their order.
        let at_a_time = 2 * rayon::current_num_threads();
        memories.resize_with(at_a_time, Memory::default);
        for samples_now in samples.chunks(at_a_time) {
            let now = samples_now
                .par_iter()
                .zip(&mut memories)
                .map(|(sample, memory)| {
                    let (image, record) = load(&sample.image, root, size)?;
                    let maps = on_cpu.map(|teacher| {
                        EncodedMaps::new(memory.teacher_maps(teacher, &image), channels)
                    });
                    Ok((image, record, maps))
                })
                .collect::<Result<Vec<_>>>()?;
            for (image, record, maps) in now {
                cache.push(match maps {
                    Some(maps) => maps,
                    None => encode(teacher.maps(image_tensor(&image, device)), channels),
                })?;
                images.push(image);
                records.push(record);
                if progress(images.len(), samples.len()).is_break() {
                    return Ok(None);
                }
            }
        }
        let statistics = cache.statistics();
        Ok(Some(Self {
            images,
            records,
            cache,
            statistics,
        }))
    }

    /// Some of the images, in the given order, as a set of their own that shares the teacher's
    /// maps with this one.
    pub fn part(&self, images: &[usize]) -> Self {
        let cache = self.cache.part(images);
        Self {
            images: images.iter().map(|&i| self.images[i].clone()).collect(),
            records: images.iter().map(|&i| self.records[i].clone()).collect(),
            statistics: cache.statistics(),
            cache,
        }
    }
}

fn encode(maps: [Tensor<4>; 3], channels: [usize; 3]) -> EncodedMaps {
    let maps = maps.map(|map| map.into_data().iter::<f32>().collect::<Vec<f32>>());
    EncodedMaps::new(maps.each_ref().map(Vec::as_slice), channels)
}

/// The good images held out for the thresholds, decoded before the first step, so that a bad
/// one costs no training.
pub struct HeldOut {
    /// At `image_size`, in path order.
    pub images: Vec<RgbImage>,
    /// Name and hash of each file.
    pub records: Vec<ImageRecord>,
}

impl HeldOut {
    /// Decodes every sample.
    ///
    /// # Errors
    /// An unreadable image.
    pub fn load(samples: &[Sample], root: &Path, size: ImageSize) -> Result<Self> {
        let load = |sample: &Sample| load(&sample.image, root, size);
        let loaded = samples.par_iter().map(load).collect::<Result<Vec<_>>>()?;
        let (images, records) = loaded.into_iter().unzip();
        Ok(Self { images, records })
    }

    /// Some images of a prepared set, in the given order.
    pub fn part(set: &TrainingSet, images: &[usize]) -> Self {
        Self {
            images: images.iter().map(|&i| set.images[i].clone()).collect(),
            records: images.iter().map(|&i| set.records[i].clone()).collect(),
        }
    }
}

/// Reads, hashes, decodes and resizes one image.
///
/// # Errors
/// A file that cannot be read or is no usable image.
fn load(path: &Path, root: &Path, size: ImageSize) -> Result<(RgbImage, ImageRecord)> {
    let bytes = read_file(path)?;
    let name = path.strip_prefix(root).unwrap_or(path);
    let record = ImageRecord {
        // One spelling on every platform, so that hashes of the records agree.
        name: name.to_string_lossy().replace('\\', "/"),
        sha256: hex(&Sha256::digest(&bytes)),
    };
    Ok((resize(&decode_bytes(&bytes, path)?, size), record))
}
