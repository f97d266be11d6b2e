//! A linear layer with bias, its values in the common row.

use std::ops::Range;

use oddspot::Result;
use oddspot::net::tensors::{Layout, TensorSpec};
use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Workspace};

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
            weight: layout.add(TensorSpec::weight(name, sizes.to_vec())),
            bias: layout.add(TensorSpec::zeros(name, "bias", sizes[0])),
            sizes,
        }
    }

    pub fn forward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        x: &[f32],
        relu: bool,
    ) -> Result<Vec<f32>> {
        let [outputs, inputs] = self.sizes;
        let rows = x.len() / inputs;
        let mut y = vec![0.0; rows * outputs];
        let weight = &values[self.weight.clone()];
        let weights = LinearWeights::pack(workspace.isa(), weight, self.sizes)?;
        let bias = Some(&values[self.bias.clone()]);
        let epilogue = if relu {
            Epilogue::RELU
        } else {
            Epilogue::default()
        };
        linear(workspace, rows, x, &weights, bias, epilogue, &mut y)?;
        Ok(y)
    }

    /// The gradient of `x`; `dy` goes through the ReLU, if `y` is its output.
    pub fn backward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        (x, y): (&[f32], Option<&[f32]>),
        dy: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<Vec<f32>> {
        let rows = x.len() / self.sizes[1];
        let db = &mut gradients[self.bias.clone()];
        relu_bias_backward(workspace.isa(), rows, y, dy, db)?;
        let dw = &mut gradients[self.weight.clone()];
        linear_weight_gradient(workspace, rows, x, dy, self.sizes, dw)?;
        let weight = &values[self.weight.clone()];
        let weights = LinearWeights::pack_transposed(workspace.isa(), weight, self.sizes)?;
        let mut dx = vec![0.0; x.len()];
        let plain = Epilogue::default();
        linear(workspace, rows, dy, &weights, None, plain, &mut dx)?;
        Ok(dx)
    }
}
