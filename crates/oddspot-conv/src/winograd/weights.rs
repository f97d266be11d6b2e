//! Weights to the Winograd domain, and their gradient back.

use rayon::prelude::*;

use super::matrices::{IN, PRODUCTS, both_axes, filter, filter_gradient};
use crate::panel::panel_width;
use crate::simd::{Isa, Kernel, MAX_LANES, Vector};
use crate::workspace::{Buffer, SharedMut};

/// Taps of the filter.
const TAPS: usize = 9;

/// Added to the distance of the 36 products, which would often be a power of two and make all
/// of them fall into the same cache set.
pub(super) const SKEW: usize = 16;

/// Which convolution the weights serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The forward pass.
    Forward,
    /// The input gradient: rotated by half a turn, inputs and outputs swapped.
    InputGradient,
}

/// `U = G g Gᵀ` of every filter, `[36][⌈outputs / panel⌉][inputs][panel]`: the panels that the
/// products multiply with. `outputs` and `inputs` are those of the convolution they serve.
pub(crate) struct TransformedWeights {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    values: Buffer,
}

impl TransformedWeights {
    /// Transforms weights `[outputs, inputs, 3, 3]` (those of the forward convolution, whatever
    /// the role), in parallel, into memory of an earlier call where there is some.
    pub fn new(
        isa: Isa,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
        role: Role,
        mut reuse: Buffer,
    ) -> Self {
        assert_eq!(weight.len(), outputs * inputs * TAPS);
        let layout = Layout {
            weight,
            role,
            stride: inputs,
        };
        let [outputs, inputs] = match role {
            Role::Forward => [outputs, inputs],
            Role::InputGradient => [inputs, outputs],
        };
        let panel = panel_width(isa.lanes());
        let panels = outputs.div_ceil(panel);
        let product = panels * inputs * panel + SKEW;
        let to = SharedMut::new(reuse.take(PRODUCTS * product));
        // Short runs of inputs, so that few panels still spread over the threads.
        const RUN: usize = 32;
        let runs = inputs.div_ceil(RUN);
        (0..panels * runs).into_par_iter().for_each(|task| {
            let first = task % runs * RUN;
            isa.run(TransformPanel {
                layout,
                first_output: task / runs * panel,
                inputs: first..(first + RUN).min(inputs),
                of_inputs: inputs,
                of_outputs: outputs,
                product,
                to,
            });
        });
        Self {
            isa,
            inputs,
            outputs,
            values: reuse,
        }
    }

    pub fn isa(&self) -> Isa {
        self.isa
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Outputs, padded to whole panels.
    pub fn padded_outputs(&self) -> usize {
        self.outputs.next_multiple_of(panel_width(self.isa.lanes()))
    }

    /// All panels of one product: `[⌈outputs / panel⌉][inputs][panel]`.
    pub fn product(&self, product: usize) -> &[f32] {
        let count = self.padded_outputs() * self.inputs;
        let distance = count + SKEW;
        &self.values.as_slice(PRODUCTS * distance)[product * distance..][..count]
    }

    /// The memory, for the next transform.
    pub fn into_buffer(self) -> Buffer {
        self.values
    }
}

/// The forward weights `[outputs, inputs, 3, 3]`, read in either role.
#[derive(Clone, Copy)]
struct Layout<'a> {
    weight: &'a [f32],
    role: Role,
    /// Inputs of the forward convolution.
    stride: usize,
}

impl Layout<'_> {
    /// The nine taps of the filter from an input to an output of the role, in its order.
    #[inline(always)]
    fn taps(&self, output: usize, input: usize) -> [f32; TAPS] {
        let at = match self.role {
            Role::Forward => output * self.stride + input,
            Role::InputGradient => input * self.stride + output,
        };
        let mut taps = [0.0; TAPS];
        taps.copy_from_slice(&self.weight[at * TAPS..][..TAPS]);
        if self.role == Role::InputGradient {
            taps.reverse();
        }
        taps
    }
}

/// Transforms one panel of outputs for a run of inputs.
struct TransformPanel<'a> {
    layout: Layout<'a>,
    first_output: usize,
    inputs: std::ops::Range<usize>,
    of_inputs: usize,
    of_outputs: usize,
    product: usize,
    to: SharedMut,
}

impl Kernel for TransformPanel<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let panel = panel_width(V::LANES);
        let outputs = panel.min(self.of_outputs - self.first_output);
        let product = self.product;
        let at = self.first_output * self.of_inputs;
        for input in self.inputs.clone() {
            // Lanes past the last output stay 0: their products are never stored.
            let mut taps = [[0.0; 2 * MAX_LANES]; TAPS];
            for lane in 0..outputs {
                let filter = self.layout.taps(self.first_output + lane, input);
                for (tap, value) in taps.iter_mut().zip(filter) {
                    tap[lane] = value;
                }
            }
            for half in 0..2 {
                // SAFETY: `taps` holds both halves of a panel; the target is the panel of this
                // task's outputs and inputs, inside `[36][panels][inputs][panel]`.
                unsafe {
                    let to = self.to.get().add(at + input * panel + half * V::LANES);
                    both_axes!(
                        filter::<V>, 3 => IN,
                        load: |i, j| V::load(taps[3 * i + j].as_ptr().add(half * V::LANES)),
                        store: |i, j, value| value.store(to.add((IN * i + j) * product))
                    );
                }
            }
        }
    }
}

/// `Gᵀ dU G` of every filter: from `[inputs][padded outputs]` for each of the 36 products,
/// `product` values apart, to `[outputs, inputs, 3, 3]`.
pub(super) fn filter_gradients(
    isa: Isa,
    from: &[f32],
    product: usize,
    [outputs, inputs]: [usize; 2],
    to: &mut [f32],
) {
    let panel = panel_width(isa.lanes());
    let padded = outputs.next_multiple_of(panel);
    assert_eq!(from.len(), PRODUCTS * product);
    assert!(product >= inputs * padded);
    assert_eq!(to.len(), outputs * inputs * TAPS);
    let to = SharedMut::new(to);
    const RUN: usize = 16;
    let runs = inputs.div_ceil(RUN);
    (0..padded / panel * runs).into_par_iter().for_each(|task| {
        let first = task % runs * RUN;
        isa.run(FilterGradients {
            from,
            first_output: task / runs * panel,
            inputs: first..(first + RUN).min(inputs),
            of_inputs: inputs,
            of_outputs: outputs,
            padded,
            product,
            to,
        });
    });
}

struct FilterGradients<'a> {
    from: &'a [f32],
    first_output: usize,
    inputs: std::ops::Range<usize>,
    of_inputs: usize,
    of_outputs: usize,
    padded: usize,
    product: usize,
    to: SharedMut,
}

impl Kernel for FilterGradients<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let outputs = panel_width(V::LANES).min(self.of_outputs - self.first_output);
        let product = self.product;
        for input in self.inputs.clone() {
            let mut taps = [[0.0; 2 * MAX_LANES]; TAPS];
            for half in 0..2 {
                let at = input * self.padded + self.first_output + half * V::LANES;
                // SAFETY: `at` is a panel's half in each of the 36 products, and `taps` holds
                // both halves.
                unsafe {
                    let from = self.from.as_ptr().add(at);
                    both_axes!(
                        filter_gradient::<V>, IN => 3,
                        load: |i, j| V::load(from.add((IN * i + j) * product)),
                        store: |i, j, value| {
                            value.store(taps[3 * i + j].as_mut_ptr().add(half * V::LANES));
                        }
                    );
                }
            }
            for lane in 0..outputs {
                let filter = (self.first_output + lane) * self.of_inputs + input;
                for (tap, values) in taps.iter().enumerate() {
                    // SAFETY: one filter of this task's outputs and inputs, inside `to`.
                    unsafe { *self.to.get().add(filter * TAPS + tap) = values[lane] };
                }
            }
        }
    }
}
