//! Separable smoothing of a map by a symmetric kernel.

use rayon::prelude::*;

use crate::shape::{Result, check_length, count};
use crate::simd::{Isa, Kernel, Vector};
use crate::workspace::SharedMut;

/// Smooths a map `[height, width]` along its columns and its rows by symmetric kernels, given
/// from their centre outwards; borders are reflected about the edge, the edge sample repeated
/// (`d c b a | a b c d`). A kernel of one weight only scales.
///
/// # Errors
/// Sizes of 0, an empty kernel, or values of another length.
pub fn smooth(
    isa: Isa,
    [height, width]: [usize; 2],
    along_columns: &[f32],
    along_rows: &[f32],
    values: &mut [f32],
) -> Result<()> {
    check_length("the map", count("the map", &[height, width])?, values)?;
    count("the kernel", &[along_columns.len(), along_rows.len()])?;
    let radius = along_rows.len() - 1;
    values
        .par_chunks_exact_mut(width)
        .for_each_init(Vec::new, |line: &mut Vec<f32>, row| {
            line.clear();
            let reflected = (0..width + 2 * radius).map(|at| row[reflect(at, radius, width)]);
            line.extend(reflected);
            // Tap d of every pixel lies d after the line's first value.
            isa.run(WeightedSum {
                kernel: along_rows,
                taps: |tap: isize| line[radius.wrapping_add_signed(tap)..].as_ptr(),
                to: SharedMut::new(row),
                width,
            });
        });
    let source = values.to_vec();
    let radius = along_columns.len() - 1;
    values
        .par_chunks_exact_mut(width)
        .enumerate()
        .for_each(|(row, to)| {
            isa.run(WeightedSum {
                kernel: along_columns,
                taps: |tap: isize| {
                    let at = (row + radius).wrapping_add_signed(tap);
                    source[reflect(at, radius, height) * width..].as_ptr()
                },
                to: SharedMut::new(to),
                width,
            });
        });
    Ok(())
}

/// The sample at index `at` of a line of `length` that is reflected `radius` beyond both ends.
fn reflect(at: usize, radius: usize, length: usize) -> usize {
    let index = at as isize - radius as isize;
    let folded = index.rem_euclid(2 * length as isize) as usize;
    folded.min(2 * length - 1 - folded)
}

/// A line of sums: `kernel[0] · tap(0) + Σ_d kernel[d] · (tap(−d) + tap(d))`.
struct WeightedSum<'a, T: Fn(isize) -> *const f32> {
    kernel: &'a [f32],
    /// Where the values under a tap begin, as many as the line has.
    taps: T,
    to: SharedMut,
    width: usize,
}

impl<T: Fn(isize) -> *const f32> Kernel for WeightedSum<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let to = self.to.get();
        for (distance, &weight) in self.kernel.iter().enumerate() {
            let before = (self.taps)(-(distance as isize));
            let after = (self.taps)(distance as isize);
            let mut at = 0;
            while at < self.width {
                let lanes = (self.width - at).min(V::LANES);
                // SAFETY: the taps have as many values as the line, and so has its target.
                unsafe {
                    let weight = V::splat(weight);
                    let after = V::load_first(after.add(at), lanes);
                    let sum = match distance {
                        0 => after.mul(weight),
                        _ => {
                            let pair = V::load_first(before.add(at), lanes).add(after);
                            pair.mul_add(weight, V::load_first(to.add(at), lanes))
                        }
                    };
                    sum.store_first(to.add(at), lanes);
                }
                at += lanes;
            }
        }
    }
}
