//! The good images' features at the places of the closed-form terms' grid.

use std::path::Path;

use half::f16;

use super::cache::{EncodedMaps, TeacherCache};
use crate::error::Result;
use crate::net::network::Level;
use crate::settings::Settings;
use crate::terms;
use crate::terms::places::{GoodFeatures, PlaceGrid};

/// Features of good images, kept as the teacher's maps are.
pub struct GoodPlaces {
    grid: PlaceGrid,
    cache: TeacherCache,
}

impl GoodPlaces {
    /// Room for those of `images` images; None if no term of these settings looks at them.
    ///
    /// # Errors
    /// No temporary file could be made.
    pub(super) fn new(
        settings: &Settings,
        levels: &[Level],
        images: usize,
        scratch: &Path,
    ) -> Result<Option<Self>> {
        if !terms::used(settings).any(|kind| kind.closed_form) {
            return Ok(None);
        }
        let grid = PlaceGrid::of(settings, levels);
        let budget = settings.training.cache_mib;
        let level = level_of(&grid);
        let cache = TeacherCache::new(settings.image_size, &[level], images, budget, scratch)?;
        Ok(Some(Self { grid, cache }))
    }

    /// The features of an image of which the teacher's levels are given, as [`push`](Self::push) takes
    /// them.
    pub(super) fn encode(&self, teacher: &[&[f32]]) -> EncodedMaps {
        let mut features = Vec::new();
        self.grid.features(teacher, &mut features);
        EncodedMaps::new(&[&features], &[level_of(&self.grid)])
    }

    /// Appends an image.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn push(&mut self, features: EncodedMaps) -> Result<()> {
        self.cache.push(features)
    }

    /// Some of the images, in the given order.
    pub(super) fn part(&self, images: &[usize]) -> Self {
        Self {
            grid: self.grid.clone(),
            cache: self.cache.part(images),
        }
    }
}

fn level_of(grid: &PlaceGrid) -> Level {
    Level {
        stride: grid.stride,
        channels: grid.channels(),
    }
}

impl GoodFeatures for GoodPlaces {
    fn images(&self) -> usize {
        self.cache.images()
    }

    fn image(&mut self, index: usize) -> Result<&[f16]> {
        self.cache.level(index, 0)
    }
}

/// The features of two sets of images, one after the other.
pub(super) struct Both<'a>(pub &'a mut GoodPlaces, pub &'a mut GoodPlaces);

impl GoodFeatures for Both<'_> {
    fn images(&self) -> usize {
        self.0.images() + self.1.images()
    }

    fn image(&mut self, index: usize) -> Result<&[f16]> {
        match index.checked_sub(self.0.images()) {
            None => self.0.image(index),
            Some(index) => self.1.image(index),
        }
    }
}
