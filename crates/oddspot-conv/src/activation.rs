//! Backward through ReLU and bias.

use rayon::prelude::*;

use crate::shape::{Result, check_length, count};
use crate::simd::{Isa, Kernel, Vector};

/// Rows that are summed by themselves; the parts are added in order, so that the sum does not
/// depend on the number of threads.
const PART_ROWS: usize = 512;

/// Through `y = relu(z + bias)`: `dy` becomes the gradient of z (0 where `y` is 0) and `db` that
/// of the bias, the sum over the rows. Without `y` there was no ReLU. All rows have as many
/// channels as `db`.
///
/// # Errors
/// Slices of other lengths than the shapes'.
pub fn relu_bias_backward(
    isa: Isa,
    rows: usize,
    y: Option<&[f32]>,
    dy: &mut [f32],
    db: &mut [f32],
) -> Result<()> {
    let channels = db.len();
    let needed = count("the gradient", &[rows, channels])?;
    check_length("the gradient", needed, dy)?;
    let part = PART_ROWS * channels;
    let sums: Vec<Vec<f32>> = match y {
        Some(y) => {
            check_length("the output", needed, y)?;
            dy.par_chunks_mut(part)
                .zip(y.par_chunks(part))
                .map(|(dy, y)| part_sums(isa, channels, dy, Some(y)))
                .collect()
        }
        None => dy
            .par_chunks_mut(part)
            .map(|dy| part_sums(isa, channels, dy, None))
            .collect(),
    };
    db.fill(0.0);
    for part in sums {
        for (sum, value) in db.iter_mut().zip(part) {
            *sum += value;
        }
    }
    Ok(())
}

fn part_sums(isa: Isa, channels: usize, dy: &mut [f32], y: Option<&[f32]>) -> Vec<f32> {
    let mut sums = vec![0.0; channels];
    isa.run(Part {
        y,
        dy,
        sums: &mut sums,
    });
    sums
}

struct Part<'a> {
    y: Option<&'a [f32]>,
    dy: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for Part<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.sums.len();
        let y = self.y.map(<[f32]>::as_ptr);
        for row in 0..self.dy.len() / channels {
            let mut channel = 0;
            while channel < channels {
                let lanes = (channels - channel).min(V::LANES);
                let at = row * channels + channel;
                // SAFETY: `at + lanes` lies in both rows, `channel + lanes` in the sums.
                unsafe {
                    let zero = V::splat(0.0);
                    let to = self.dy.as_mut_ptr().add(at);
                    let mut gradient = V::load_first(to, lanes);
                    if let Some(y) = y {
                        gradient = V::load_first(y.add(at), lanes).select_gt(zero, gradient, zero);
                        gradient.store_first(to, lanes);
                    }
                    let sum = self.sums.as_mut_ptr().add(channel);
                    V::load_first(sum, lanes)
                        .add(gradient)
                        .store_first(sum, lanes);
                }
                channel += lanes;
            }
        }
    }
}
