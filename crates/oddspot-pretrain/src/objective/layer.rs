//! A linear layer with bias, its values in the common row.

use std::ops::Range;

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Workspace};

use crate::fits;
use crate::layout::Layout;

/// A linear layer of the objective.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    weight: Range<usize>,
    bias: Range<usize>,
    /// Outputs and inputs.
    sizes: [usize; 2],
}

impl Layer {
    pub fn new(layout: &mut Layout, name: &str, sizes: [usize; 2]) -> Self {
        Self {
            weight: layout.add(format!("{name}.weight"), &sizes),
            bias: layout.add(format!("{name}.bias"), &sizes[..1]),
            sizes,
        }
    }

    pub fn forward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        x: &[f32],
        relu: bool,
    ) -> Vec<f32> {
        let [outputs, inputs] = self.sizes;
        let rows = x.len() / inputs;
        let mut y = vec![0.0; rows * outputs];
        let weight = &values[self.weight.clone()];
        let weights = fits(LinearWeights::pack(workspace.isa(), weight, self.sizes));
        let bias = Some(&values[self.bias.clone()]);
        let epilogue = if relu {
            Epilogue::RELU
        } else {
            Epilogue::default()
        };
        fits(linear(workspace, rows, x, &weights, bias, epilogue, &mut y));
        y
    }

    /// The gradient of `x`; `dy` goes through the ReLU, if `y` is its output.
    pub fn backward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        (x, y): (&[f32], Option<&[f32]>),
        dy: &mut [f32],
        gradients: &mut [f32],
    ) -> Vec<f32> {
        let rows = x.len() / self.sizes[1];
        let db = &mut gradients[self.bias.clone()];
        fits(relu_bias_backward(workspace.isa(), rows, y, dy, db));
        let dw = &mut gradients[self.weight.clone()];
        fits(linear_weight_gradient(
            workspace, rows, x, dy, self.sizes, dw,
        ));
        let weight = &values[self.weight.clone()];
        let weights = fits(LinearWeights::pack_transposed(
            workspace.isa(),
            weight,
            self.sizes,
        ));
        let mut dx = vec![0.0; x.len()];
        fits(linear(
            workspace,
            rows,
            dy,
            &weights,
            None,
            Epilogue::default(),
            &mut dx,
        ));
        dx
    }
}
