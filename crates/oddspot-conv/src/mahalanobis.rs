//! How far features lie from a Gaussian at their place, by factors kept in 8 bits.

use rayon::prelude::*;

use crate::factor::{total, triangle};
use crate::shape::{Result, ShapeError, check_length, count};
use crate::simd::{Isa, Kernel, MAX_LANES, Vector};

/// Inverse lower factors, one for each block of places, in 8 bits and a scale for each row: laid out so
/// that as many rows as the widest vectors have lanes are multiplied at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    channels: usize,
    /// Of each block, of each group of rows: column by column up to the last of its rows.
    rows: Vec<i8>,
    /// `[blocks, channels]`, each block's filled up with zeros to whole groups.
    scales: Vec<f32>,
}

/// Rows that are multiplied at a time: as many as the widest vectors have lanes.
const GROUP: usize = MAX_LANES;

impl Factors {
    /// From `rows` `[blocks, channels · (channels + 1) / 2]`, a triangle each, row by row, and `scales`
    /// `[blocks, channels]`.
    ///
    /// # Errors
    /// Slices of other lengths.
    pub fn new(channels: usize, rows: &[i8], scales: &[f32]) -> Result<Self> {
        let blocks = scales.len() / count("the channels", &[channels])?;
        check_length("the scales", blocks * channels, scales)?;
        check_bytes("the rows", blocks * triangle(channels), rows)?;
        let mut packed = Vec::with_capacity(blocks * Self::size(channels));
        for rows in rows.chunks_exact(triangle(channels)) {
            for first in (0..channels).step_by(GROUP) {
                for column in 0..(first + GROUP).min(channels) {
                    packed.extend((first..first + GROUP).map(|row| {
                        match row < channels && column <= row {
                            true => rows[triangle(row) + column],
                            false => 0,
                        }
                    }));
                }
            }
        }
        let whole = channels.next_multiple_of(GROUP);
        let mut filled = vec![0.0; blocks * whole];
        for (to, scales) in filled
            .chunks_exact_mut(whole)
            .zip(scales.chunks_exact(channels))
        {
            to[..channels].copy_from_slice(scales);
        }
        Ok(Self {
            channels,
            rows: packed,
            scales: filled,
        })
    }

    /// Numbers of a block.
    fn size(channels: usize) -> usize {
        let columns = |first: usize| (first + GROUP).min(channels);
        (0..channels)
            .step_by(GROUP)
            .map(|first| GROUP * columns(first))
            .sum()
    }
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
pub fn mahalanobis(isa: Isa, factors: &Factors, x: &[f32], distances: &mut [f32]) -> Result<()> {
    let channels = factors.channels;
    let whole = channels.next_multiple_of(GROUP);
    let blocks = count("the blocks", &[factors.scales.len() / whole])?;
    let places = distances.len() / blocks;
    check_length("the distances", blocks * places, distances)?;
    check_length("the features", blocks * places * channels, x)?;
    if distances.is_empty() {
        return Ok(());
    }
    distances
        .par_chunks_exact_mut(places)
        .zip(x.par_chunks_exact(places * channels))
        .zip(factors.rows.par_chunks_exact(Factors::size(channels)))
        .zip(factors.scales.par_chunks_exact(whole))
        .for_each_init(Vec::new, |wide, (((distances, x), rows), scales)| {
            wide.resize(rows.len(), 0.0);
            isa.run(Block {
                channels,
                rows,
                scales,
                x,
                distances,
                wide,
            });
        });
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
    /// Room for the rows in single precision.
    wide: &'a mut [f32],
}

/// Places that are multiplied with a column at a time.
const PLACES: usize = 4;

impl Kernel for Block<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.channels;
        for (to, &value) in self.wide.iter_mut().zip(self.rows) {
            *to = f32::from(value);
        }
        let groups = self.x.chunks(PLACES * channels);
        for (distances, x) in self.distances.chunks_mut(PLACES).zip(groups) {
            let many = distances.len();
            // SAFETY: each place has `channels` values, and where there are fewer places the last one
            // stands for the others; a group has `GROUP` rows of as many columns as it is given, and
            // as many scales.
            let squares: [f32; PLACES] = unsafe {
                let places: [*const f32; PLACES] =
                    std::array::from_fn(|place| x.as_ptr().add(place.min(many - 1) * channels));
                let mut squares = [V::splat(0.0); PLACES];
                let mut rows = self.wide.as_ptr();
                for first in (0..channels).step_by(GROUP) {
                    let columns = (first + GROUP).min(channels);
                    for lane in (0..GROUP).step_by(V::LANES) {
                        let mut sums = [V::splat(0.0); PLACES];
                        for column in 0..columns {
                            let w = V::load(rows.add(column * GROUP + lane));
                            for (sum, place) in sums.iter_mut().zip(places) {
                                *sum = w.mul_add(V::splat(*place.add(column)), *sum);
                            }
                        }
                        let scale = V::load(self.scales.as_ptr().add(first + lane));
                        for (square, sum) in squares.iter_mut().zip(sums) {
                            let scaled = sum.mul(scale);
                            *square = scaled.mul_add(scaled, *square);
                        }
                    }
                    rows = rows.add(columns * GROUP);
                }
                squares.map(|square| total::<V>(square))
            };
            for (distance, square) in distances.iter_mut().zip(squares) {
                *distance = square.sqrt();
            }
        }
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
            let factors = Factors::new(channels, &rows, &scales).unwrap();
            for isa in Isa::available() {
                let mut found = vec![f32::NAN; blocks * places];
                mahalanobis(isa, &factors, &x, &mut found).unwrap();
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
        let factors = Factors::new(2, &[1; 3], &[1.0; 2]).unwrap();
        assert!(mahalanobis(Isa::PORTABLE, &factors, &[1.0; 2], &mut [0.0]).is_ok());
        assert!(mahalanobis(Isa::PORTABLE, &factors, &[1.0; 3], &mut [0.0]).is_err());
        assert!(Factors::new(2, &[1; 2], &[1.0; 2]).is_err());
        assert!(Factors::new(2, &[1; 3], &[1.0; 3]).is_err());
    }
}
