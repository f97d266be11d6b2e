//! A linear layer over rows: what a 1×1 convolution is when channels come last.

use rayon::prelude::*;

use crate::direct::pad_columns;
use crate::packed::{OutputRows, PackedMatrix};
use crate::panel::{Matrix, add_outer, panel_width, times_panel};
use crate::shape::{Result, ShapeError, check_length, count};
use crate::simd::{Isa, Kernel, Vector};
use crate::workspace::{SharedMut, Workspace};

/// Rows that stay in a thread's first-level cache while the weights pass by.
const BLOCK_ROWS: usize = 48;

/// Weights `[outputs, inputs]`, packed for an instruction set.
pub struct LinearWeights(PackedMatrix);

impl LinearWeights {
    /// Packs weights `[outputs, inputs]` for [`linear`].
    ///
    /// # Errors
    /// Sizes of 0, or weights of another length.
    pub fn pack(isa: Isa, weight: &[f32], [outputs, inputs]: [usize; 2]) -> Result<Self> {
        let needed = count("the weight", &[outputs, inputs])?;
        check_length("the weight", needed, weight)?;
        Ok(Self(PackedMatrix::new(
            isa,
            [outputs, inputs],
            |output, input| weight[output * inputs + input],
        )))
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
        Ok(Self(PackedMatrix::new(
            isa,
            [inputs, outputs],
            |output, input| weight[input * inputs + output],
        )))
    }
}

/// Where the rows of a linear layer go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// Whether negative values become 0.
    pub relu: bool,
    /// Whether to add to the rows that are there instead of replacing them.
    pub add: bool,
    /// Channels of the output's rows; 0 for as many as the layer has outputs.
    pub stride: usize,
    /// The output's channel that the layer's first one goes to.
    pub first: usize,
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
    let matrix = &weights.0;
    let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
    let isa = workspace.isa();
    if matrix.isa() != isa {
        return Err(ShapeError::Prepared {
            prepared: matrix.isa().name().to_owned(),
            asked: isa.name().to_owned(),
        });
    }
    let stride = match epilogue.stride {
        0 => outputs,
        stride => stride,
    };
    let end = epilogue.first.saturating_add(outputs);
    if end > stride {
        return Err(ShapeError::Length {
            what: "a row of the output",
            needed: end,
            found: stride,
        });
    }
    check_length("the input", count("the input", &[rows, inputs])?, x)?;
    check_length("the output", count("the output", &[rows, stride])?, y)?;
    if let Some(bias) = bias {
        check_length("the bias", outputs, bias)?;
    }
    y.par_chunks_mut(BLOCK_ROWS * stride)
        .zip(x.par_chunks(BLOCK_ROWS * inputs))
        .for_each(|(y, x)| {
            isa.run(Block {
                x,
                matrix,
                bias,
                relu: epilogue.relu,
                add: epilogue.add,
                first: epilogue.first,
                stride,
                y,
            });
        });
    Ok(())
}

struct Block<'a> {
    x: &'a [f32],
    matrix: &'a PackedMatrix,
    bias: Option<&'a [f32]>,
    relu: bool,
    add: bool,
    first: usize,
    stride: usize,
    y: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (inputs, outputs) = (self.matrix.inputs(), self.matrix.outputs());
        let y = SharedMut::new(self.y);
        for (index, panel) in self.matrix.panels().enumerate() {
            let first = index * panel_width(V::LANES);
            // SAFETY: `x` has whole rows of `inputs`, `y` as many of `stride`, which have room
            // for all outputs from `self.first` on.
            unsafe {
                times_panel::<V>(
                    self.x.len() / inputs,
                    inputs,
                    self.x.as_ptr(),
                    inputs,
                    panel.as_ptr(),
                    OutputRows {
                        to: y.get().add(self.first + first),
                        stride: self.stride,
                        columns: panel_width(V::LANES).min(outputs - first),
                        bias: self
                            .bias
                            .map_or(std::ptr::null(), |bias| bias.as_ptr().add(first)),
                        relu: self.relu,
                        add: self.add,
                    },
                );
            }
        }
    }
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
    let sums = sums.zeroed(parts * outputs * padded);
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
    scratch: &'a mut crate::workspace::Buffer,
    to: SharedMut,
    at: usize,
}

impl Kernel for OuterStrip<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        /// Rows whose two operands stay in the first-level cache.
        const RUN: usize = 64;
        let scratch = self.scratch.take(RUN * self.padded);
        let runs = self.x.chunks(RUN * self.inputs);
        for (x, dy) in runs.zip(self.dy.chunks(RUN * self.outputs)) {
            let rows = x.len() / self.inputs;
            let x = pad_columns(x, self.inputs, self.padded, scratch);
            for first in (0..self.padded).step_by(panel_width(V::LANES)) {
                // SAFETY: both operands have `rows` rows, the strip's sums are this task's alone.
                unsafe {
                    add_outer::<V>(
                        self.strip.len(),
                        rows,
                        Matrix {
                            at: dy.as_ptr().add(self.strip.start),
                            stride: self.outputs,
                        },
                        Matrix {
                            at: x.as_ptr().add(first),
                            stride: self.padded,
                        },
                        self.to
                            .get()
                            .add(self.at + self.strip.start * self.padded + first),
                        self.padded,
                    );
                }
            }
        }
    }
}
