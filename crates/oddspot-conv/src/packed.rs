//! A weight matrix cut into panels, and the rows of an output that its products go to.

use crate::panel::{Store, panel_width};
use crate::simd::{Isa, Vector};

/// A matrix `[outputs, inputs]` as `[⌈outputs / panel⌉][inputs][panel]`, padded with zeros.
pub(crate) struct PackedMatrix {
    isa: Isa,
    outputs: usize,
    inputs: usize,
    values: Vec<f32>,
}

impl PackedMatrix {
    /// Packs the matrix whose element (output, input) `at` gives.
    pub fn new(
        isa: Isa,
        [outputs, inputs]: [usize; 2],
        at: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let width = panel_width(isa.lanes());
        let mut values = vec![0.0; outputs.next_multiple_of(width) * inputs];
        for (index, panel) in values.chunks_exact_mut(width * inputs).enumerate() {
            let first = index * width;
            for output in first..(first + width).min(outputs) {
                for input in 0..inputs {
                    panel[input * width + output - first] = at(output, input);
                }
            }
        }
        Self {
            isa,
            outputs,
            inputs,
            values,
        }
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

/// Writes rows of one panel's columns into a wider output, with bias and ReLU.
#[derive(Clone, Copy)]
pub(crate) struct OutputRows {
    /// The first row's first column of the panel.
    pub to: *mut f32,
    /// Distance of rows.
    pub stride: usize,
    /// Columns of the panel that exist.
    pub columns: usize,
    /// The panel's first bias, or null.
    pub bias: *const f32,
    /// Whether negative sums become 0.
    pub relu: bool,
    /// Whether to add to what is there.
    pub add: bool,
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
