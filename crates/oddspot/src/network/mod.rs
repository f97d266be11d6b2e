//! What teacher and student are made of. Activations are `[batch, height, width, channels]`
//! (channels last) from the first convolution to the loss.

mod convolution;
mod kernels;
mod linear;
mod parameters;
mod pool;

pub use convolution::{Conv3x3, conv3x3_relu, conv3x3_relu_plain};
pub use kernels::MaxPoolShape;
pub(crate) use kernels::fits;
pub use linear::Linear;
pub use parameters::{Parameters, Shapes, named_tensors};
pub use pool::{
    average_pool, average_pool_plain, max_pool, max_pool_2x2, max_pool_3x3_ceil, max_pool_3x3_same,
    max_pool_plain,
};

use burn::tensor::Tensor;

/// `[batch, height, width, channels]` to the `[batch, channels, height, width]` of burn's
/// operations; a change of strides, not of memory.
pub(crate) fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}

/// The inverse of [`channels_first`].
pub(crate) fn channels_last(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 2, 3, 1])
}
