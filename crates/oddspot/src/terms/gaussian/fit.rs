//! The Gaussians of all places, and how far each good image lies from those of the others.
//!
//! Everything is a sum over images, so a fold of them is left out by taking its sums away, and others are
//! added to what was fitted before.

use half::f16;
use half::slice::HalfFloatSliceExt;
use oddspot_conv::Workspace;
use oddspot_conv::factor::{factor, invert_factor, solve_lengths, triangle};
use oddspot_conv::linear::linear_weight_gradient;
use oddspot_conv::mahalanobis::quantise;
use rayon::prelude::*;

use super::scales::Scales;
use super::sums::{Known, Sums};
use super::{Blocks, Fitted, Gaussian};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::maps::{MomentSums, Moments};
use crate::terms::places::{GoodFeatures, images_of, single};

/// Places around each that count with it, on each side.
const WINDOW: usize = 1;
/// The least that is added to variances, as a share of the features' mean square: the square of what
/// half precision, in which good features are kept, rounds off. A plain background that is the same
/// in all images must not lie far from itself.
const LEAST_SHARE: f32 = 1.0 / (1 << 22) as f32;
/// The same where features are 0: nothing may be divided by.
const LEAST_VARIANCE: f32 = 1e-12;

/// Each scale's distances of each piece of a good image: `[scale][piece][place]`.
type LeftOut = Vec<Vec<Vec<f32>>>;

/// What is usual of each scale, and each good image's distances from what is usual without its fold, piece by
/// piece. Where there are `known` pieces that the term was fitted to before, these are added to them.
pub(super) fn fit(
    term: &Gaussian,
    good: &mut dyn GoodFeatures,
    known: usize,
) -> Result<(Vec<Fitted>, LeftOut)> {
    let Gaussian { scales, blocks, .. } = term;
    let grid = &scales.grid;
    let pieces = good.pieces();
    let parts = scales.parts();
    let mut levels: Vec<Fitted> = (parts.iter())
        .map(|part| Fitted {
            mean: vec![0.0; grid.places() * part.len()],
            rows: vec![0; blocks.count() * triangle(part.len())],
            scales: vec![0.0; blocks.count() * part.len()],
            moments: Moments {
                mean: 0.0,
                std: 1.0,
            },
        })
        .collect();
    let mut left_out: LeftOut = (parts.iter())
        .map(|_| vec![vec![0.0; grid.places()]; pieces])
        .collect();
    for row in 0..blocks.rows {
        let strip = Strip::read(scales, blocks, row, good)?;
        let found: Vec<Vec<OfBlock>> = (0..blocks.columns)
            .into_par_iter()
            .map_init(Workspace::new, |workspace, column| {
                let block = row * blocks.columns + column;
                let of_part = |(at, part): (usize, &std::ops::Range<usize>)| {
                    let before = Known::of(term, at, block, known);
                    strip.block(term, block, part.clone(), before.as_ref(), workspace)
                };
                parts.iter().enumerate().map(of_part).collect::<Result<_>>()
            })
            .collect::<Result<_>>()?;
        for (column, of_levels) in found.into_iter().enumerate() {
            let block = row * blocks.columns + column;
            for (at, found) in of_levels.into_iter().enumerate() {
                let channels = parts[at].len();
                let level = &mut levels[at];
                let size = triangle(channels);
                level.rows[block * size..][..size].copy_from_slice(&found.rows);
                level.scales[block * channels..][..channels].copy_from_slice(&found.scales);
                for (index, &place) in found.places.iter().enumerate() {
                    level.mean[place * channels..][..channels]
                        .copy_from_slice(&found.means[index * channels..][..channels]);
                    for (piece, distances) in left_out[at].iter_mut().enumerate() {
                        distances[place] = found.distances[piece * found.places.len() + index];
                    }
                }
            }
        }
        good.fitted(row + 1, blocks.rows)?;
    }
    if known > 0 {
        // What is usual stays, or earlier scores would not compare.
        for (level, before) in levels.iter_mut().zip(&term.levels) {
            level.moments = before.moments;
        }
        return Ok((levels, left_out));
    }
    for (level, of_level) in levels.iter_mut().zip(&left_out) {
        let mut sums = MomentSums::default();
        of_level
            .iter()
            .flatten()
            .for_each(|&distance| sums.add_value(distance));
        level.moments = sums.finish();
    }
    Ok((levels, left_out))
}

/// The features of a row of blocks and the window around it, of all pieces.
struct Strip<'a> {
    scales: &'a Scales,
    blocks: Blocks,
    /// The image of each piece.
    image_of: Vec<usize>,
    /// The grid's rows that it holds.
    rows: std::ops::Range<usize>,
    /// `[pieces, rows, columns, channels]`.
    features: Vec<f16>,
}

/// What each place around counts in the covariance of a block, of whose places the windows are given.
fn weights(windows: &[Vec<usize>]) -> Vec<(usize, f32)> {
    let mut weights: Vec<(usize, f32)> = Vec::new();
    for window in windows {
        let weight = 1.0 / (windows.len() * window.len()) as f32;
        for &place in window {
            match weights.iter_mut().find(|(known, _)| *known == place) {
                Some((_, sum)) => *sum += weight,
                None => weights.push((place, weight)),
            }
        }
    }
    weights
}

/// The inverse of a factor in 8 bits: its rows, and their scales.
fn inverse(channels: usize, lower: &[f32], workspace: &Workspace) -> Result<(Vec<i8>, Vec<f32>)> {
    let mut inverse = vec![0.0; triangle(channels)];
    invert_factor(workspace.isa(), channels, lower, &mut inverse)?;
    let (mut rows, mut scales) = (vec![0; inverse.len()], vec![0.0; channels]);
    quantise(&inverse, &mut rows, &mut scales)?;
    Ok((rows, scales))
}

/// What comes of a block and a level.
struct OfBlock {
    /// Its places.
    places: Vec<usize>,
    /// Of each of them, `[places, channels]`.
    means: Vec<f32>,
    rows: Vec<i8>,
    scales: Vec<f32>,
    /// `[pieces, places]`.
    distances: Vec<f32>,
}

impl<'a> Strip<'a> {
    fn read(
        scales: &'a Scales,
        blocks: &Blocks,
        row: usize,
        good: &mut dyn GoodFeatures,
    ) -> Result<Self> {
        let grid = &scales.grid;
        let first = (row * blocks.side).saturating_sub(WINDOW);
        let rows = first..((row + 1) * blocks.side + WINDOW).min(grid.rows);
        let known = scales.needed(rows.clone());
        let line = grid.columns * grid.channels();
        let each = rows.len() * grid.columns * scales.channels();
        let mut features = vec![f16::ZERO; good.pieces() * each];
        let (mut of_grid, mut of_scales) = (Vec::new(), Vec::new());
        for (piece, to) in features.chunks_exact_mut(each.max(1)).enumerate() {
            let kept = &good.piece(piece)?[known.start * line..known.end * line];
            single(kept, &mut of_grid);
            scales.features((&of_grid, known.clone()), rows.clone(), &mut of_scales);
            to.convert_from_f32_slice(&of_scales);
        }
        Ok(Self {
            scales,
            blocks: *blocks,
            image_of: images_of(good),
            rows,
            features,
        })
    }

    /// The pieces of images of a fold, of so many.
    fn fold(&self, fold: usize, folds: usize) -> impl Iterator<Item = usize> {
        let images = self.image_of.iter().enumerate();
        let of_fold = images.filter(move |(_, image)| *image % folds == fold);
        of_fold.map(|(piece, _)| piece)
    }

    /// A scale's features of a piece at a place of the strip.
    fn at(&self, piece: usize, place: usize, part: &std::ops::Range<usize>) -> &[f16] {
        let (columns, channels) = (self.scales.grid.columns, self.scales.channels());
        let inside = place - self.rows.start * columns;
        let places = self.rows.len() * columns;
        &self.features[(piece * places + inside) * channels..][part.clone()]
    }

    /// The places around one that count with it.
    fn window(&self, place: usize) -> Vec<usize> {
        let (columns, rows) = (self.scales.grid.columns, self.scales.grid.rows);
        let around = |at: usize, end: usize| at.saturating_sub(WINDOW)..(at + WINDOW + 1).min(end);
        let across = around(place % columns, columns);
        around(place / columns, rows)
            .flat_map(|row| across.clone().map(move |column| row * columns + column))
            .collect()
    }

    /// Fits one block of a scale.
    fn block(
        &self,
        term: &Gaussian,
        block: usize,
        part: std::ops::Range<usize>,
        known: Option<&Known>,
        workspace: &mut Workspace,
    ) -> Result<OfBlock> {
        let channels = part.len();
        let each = self.blocks.side * self.blocks.side;
        let places: Vec<usize> = (0..each)
            .filter_map(|index| self.blocks.place(&self.scales.grid, block, index))
            .collect();
        let windows: Vec<Vec<usize>> = places.iter().map(|&place| self.window(place)).collect();
        let weights = weights(&windows);
        let centre = match known {
            Some(known) => known.centre(&places, channels),
            None => self.centre(&weights, &part),
        };
        let square: f32 = centre.iter().map(|value| value * value).sum();
        let least = (LEAST_SHARE * square / channels.max(1) as f32).max(LEAST_VARIANCE);
        let ridge = (term.shrinkage, least);
        let images = self.image_of.last().map_or(1, |last| last + 1);
        let folds = term.folds.clamp(1, images);
        let of_folds: Vec<Sums> = (0..folds)
            .map(|fold| {
                let pieces = self.fold(fold, folds);
                self.sums(pieces, (&windows, &weights), (&part, &centre), workspace)
            })
            .collect::<Result<_>>()?;
        let before = match known {
            Some(known) => known.sums(&places, &centre, ridge.0, workspace)?,
            None => Sums::nothing(places.len(), channels),
        };
        let mut all = before.clone();
        of_folds.iter().for_each(|sums| all.add(sums));

        let mut lower = vec![0.0; channels * channels];
        let mut distances = vec![0.0; self.image_of.len() * places.len()];
        for left_out in 0..folds {
            let mut others = before.clone();
            let rest = of_folds.iter().enumerate();
            rest.filter(|(fold, _)| *fold != left_out || folds == 1 && known.is_none())
                .for_each(|(_, sums)| others.add(sums));
            let means = gaussian(&others, ridge, &mut lower, workspace)?;
            let pieces: Vec<usize> = self.fold(left_out, folds).collect();
            let of = (&pieces[..], &places[..]);
            let mut x = self.less(of, &part, (&centre, &means));
            let mut lengths = vec![0.0; pieces.len() * places.len()];
            solve_lengths(workspace.isa(), channels, &lower, &mut x, &mut lengths)?;
            for (&piece, lengths) in pieces.iter().zip(lengths.chunks_exact(places.len())) {
                distances[piece * places.len()..][..places.len()].copy_from_slice(lengths);
            }
        }
        let mut means = gaussian(&all, ridge, &mut lower, workspace)?;
        for mean in means.chunks_exact_mut(channels) {
            mean.iter_mut()
                .zip(&centre)
                .for_each(|(mean, centre)| *mean += centre);
        }
        let (rows, scales) = inverse(channels, &lower, workspace)?;
        Ok(OfBlock {
            places,
            means,
            rows,
            scales,
            distances,
        })
    }

    /// The features of some pieces at some places, less the centre and each place's mean.
    fn less(
        &self,
        (pieces, places): (&[usize], &[usize]),
        part: &std::ops::Range<usize>,
        (centre, means): (&[f32], &[f32]),
    ) -> Vec<f32> {
        let channels = part.len();
        let mut x = Vec::with_capacity(pieces.len() * places.len() * channels);
        let mut feature = Vec::new();
        for &piece in pieces {
            for (&place, mean) in places.iter().zip(means.chunks_exact(channels)) {
                single(self.at(piece, place, part), &mut feature);
                let values = feature.iter().zip(centre).zip(mean);
                x.extend(values.map(|((value, centre), mean)| value - centre - mean));
            }
        }
        x
    }

    /// The mean over all pieces and places around, near which sums lose no digits.
    fn centre(&self, weights: &[(usize, f32)], part: &std::ops::Range<usize>) -> Vec<f32> {
        let mut centre = vec![0.0f64; part.len()];
        let mut feature = Vec::new();
        for piece in 0..self.image_of.len() {
            for &(place, weight) in weights {
                single(self.at(piece, place, part), &mut feature);
                for (sum, value) in centre.iter_mut().zip(&feature) {
                    *sum += f64::from(weight * value);
                }
            }
        }
        let pieces = self.image_of.len().max(1) as f64;
        centre
            .into_iter()
            .map(|sum| (sum / pieces) as f32)
            .collect()
    }

    /// The sums of some pieces.
    fn sums(
        &self,
        pieces: impl Iterator<Item = usize>,
        (windows, weights): (&[Vec<usize>], &[(usize, f32)]),
        (part, centre): (&std::ops::Range<usize>, &[f32]),
        workspace: &mut Workspace,
    ) -> Result<Sums> {
        let channels = part.len();
        let mut sums = Sums::nothing(windows.len(), channels);
        let mut rows = Vec::new();
        let mut feature = Vec::new();
        for piece in pieces {
            sums.pieces += 1;
            for &(place, weight) in weights {
                single(self.at(piece, place, part), &mut feature);
                feature
                    .iter_mut()
                    .zip(centre)
                    .for_each(|(value, centre)| *value -= centre);
                for (window, sum) in windows.iter().zip(sums.means.chunks_exact_mut(channels)) {
                    if window.contains(&place) {
                        let share = 1.0 / window.len() as f32;
                        sum.iter_mut()
                            .zip(&feature)
                            .for_each(|(sum, value)| *sum += share * value);
                    }
                }
                let root = weight.sqrt();
                rows.extend(feature.iter().map(|value| root * value));
            }
        }
        let count = rows.len() / channels.max(1);
        let sizes = [channels, channels];
        linear_weight_gradient(workspace, count, &rows, &rows, sizes, &mut sums.products)?;
        Ok(sums)
    }
}

/// The places' means, `[places, channels]`, and in `lower` the factor of the covariance about them.
/// A share of the mean variance is added to all variances, or at least `least`.
fn gaussian(
    sums: &Sums,
    (shrinkage, least): (f32, f32),
    lower: &mut [f32],
    workspace: &Workspace,
) -> Result<Vec<f32>> {
    let pieces = sums.pieces.max(1) as f32;
    let means: Vec<f32> = sums.means.iter().map(|sum| sum / pieces).collect();
    let channels = lower.len().isqrt();
    let places = (means.len() / channels.max(1)).max(1) as f32;
    for (i, (row, products)) in lower
        .chunks_exact_mut(channels)
        .zip(sums.products.chunks_exact(channels))
        .enumerate()
    {
        for (to, product) in row[..=i].iter_mut().zip(products) {
            *to = product / pieces;
        }
        for mean in means.chunks_exact(channels) {
            let own = mean[i] / places;
            row[..=i]
                .iter_mut()
                .zip(mean)
                .for_each(|(to, mean)| *to -= own * mean);
        }
    }
    let diagonal = || (0..channels).map(|i| i * channels + i);
    let trace: f32 = diagonal().map(|at| lower[at]).sum();
    let ridge = (shrinkage * trace / channels.max(1) as f32).max(least);
    diagonal().for_each(|at| lower[at] = lower[at].max(0.0) + ridge);
    match factor(workspace.isa(), channels, lower)? {
        true => Ok(means),
        false => Err(Error::new(
            ErrorKind::Invalid,
            Subject::Training,
            "the teacher's features of the good images are not finite numbers, or vary too little",
        )),
    }
}
