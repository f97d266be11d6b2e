//! Before the first step: images decoded and resized, the teacher's maps cached.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;
use rayon::prelude::*;

use super::cache::{EncodedMaps, TeacherCache};
use super::places::GoodPlaces;
use crate::datasets::{Dataset, Sample, split_of};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::images::{Source, UNNAMED};
use crate::judge::Memory;
use crate::model::ImageRecord;
use crate::net::engine::Forward;
use crate::net::network::Level;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::view::{Move, Sight, View};

/// Good images to learn from, and some that are held out to set the thresholds by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoodImages {
    /// To train on.
    pub train: Vec<Source>,
    /// Never trained on; if there are none, a tenth of the others is taken by the seed.
    pub held_out: Vec<Source>,
    /// The folder below which files are named in records.
    pub root: PathBuf,
}

/// Images in memory, or files.
impl<S: Into<Source>> FromIterator<S> for GoodImages {
    fn from_iter<I: IntoIterator<Item = S>>(images: I) -> Self {
        let mut train: Vec<Source> = images.into_iter().map(Into::into).collect();
        for (index, image) in train.iter_mut().enumerate() {
            // Their order, and so the split, follows from their names.
            if let Source::Memory { name, .. } = image
                && name == UNNAMED
            {
                *name = format!("{index:06}");
            }
        }
        Self {
            train,
            ..Self::default()
        }
    }
}

impl GoodImages {
    /// The good images of a data set.
    pub fn of(dataset: &Dataset) -> Self {
        let files = |samples: &[Sample]| -> Vec<Source> {
            samples
                .iter()
                .map(|sample| Source::file(&sample.image))
                .collect()
        };
        Self {
            train: files(&dataset.train),
            held_out: files(&dataset.held_out),
            root: dataset.root.clone(),
        }
    }

    /// The same with some held out: its own, or a tenth by the seed.
    ///
    /// # Errors
    /// Fewer than two images.
    pub fn split(self, seed: u64) -> Result<Self> {
        if self.train.is_empty() {
            let error = Error::new(
                ErrorKind::NotFound,
                Subject::Dataset,
                "it has no good images to learn from: those of train/good, or of the split train",
            );
            return Err(match self.root.as_os_str().is_empty() {
                true => error,
                false => error.in_file(self.root),
            });
        }
        if !self.held_out.is_empty() {
            return Ok(self);
        }
        let (train, held_out) = split_of(self.train, seed, |image| image.name().into_owned())?;
        Ok(Self {
            train,
            held_out,
            ..self
        })
    }
}

/// The training images, resized, with the teacher's maps of each.
pub struct TrainingSet {
    /// As the model sees them, in their order.
    pub images: Vec<RgbImage>,
    /// From the pixels of each to those of the image as it is.
    pub moves: Vec<Move>,
    /// How they are seen.
    pub view: Arc<View>,
    /// Name and hash of each.
    pub records: Vec<ImageRecord>,
    /// The teacher's maps of each image.
    pub cache: TeacherCache,
    /// Statistics of the teacher's channels over all images.
    pub statistics: ChannelStatistics,
    /// What the closed-form terms look at, if there are any.
    pub places: Option<GoodPlaces>,
}

impl TrainingSet {
    /// Decodes every image and runs the teacher on it, telling after each how many of how
    /// many are done; None if told to stop. Maps past the memory budget go to a temporary
    /// file in the folder `scratch`.
    ///
    /// # Errors
    /// An unreadable image, or a cache that cannot be written.
    pub fn prepare(
        (images, root): (&[Source], &Path),
        (settings, view): (&Settings, Arc<View>),
        (teacher, levels): (&dyn Forward, &[Level]),
        scratch: &Path,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>> {
        let size = settings.image_size;
        let budget = settings.training.cache_mib;
        let cached = match settings.method.learns() {
            true => levels,
            false => &[],
        };
        let mut cache = TeacherCache::new(size, cached, images.len(), budget, scratch)?;
        let mut places = GoodPlaces::new(settings, levels, images.len(), scratch)?;
        let mut seen = Vec::with_capacity(images.len());
        let mut moves = Vec::with_capacity(images.len());
        let mut records = Vec::with_capacity(images.len());
        let mut memories = Vec::new();
        // Enough images at a time to keep all threads busy; put away in their order.
        let at_a_time = 2 * rayon::current_num_threads();
        memories.resize_with(at_a_time, Memory::default);
        for now in images.chunks(at_a_time) {
            let done = now
                .par_iter()
                .zip(&mut memories)
                .map(|(source, memory)| {
                    let (sight, record) = load(source, root, &view)?;
                    memory.run_teacher(teacher, &sight.image)?;
                    let maps = memory.teacher_levels(teacher, levels.len());
                    let of_places = places.as_ref().map(|places| places.encode(&maps));
                    let maps = EncodedMaps::new(&maps[..cached.len()], cached);
                    Ok((sight, record, maps, of_places))
                })
                .collect::<Result<Vec<_>>>()?;
            for (sight, record, maps, of_places) in done {
                cache.push(maps)?;
                if let (Some(places), Some(features)) = (&mut places, of_places) {
                    places.push(features)?;
                }
                seen.push(sight.image);
                moves.push(sight.to_image);
                records.push(record);
                if progress(seen.len(), images.len()).is_break() {
                    return Ok(None);
                }
            }
        }
        let statistics = cache.statistics();
        Ok(Some(Self {
            images: seen,
            moves,
            view,
            records,
            cache,
            statistics,
            places,
        }))
    }

    /// Some of the images, in the given order, as a set of their own that shares the teacher's
    /// maps with this one.
    pub fn part(&self, images: &[usize]) -> Self {
        let cache = self.cache.part(images);
        Self {
            images: images.iter().map(|&i| self.images[i].clone()).collect(),
            moves: images.iter().map(|&i| self.moves[i]).collect(),
            view: Arc::clone(&self.view),
            records: images.iter().map(|&i| self.records[i].clone()).collect(),
            statistics: cache.statistics(),
            cache,
            places: self.places.as_ref().map(|places| places.part(images)),
        }
    }
}

/// The good images held out for the thresholds, decoded before the first step, so that a bad
/// one costs no training.
pub struct HeldOut {
    /// As the model sees them, in their order.
    pub images: Vec<RgbImage>,
    /// From the pixels of each to those of the image as it is.
    pub moves: Vec<Move>,
    /// Name and hash of each.
    pub records: Vec<ImageRecord>,
    /// What the closed-form terms look at, if there are any and the teacher has seen the images.
    pub places: Option<GoodPlaces>,
}

impl HeldOut {
    /// Decodes every image.
    ///
    /// # Errors
    /// An unreadable image.
    pub fn load(images: &[Source], root: &Path, view: &View) -> Result<Self> {
        let load = |image: &Source| load(image, root, view);
        let loaded = images.par_iter().map(load).collect::<Result<Vec<_>>>()?;
        let (sights, records): (Vec<Sight>, _) = loaded.into_iter().unzip();
        Ok(Self {
            moves: sights.iter().map(|sight| sight.to_image).collect(),
            images: sights.into_iter().map(|sight| sight.image).collect(),
            records,
            places: None,
        })
    }

    /// Runs the teacher on the images, for what the closed-form terms look at.
    ///
    /// # Errors
    /// Features that cannot be kept.
    pub fn see(
        &mut self,
        settings: &Settings,
        (teacher, levels): (&dyn Forward, &[Level]),
        scratch: &Path,
    ) -> Result<()> {
        self.places = GoodPlaces::new(settings, levels, self.images.len(), scratch)?;
        let Some(places) = &mut self.places else {
            return Ok(());
        };
        let see = |memory: &mut Memory, image: &RgbImage| {
            memory.run_teacher(teacher, image)?;
            Ok(places.encode(&memory.teacher_levels(teacher, levels.len())))
        };
        let seen = (self.images.par_iter())
            .map_init(Memory::default, see)
            .collect::<Result<Vec<_>>>()?;
        seen.into_iter()
            .try_for_each(|features| places.push(features))
    }

    /// Some images of a prepared set, in the given order.
    pub fn part(set: &TrainingSet, images: &[usize]) -> Self {
        Self {
            images: images.iter().map(|&i| set.images[i].clone()).collect(),
            moves: images.iter().map(|&i| set.moves[i]).collect(),
            records: images.iter().map(|&i| set.records[i].clone()).collect(),
            places: set.places.as_ref().map(|places| places.part(images)),
        }
    }
}

/// Reads, hashes and decodes one image, and sees it as the model does.
///
/// # Errors
/// A file that cannot be read or is no usable image.
pub(super) fn load(source: &Source, root: &Path, view: &View) -> Result<(Sight, ImageRecord)> {
    let (image, sha256) = source.decode_and_hash()?;
    let record = ImageRecord::of(&source.name(), root, sha256);
    Ok((view.look(&image), record))
}
