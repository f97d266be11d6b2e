//! The network's 3×3 convolution: stride 1, zero 'same' padding, dilated, with bias and ReLU.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::{channels_first, channels_last, kernels};
use crate::device;

/// Weights of a 3×3 convolution.
#[derive(Module, Debug)]
pub struct Conv3x3 {
    /// `[out, in, 3, 3]`.
    pub weight: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Conv3x3 {
    /// Output channels.
    pub fn out_channels(&self) -> usize {
        self.weight.dims()[0]
    }

    /// Convolution and ReLU of `x` `[batch, height, width, in]`; the height and width stay.
    pub fn forward(&self, x: Tensor<4>, dilation: usize) -> Tensor<4> {
        conv3x3_relu(x, self.weight.val(), self.bias.val(), dilation)
    }
}

/// `max(0, weight ∗ x + bias)` with zero padding of `dilation` on every side.
///
/// `x` `[batch, height, width, in]`, `weight` `[out, in, 3, 3]`, `bias` `[out]`, result
/// `[batch, height, width, out]`.
pub fn conv3x3_relu(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    dilation: usize,
) -> Tensor<4> {
    match device::is_cpu(&x.device()) {
        true => kernels::conv3x3_relu(x, weight, bias, dilation),
        false => conv3x3_relu_plain(x, weight, bias, dilation),
    }
}

/// [`conv3x3_relu`] over burn's own operations: for every device, and the reference that the
/// kernel is held to.
pub fn conv3x3_relu_plain(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    dilation: usize,
) -> Tensor<4> {
    let options = ConvOptions::new([1, 1], [dilation; 2], [dilation; 2], 1);
    channels_last(relu(conv2d(channels_first(x), weight, Some(bias), options)))
}
