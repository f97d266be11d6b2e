//! The teacher's maps of every training image, computed once: training uses no augmentation,
//! so the teacher never runs in the loop.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::running_statistics::RunningStatistics;
use crate::error::{Error, Result};
use crate::images::ImageSize;
use crate::net::network::Level;
use crate::terms::channels::ChannelStatistics;

/// Half-precision maps of all images, in memory while they fit, else in a temporary file that
/// the system keeps in its page cache and deletes with the process.
pub struct TeacherCache {
    /// Where each level lies among an image's values.
    places: Vec<Range<usize>>,
    channels: Vec<usize>,
    store: Store,
    /// Bytes that are kept in memory, at most.
    budget: u64,
    scratch: PathBuf,
    /// Of each image.
    statistics: Vec<Arc<RunningStatistics>>,
}

enum Store {
    Memory(Vec<Arc<[f16]>>),
    File {
        /// Read by all parts, one at a time.
        file: Arc<Mutex<File>>,
        /// Where each image stands in the file, counted in images.
        places: Vec<usize>,
        /// The image that was read last, and its maps.
        last: Option<usize>,
        maps: Vec<f16>,
    },
}

impl Store {
    /// A file that holds the maps of so many images.
    fn of_file(file: File, images: usize) -> Self {
        Self::File {
            file: Arc::new(Mutex::new(file)),
            places: (0..images).collect(),
            last: None,
            maps: Vec::new(),
        }
    }
}

impl TeacherCache {
    /// An empty cache for `images` images, or more, within a budget in mebibytes; past it, a temporary
    /// file in the folder `scratch` is used (the system's own folder for such files is often
    /// in memory).
    ///
    /// # Errors
    /// No temporary file could be made.
    pub fn new(
        size: ImageSize,
        levels: &[Level],
        images: usize,
        budget_mib: usize,
        scratch: &Path,
    ) -> Result<Self> {
        let places = level_places(size, levels);
        let bytes = 2 * values_per_image(&places) as u64 * images as u64;
        let budget = (budget_mib as u64).saturating_mul(1 << 20);
        let store = if bytes <= budget {
            Store::Memory(Vec::with_capacity(images))
        } else {
            Store::of_file(scratch_file(scratch)?, 0)
        };
        Ok(Self {
            places,
            channels: levels.iter().map(|level| level.channels).collect(),
            store,
            budget,
            scratch: scratch.to_owned(),
            statistics: Vec::with_capacity(images),
        })
    }

    /// Some of the images, in the given order, as a cache that shares their maps with this one.
    pub fn part(&self, images: &[usize]) -> Self {
        let store = match &self.store {
            Store::Memory(maps) => Store::Memory(
                images
                    .iter()
                    .map(|&image| Arc::clone(&maps[image]))
                    .collect(),
            ),
            Store::File { file, places, .. } => Store::File {
                file: Arc::clone(file),
                places: images.iter().map(|&image| places[image]).collect(),
                last: None,
                maps: Vec::new(),
            },
        };
        let statistics = images
            .iter()
            .map(|&image| Arc::clone(&self.statistics[image]));
        Self {
            store,
            budget: self.budget,
            statistics: statistics.collect(),
            scratch: self.scratch.clone(),
            places: self.places.clone(),
            channels: self.channels.clone(),
        }
    }

    /// Appends the maps of one image.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn push(&mut self, maps: EncodedMaps) -> Result<()> {
        self.statistics.push(Arc::new(maps.statistics));
        if 2 * (values_per_image(&self.places) * self.statistics.len()) as u64 > self.budget {
            self.move_to_file()?;
        }
        match &mut self.store {
            Store::Memory(images) => images.push(maps.halves.into()),
            Store::File { file, places, .. } => {
                places.push(self.statistics.len() - 1);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                append(&mut file, &maps.halves, &self.scratch)?;
            }
        }
        Ok(())
    }

    /// There are more images than was foreseen: they no longer fit into memory.
    fn move_to_file(&mut self) -> Result<()> {
        let Store::Memory(images) = &mut self.store else {
            return Ok(());
        };
        let mut file = scratch_file(&self.scratch)?;
        for maps in images.iter() {
            append(&mut file, maps, &self.scratch)?;
        }
        self.store = Store::of_file(file, images.len());
        Ok(())
    }

    /// One level of an image's maps, counted from 0, `[height, width, channels]`.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn level(&mut self, image: usize, level: usize) -> Result<&[f16]> {
        let place = self.places[level].clone();
        Ok(&self.maps(image)?[place])
    }

    /// All levels of an image's maps, as [`level`](Self::level) gives each.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn levels(&mut self, image: usize) -> Result<Vec<&[f16]>> {
        let places = self.places.clone();
        let maps = self.maps(image)?;
        Ok(places.into_iter().map(|place| &maps[place]).collect())
    }

    /// An image's maps, level by level; those in the file are read unless they were the last.
    fn maps(&mut self, image: usize) -> Result<&[f16]> {
        match &mut self.store {
            Store::Memory(images) => Ok(&images[image]),
            Store::File {
                file,
                places,
                last,
                maps,
            } => {
                if *last != Some(image) {
                    *last = None;
                    let count = values_per_image(&self.places);
                    maps.resize(count, f16::ZERO);
                    let mut bytes = vec![0; 2 * count];
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    file.seek(SeekFrom::Start((2 * count * places[image]) as u64))
                        .and_then(|_| file.read_exact(&mut bytes))
                        .map_err(Error::io(
                            "read the cached teacher maps from a temporary file in",
                            &self.scratch,
                        ))?;
                    for (half, bytes) in maps.iter_mut().zip(bytes.as_chunks::<2>().0) {
                        *half = f16::from_le_bytes(*bytes);
                    }
                    *last = Some(image);
                }
                Ok(maps)
            }
        }
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.statistics.len()
    }

    /// Lets `change` alter each level, counted from 0, of each image's maps, `[height, width,
    /// channels]`; caches that share the maps keep them as they were.
    ///
    /// # Errors
    /// The temporary file cannot be read, or a new one not be written.
    pub fn replace(&mut self, mut change: impl FnMut(usize, &mut [f16])) -> Result<()> {
        let places = self.places.clone();
        let mut change_all = |maps: &mut [f16]| {
            for (level, place) in places.iter().enumerate() {
                change(level, &mut maps[place.clone()]);
            }
        };
        if let Store::Memory(images) = &mut self.store {
            for maps in images {
                change_all(Arc::make_mut(maps));
            }
            return Ok(());
        }
        let mut file = scratch_file(&self.scratch)?;
        for image in 0..self.images() {
            let mut maps = self.maps(image)?.to_vec();
            change_all(&mut maps);
            append(&mut file, &maps, &self.scratch)?;
        }
        self.store = Store::of_file(file, self.images());
        Ok(())
    }

    /// Mean and standard deviation of every channel over the cached images, as they were put in.
    pub fn statistics(&self) -> ChannelStatistics {
        let mut all = RunningStatistics::new(&self.channels);
        for of_image in &self.statistics {
            all.merge(of_image);
        }
        all.finish()
    }
}

/// A temporary file in a folder.
pub(super) fn scratch_file(folder: &Path) -> Result<File> {
    tempfile::tempfile_in(folder).map_err(Error::io("create a temporary file in", folder))
}

/// Writes an image's maps to the end of a temporary file in a folder.
fn append(file: &mut File, maps: &[f16], folder: &Path) -> Result<()> {
    let bytes: Vec<u8> = maps.iter().flat_map(|v| v.to_le_bytes()).collect();
    let end = file.seek(SeekFrom::End(0));
    end.and_then(|_| file.write_all(&bytes)).map_err(Error::io(
        "write the cached teacher maps to a temporary file in",
        folder,
    ))
}

/// To half precision, the largest of which stands for what lies beyond it.
pub(crate) fn encode(values: &[f32], halves: &mut [f16]) {
    let limit = f16::MAX.to_f32();
    let mut clamped = [0.0; 1024];
    for (to, values) in halves.chunks_mut(1024).zip(values.chunks(1024)) {
        let clamped = &mut clamped[..values.len()];
        for (to, value) in clamped.iter_mut().zip(values) {
            *to = value.clamp(-limit, limit);
        }
        to.convert_from_f32_slice(clamped);
    }
}

/// The maps of one image as the cache keeps them, with the sums for its statistics.
pub struct EncodedMaps {
    halves: Vec<f16>,
    statistics: RunningStatistics,
}

impl EncodedMaps {
    /// Encodes the maps of some levels, `[height, width, channels]` each.
    pub fn new(maps: &[&[f32]], levels: &[Level]) -> Self {
        let channels: Vec<usize> = levels.iter().map(|level| level.channels).collect();
        let mut statistics = RunningStatistics::new(&channels);
        let mut halves = vec![f16::ZERO; maps.iter().map(|map| map.len()).sum()];
        let mut rest = halves.as_mut_slice();
        for (level, values) in maps.iter().enumerate() {
            statistics.add(level, values);
            let (to, after) = rest.split_at_mut(values.len());
            encode(values, to);
            rest = after;
        }
        Self { halves, statistics }
    }
}

/// Where each level lies among an image's values.
fn level_places(size: ImageSize, levels: &[Level]) -> Vec<Range<usize>> {
    let mut start = 0;
    let place = |level: &Level| {
        let positions = (size.height / level.stride) * (size.width / level.stride);
        let place = start..start + positions * level.channels;
        start = place.end;
        place
    };
    levels.iter().map(place).collect()
}

fn values_per_image(places: &[Range<usize>]) -> usize {
    places.last().map_or(0, |place| place.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize {
        width: 16,
        height: 8,
    };

    fn levels() -> Vec<Level> {
        let level = |(stride, channels)| Level { stride, channels };
        [(2, 2), (4, 3), (8, 4)].map(level).to_vec()
    }

    fn maps(seed: u32) -> Vec<Vec<f32>> {
        let of_level = |level: &Level| {
            let positions = SIZE.width * SIZE.height / (level.stride * level.stride);
            // Eighths up to 16 are exact in half precision.
            let value = |i: usize| ((i as u32 * 37 + seed * 11) % 128) as f32 / 8.0;
            (0..positions * level.channels).map(value).collect()
        };
        levels().iter().map(of_level).collect()
    }

    fn encoded(maps: &[Vec<f32>]) -> EncodedMaps {
        let maps: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
        EncodedMaps::new(&maps, &levels())
    }

    fn filled(images: &[u32], budget: usize) -> TeacherCache {
        let folder = std::env::temp_dir();
        let mut cache = TeacherCache::new(SIZE, &levels(), 3, budget, &folder).unwrap();
        for &image in images {
            cache.push(encoded(&maps(image))).unwrap();
        }
        cache
    }

    #[test]
    fn memory_and_file_give_back_what_was_put_in() {
        for budget in [1, 0] {
            let mut cache = filled(&[0, 1, 2], budget);
            assert_eq!(matches!(cache.store, Store::File { .. }), budget == 0);
            for image in [2, 0, 1] {
                let found = cache.levels(image).unwrap();
                for (found, put) in found.into_iter().zip(maps(image as u32)) {
                    let found: Vec<f32> = found.iter().map(|half| half.to_f32()).collect();
                    assert_eq!(found, put);
                }
            }
        }
    }

    #[test]
    fn a_part_is_what_a_cache_of_its_images_alone_would_be() {
        for budget in [1, 0] {
            let mut whole = filled(&[0, 1, 2], budget);
            let mut part = whole.part(&[2, 0]);
            let mut alone = filled(&[2, 0], budget);
            assert_eq!(part.statistics(), alone.statistics());
            for image in [1, 0, 1] {
                for level in 0..3 {
                    let expected = alone.level(image, level).unwrap();
                    assert_eq!(part.level(image, level).unwrap(), expected);
                    // Reading the whole in between disturbs nothing.
                    whole.level(1, level).unwrap();
                }
            }
        }
    }

    #[test]
    fn statistics_are_those_of_all_positions_of_all_images() {
        let statistics = filled(&[0, 1], 1).statistics();
        let mut channel = Vec::new();
        for image in 0..2 {
            let map = &maps(image)[0];
            channel.extend(map.iter().skip(1).step_by(2).map(|&v| f64::from(v)));
        }
        let n = channel.len() as f64;
        let mean = channel.iter().sum::<f64>() / n;
        let variance = channel.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        let level = &statistics.levels[0];
        assert!((f64::from(level.mean[1]) - mean).abs() < 1e-5);
        assert!((f64::from(level.std[1]) - variance.sqrt()).abs() < 1e-5);
    }
}
