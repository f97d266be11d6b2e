//! Max and average pools, forward and backward.

use rayon::prelude::*;

use crate::shape::{Result, Shape, ShapeError, check_distance, count};
use crate::simd::{Isa, Kernel, Vector};

/// A max pool over windows of `kernel`×`kernel` taps; what lies outside of the map never wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// The input's shape.
    pub input: Shape,
    /// Taps on each axis, at most 8.
    pub kernel: usize,
    /// Pixels between neighbouring outputs.
    pub stride: usize,
    /// Pixels between neighbouring taps.
    pub dilation: usize,
    /// `−∞` on every side; less than the window's reach.
    pub padding: usize,
    /// Whether a last window that sticks out of the map counts.
    pub ceil: bool,
}

impl MaxPool {
    /// The output's shape.
    ///
    /// # Errors
    /// A size of 0, or a window that finds no pixel.
    pub fn output(&self) -> Result<Shape> {
        self.input.count("the input")?;
        count("the window", &[self.kernel])?;
        check_distance("the stride", self.stride)?;
        check_distance("the dilation", self.dilation)?;
        let what = "the window";
        if self.kernel > MOST_TAPS {
            return Err(ShapeError::TooLarge { what });
        }
        let reach = (self.kernel - 1) * self.dilation;
        let axis = |size: usize| {
            // A last window may stick out by less than a stride, a first one too.
            let out = if self.ceil { self.stride - 1 } else { 0 };
            let rest = (size + 2 * self.padding.min(reach) + out)
                .checked_sub(reach + 1)
                .ok_or(ShapeError::Zero { what: "the output" })?;
            let mut outputs = rest / self.stride + 1;
            if self.ceil {
                // A window that begins past the map does not count.
                outputs -=
                    usize::from((outputs - 1) * self.stride >= size.saturating_add(self.padding));
            }
            let finds = |at| (0..self.kernel).any(|tap| self.pixel(at, tap, size).is_some());
            match self.padding <= reach && (0..outputs).all(finds) {
                true => Ok(outputs),
                false => Err(ShapeError::Zero { what }),
            }
        };
        let output = Shape {
            batch: self.input.batch,
            height: axis(self.input.height)?,
            width: axis(self.input.width)?,
            channels: self.input.channels,
        };
        output.count("the output")?;
        Ok(output)
    }

    /// `y`, the largest value of each window; with `winners`, also which tap it came from (0 to
    /// `kernel² − 1` in reading order, the first of equals), for [`backward`](Self::backward).
    ///
    /// # Errors
    /// Slices of other lengths than the shapes'.
    pub fn forward(
        &self,
        isa: Isa,
        x: &[f32],
        y: &mut [f32],
        winners: Option<&mut [f32]>,
    ) -> Result<()> {
        let output = self.output()?;
        self.input.check("the input", x)?;
        output.check("the output", y)?;
        let row = output.width * output.channels;
        let pool = *self;
        match winners {
            None => y.par_chunks_exact_mut(row).enumerate().for_each(|(at, y)| {
                isa.run(ForwardRow {
                    pool,
                    output,
                    x,
                    at,
                    y,
                    winners: None,
                });
            }),
            Some(winners) => {
                output.check("the winners", winners)?;
                y.par_chunks_exact_mut(row)
                    .zip(winners.par_chunks_exact_mut(row))
                    .enumerate()
                    .for_each(|(at, (y, winners))| {
                        let winners = Some(winners);
                        isa.run(ForwardRow {
                            pool,
                            output,
                            x,
                            at,
                            y,
                            winners,
                        });
                    });
            }
        }
        Ok(())
    }

    /// `dx`, each output's gradient at the pixel that won its window.
    ///
    /// # Errors
    /// Slices of other lengths than the shapes'.
    pub fn backward(&self, isa: Isa, dy: &[f32], winners: &[f32], dx: &mut [f32]) -> Result<()> {
        let output = self.output()?;
        output.check("the output's gradient", dy)?;
        output.check("the winners", winners)?;
        self.input.check("the input's gradient", dx)?;
        let row = self.input.width * self.input.channels;
        dx.par_chunks_exact_mut(row)
            .enumerate()
            .for_each(|(at, dx)| {
                isa.run(BackwardRow {
                    pool: self,
                    output,
                    dy,
                    winners,
                    at,
                    dx,
                });
            });
        Ok(())
    }

    /// The pixel under tap `tap` of output `at` on an axis of `size` pixels.
    #[inline(always)]
    fn pixel(&self, at: usize, tap: usize, size: usize) -> Option<usize> {
        // Before the map wraps to a huge number, which is outside too.
        let pixel = (at * self.stride + tap * self.dilation).wrapping_sub(self.padding);
        (pixel < size).then_some(pixel)
    }

    /// The output whose tap `tap` lies on a pixel, on an axis of `size` outputs.
    #[inline(always)]
    fn output_at(&self, pixel: usize, tap: usize, size: usize) -> Option<usize> {
        let from = (pixel + self.padding).checked_sub(tap * self.dilation)?;
        (from % self.stride == 0 && from / self.stride < size).then_some(from / self.stride)
    }
}

/// Taps that fall on something, with what they fall on: pixels under the taps of an output, or
/// outputs whose tap lies on a pixel.
#[derive(Clone, Copy)]
struct Taps {
    found: [(usize, usize); MOST_TAPS],
    count: usize,
}

/// Most taps on each axis of a window.
const MOST_TAPS: usize = 8;

impl Taps {
    fn new(kernel: usize, at: impl Fn(usize) -> Option<usize>) -> Self {
        let mut taps = Self {
            found: [(0, 0); MOST_TAPS],
            count: 0,
        };
        for tap in 0..kernel {
            if let Some(place) = at(tap) {
                taps.found[taps.count] = (tap, place);
                taps.count += 1;
            }
        }
        taps
    }

    /// (tap, place), in order.
    #[inline(always)]
    fn found(&self) -> &[(usize, usize)] {
        &self.found[..self.count]
    }
}

/// A row of outputs.
struct ForwardRow<'a> {
    pool: MaxPool,
    output: Shape,
    x: &'a [f32],
    /// Row of the outputs, counted through the batch.
    at: usize,
    y: &'a mut [f32],
    winners: Option<&'a mut [f32]>,
}

impl Kernel for ForwardRow<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let pool = self.pool;
        let Shape {
            height,
            width,
            channels,
            ..
        } = pool.input;
        let (image, row) = (self.at / self.output.height, self.at % self.output.height);
        let x = &self.x[image * height * width * channels..][..height * width * channels];
        let winners = self.winners.map(|winners| winners.as_mut_ptr());
        let rows = Taps::new(pool.kernel, |tap| pool.pixel(row, tap, height));
        for column in 0..self.output.width {
            let columns = Taps::new(pool.kernel, |tap| pool.pixel(column, tap, width));
            let mut channel = 0;
            while channel < channels {
                let lanes = (channels - channel).min(V::LANES);
                let to = column * channels + channel;
                // SAFETY: pixels lie in the map, `to` in the row, and `lanes` channels are left.
                unsafe {
                    let mut best = V::splat(f32::NEG_INFINITY);
                    let mut winner = V::splat(0.0);
                    for &(down, y) in rows.found() {
                        for &(across, x_at) in columns.found() {
                            let at = (y * width + x_at) * channels + channel;
                            let value = V::load_first(x.as_ptr().add(at), lanes);
                            if winners.is_some() {
                                let tap = V::splat((down * pool.kernel + across) as f32);
                                winner = value.select_gt(best, tap, winner);
                            }
                            best = value.select_gt(best, value, best);
                        }
                    }
                    best.store_first(self.y.as_mut_ptr().add(to), lanes);
                    if let Some(winners) = winners {
                        winner.store_first(winners.add(to), lanes);
                    }
                }
                channel += lanes;
            }
        }
    }
}

/// A row of the input's gradient: every pixel gathers from the windows that it won.
struct BackwardRow<'a> {
    pool: &'a MaxPool,
    output: Shape,
    dy: &'a [f32],
    winners: &'a [f32],
    /// Row of the input, counted through the batch.
    at: usize,
    dx: &'a mut [f32],
}

impl Kernel for BackwardRow<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (pool, output) = (self.pool, self.output);
        let Shape {
            height,
            width,
            channels,
            ..
        } = pool.input;
        let (image, row) = (self.at / height, self.at % height);
        let first = image * output.height * output.width;
        let rows = Taps::new(pool.kernel, |tap| pool.output_at(row, tap, output.height));
        for column in 0..width {
            let columns = Taps::new(pool.kernel, |tap| pool.output_at(column, tap, output.width));
            let mut channel = 0;
            while channel < channels {
                let lanes = (channels - channel).min(V::LANES);
                // SAFETY: outputs lie in their map, and `lanes` channels are left.
                unsafe {
                    let zero = V::splat(0.0);
                    let mut sum = zero;
                    for &(down, y) in rows.found() {
                        for &(across, x) in columns.found() {
                            let at = (first + y * output.width + x) * channels + channel;
                            let gradient = V::load_first(self.dy.as_ptr().add(at), lanes);
                            let winner = V::load_first(self.winners.as_ptr().add(at), lanes);
                            let tap = V::splat((down * pool.kernel + across) as f32);
                            sum = sum.add(winner.select_eq(tap, gradient, zero));
                        }
                    }
                    sum.store_first(self.dx.as_mut_ptr().add(column * channels + channel), lanes);
                }
                channel += lanes;
            }
        }
    }
}

/// The mean over blocks of `size`×`size` pixels, which must divide the height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePool {
    /// The input's shape.
    pub input: Shape,
    /// Side of a block.
    pub size: usize,
}

impl AveragePool {
    /// The output's shape.
    ///
    /// # Errors
    /// A size of 0, or one that does not divide the height and width.
    pub fn output(&self) -> Result<Shape> {
        self.input.count("the input")?;
        count("the block", &[self.size])?;
        for side in [self.input.height, self.input.width] {
            if side % self.size != 0 {
                return Err(ShapeError::Length {
                    what: "a side of the input",
                    needed: side.next_multiple_of(self.size),
                    found: side,
                });
            }
        }
        Ok(Shape {
            height: self.input.height / self.size,
            width: self.input.width / self.size,
            ..self.input
        })
    }

    /// `y`, the mean of each block.
    ///
    /// # Errors
    /// As [`output`](Self::output), or slices of other lengths than the shapes'.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        let output = self.output()?;
        self.input.check("the input", x)?;
        output.check("the output", y)?;
        let (channels, row) = (self.input.channels, self.input.width * self.input.channels);
        let scale = 1.0 / (self.size * self.size) as f32;
        // Images follow each other without a gap, so rows can be counted through the batch.
        y.par_chunks_exact_mut(output.width * channels)
            .zip(x.par_chunks_exact(self.size * row))
            .for_each(|(y, x)| {
                for (column, y) in y.chunks_exact_mut(channels).enumerate() {
                    y.fill(0.0);
                    for line in x.chunks_exact(row) {
                        let block = &line[column * self.size * channels..][..self.size * channels];
                        for pixel in block.chunks_exact(channels) {
                            for (sum, value) in y.iter_mut().zip(pixel) {
                                *sum += value;
                            }
                        }
                    }
                    for value in y {
                        *value *= scale;
                    }
                }
            });
        Ok(())
    }

    /// Each block's gradient, shared out evenly: written to `dx`, or added to what is there.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn backward(&self, dy: &[f32], add: bool, dx: &mut [f32]) -> Result<()> {
        let output = self.output()?;
        output.check("the output's gradient", dy)?;
        self.input.check("the input's gradient", dx)?;
        let (channels, row) = (self.input.channels, self.input.width * self.input.channels);
        let scale = 1.0 / (self.size * self.size) as f32;
        dx.par_chunks_exact_mut(self.size * row)
            .zip(dy.par_chunks_exact(output.width * channels))
            .for_each(|(dx, dy)| {
                for line in dx.chunks_exact_mut(row) {
                    for (at, pixel) in line.chunks_exact_mut(channels).enumerate() {
                        let from = &dy[at / self.size * channels..][..channels];
                        for (to, value) in pixel.iter_mut().zip(from) {
                            let old = if add { *to } else { 0.0 };
                            *to = old + value * scale;
                        }
                    }
                }
            });
        Ok(())
    }
}
