//! The squared distance of two maps' features at every position, with the gradient.

use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use crate::shape::{Result, check_length, count};
use crate::simd::{Isa, Kernel, Vector};

/// How features are scaled before they are compared.
#[derive(Clone, Copy, Debug)]
pub enum Normalisation<'a> {
    /// As they come.
    None,
    /// The target's as `(t − mean) / std`, per channel.
    Standardize {
        /// `[channels]`.
        mean: &'a [f32],
        /// `[channels]`, positive.
        std: &'a [f32],
    },
    /// Both by the L2 norm of their position's vector: `x / √(‖x‖² + 10⁻²⁴)`.
    L2,
}

/// Features to compare with, `[rows, channels]`.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// In half precision.
    Half(&'a [f16]),
    /// In single precision.
    Single(&'a [f32]),
}

/// Positions that one task compares.
const BLOCK_ROWS: usize = 64;
/// Sits inside the root, so that the gradient of a zero vector stays finite.
const LEAST_SQUARE: f32 = 1e-24;

/// `distances[r] = ‖x[r] − t[r]‖²` of normalised features; `x` `[rows, channels]`.
///
/// # Errors
/// Slices of other lengths than the shapes'.
pub fn squared_distances(
    isa: Isa,
    x: &[f32],
    target: Target,
    normalisation: Normalisation,
    distances: &mut [f32],
) -> Result<()> {
    let channels = check(x, target, normalisation, distances)?;
    distances
        .par_chunks_mut(BLOCK_ROWS)
        .zip(x.par_chunks(BLOCK_ROWS * channels))
        .enumerate()
        .for_each_init(Vec::new, |scratch, (block, (distances, x))| {
            isa.run(Block {
                channels,
                target: target.block(block * BLOCK_ROWS * channels, x.len(), scratch),
                normalisation,
                scale: 0.0,
                x: Side::Read(x),
                distances,
            });
        });
    Ok(())
}

/// As [`squared_distances`], and turns `x` into `scale / 2` times the gradient of the sum of all
/// distances with respect to it: `scale · (x − t)` where nothing but the target is normalised.
///
/// # Errors
/// As [`squared_distances`].
pub fn squared_distances_with_gradient(
    isa: Isa,
    x: &mut [f32],
    target: Target,
    normalisation: Normalisation,
    scale: f32,
    distances: &mut [f32],
) -> Result<()> {
    let channels = check(x, target, normalisation, distances)?;
    distances
        .par_chunks_mut(BLOCK_ROWS)
        .zip(x.par_chunks_mut(BLOCK_ROWS * channels))
        .enumerate()
        .for_each_init(Vec::new, |scratch, (block, (distances, x))| {
            isa.run(Block {
                channels,
                target: target.block(block * BLOCK_ROWS * channels, x.len(), scratch),
                normalisation,
                scale,
                x: Side::Replace(x),
                distances,
            });
        });
    Ok(())
}

/// Checks all lengths; the channels.
fn check(
    x: &[f32],
    target: Target,
    normalisation: Normalisation,
    distances: &[f32],
) -> Result<usize> {
    let rows = count("the positions", &[distances.len()])?;
    let channels = x.len() / rows;
    check_length("the features", count("the features", &[rows, channels])?, x)?;
    let found = match target {
        Target::Half(values) => values.len(),
        Target::Single(values) => values.len(),
    };
    if found != x.len() {
        return Err(crate::ShapeError::Length {
            what: "the target",
            needed: x.len(),
            found,
        });
    }
    if let Normalisation::Standardize { mean, std } = normalisation {
        check_length("the mean", channels, mean)?;
        check_length("the deviation", channels, std)?;
    }
    Ok(channels)
}

impl<'a> Target<'a> {
    /// Some of its values, in single precision.
    fn block(self, first: usize, count: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        match self {
            Self::Single(values) => &values[first..first + count],
            Self::Half(values) => {
                scratch.resize(count, 0.0);
                values[first..first + count].convert_to_f32_slice(scratch);
                scratch
            }
        }
    }
}

/// The compared features: only read, or replaced by their gradient.
enum Side<'a> {
    Read(&'a [f32]),
    Replace(&'a mut [f32]),
}

struct Block<'a> {
    channels: usize,
    target: &'a [f32],
    normalisation: Normalisation<'a>,
    scale: f32,
    x: Side<'a>,
    distances: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.channels;
        let (from, to) = match self.x {
            Side::Read(x) => (x.as_ptr(), None),
            Side::Replace(x) => {
                let to = x.as_mut_ptr();
                (to.cast_const(), Some(to))
            }
        };
        let l2 = matches!(self.normalisation, Normalisation::L2);
        for (row, distance) in self.distances.iter_mut().enumerate() {
            // SAFETY: lengths were checked: every row has `channels` of everything.
            unsafe {
                let x = from.add(row * channels);
                let t = self.target.as_ptr().add(row * channels);
                let one = V::splat(1.0);
                let (mut x_factor, mut t_factor) = (one, one);
                if l2 {
                    x_factor = one.div(V::splat((square::<V>(x, channels) + LEAST_SQUARE).sqrt()));
                    t_factor = one.div(V::splat((square::<V>(t, channels) + LEAST_SQUARE).sqrt()));
                }
                let (mut sum, mut along) = (V::splat(0.0), V::splat(0.0));
                let mut channel = 0;
                while channel < channels {
                    let lanes = (channels - channel).min(V::LANES);
                    let mut target = V::load_first(t.add(channel), lanes).mul(t_factor);
                    if let Normalisation::Standardize { mean, std } = self.normalisation {
                        let mean = V::load_first(mean.as_ptr().add(channel), lanes);
                        // Lanes past the last channel stay finite.
                        let std = match lanes == V::LANES {
                            true => V::load(std.as_ptr().add(channel)),
                            false => {
                                let std = V::load_first(std.as_ptr().add(channel), lanes);
                                std.select_gt(V::splat(0.0), std, one)
                            }
                        };
                        target = target.sub(mean).div(std);
                    }
                    let value = V::load_first(x.add(channel), lanes).mul(x_factor);
                    let difference = value.sub(target);
                    sum = difference.mul_add(difference, sum);
                    along = difference.mul_add(value, along);
                    if let (Some(to), false) = (to, l2) {
                        difference
                            .mul(V::splat(self.scale))
                            .store_first(to.add(row * channels + channel), lanes);
                    }
                    channel += lanes;
                }
                *distance = total(sum);
                let (Some(to), true) = (to, l2) else { continue };
                // Through x / ‖x‖: what lies along the vector does not change it.
                let along = V::splat(total(along));
                let factor = x_factor.mul(V::splat(self.scale));
                let mut channel = 0;
                while channel < channels {
                    let lanes = (channels - channel).min(V::LANES);
                    let target = V::load_first(t.add(channel), lanes).mul(t_factor);
                    let value = V::load_first(x.add(channel), lanes).mul(x_factor);
                    value
                        .mul_sub_from(along, value.sub(target))
                        .mul(factor)
                        .store_first(to.add(row * channels + channel), lanes);
                    channel += lanes;
                }
            }
        }
    }
}

/// `Σ x²` of a row.
///
/// # Safety
/// The processor has `V`'s instruction set; `x` may be read for `channels`.
#[inline(always)]
unsafe fn square<V: Vector>(x: *const f32, channels: usize) -> f32 {
    // SAFETY: the caller's.
    unsafe {
        let mut sum = V::splat(0.0);
        let mut channel = 0;
        while channel < channels {
            let lanes = (channels - channel).min(V::LANES);
            let value = V::load_first(x.add(channel), lanes);
            sum = value.mul_add(value, sum);
            channel += lanes;
        }
        total(sum)
    }
}

/// The sum of all lanes.
#[inline(always)]
fn total<V: Vector>(sum: V) -> f32 {
    let mut lanes = [0.0; crate::simd::MAX_LANES];
    // SAFETY: the array holds the widest register.
    unsafe { sum.store(lanes.as_mut_ptr()) };
    lanes[..V::LANES].iter().sum()
}
