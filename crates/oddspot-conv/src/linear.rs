//! A linear layer over rows: what a 1×1 convolution is when channels come last.

use rayon::prelude::*;

use crate::epilogue::Epilogue;
use crate::packed::{PackedMatrix, RowsTimesMatrix, pad_columns};
use crate::panel::{Matrix, add_outer, panel_width};
use crate::shape::{Result, ShapeError, check_length, count};
use crate::simd::{Isa, Kernel, Vector};
use crate::workspace::{Buffer, SharedMut, Workspace};

/// Rows that stay in a thread's first-level cache while the weights pass by.
const BLOCK_ROWS: usize = 48;

/// Weights `[outputs, inputs]`, packed for an instruction set.
pub struct LinearWeights {
    matrix: PackedMatrix,
    /// Whether it is the transpose that was packed.
    transposed: bool,
}

impl LinearWeights {
    /// Packs weights `[outputs, inputs]` for [`linear`].
    ///
    /// # Errors
    /// Sizes of 0, or weights of another length.
    pub fn pack(isa: Isa, weight: &[f32], [outputs, inputs]: [usize; 2]) -> Result<Self> {
        let needed = count("the weight", &[outputs, inputs])?;
        check_length("the weight", needed, weight)?;
        let at = |output: usize, input: usize| weight[output * inputs + input];
        Ok(Self {
            matrix: PackedMatrix::new(isa, [outputs, inputs], at),
            transposed: false,
        })
    }

    /// Packs the transpose, with which [`linear`] turns the output's gradient into the input's.
    ///
    /// # Errors
    /// As [`pack`](Self::pack).
    pub fn pack_transposed(
        isa: Isa,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
    ) -> Result<Self> {
        let needed = count("the weight", &[outputs, inputs])?;
        check_length("the weight", needed, weight)?;
        let at = |input: usize, output: usize| weight[output * inputs + input];
        Ok(Self {
            matrix: PackedMatrix::new(isa, [inputs, outputs], at),
            transposed: true,
        })
    }

    /// Packs other weights of the same layer into the same memory.
    ///
    /// # Errors
    /// Weights of another length.
    pub fn refresh(&mut self, weight: &[f32]) -> Result<()> {
        let (outputs, inputs) = (self.matrix.outputs(), self.matrix.inputs());
        check_length("the weight", outputs * inputs, weight)?;
        match self.transposed {
            false => self
                .matrix
                .refresh(|output, input| weight[output * inputs + input]),
            true => self
                .matrix
                .refresh(|output, input| weight[input * outputs + output]),
        }
        Ok(())
    }
}

/// `y = x Wᵀ + bias`. `x` `[rows, inputs]`, `y` `[rows, stride]` of which the layer's channels
/// are written.
///
/// # Errors
/// Slices of other lengths than the shapes', or weights packed for another instruction set.
pub fn linear(
    workspace: &mut Workspace,
    rows: usize,
    x: &[f32],
    weights: &LinearWeights,
    bias: Option<&[f32]>,
    epilogue: Epilogue,
    y: &mut [f32],
) -> Result<()> {
    let matrix = &weights.matrix;
    let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
    let isa = workspace.isa();
    if matrix.isa() != isa {
        return Err(ShapeError::Prepared {
            prepared: matrix.isa().name().to_owned(),
            asked: isa.name().to_owned(),
        });
    }
    let stride = epilogue.row(outputs)?;
    check_length("the input", count("the input", &[rows, inputs])?, x)?;
    check_length("the output", count("the output", &[rows, stride])?, y)?;
    if let Some(bias) = bias {
        check_length("the bias", outputs, bias)?;
    }
    y.par_chunks_mut(BLOCK_ROWS * stride)
        .zip(x.par_chunks(BLOCK_ROWS * inputs))
        .for_each(|(y, x)| {
            isa.run(RowsTimesMatrix {
                x,
                matrix,
                bias,
                epilogue,
                y,
            });
        });
    Ok(())
}

/// `dw` `[outputs, inputs] = dyᵀ x`, from `x` `[rows, inputs]` and `dy` `[rows, outputs]`.
///
/// # Errors
/// Slices of other lengths than the shapes'.
pub fn linear_weight_gradient(
    workspace: &mut Workspace,
    rows: usize,
    x: &[f32],
    dy: &[f32],
    [outputs, inputs]: [usize; 2],
    dw: &mut [f32],
) -> Result<()> {
    check_length("the input", count("the input", &[rows, inputs])?, x)?;
    let what = "the output's gradient";
    check_length(what, count(what, &[rows, outputs])?, dy)?;
    let what = "the weight's gradient";
    check_length(what, count(what, &[outputs, inputs])?, dw)?;
    let isa = workspace.isa();
    let padded = inputs.next_multiple_of(panel_width(isa.lanes()));
    // Fixed parts of the rows, summed in order: the same for every number of threads.
    const PART_ROWS: usize = 1024;
    const STRIP: usize = 48;
    let strips = outputs.div_ceil(STRIP);
    let parts = rows.div_ceil(PART_ROWS);
    let [sums, _, _] = &mut workspace.shared;
    let sums = sums.take(parts * outputs * padded);
    let to = SharedMut::new(sums);
    let locals = workspace.locals.ready();
    (0..parts * strips).into_par_iter().for_each(|task| {
        let (part, strip) = (task / strips, task % strips);
        let rows = part * PART_ROWS..((part + 1) * PART_ROWS).min(rows);
        let mut scratch = locals.mine();
        isa.run(OuterStrip {
            x: &x[rows.start * inputs..rows.end * inputs],
            inputs,
            padded,
            dy: &dy[rows.start * outputs..rows.end * outputs],
            outputs,
            strip: strip * STRIP..((strip + 1) * STRIP).min(outputs),
            scratch: &mut scratch,
            to,
            at: part * outputs * padded,
        });
    });
    dw.par_chunks_exact_mut(inputs)
        .enumerate()
        .for_each(|(output, to)| {
            to.copy_from_slice(&sums[output * padded..][..inputs]);
            for part in 1..parts {
                let from = &sums[(part * outputs + output) * padded..][..inputs];
                for (sum, value) in to.iter_mut().zip(from) {
                    *sum += value;
                }
            }
        });
    Ok(())
}

/// Sums of some outputs over some rows.
struct OuterStrip<'a> {
    x: &'a [f32],
    inputs: usize,
    padded: usize,
    dy: &'a [f32],
    outputs: usize,
    strip: std::ops::Range<usize>,
    scratch: &'a mut Buffer,
    to: SharedMut,
    at: usize,
}

impl Kernel for OuterStrip<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        /// Rows whose two operands stay in the first-level cache.
        const RUN: usize = 64;
        let scratch = self.scratch.take(RUN * (self.padded + self.strip.len()));
        let (padded_x, strip) = scratch.split_at_mut(RUN * self.padded);
        let runs = self.x.chunks(RUN * self.inputs);
        for (run, (x, dy)) in runs.zip(self.dy.chunks(RUN * self.outputs)).enumerate() {
            let rows = x.len() / self.inputs;
            let x = pad_columns(x, self.inputs, self.padded, padded_x);
            // Whole rows are often powers of two apart, and would share few cache sets.
            let width = self.strip.len();
            for (to, row) in strip
                .chunks_exact_mut(width)
                .zip(dy.chunks_exact(self.outputs))
            {
                to.copy_from_slice(&row[self.strip.clone()]);
            }
            for first in (0..self.padded).step_by(panel_width(V::LANES)) {
                // SAFETY: both operands have `rows` rows, the strip's sums are this task's alone.
                unsafe {
                    add_outer::<V>(
                        self.strip.len(),
                        rows,
                        Matrix {
                            at: strip.as_ptr(),
                            stride: width,
                        },
                        Matrix {
                            at: x.as_ptr().add(first),
                            stride: self.padded,
                        },
                        self.to
                            .get()
                            .add(self.at + self.strip.start * self.padded + first),
                        self.padded,
                        run > 0,
                    );
                }
            }
        }
    }
}
