//! A weight matrix cut into panels, and rows multiplied with it.

use rayon::prelude::*;

use crate::epilogue::Epilogue;
use crate::panel::{Store, panel_width, times_panel};
use crate::simd::{Isa, Kernel, Vector};

/// A matrix `[outputs, inputs]` as `[⌈outputs / panel⌉][inputs][panel]`, padded with zeros.
pub(crate) struct PackedMatrix {
    isa: Isa,
    outputs: usize,
    inputs: usize,
    values: Vec<f32>,
}

impl PackedMatrix {
    /// Packs the matrix whose element (output, input) `at` gives, in parallel.
    pub fn new(
        isa: Isa,
        [outputs, inputs]: [usize; 2],
        at: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        let width = panel_width(isa.lanes());
        let mut packed = Self {
            isa,
            outputs,
            inputs,
            values: vec![0.0; outputs.next_multiple_of(width) * inputs],
        };
        packed.refresh(at);
        packed
    }

    /// Packs other values into the same memory.
    pub fn refresh(&mut self, at: impl Fn(usize, usize) -> f32 + Sync) {
        let width = panel_width(self.isa.lanes());
        let (outputs, inputs) = (self.outputs, self.inputs);
        self.values
            .par_chunks_exact_mut(width * inputs)
            .enumerate()
            .for_each(|(index, panel)| {
                let first = index * width;
                let outputs = first..(first + width).min(outputs);
                for (input, row) in panel.chunks_exact_mut(width).enumerate() {
                    for (to, output) in row.iter_mut().zip(outputs.clone()) {
                        *to = at(output, input);
                    }
                }
            });
    }

    pub fn isa(&self) -> Isa {
        self.isa
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The panels, `[inputs][panel]` each.
    pub fn panels(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values
            .chunks_exact(panel_width(self.isa.lanes()) * self.inputs)
    }
}

/// `y = x · matrixᵀ + bias` for some rows.
pub(crate) struct RowsTimesMatrix<'a> {
    /// `[rows, inputs]`.
    pub x: &'a [f32],
    pub matrix: &'a PackedMatrix,
    pub bias: Option<&'a [f32]>,
    pub epilogue: Epilogue,
    /// `[rows, stride]`, of which the epilogue's channels are written.
    pub y: &'a mut [f32],
}

impl Kernel for RowsTimesMatrix<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (inputs, outputs) = (self.matrix.inputs(), self.matrix.outputs());
        let rows = self.x.len() / inputs;
        let stride = self.y.len() / rows;
        let y = self.y.as_mut_ptr();
        for (index, panel) in self.matrix.panels().enumerate() {
            let first = index * panel_width(V::LANES);
            let bias = match self.bias {
                // SAFETY: a panel begins at an output that exists.
                Some(bias) => unsafe { bias.as_ptr().add(first) },
                None => std::ptr::null(),
            };
            // SAFETY: `x` has whole rows of `inputs`, `y` as many of `stride`, which the caller
            // has checked to have room for all outputs from the epilogue's first on.
            unsafe {
                times_panel::<V>(
                    rows,
                    inputs,
                    self.x.as_ptr(),
                    inputs,
                    panel.as_ptr(),
                    OutputRows {
                        to: y.add(self.epilogue.first + first),
                        stride,
                        columns: panel_width(V::LANES).min(outputs - first),
                        bias,
                        relu: self.epilogue.relu,
                        add: self.epilogue.add,
                    },
                );
            }
        }
    }
}

/// Writes rows of one panel's columns into a wider output, with bias and ReLU.
#[derive(Clone, Copy)]
struct OutputRows {
    /// The first row's first column of the panel.
    to: *mut f32,
    /// Distance of rows.
    stride: usize,
    /// Columns of the panel that exist.
    columns: usize,
    /// The panel's first bias, or null.
    bias: *const f32,
    relu: bool,
    add: bool,
}

impl Store for OutputRows {
    #[inline(always)]
    unsafe fn store<V: Vector>(self, row: usize, sums: [V; 2]) {
        // SAFETY: the caller's; the columns that do not exist are neither read nor written.
        unsafe {
            let to = self.to.add(row * self.stride);
            for (half, sum) in sums.into_iter().enumerate() {
                let first = half * V::LANES;
                if self.columns <= first {
                    continue;
                }
                let lanes = (self.columns - first).min(V::LANES);
                let mut value = sum;
                if !self.bias.is_null() {
                    value = value.add(V::load_first(self.bias.add(first), lanes));
                }
                if self.relu {
                    value = V::splat(0.0).max(value);
                }
                if self.add {
                    value = value.add(V::load_first(to.add(first), lanes));
                }
                value.store_first(to.add(first), lanes);
            }
        }
    }
}

/// Rows of `columns` values, padded with zeros to `padded`; the rows themselves if they are.
pub(crate) fn pad_columns<'a>(
    rows: &'a [f32],
    columns: usize,
    padded: usize,
    scratch: &'a mut [f32],
) -> &'a [f32] {
    if columns == padded {
        return rows;
    }
    let count = rows.len() / columns;
    for (to, from) in scratch
        .chunks_exact_mut(padded)
        .zip(rows.chunks_exact(columns))
    {
        to[..columns].copy_from_slice(from);
        to[columns..].fill(0.0);
    }
    &scratch[..count * padded]
}
