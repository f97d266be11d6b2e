//! The good images' features at the places of the closed-form terms' grid.

use std::ops::ControlFlow;
use std::path::Path;

use half::f16;

use super::cache::{EncodedMaps, TeacherCache};
use crate::error::{Error, Result};
use crate::net::network::Level;
use crate::settings::Settings;
use crate::terms;
use crate::terms::places::{GoodFeatures, PlaceGrid};

/// Features of good images' pieces, kept as the teacher's maps are.
pub struct GoodPlaces {
    grid: PlaceGrid,
    cache: TeacherCache,
    /// The image of each piece, counted from 0.
    image_of: Vec<usize>,
}

impl GoodPlaces {
    /// Room for those of `pieces` pieces, or of more; None if no term of these settings looks at them.
    ///
    /// # Errors
    /// No temporary file could be made.
    pub(super) fn new(
        settings: &Settings,
        levels: &[Level],
        pieces: usize,
        scratch: &Path,
    ) -> Result<Option<Self>> {
        if !terms::used(settings).any(|kind| kind.closed_form) {
            return Ok(None);
        }
        let grid = PlaceGrid::of(settings, levels);
        let budget = settings.training.cache_mib;
        let level = level_of(&grid);
        let cache = TeacherCache::new(settings.image_size, &[level], pieces, budget, scratch)?;
        Ok(Some(Self {
            grid,
            cache,
            image_of: Vec::with_capacity(pieces),
        }))
    }

    /// The features of a piece of which the teacher's levels are given, as [`push`](Self::push) takes
    /// them.
    pub(super) fn encode(&self, teacher: &[&[f32]]) -> EncodedMaps {
        let mut features = Vec::new();
        self.grid.features(teacher, &mut features);
        EncodedMaps::new(&[&features], &[level_of(&self.grid)])
    }

    /// Appends a piece of the last image, or of the next.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn push(&mut self, image: usize, features: EncodedMaps) -> Result<()> {
        self.image_of.push(image);
        self.cache.push(features)
    }

    /// Those of some of the images, in the given order, of which the pieces are given.
    pub(super) fn part(&self, pieces: &[usize]) -> Self {
        let mut image_of: Vec<usize> = Vec::with_capacity(pieces.len());
        for (at, &piece) in pieces.iter().enumerate() {
            let before = image_of.last().copied();
            image_of.push(match before {
                None => 0,
                Some(image) if self.image_of[pieces[at - 1]] == self.image_of[piece] => image,
                Some(image) => image + 1,
            });
        }
        Self {
            grid: self.grid.clone(),
            cache: self.cache.part(pieces),
            image_of,
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
    fn pieces(&self) -> usize {
        self.cache.images()
    }

    fn image_of(&self, piece: usize) -> usize {
        self.image_of[piece]
    }

    fn piece(&mut self, index: usize) -> Result<&[f16]> {
        self.cache.level(index, 0)
    }
}

/// The features of two sets of images, one after the other.
pub(super) struct Both<'a>(
    pub &'a mut GoodPlaces,
    pub &'a mut GoodPlaces,
    pub Fitted<'a>,
);

/// The last channels of features: those of the coarser levels.
pub(super) struct Coarser<'a> {
    good: Both<'a>,
    /// Channels of a place, and those of them that are kept.
    channels: [usize; 2],
    piece: Vec<f16>,
}

impl<'a> Coarser<'a> {
    /// So many of so many channels.
    pub fn new(good: Both<'a>, channels: [usize; 2]) -> Self {
        Self {
            good,
            channels,
            piece: Vec::new(),
        }
    }
}

impl GoodFeatures for Coarser<'_> {
    fn pieces(&self) -> usize {
        self.good.pieces()
    }

    fn image_of(&self, piece: usize) -> usize {
        self.good.image_of(piece)
    }

    fn piece(&mut self, index: usize) -> Result<&[f16]> {
        let [all, kept] = self.channels;
        let places = self.good.piece(index)?.chunks_exact(all.max(1));
        self.piece.clear();
        for place in places {
            self.piece.extend_from_slice(&place[all - kept..]);
        }
        Ok(&self.piece)
    }

    fn fitted(&mut self, done: usize, total: usize) -> Result<()> {
        self.good.fitted(done, total)
    }
}

/// Who is told how far a fit is; a break ends it.
type Fitted<'a> = &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>;

impl GoodFeatures for Both<'_> {
    fn pieces(&self) -> usize {
        self.0.pieces() + self.1.pieces()
    }

    fn image_of(&self, piece: usize) -> usize {
        let first = || self.0.image_of.last().map_or(0, |last| last + 1);
        match piece.checked_sub(self.0.pieces()) {
            None => self.0.image_of(piece),
            Some(piece) => first() + self.1.image_of(piece),
        }
    }

    fn piece(&mut self, index: usize) -> Result<&[f16]> {
        match index.checked_sub(self.0.pieces()) {
            None => self.0.piece(index),
            Some(index) => self.1.piece(index),
        }
    }

    fn fitted(&mut self, done: usize, total: usize) -> Result<()> {
        match (self.2)(done, total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::cancelled("while learning what is usual")),
        }
    }
}
