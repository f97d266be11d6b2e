//! Before the first step: images decoded and resized, the teacher's maps cached.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::image::RgbImage;
use rayon::prelude::*;

use super::cache::{EncodedMaps, TeacherCache};
use super::pieces::Pieces;
use super::places::GoodPlaces;
use crate::datasets::{Dataset, Sample, split_of};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::health::Glance;
use crate::images::{ImageSize, Kind, Source, batches};
use crate::judge::Memory;
use crate::model::ImageRecord;
use crate::net::engine::Forward;
use crate::net::network::Level;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::view::{Sight, View};

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
            image.name_unnamed(|| format!("{index:06}"));
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

    /// The sizes that they have, by the heads of their files.
    ///
    /// # Errors
    /// An image that cannot be read.
    pub(super) fn sizes(&self) -> Result<HashSet<ImageSize>> {
        let all = self.train.par_iter().chain(&self.held_out);
        all.map(Source::size).collect()
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

/// What is known of a good image beside what the model sees of it.
#[derive(Clone, Debug)]
pub struct GoodImage {
    /// Its name and hash.
    pub record: ImageRecord,
    /// What is seen of it apart from defects.
    pub glance: Glance,
    /// What it is as a file.
    pub kind: Kind,
}

/// Their names and hashes.
pub(super) fn records(images: &[GoodImage]) -> Vec<ImageRecord> {
    images.iter().map(|image| image.record.clone()).collect()
}

/// The training images as the model sees them, with the teacher's maps of each.
pub struct TrainingSet {
    /// What is seen of them, in their order.
    pub pieces: Pieces,
    /// How they are seen.
    pub view: Arc<View>,
    /// What is known of each image.
    pub images: Vec<GoodImage>,
    /// The teacher's maps of each piece.
    pub cache: TeacherCache,
    /// Statistics of the teacher's channels over all pieces.
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
        let learns = settings.method.learns();
        let cached = if learns { levels } else { &[] };
        let mut cache = TeacherCache::new(size, cached, images.len(), budget, scratch)?;
        let mut places = GoodPlaces::new(settings, levels, images.len(), scratch)?;
        let mut pieces = Pieces::within(budget, scratch);
        let mut known = Vec::with_capacity(images.len());
        let mut memories = Vec::new();
        // Enough at a time to keep all threads busy; put away in their order.
        let at_a_time = 2 * rayon::current_num_threads();
        memories.resize_with(at_a_time, Memory::default);
        for now in batches(images, view.images_at_a_time()) {
            let loaded = now.par_iter().map(|source| load(source, root, &view));
            let loaded = loaded.collect::<Result<Vec<_>>>()?;
            let first = pieces.images();
            let sights: Vec<(usize, &Sight)> = (loaded.iter().enumerate())
                .flat_map(|(at, one)| one.sights.iter().map(move |sight| (first + at, sight)))
                .collect();
            for some in sights.chunks(at_a_time) {
                let done = some
                    .par_iter()
                    .zip(&mut memories)
                    .map(|((_, sight), memory)| {
                        memory.run_teacher(teacher, &sight.image)?;
                        let maps = memory.teacher_levels(teacher, levels.len());
                        let of_places = places.as_ref().map(|places| places.encode(&maps));
                        Ok((EncodedMaps::new(&maps[..cached.len()], cached), of_places))
                    })
                    .collect::<Result<Vec<_>>>()?;
                for ((image, _), (maps, of_places)) in some.iter().zip(done) {
                    cache.push(maps)?;
                    if let (Some(places), Some(features)) = (&mut places, of_places) {
                        places.push(*image, features)?;
                    }
                }
            }
            for one in loaded {
                pieces.push(one.sights, learns)?;
                known.push(one.image);
                if progress(known.len(), images.len()).is_break() {
                    return Ok(None);
                }
            }
        }
        let statistics = cache.statistics();
        Ok(Some(Self {
            pieces,
            view,
            images: known,
            cache,
            statistics,
            places,
        }))
    }

    /// Some of the images, in the given order, as a set of their own that shares the teacher's
    /// maps with this one.
    pub fn part(&self, images: &[usize]) -> Self {
        let cache = self.cache.part(&self.pieces.of_images(images));
        Self {
            pieces: self.pieces.part(images),
            view: Arc::clone(&self.view),
            images: images.iter().map(|&i| self.images[i].clone()).collect(),
            statistics: cache.statistics(),
            cache,
            places: self.places_of(images),
        }
    }

    fn places_of(&self, images: &[usize]) -> Option<GoodPlaces> {
        let places = self.places.as_ref()?;
        Some(places.part(&self.pieces.of_images(images)))
    }
}

/// The good images held out for the thresholds, decoded before the first step, so that a bad
/// one costs no training.
pub struct HeldOut {
    /// What is seen of them, in their order.
    pub pieces: Pieces,
    /// What is known of each image.
    pub images: Vec<GoodImage>,
    /// What the closed-form terms look at, if there are any and the teacher has seen the images.
    pub places: Option<GoodPlaces>,
}

impl HeldOut {
    /// Decodes every image. Pixels past a budget in mebibytes go to a temporary file in the folder `scratch`.
    ///
    /// # Errors
    /// An unreadable image, or a file that cannot be written.
    pub fn load(
        (images, root): (&[Source], &Path),
        view: &View,
        (budget_mib, scratch): (usize, &Path),
    ) -> Result<Self> {
        let load = |image: &Source| load(image, root, view);
        let mut pieces = Pieces::within(budget_mib, scratch);
        let mut known = Vec::with_capacity(images.len());
        for now in batches(images, 2 * rayon::current_num_threads()) {
            for one in now.par_iter().map(load).collect::<Result<Vec<_>>>()? {
                pieces.push(one.sights, true)?;
                known.push(one.image);
            }
        }
        Ok(Self {
            pieces,
            images: known,
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
        self.places = GoodPlaces::new(settings, levels, self.pieces.count(), scratch)?;
        let Some(places) = &mut self.places else {
            return Ok(());
        };
        let at_a_time = 2 * rayon::current_num_threads();
        let mut memories = Vec::new();
        memories.resize_with(at_a_time, Memory::default);
        let all: Vec<usize> = (0..self.pieces.count()).collect();
        for some in all.chunks(at_a_time) {
            let see = |(&piece, memory): (&usize, &mut Memory)| {
                memory.run_teacher(teacher, &*self.pieces.pictures.get(piece)?)?;
                Ok(places.encode(&memory.teacher_levels(teacher, levels.len())))
            };
            let seen = some.par_iter().zip(&mut memories).map(see);
            let seen = seen.collect::<Result<Vec<_>>>()?;
            for (&piece, features) in some.iter().zip(seen) {
                places.push(self.pieces.image_of(piece), features)?;
            }
        }
        Ok(())
    }

    /// Some images of a prepared set, in the given order.
    pub fn part(set: &TrainingSet, images: &[usize]) -> Self {
        Self {
            pieces: set.pieces.part(images),
            images: images.iter().map(|&i| set.images[i].clone()).collect(),
            places: set.places_of(images),
        }
    }
}

/// A good image that was read.
pub(super) struct Loaded {
    /// What the model sees of it.
    pub sights: Vec<Sight>,
    /// What else is known of it.
    pub image: GoodImage,
}

/// Reads, hashes and decodes one image, and sees it as the model does.
///
/// # Errors
/// A file that cannot be read or is no usable image.
pub(super) fn load(source: &Source, root: &Path, view: &View) -> Result<Loaded> {
    let (image, kind, sha256) = source.decode_and_hash(view.reading())?;
    let record = ImageRecord::of(&source.name(), root, sha256);
    Ok(loaded(&image, view, (record, kind)))
}

/// A decoded image, seen as the model does.
pub(super) fn loaded(image: &RgbImage, view: &View, (record, kind): (ImageRecord, Kind)) -> Loaded {
    let sights: Vec<Sight> = view.look(image).collect();
    let seen = |sight: &Sight| Glance::seen(image, view, sight);
    let glance = sights.first().map_or_else(|| Glance::of(image), seen);
    Loaded {
        sights,
        image: GoodImage {
            record,
            glance,
            kind,
        },
    }
}
