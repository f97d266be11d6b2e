//! The pools of teacher and student.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use super::kernels::{self, MaxPoolShape};
use super::{channels_first, channels_last};
use crate::device;

/// The student's 3×3 max pool, centred on its pixel: padding `−∞` of `dilation` on every
/// side. `x` `[batch, height, width, channels]`; with stride 2 the height and width halve.
pub fn max_pool_3x3_same(x: Tensor<4>, stride: usize, dilation: usize) -> Tensor<4> {
    max_pool(
        x,
        MaxPoolShape {
            kernel: 3,
            stride,
            dilation,
            padding: dilation,
            ceil: false,
        },
    )
}

/// SqueezeNet's 3×3 max pool of stride 2: no padding, ceil mode (a last window that sticks
/// out of the map counts, over what it covers).
pub fn max_pool_3x3_ceil(x: Tensor<4>) -> Tensor<4> {
    max_pool(
        x,
        MaxPoolShape {
            kernel: 3,
            stride: 2,
            dilation: 1,
            padding: 0,
            ceil: true,
        },
    )
}

/// VGG's 2×2 max pool of stride 2.
pub fn max_pool_2x2(x: Tensor<4>) -> Tensor<4> {
    max_pool(
        x,
        MaxPoolShape {
            kernel: 2,
            stride: 2,
            dilation: 1,
            padding: 0,
            ceil: false,
        },
    )
}

/// The largest value of each window of `x` `[batch, height, width, channels]`.
pub fn max_pool(x: Tensor<4>, shape: MaxPoolShape) -> Tensor<4> {
    match device::is_cpu(&x.device()) {
        true => kernels::max_pool(x, shape),
        false => max_pool_plain(x, shape),
    }
}

/// [`max_pool`] over burn's own operations: for every device, and the reference that the kernel
/// is held to.
pub fn max_pool_plain(x: Tensor<4>, shape: MaxPoolShape) -> Tensor<4> {
    let options = MaxPoolOptions::new([shape.kernel; 2])
        .with_stride([shape.stride; 2])
        .with_padding([shape.padding; 2])
        .with_dilation([shape.dilation; 2])
        .with_ceil_mode(shape.ceil);
    channels_last(max_pool2d(channels_first(x), options))
}

/// Mean over blocks of `size`×`size`, which must divide the height and width.
pub fn average_pool(x: Tensor<4>, size: usize) -> Tensor<4> {
    match device::is_cpu(&x.device()) {
        _ if size == 1 => x,
        true => kernels::average_pool(x, size),
        false => average_pool_plain(x, size),
    }
}

/// [`average_pool`] over burn's own operations: for every device, and the reference that the
/// kernel is held to.
pub fn average_pool_plain(x: Tensor<4>, size: usize) -> Tensor<4> {
    channels_last(avg_pool2d(
        channels_first(x),
        AvgPoolOptions::new([size; 2]),
    ))
}
