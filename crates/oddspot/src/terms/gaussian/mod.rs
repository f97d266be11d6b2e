//! `e_G`: how far a place's features lie from those of good images there, by their Gaussian (PaDiM,
//! Defard et al. 2021, with a window). "Looks wrong".
//!
//! `e_G = z(e³) + ½ z(e²)` with `e^ℓ(r,c) = ‖W^ℓ (f^ℓ − m^ℓ)‖` and `WᵀW = C⁻¹`: the mean m of each place
//! and the covariance C of each block of places, over the 3×3 places around each and all good images.

mod fit;
mod sums;
mod tensors;

use oddspot_conv::mahalanobis::{Factors, mahalanobis};
use oddspot_conv::{ShapeError, Workspace};

use super::places::{By, GoodFeatures, PlaceGrid, Usual};
use super::{Fusing, Kind, Parts, Seen, Side, Term, TermMemory};
use crate::error::Result;
use crate::files::{NamedTensors, PackedTensors};
use crate::images::ImageSize;
use crate::maps::{Moments, ScoreMap};
use crate::settings::Settings;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "gaussian",
    symbol: "e_G",
    side: Side::LooksWrong,
    used: |settings| settings.closed_form.gaussian_weight > 0.0,
    closed_form: true,
    trust: |_| 1.0,
    fusing: |settings| Fusing {
        weight: settings.closed_form.gaussian_weight,
        least: f64::NEG_INFINITY,
        smoothing: settings.detection.smoothing,
        without_evidence: false,
        levelled: false,
    },
    tensors: tensors::specs,
    packed: tensors::packed_specs,
    make: |parts| Ok(Box::new(Gaussian::new(parts)?)),
};

/// How much less each finer level counts than the next coarser one.
const FINER: f64 = 0.5;

/// What of its error is measured by place.
const BY: By = By::Moments;

/// The term.
struct Gaussian {
    size: ImageSize,
    grid: PlaceGrid,
    blocks: Blocks,
    shrinkage: f32,
    folds: usize,
    /// Of each level, fine to coarse, once it is fitted.
    levels: Vec<Fitted>,
    /// The same levels' `W`, laid out to be multiplied.
    factors: Vec<Factors>,
    /// Of its error at each place.
    usual: Usual,
}

/// The blocks of places that share a covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Blocks {
    /// Places along a side; those at the far edges may have fewer.
    side: usize,
    rows: usize,
    columns: usize,
}

/// What is usual of a level.
#[derive(Clone, Debug, PartialEq)]
struct Fitted {
    /// Of each place, `[rows, columns, channels]`.
    mean: Vec<f32>,
    /// `W` of each block, its rows one after the other, and their scales.
    rows: Vec<i8>,
    scales: Vec<f32>,
    /// Of `e^ℓ` of good images that it was not fitted to.
    moments: Moments,
}

impl Blocks {
    fn of(settings: &Settings, grid: &PlaceGrid) -> Self {
        let side = settings.closed_form.block;
        Self {
            side,
            rows: grid.rows.div_ceil(side),
            columns: grid.columns.div_ceil(side),
        }
    }

    fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// The place of a block, counted from 0, at an index of the `side · side` that it may have; None
    /// beyond the grid.
    fn place(&self, grid: &PlaceGrid, block: usize, index: usize) -> Option<usize> {
        let row = block / self.columns * self.side + index / self.side;
        let column = block % self.columns * self.side + index % self.side;
        (row < grid.rows && column < grid.columns).then_some(row * grid.columns + column)
    }
}

/// The factors of some levels, laid out to be multiplied.
fn factors(grid: &PlaceGrid, levels: &[Fitted]) -> Result<Vec<Factors>> {
    let parts = grid.parts().into_iter().zip(levels);
    let factors = parts.map(|(part, level)| Factors::new(part.len(), &level.rows, &level.scales));
    Ok(factors.collect::<Result<_, _>>()?)
}

impl Gaussian {
    fn new(parts: &Parts) -> Result<Self> {
        let settings = parts.settings;
        let grid = PlaceGrid::of(settings, &parts.learned.levels);
        let levels = tensors::read(parts, &grid);
        Ok(Self {
            size: settings.image_size,
            blocks: Blocks::of(settings, &grid),
            shrinkage: settings.closed_form.shrinkage as f32,
            folds: settings.closed_form.parts,
            factors: factors(&grid, &levels)?,
            usual: Usual::read((KIND.name, BY), settings, &grid, parts.tensors)?,
            levels,
            grid,
        })
    }

    /// `e^ℓ` of a level's features at all places.
    fn distances(
        &self,
        at: usize,
        features: &[f32],
        part: std::ops::Range<usize>,
        (workspace, x): (&Workspace, &mut Vec<f32>),
    ) -> Result<Vec<f32>> {
        let (all, channels) = (self.grid.channels(), part.len());
        let level = &self.levels[at];
        let each = self.blocks.side * self.blocks.side;
        check("the features", self.grid.places() * all, features)?;
        check("the means", self.grid.places() * channels, &level.mean)?;
        x.clear();
        x.resize(self.blocks.count() * each * channels, 0.0);
        let place_of = |at: usize| self.blocks.place(&self.grid, at / each, at % each);
        for (at, to) in x.chunks_exact_mut(channels).enumerate() {
            let Some(place) = place_of(at) else { continue };
            let feature = &features[place * all..][part.clone()];
            let mean = &level.mean[place * channels..][..channels];
            for ((to, value), mean) in to.iter_mut().zip(feature).zip(mean) {
                *to = value - mean;
            }
        }
        let mut of_blocks = vec![0.0; self.blocks.count() * each];
        mahalanobis(workspace.isa(), &self.factors[at], x, &mut of_blocks)?;
        let mut distances = vec![0.0; self.grid.places()];
        for (at, distance) in of_blocks.into_iter().enumerate() {
            if let Some(place) = place_of(at) {
                distances[place] = distance;
            }
        }
        Ok(distances)
    }

    /// The sum of the levels' distances, each against what is usual of it.
    fn sum<'a>(&self, levels: impl Iterator<Item = (&'a [f32], Moments)>) -> ScoreMap {
        let mut map = ScoreMap::filled(self.grid.rows, self.grid.columns, 0.0);
        let count = self.grid.parts().len();
        for (at, (distances, usual)) in levels.enumerate() {
            let weight = FINER.powi((count - 1 - at) as i32);
            for (sum, &distance) in map.values.iter_mut().zip(distances) {
                *sum += (weight * usual.normalise(distance)) as f32;
            }
        }
        map
    }
}

impl Term for Gaussian {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn errors(
        &self,
        seen: &Seen,
        workspace: &mut Workspace,
        memory: &mut TermMemory,
    ) -> Result<Vec<ScoreMap>> {
        memory.buffers.resize_with(1, Vec::new);
        let mut found = Vec::new();
        for (at, part) in self
            .grid
            .parts()
            .into_iter()
            .enumerate()
            .take(self.levels.len())
        {
            let to = (&*workspace, &mut memory.buffers[0]);
            found.push(self.distances(at, seen.places, part, to)?);
        }
        let usual = self.levels.iter().map(|level| level.moments);
        Ok(vec![self.sum(found.iter().map(Vec::as_slice).zip(usual))])
    }

    fn fit_good(
        &mut self,
        good: &mut dyn GoodFeatures,
        known: usize,
    ) -> Result<Option<Vec<Vec<ScoreMap>>>> {
        let (levels, left_out) = fit::fit(self, good, known)?;
        self.factors = factors(&self.grid, &levels)?;
        self.levels = levels;
        let map = |piece: usize| {
            let levels = left_out.iter().zip(&self.levels);
            vec![self.sum(levels.map(|(of_level, level)| (&of_level[piece][..], level.moments)))]
        };
        let left_out: Vec<Vec<ScoreMap>> = (0..good.pieces()).map(map).collect();
        if known == 0 {
            // Else it stays, or earlier scores would not compare.
            self.usual.fit(&left_out);
        }
        Ok(Some(left_out))
    }

    fn at_pixels(&self, errors: &[ScoreMap]) -> ScoreMap {
        self.usual.at_pixels(errors, self.size)
    }

    fn tensors(&self) -> NamedTensors {
        let mut tensors = tensors::tensors(self);
        tensors.extend(self.usual.tensors());
        tensors
    }

    fn packed(&self) -> PackedTensors {
        tensors::packed(self)
    }
}

/// Refuses another number of values.
fn check(what: &'static str, needed: usize, values: &[f32]) -> Result<()> {
    let found = values.len();
    match found == needed {
        true => Ok(()),
        false => Err(ShapeError::Length {
            what,
            needed,
            found,
        }
        .into()),
    }
}
