//! How far features lie from a Gaussian at their place, by factors kept in 8 bits.

use rayon::prelude::*;

use crate::factor::{total, triangle};
use crate::shape::{Result, ShapeError, check_length, count};
use crate::simd::{Isa, Kernel, MAX_LANES, Vector};

/// Inverse lower factors, one for each block of places, a triangle of 8-bit numbers and a scale for
/// each of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// Channels of a feature.
    pub channels: usize,
    /// `[blocks, channels · (channels + 1) / 2]`.
    pub rows: &'a [i8],
    /// `[blocks, channels]`.
    pub scales: &'a [f32],
}

/// Rounds an inverse factor as [`invert_factor`](crate::factor::invert_factor) gives it: each row to
/// 8 bits and a scale.
///
/// # Errors
/// Slices of other lengths.
pub fn quantise(inverse: &[f32], rows: &mut [i8], scales: &mut [f32]) -> Result<()> {
    let needed = triangle(scales.len());
    check_length("the inverse", needed, inverse)?;
    check_bytes("the rows", needed, rows)?;
    for (i, scale) in scales.iter_mut().enumerate() {
        let row = triangle(i)..triangle(i + 1);
        let largest = (inverse[row.clone()].iter()).fold(0.0f32, |most, v| most.max(v.abs()));
        *scale = largest.max(f32::MIN_POSITIVE) / 127.0;
        for (to, value) in rows[row.clone()].iter_mut().zip(&inverse[row]) {
            *to = (value / *scale).round() as i8;
        }
    }
    Ok(())
}

/// `distances[p] = ‖W x[p]‖` with the factor W of p's block; `x` `[blocks, places, channels]`,
/// differences from the mean of their place.
///
/// # Errors
/// Slices of other lengths than the sizes'.
pub fn mahalanobis(isa: Isa, factors: Factors, x: &[f32], distances: &mut [f32]) -> Result<()> {
    let Factors {
        channels,
        rows,
        scales,
    } = factors;
    let blocks = scales.len() / count("the channels", &[channels])?;
    let places = distances.len() / count("the blocks", &[blocks])?;
    check_length("the scales", blocks * channels, scales)?;
    check_bytes("the rows", blocks * triangle(channels), rows)?;
    check_length("the distances", blocks * places, distances)?;
    check_length("the features", blocks * places * channels, x)?;
    if distances.is_empty() {
        return Ok(());
    }
    distances
        .par_chunks_exact_mut(places)
        .zip(x.par_chunks_exact(places * channels))
        .enumerate()
        .for_each_init(
            || vec![0.0; channels.next_multiple_of(MAX_LANES)],
            |wide, (block, (distances, x))| {
                isa.run(Block {
                    channels,
                    rows: &rows[block * triangle(channels)..][..triangle(channels)],
                    scales: &scales[block * channels..][..channels],
                    x,
                    distances,
                    wide,
                });
            },
        );
    Ok(())
}

/// Refuses 8-bit numbers of another count.
pub(crate) fn check_bytes(what: &'static str, needed: usize, found: &[i8]) -> Result<()> {
    match found.len() == needed {
        true => Ok(()),
        false => Err(ShapeError::Length {
            what,
            needed,
            found: found.len(),
        }),
    }
}

struct Block<'a> {
    channels: usize,
    rows: &'a [i8],
    scales: &'a [f32],
    x: &'a [f32],
    distances: &'a mut [f32],
    /// A row in single precision.
    wide: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.channels;
        self.distances.fill(0.0);
        for (i, &scale) in self.scales.iter().enumerate() {
            let row = &self.rows[triangle(i)..triangle(i + 1)];
            for (to, &value) in self.wide.iter_mut().zip(row) {
                *to = f32::from(value);
            }
            for (square, x) in self.distances.iter_mut().zip(self.x.chunks_exact(channels)) {
                // SAFETY: both have i + 1 values at least.
                let product = unsafe {
                    let mut sums = [V::splat(0.0); 2];
                    let mut at = 0;
                    while at + 2 * V::LANES <= i + 1 {
                        for (part, sum) in sums.iter_mut().enumerate() {
                            let at = at + part * V::LANES;
                            let w = V::load(self.wide.as_ptr().add(at));
                            *sum = w.mul_add(V::load(x.as_ptr().add(at)), *sum);
                        }
                        at += 2 * V::LANES;
                    }
                    while at < i + 1 {
                        let lanes = (i + 1 - at).min(V::LANES);
                        let w = V::load_first(self.wide.as_ptr().add(at), lanes);
                        let x = V::load_first(x.as_ptr().add(at), lanes);
                        sums[0] = w.mul_add(x, sums[0]);
                        at += lanes;
                    }
                    total::<V>(sums[0].add(sums[1]))
                };
                *square += (scale * product) * (scale * product);
            }
        }
        self.distances.iter_mut().for_each(|d| *d = d.sqrt());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_the_plain_ones_on_every_set() {
        for (blocks, places, channels) in [(1, 1, 1), (2, 3, 7), (3, 4, 40)] {
            let count = blocks * triangle(channels);
            let rows: Vec<i8> = (0..count).map(|i| (i * 37 % 255) as u8 as i8).collect();
            let scales: Vec<f32> = (0..blocks * channels)
                .map(|i| 0.01 + i as f32 / 999.0)
                .collect();
            let x: Vec<f32> = (0..blocks * places * channels)
                .map(|i| (i as f32).sin())
                .collect();
            let factors = Factors {
                channels,
                rows: &rows,
                scales: &scales,
            };
            for isa in Isa::available() {
                let mut found = vec![f32::NAN; blocks * places];
                mahalanobis(isa, factors, &x, &mut found).unwrap();
                for (at, found) in found.iter().enumerate() {
                    let block = at / places;
                    let rows = &rows[block * triangle(channels)..];
                    let square = (0..channels).map(|i| {
                        let row = rows[triangle(i)..triangle(i + 1)].iter();
                        let products = row.zip(&x[at * channels..]);
                        let sum: f64 = products.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
                        (f64::from(scales[block * channels + i]) * sum).powi(2)
                    });
                    let expected = square.sum::<f64>().sqrt();
                    assert!(
                        (f64::from(*found) - expected).abs() <= 1e-5 * expected,
                        "{isa:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_rounded_factor_is_as_near_as_8_bits_allow() {
        let inverse: Vec<f32> = (0..triangle(9)).map(|i| (i as f32 * 1.3).cos()).collect();
        let (mut rows, mut scales) = (vec![0; inverse.len()], vec![0.0; 9]);
        quantise(&inverse, &mut rows, &mut scales).unwrap();
        for (i, scale) in scales.iter().enumerate() {
            for at in triangle(i)..triangle(i + 1) {
                let back = scale * f32::from(rows[at]);
                assert!((back - inverse[at]).abs() <= 0.5001 * scale);
            }
        }
        assert!(quantise(&inverse, &mut rows[1..], &mut scales).is_err());
    }

    #[test]
    fn other_lengths_are_refused() {
        let factors = Factors {
            channels: 2,
            rows: &[1; 3],
            scales: &[1.0; 2],
        };
        assert!(mahalanobis(Isa::PORTABLE, factors, &[1.0; 2], &mut [0.0]).is_ok());
        assert!(mahalanobis(Isa::PORTABLE, factors, &[1.0; 3], &mut [0.0]).is_err());
        let short = Factors {
            rows: &[1; 2],
            ..factors
        };
        assert!(mahalanobis(Isa::PORTABLE, short, &[1.0; 2], &mut [0.0]).is_err());
    }
}
