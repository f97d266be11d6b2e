//! Frozen layers, their weights made ready once.

use burn::module::Param;
use burn::tensor::Tensor;
use oddspot_conv::conv3x3::{ConvWeights, conv3x3};
use oddspot_conv::linear::{LinearWeights, linear};
use oddspot_conv::{self as conv, Epilogue, Shape, Workspace};

use super::{fits, room};
use crate::network::{Conv3x3, Linear};

/// The values of a parameter, row-major.
pub(super) fn values<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    parameter.val().into_data().iter::<f32>().collect()
}

/// A frozen 3×3 convolution with bias and ReLU.
pub(crate) struct CpuConv {
    weights: ConvWeights,
    bias: Vec<f32>,
}

impl CpuConv {
    /// Makes a layer's weights ready.
    pub fn new(workspace: &mut Workspace, layer: &Conv3x3) -> Self {
        let [outputs, inputs, _, _] = layer.weight.dims();
        let weight = values(&layer.weight);
        Self {
            weights: fits(ConvWeights::forward(workspace, &weight, [outputs, inputs])),
            bias: values(&layer.bias),
        }
    }

    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The layer on `x` of shape `input`, to `y`; the output's shape.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        input: Shape,
        x: &[f32],
        y: &mut Vec<f32>,
    ) -> Shape {
        let output = input.with_channels(self.outputs());
        let y = room(y, output.positions() * output.channels);
        self.run_into(workspace, input, x, Epilogue::RELU, y);
        output
    }

    /// The layer on `x` of shape `input`, to some channels of `y`.
    pub fn run_into(
        &self,
        workspace: &mut Workspace,
        input: Shape,
        x: &[f32],
        epilogue: Epilogue,
        y: &mut [f32],
    ) {
        let conv = conv::Conv3x3 {
            input,
            outputs: self.outputs(),
            dilation: 1,
        };
        let x = &x[..input.positions() * input.channels];
        let bias = Some(&self.bias[..]);
        fits(conv3x3(
            workspace,
            conv,
            x,
            &self.weights,
            bias,
            epilogue,
            y,
        ));
    }
}

/// A frozen linear layer.
pub(crate) struct CpuLinear {
    weights: LinearWeights,
    bias: Vec<f32>,
}

impl CpuLinear {
    /// Makes a layer's weights ready.
    pub fn new(workspace: &Workspace, layer: &Linear) -> Self {
        let weight = values(&layer.weight);
        let sizes = layer.weight.dims();
        Self {
            weights: fits(LinearWeights::pack(workspace.isa(), &weight, sizes)),
            bias: values(&layer.bias),
        }
    }

    /// A layer from weights `[outputs, inputs]` and a bias `[outputs]`.
    pub fn from_values(workspace: &Workspace, weight: &[f32], bias: Vec<f32>) -> Self {
        let sizes = [bias.len(), weight.len() / bias.len().max(1)];
        Self {
            weights: fits(LinearWeights::pack(workspace.isa(), weight, sizes)),
            bias,
        }
    }

    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The layer on rows of `x`, to some channels of `y`.
    pub fn run_into(
        &self,
        workspace: &mut Workspace,
        rows: usize,
        x: &[f32],
        epilogue: Epilogue,
        y: &mut [f32],
    ) {
        let bias = Some(&self.bias[..]);
        fits(linear(workspace, rows, x, &self.weights, bias, epilogue, y));
    }
}
