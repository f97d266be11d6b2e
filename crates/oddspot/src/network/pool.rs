//! The pools of teacher and student, each over burn's own operations.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use super::{channels_first, channels_last};

/// The student's 3×3 max pool, centred on its pixel: padding `−∞` of `dilation` on every
/// side. `x` `[batch, height, width, channels]`; with stride 2 the height and width halve.
pub fn max_pool_3x3_same(x: Tensor<4>, stride: usize, dilation: usize) -> Tensor<4> {
    let options = MaxPoolOptions::new([3, 3])
        .with_stride([stride; 2])
        .with_padding([dilation; 2])
        .with_dilation([dilation; 2]);
    channels_last(max_pool2d(channels_first(x), options))
}

/// SqueezeNet's 3×3 max pool of stride 2: no padding, ceil mode (a last window that sticks
/// out of the map counts, over what it covers).
pub fn max_pool_3x3_ceil(x: Tensor<4>) -> Tensor<4> {
    let options = MaxPoolOptions::new([3, 3])
        .with_stride([2, 2])
        .with_ceil_mode(true);
    channels_last(max_pool2d(channels_first(x), options))
}

/// VGG's 2×2 max pool of stride 2.
pub fn max_pool_2x2(x: Tensor<4>) -> Tensor<4> {
    channels_last(max_pool2d(channels_first(x), MaxPoolOptions::new([2, 2])))
}

/// Mean over blocks of `size`×`size`, which must divide the height and width.
pub fn average_pool(x: Tensor<4>, size: usize) -> Tensor<4> {
    if size == 1 {
        return x;
    }
    channels_last(avg_pool2d(
        channels_first(x),
        AvgPoolOptions::new([size; 2]),
    ))
}
