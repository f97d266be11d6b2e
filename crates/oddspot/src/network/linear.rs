//! A linear layer over the last axis: what a 1×1 convolution is when channels come last.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::kernels;
use crate::device;

/// Weights of a linear layer.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// `x Wᵀ + b` for `x` `[rows, in]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match device::is_cpu(&x.device()) {
            true => kernels::linear(x, self.weight.val(), self.bias.val()),
            false => self.forward_plain(x),
        }
    }

    /// [`forward`](Self::forward) over burn's own operations: for every device, and the
    /// reference that the kernel is held to.
    pub fn forward_plain(&self, x: Tensor<2>) -> Tensor<2> {
        self.project(x) + self.bias.val().unsqueeze()
    }

    /// `x Wᵀ`, without the bias.
    pub fn project(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val().transpose())
    }

    /// The layer at every position of `x` `[batch, height, width, in]`.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let out = self.weight.dims()[0];
        self.forward(x.reshape([batch * height * width, channels]))
            .reshape([batch, height, width, out])
    }
}
