//! `e_G`: how far a place's features lie from those of good images there, by their Gaussian (PaDiM,
//! Defard et al. 2021, with a window). "Looks wrong".
//!
//! `e_G = z(e³) + ½ z(e²) + ¼ z(eʷ)` with `e^ℓ(r,c) = ‖W^ℓ (f^ℓ − m^ℓ)‖` and `WᵀW = C⁻¹`: the mean m of each
//! place and the covariance C of each block of places, over the 3×3 places around each and all good images.
//! `fʷ` are the means of `f³` over 5×5 places.

mod fit;
mod scales;
mod sums;
mod tensors;

use oddspot_conv::mahalanobis::{Factors, mahalanobis};
use oddspot_conv::{ShapeError, Workspace};

use super::places::{By, GoodFeatures, PlaceGrid, Usual};
use super::{Fusing, Kind, Parts, Seen, Side, Term, TermMemory};
use crate::error::{Error, Result};
use crate::files::{NamedTensors, PackedTensors};
use crate::images::ImageSize;
use crate::maps::{Moments, ScoreMap};
use crate::settings::Settings;
pub use scales::Scales;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "gaussian",
    symbol: "e_G",
    explained: "how far each place lies from what is usual there in all good images",
    side: Side::LooksWrong,
    used: |settings| settings.closed_form.gaussian_weight > 0.0,
    closed_form: true,
    leaves_out_likest: false,
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

/// What of its error is measured by place.
const BY: By = By::Moments;

/// The term.
struct Gaussian {
    size: ImageSize,
    scales: Scales,
    blocks: Blocks,
    shrinkage: f32,
    folds: usize,
    /// Of each scale, once it is fitted.
    levels: Vec<Fitted>,
    /// The same scales' `W`, laid out to be multiplied.
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

/// What is usual of a scale.
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

/// The factors of some scales, laid out to be multiplied.
fn factors(scales: &Scales, levels: &[Fitted]) -> Result<Vec<Factors>> {
    let parts = scales.parts().into_iter().zip(levels);
    let factors = parts.map(|(part, level)| Factors::new(part.len(), &level.rows, &level.scales));
    Ok(factors.collect::<Result<_, _>>()?)
}

impl Gaussian {
    fn new(parts: &Parts) -> Result<Self> {
        let settings = parts.settings;
        let scales = Scales::of(settings, &parts.learned.levels);
        let levels = tensors::read(parts, &scales);
        Ok(Self {
            size: settings.image_size,
            blocks: Blocks::of(settings, &scales.grid),
            shrinkage: settings.closed_form.shrinkage as f32,
            folds: settings.closed_form.parts,
            factors: factors(&scales, &levels)?,
            usual: Usual::read((KIND.name, BY), settings, &scales.grid, parts.tensors)?,
            levels,
            scales,
        })
    }

    /// `e^ℓ` of a scale's features at all places.
    fn distances(
        &self,
        at: usize,
        features: &[f32],
        part: std::ops::Range<usize>,
        (workspace, x): (&Workspace, &mut Vec<f32>),
    ) -> Result<Vec<f32>> {
        let (all, channels) = (self.scales.channels(), part.len());
        let grid = &self.scales.grid;
        let level = &self.levels[at];
        let each = self.blocks.side * self.blocks.side;
        check("the means", grid.places() * channels, &level.mean)?;
        x.clear();
        x.resize(self.blocks.count() * each * channels, 0.0);
        let place_of = |at: usize| self.blocks.place(grid, at / each, at % each);
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
        let mut distances = vec![0.0; grid.places()];
        for (at, distance) in of_blocks.into_iter().enumerate() {
            if let Some(place) = place_of(at) {
                distances[place] = distance;
            }
        }
        Ok(distances)
    }

    /// The sum of the scales' distances, each against what is usual of it.
    fn sum<'a>(&self, levels: impl Iterator<Item = (&'a [f32], Moments)>) -> ScoreMap {
        let grid = &self.scales.grid;
        let mut map = ScoreMap::filled(grid.rows, grid.columns, 0.0);
        for ((distances, usual), weight) in levels.zip(self.scales.weights()) {
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
        memory.buffers.resize_with(2, Vec::new);
        let [features, x] = &mut memory.buffers[..] else {
            return Err(Error::internal("buffers of another term"));
        };
        let grid = &self.scales.grid;
        check("the features", grid.places() * grid.channels(), seen.places)?;
        let all = 0..grid.rows;
        (self.scales).features((seen.places, all.clone()), all, features);
        let mut found = Vec::new();
        let fitted = self.scales.parts().into_iter().take(self.levels.len());
        for (at, part) in fitted.enumerate() {
            found.push(self.distances(at, features, part, (&*workspace, x))?);
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
        self.factors = factors(&self.scales, &levels)?;
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
