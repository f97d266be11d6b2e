//! Batch normalisation (Ioffe & Szegedy, 2015) followed by ReLU, forward and backward, for
//! networks in training.

use rayon::prelude::*;

use crate::shape::{Result, check_length, count};
use crate::simd::{Isa, Kernel, Vector};

/// Rows that are summed by themselves; the parts are added in order, so that the sums do not
/// depend on the number of threads.
const PART_ROWS: usize = 512;

/// What a batch's channels were normalised by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance of each channel, divided by the number of rows.
    pub variance: Vec<f32>,
}

/// Batch normalisation of `rows` positions, with ReLU.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Positions of the batch.
    pub rows: usize,
    /// Factor of each normalised channel.
    pub gamma: &'a [f32],
    /// Then added to each channel.
    pub beta: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

impl BatchNorm<'_> {
    /// `y = relu(γ (z − mean) / √(variance + ε) + β)` with the batch's own moments, which are
    /// returned. `z` and `y` are `[rows, channels]`.
    ///
    /// # Errors
    /// Slices of other lengths than the shapes'.
    pub fn forward(&self, isa: Isa, z: &[f32], y: &mut [f32]) -> Result<Moments> {
        let channels = self.check(z, y)?;
        let sums = sum_parts(
            channels,
            z.par_chunks(PART_ROWS * channels).map(|x| {
                let mut sums = vec![0.0; 2 * channels];
                let sums_of = Sums { x, sums: &mut sums };
                isa.run(sums_of);
                sums
            }),
        );
        let rows = self.rows as f64;
        let mean: Vec<f64> = sums.iter().map(|[sum, _]| sum / rows).collect();
        let moments = Moments {
            variance: (sums.iter().zip(&mean))
                .map(|([_, squares], mean)| (squares / rows - mean * mean).max(0.0) as f32)
                .collect(),
            mean: mean.iter().map(|&mean| mean as f32).collect(),
        };
        let scale: Vec<f32> = (self.inverse_deviations(&moments).iter().zip(self.gamma))
            .map(|(inverse, gamma)| inverse * gamma)
            .collect();
        let shift: Vec<f32> = (scale.iter().zip(&moments.mean).zip(self.beta))
            .map(|((scale, mean), beta)| beta - scale * mean)
            .collect();
        let part = PART_ROWS * channels;
        y.par_chunks_mut(part)
            .zip(z.par_chunks(part))
            .for_each(|(y, z)| {
                isa.run(ScaleAndShift {
                    z,
                    scale: &scale,
                    shift: &shift,
                    y,
                });
            });
        Ok(moments)
    }

    /// Through normalisation and ReLU: `dy` becomes the gradient of `z`; `dgamma` and `dbeta`
    /// those of the parameters. `z`, `y` and the moments are the forward pass's.
    ///
    /// # Errors
    /// Slices of other lengths than the shapes'.
    pub fn backward(
        &self,
        isa: Isa,
        (z, y, moments): (&[f32], &[f32], &Moments),
        dy: &mut [f32],
        dgamma: &mut [f32],
        dbeta: &mut [f32],
    ) -> Result<()> {
        let channels = self.check(z, y)?;
        check_length("the gradient", z.len(), dy)?;
        check_length("the mean", channels, &moments.mean)?;
        check_length("the variance", channels, &moments.variance)?;
        check_length("the gradient of γ", channels, dgamma)?;
        check_length("the gradient of β", channels, dbeta)?;
        let part = PART_ROWS * channels;
        let sums = sum_parts(
            channels,
            dy.par_chunks_mut(part)
                .zip(z.par_chunks(part))
                .zip(y.par_chunks(part))
                .map(|((dy, z), y)| {
                    let mut sums = vec![0.0; 2 * channels];
                    isa.run(GradientSums {
                        z,
                        y,
                        dy,
                        sums: &mut sums,
                    });
                    sums
                }),
        );
        // dz = a·dy + b·z + c, by channel.
        let inverse = self.inverse_deviations(moments);
        let rows = self.rows as f64;
        let mut factors = [
            vec![0.0; channels],
            vec![0.0; channels],
            vec![0.0; channels],
        ];
        for channel in 0..channels {
            let [of_beta, with_z] = sums[channel];
            let inverse = f64::from(inverse[channel]);
            let mean = f64::from(moments.mean[channel]);
            let of_gamma = inverse * (with_z - mean * of_beta);
            dbeta[channel] = of_beta as f32;
            dgamma[channel] = of_gamma as f32;
            let a = f64::from(self.gamma[channel]) * inverse;
            let b = -a * inverse * of_gamma / rows;
            let [to_a, to_b, to_c] = &mut factors;
            to_a[channel] = a as f32;
            to_b[channel] = b as f32;
            to_c[channel] = (-a * of_beta / rows - b * mean) as f32;
        }
        let [a, b, c] = &factors;
        dy.par_chunks_mut(part)
            .zip(z.par_chunks(part))
            .for_each(|(dy, z)| isa.run(GradientOfInput { z, a, b, c, dy }));
        Ok(())
    }

    fn inverse_deviations(&self, moments: &Moments) -> Vec<f32> {
        (moments.variance.iter())
            .map(|variance| 1.0 / (variance + self.epsilon).sqrt())
            .collect()
    }

    fn check(&self, z: &[f32], y: &[f32]) -> Result<usize> {
        let channels = self.gamma.len();
        let needed = count("the input", &[self.rows, channels])?;
        check_length("the input", needed, z)?;
        check_length("the output", needed, y)?;
        check_length("β", channels, self.beta)?;
        Ok(channels)
    }
}

/// Pairs of sums by channel, over parts in their order.
fn sum_parts(
    channels: usize,
    parts: impl IndexedParallelIterator<Item = Vec<f32>>,
) -> Vec<[f64; 2]> {
    let parts: Vec<Vec<f32>> = parts.collect();
    let mut sums = vec![[0.0; 2]; channels];
    for part in parts {
        let (first, second) = part.split_at(channels);
        for ((sum, &first), &second) in sums.iter_mut().zip(first).zip(second) {
            sum[0] += f64::from(first);
            sum[1] += f64::from(second);
        }
    }
    sums
}

/// Adds to a place in memory.
///
/// # Safety
/// `to` may be read and written for `lanes` floats.
#[inline(always)]
unsafe fn add_to<V: Vector>(to: *mut f32, value: V, lanes: usize) {
    // SAFETY: the caller's.
    unsafe {
        V::load_first(to, lanes).add(value).store_first(to, lanes);
    }
}

/// For every vector of channels of every row: where it begins in the rows (`at`), its first
/// channel and its lanes. A macro, since closures are not reliably compiled for the set.
macro_rules! for_each_vector {
    ($rows:expr, $channels:expr, |$at:ident, $channel:ident, $lanes:ident| $body:block) => {
        for row in 0..$rows {
            let mut $channel = 0;
            while $channel < $channels {
                let $lanes = ($channels - $channel).min(V::LANES);
                let $at = row * $channels + $channel;
                $body
                $channel += $lanes;
            }
        }
    };
}

/// Σ x and Σ x² by channel.
struct Sums<'a> {
    x: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.sums.len() / 2;
        let (sums, squares) = self.sums.split_at_mut(channels);
        for_each_vector!(self.x.len() / channels, channels, |at, channel, lanes| {
            // SAFETY: `lanes` channels of the row and of the sums are there.
            unsafe {
                let x = V::load_first(self.x.as_ptr().add(at), lanes);
                add_to(sums.as_mut_ptr().add(channel), x, lanes);
                add_to(squares.as_mut_ptr().add(channel), x.mul(x), lanes);
            }
        });
    }
}

/// `y = relu(scale·z + shift)`.
struct ScaleAndShift<'a> {
    z: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for ScaleAndShift<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.scale.len();
        for_each_vector!(self.z.len() / channels, channels, |at, channel, lanes| {
            // SAFETY: `lanes` channels of both rows and of the factors are there.
            unsafe {
                let scale = V::load_first(self.scale.as_ptr().add(channel), lanes);
                let shift = V::load_first(self.shift.as_ptr().add(channel), lanes);
                V::load_first(self.z.as_ptr().add(at), lanes)
                    .mul_add(scale, shift)
                    .max(V::splat(0.0))
                    .store_first(self.y.as_mut_ptr().add(at), lanes);
            }
        });
    }
}

/// `dy` through the ReLU; then Σ dy and Σ dy·z by channel.
struct GradientSums<'a> {
    z: &'a [f32],
    y: &'a [f32],
    dy: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for GradientSums<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.sums.len() / 2;
        let (sums, products) = self.sums.split_at_mut(channels);
        for_each_vector!(self.z.len() / channels, channels, |at, channel, lanes| {
            // SAFETY: `lanes` channels of the rows and of the sums are there.
            unsafe {
                let zero = V::splat(0.0);
                let to = self.dy.as_mut_ptr().add(at);
                let y = V::load_first(self.y.as_ptr().add(at), lanes);
                let gradient = y.select_gt(zero, V::load_first(to, lanes), zero);
                gradient.store_first(to, lanes);
                let z = V::load_first(self.z.as_ptr().add(at), lanes);
                add_to(sums.as_mut_ptr().add(channel), gradient, lanes);
                add_to(products.as_mut_ptr().add(channel), gradient.mul(z), lanes);
            }
        });
    }
}

/// `dy ← a·dy + b·z + c`, by channel.
struct GradientOfInput<'a> {
    z: &'a [f32],
    a: &'a [f32],
    b: &'a [f32],
    c: &'a [f32],
    dy: &'a mut [f32],
}

impl Kernel for GradientOfInput<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let channels = self.a.len();
        for_each_vector!(self.z.len() / channels, channels, |at, channel, lanes| {
            // SAFETY: `lanes` channels of both rows and of the factors are there.
            unsafe {
                let [a, b, c] = [self.a, self.b, self.c].map(|factor| factor.as_ptr().add(channel));
                let to = self.dy.as_mut_ptr().add(at);
                let rest = V::load_first(self.z.as_ptr().add(at), lanes)
                    .mul_add(V::load_first(b, lanes), V::load_first(c, lanes));
                V::load_first(to, lanes)
                    .mul_add(V::load_first(a, lanes), rest)
                    .store_first(to, lanes);
            }
        });
    }
}
