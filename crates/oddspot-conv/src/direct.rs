//! Convolution row by row: the patches of a row of outputs are laid out as a matrix and
//! multiplied. For few input channels, where Winograd's transforms would cost more than they
//! save, and for kernels other than 3×3 of stride 1 (a 1×1 of stride 1 is [`crate::linear`]).

use rayon::prelude::*;

use crate::epilogue::Epilogue;
use crate::packed::{PackedMatrix, RowsTimesMatrix, pad_columns};
use crate::panel::{Matrix, add_outer, panel_width};
use crate::shape::{Result, Shape, ShapeError, check_distance, check_length, count};
use crate::simd::{Isa, Kernel, Vector};
use crate::workspace::{SharedMut, Workspace};

/// Outputs up to which a task takes several rows: all weights are read anew for every task, which
/// for rows of a few outputs and layers of many channels costs more than the sums.
const SHORT_ROWS: usize = 32;

/// A convolution with a square kernel and zero padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectConv {
    /// The input's shape.
    pub input: Shape,
    /// Output channels.
    pub outputs: usize,
    /// Taps on each axis.
    pub kernel: usize,
    /// Pixels between neighbouring outputs.
    pub stride: usize,
    /// Pixels between neighbouring taps.
    pub dilation: usize,
    /// Zeros on every side.
    pub padding: usize,
}

impl DirectConv {
    /// The output's shape.
    ///
    /// # Errors
    /// A kernel that is larger than the padded input, or a size of 0.
    pub fn output(&self) -> Result<Shape> {
        self.input.count("the input")?;
        count("the kernel", &[self.kernel, self.outputs])?;
        check_distance("the stride", self.stride)?;
        check_distance("the dilation", self.dilation)?;
        check_distance("the padding", self.padding.max(1))?;
        let reach = (self.kernel - 1)
            .checked_mul(self.dilation)
            .and_then(|reach| reach.checked_add(1))
            .ok_or(ShapeError::TooLarge { what: "the kernel" })?;
        let axis = |size: usize| {
            let padded = size.saturating_add(self.padding.saturating_mul(2));
            match padded.checked_sub(reach) {
                Some(rest) => Ok(rest / self.stride + 1),
                None => Err(ShapeError::Zero { what: "the output" }),
            }
        };
        let output = Shape {
            batch: self.input.batch,
            height: axis(self.input.height)?,
            width: axis(self.input.width)?,
            channels: self.outputs,
        };
        output.count("the output")?;
        count("the patches", &[output.width, self.depth()?])?;
        Ok(output)
    }

    /// Values of a patch.
    fn depth(&self) -> Result<usize> {
        count(
            "the patch",
            &[self.kernel, self.kernel, self.input.channels],
        )
    }

    pub(crate) fn weight_count(&self) -> Result<usize> {
        count("the weight", &[self.outputs, self.depth()?])
    }

    /// Packs weights `[outputs, inputs, kernel, kernel]` for an instruction set.
    ///
    /// # Errors
    /// Sizes of 0, or weights of another length.
    pub fn pack(&self, isa: Isa, weight: &[f32]) -> Result<DirectWeights> {
        check_length("the weight", self.weight_count()?, weight)?;
        let (inputs, taps) = (self.input.channels, self.kernel * self.kernel);
        let matrix = PackedMatrix::new(isa, [self.outputs, self.depth()?], |output, at| {
            weight[(output * inputs + at % inputs) * taps + at / inputs]
        });
        Ok(DirectWeights(matrix))
    }

    /// `y = conv(x) + bias`. `x` `[batch, height, width, inputs]`, `y` positions of as many
    /// channels as the epilogue says.
    ///
    /// # Errors
    /// Slices of other lengths than the shapes', or weights packed for another layer.
    pub fn forward(
        &self,
        workspace: &mut Workspace,
        x: &[f32],
        weights: &DirectWeights,
        bias: Option<&[f32]>,
        epilogue: Epilogue,
        y: &mut [f32],
    ) -> Result<()> {
        let output = self.output()?;
        let stride = epilogue.row(self.outputs)?;
        self.input.check("the input", x)?;
        output.with_channels(stride).check("the output", y)?;
        if let Some(bias) = bias {
            check_length("the bias", self.outputs, bias)?;
        }
        let isa = workspace.isa();
        let matrix = &weights.0;
        let asked = (isa, self.outputs, self.depth()?);
        let prepared = (matrix.isa(), matrix.outputs(), matrix.inputs());
        if asked != prepared {
            return Err(ShapeError::Prepared {
                prepared: format!("{prepared:?}"),
                asked: format!("{asked:?}"),
            });
        }
        // No output's sum depends on which others its task has.
        let share = (output.batch * output.height).div_ceil(rayon::current_num_threads());
        let rows = (SHORT_ROWS / output.width).clamp(1, share);
        let patch_row = output.width * matrix.inputs();
        let locals = workspace.locals.ready();
        y.par_chunks_mut(rows * output.width * stride)
            .enumerate()
            .for_each(|(task, y)| {
                let rows_here = y.len() / (output.width * stride);
                let mut scratch = locals.mine();
                let patches = scratch.take(rows_here * patch_row);
                for (row, patches) in patches.chunks_exact_mut(patch_row).enumerate() {
                    self.patches(x, output, task * rows + row, patches);
                }
                isa.run(RowsTimesMatrix {
                    x: patches,
                    matrix,
                    bias,
                    epilogue,
                    y,
                });
            });
        Ok(())
    }

    /// `dw` `[outputs, inputs, kernel, kernel]` from the input and the output's gradient.
    ///
    /// # Errors
    /// Slices of other lengths than the shapes'.
    pub fn weight_gradient(
        &self,
        workspace: &mut Workspace,
        x: &[f32],
        dy: &[f32],
        dw: &mut [f32],
    ) -> Result<()> {
        let output = self.output()?;
        self.input.check("the input", x)?;
        output.check("the output's gradient", dy)?;
        check_length("the weight's gradient", self.weight_count()?, dw)?;
        let isa = workspace.isa();
        let depth = self.depth()?;
        let padded = self.outputs.next_multiple_of(panel_width(isa.lanes()));
        let rows = output.batch * output.height;
        // A fixed number of partial sums, added in order: the same for every number of threads.
        const PARTS: usize = 16;
        let per_part = rows.div_ceil(PARTS);
        let [sums, _, _] = &mut workspace.shared;
        let sums = sums.zeroed(PARTS * depth * padded);
        let locals = workspace.locals.ready();
        sums.par_chunks_exact_mut(depth * padded)
            .enumerate()
            .for_each(|(part, sums)| {
                let mut scratch = locals.mine();
                let scratch = scratch.take(output.width * (depth + padded));
                let (patches, padded_dy) = scratch.split_at_mut(output.width * depth);
                for row in part * per_part..((part + 1) * per_part).min(rows) {
                    self.patches(x, output, row, patches);
                    let width = output.width * output.channels;
                    let dy =
                        pad_columns(&dy[row * width..][..width], self.outputs, padded, padded_dy);
                    isa.run(OuterRow {
                        patches,
                        depth,
                        dy,
                        padded,
                        sums,
                    });
                }
            });
        let (first, rest) = sums.split_at_mut(depth * padded);
        for part in rest.chunks_exact(depth * padded) {
            for (sum, value) in first.iter_mut().zip(part) {
                *sum += value;
            }
        }
        let (inputs, taps) = (self.input.channels, self.kernel * self.kernel);
        for (at, row) in first.chunks_exact(padded).enumerate() {
            for (output, value) in row[..self.outputs].iter().enumerate() {
                dw[(output * inputs + at % inputs) * taps + at / inputs] = *value;
            }
        }
        Ok(())
    }

    /// The patches of a row of outputs, `[width, kernel · kernel · inputs]`; `row` counts
    /// through the batch.
    fn patches(&self, x: &[f32], output: Shape, row: usize, to: &mut [f32]) {
        let Shape {
            height,
            width,
            channels,
            ..
        } = self.input;
        let (image, row) = (row / output.height, row % output.height);
        let depth = self.kernel * self.kernel * channels;
        for tap in 0..self.kernel {
            // Above the map wraps to a huge number, which is outside too.
            let from = (row * self.stride + tap * self.dilation).wrapping_sub(self.padding);
            let line = (from < height)
                .then(|| &x[(image * height + from) * width * channels..][..width * channels]);
            let part = tap * self.kernel * channels..(tap + 1) * self.kernel * channels;
            for (column, patch) in to.chunks_exact_mut(depth).enumerate() {
                let patch = &mut patch[part.clone()];
                let first = column * self.stride;
                match line {
                    None => patch.fill(0.0),
                    // The whole run of taps lies in the row.
                    Some(line)
                        if self.dilation == 1
                            && first >= self.padding
                            && first - self.padding + self.kernel <= width =>
                    {
                        let at = (first - self.padding) * channels;
                        patch.copy_from_slice(&line[at..at + patch.len()]);
                    }
                    Some(line) => {
                        for (tap, to) in patch.chunks_exact_mut(channels).enumerate() {
                            let from = (first + tap * self.dilation).wrapping_sub(self.padding);
                            match from < width {
                                true => to.copy_from_slice(&line[from * channels..][..channels]),
                                false => to.fill(0.0),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Weights of a [`DirectConv`], packed for an instruction set.
pub struct DirectWeights(PackedMatrix);

/// Adds a row's `patchesᵀ · dy` to `[depth, padded]` sums.
struct OuterRow<'a> {
    patches: &'a [f32],
    depth: usize,
    /// `[width, padded]`.
    dy: &'a [f32],
    padded: usize,
    sums: &'a mut [f32],
}

impl Kernel for OuterRow<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let sums = SharedMut::new(self.sums);
        for first in (0..self.padded).step_by(panel_width(V::LANES)) {
            // SAFETY: `dy` has a row of `padded` per patch, `sums` one per value of a patch.
            unsafe {
                add_outer::<V>(
                    self.depth,
                    self.dy.len() / self.padded,
                    Matrix {
                        at: self.patches.as_ptr(),
                        stride: self.depth,
                    },
                    Matrix {
                        at: self.dy.as_ptr().add(first),
                        stride: self.padded,
                    },
                    sums.get().add(first),
                    self.padded,
                    true,
                );
            }
        }
    }
}
