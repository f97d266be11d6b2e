//! The same operations as plain loops over their definitions: what the kernels are held to.

use crate::direct::DirectConv;
use crate::pool::MaxPool;
use crate::shape::Shape;

fn at(shape: Shape, image: usize, row: usize, column: usize, channel: usize) -> usize {
    ((image * shape.height + row) * shape.width + column) * shape.channels + channel
}

/// Calls `visit(input index, output index, weight index)` for every product of a convolution
/// with weights `[outputs, inputs, kernel, kernel]`.
fn for_each_product(conv: &DirectConv, mut visit: impl FnMut(usize, usize, usize)) {
    let output = conv.output().expect("a sensible shape");
    let (inputs, kernel) = (conv.input.channels, conv.kernel);
    for image in 0..output.batch {
        for row in 0..output.height {
            for column in 0..output.width {
                for down in 0..kernel {
                    for across in 0..kernel {
                        let y = row * conv.stride + down * conv.dilation;
                        let x = column * conv.stride + across * conv.dilation;
                        let inside = |at: usize, size: usize| {
                            at.checked_sub(conv.padding).filter(|&at| at < size)
                        };
                        let (Some(y), Some(x)) =
                            (inside(y, conv.input.height), inside(x, conv.input.width))
                        else {
                            continue;
                        };
                        for channel in 0..output.channels {
                            for input in 0..inputs {
                                visit(
                                    at(conv.input, image, y, x, input),
                                    at(output, image, row, column, channel),
                                    ((channel * inputs + input) * kernel + down) * kernel + across,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `y = conv(x) + bias`, with ReLU if asked for; sums in double precision.
pub fn conv(
    conv: &DirectConv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) -> Vec<f32> {
    let output = conv.output().expect("a sensible shape");
    let mut sums = vec![0.0f64; output.positions() * output.channels];
    for_each_product(conv, |i, o, w| {
        sums[o] += f64::from(x[i]) * f64::from(weight[w])
    });
    sums.iter()
        .enumerate()
        .map(|(o, sum)| {
            let bias = bias.map_or(0.0, |bias| f64::from(bias[o % output.channels]));
            let value = (sum + bias) as f32;
            if relu { value.max(0.0) } else { value }
        })
        .collect()
}

/// The gradient of the input.
pub fn input_gradient(conv: &DirectConv, dy: &[f32], weight: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0f64; conv.input.positions() * conv.input.channels];
    for_each_product(conv, |i, o, w| {
        sums[i] += f64::from(dy[o]) * f64::from(weight[w])
    });
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// The gradient of the weights.
pub fn weight_gradient(conv: &DirectConv, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let count = conv.outputs * conv.input.channels * conv.kernel * conv.kernel;
    let mut sums = vec![0.0f64; count];
    for_each_product(conv, |i, o, w| {
        sums[w] += f64::from(x[i]) * f64::from(dy[o])
    });
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// The largest value of each window and the index of the input that it came from (the first of
/// equals).
pub fn max_pool(pool: &MaxPool, x: &[f32]) -> (Vec<f32>, Vec<usize>) {
    let output = pool.output().expect("a sensible shape");
    let (mut values, mut winners) = (Vec::new(), Vec::new());
    for image in 0..output.batch {
        for row in 0..output.height {
            for column in 0..output.width {
                for channel in 0..output.channels {
                    let (mut best, mut winner) = (f32::NEG_INFINITY, usize::MAX);
                    for down in 0..pool.kernel {
                        for across in 0..pool.kernel {
                            let y = row * pool.stride + down * pool.dilation;
                            let x_at = column * pool.stride + across * pool.dilation;
                            let inside = |at: usize, size: usize| {
                                at.checked_sub(pool.padding).filter(|&at| at < size)
                            };
                            let (Some(y), Some(x_at)) =
                                (inside(y, pool.input.height), inside(x_at, pool.input.width))
                            else {
                                continue;
                            };
                            let index = at(pool.input, image, y, x_at, channel);
                            if x[index] > best {
                                (best, winner) = (x[index], index);
                            }
                        }
                    }
                    values.push(best);
                    winners.push(winner);
                }
            }
        }
    }
    (values, winners)
}
