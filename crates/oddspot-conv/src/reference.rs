//! The same operations as plain loops over their definitions: what the kernels are held to.

use crate::direct::DirectConv;
use crate::pool::MaxPool;
use crate::shape::{Result, Shape, check_length};

fn at(shape: Shape, image: usize, row: usize, column: usize, channel: usize) -> usize {
    ((image * shape.height + row) * shape.width + column) * shape.channels + channel
}

/// Calls `visit(input index, output index, weight index)` for every product of a convolution
/// with weights `[outputs, inputs, kernel, kernel]`. `output` is the convolution's.
fn for_each_product(conv: &DirectConv, output: Shape, mut visit: impl FnMut(usize, usize, usize)) {
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
///
/// # Errors
/// Slices of other lengths than the shapes', or a convolution that has no output.
pub fn conv(
    conv: &DirectConv,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) -> Result<Vec<f32>> {
    let output = conv.output()?;
    conv.input.check("the input", x)?;
    check_length("the weight", conv.weight_count()?, weight)?;
    if let Some(bias) = bias {
        check_length("the bias", conv.outputs, bias)?;
    }
    let mut sums = vec![0.0f64; output.positions() * output.channels];
    for_each_product(conv, output, |i, o, w| {
        sums[o] += f64::from(x[i]) * f64::from(weight[w])
    });
    let values = sums
        .iter()
        .enumerate()
        .map(|(o, sum)| {
            let bias = bias.map_or(0.0, |bias| f64::from(bias[o % output.channels]));
            let value = (sum + bias) as f32;
            if relu { value.max(0.0) } else { value }
        })
        .collect();
    Ok(values)
}

/// The gradient of the input.
///
/// # Errors
/// As [`conv`].
pub fn input_gradient(conv: &DirectConv, dy: &[f32], weight: &[f32]) -> Result<Vec<f32>> {
    let output = conv.output()?;
    output.check("the output's gradient", dy)?;
    check_length("the weight", conv.weight_count()?, weight)?;
    let mut sums = vec![0.0f64; conv.input.positions() * conv.input.channels];
    for_each_product(conv, output, |i, o, w| {
        sums[i] += f64::from(dy[o]) * f64::from(weight[w])
    });
    Ok(sums.into_iter().map(|sum| sum as f32).collect())
}

/// The gradient of the weights.
///
/// # Errors
/// As [`conv`].
pub fn weight_gradient(conv: &DirectConv, x: &[f32], dy: &[f32]) -> Result<Vec<f32>> {
    let output = conv.output()?;
    conv.input.check("the input", x)?;
    output.check("the output's gradient", dy)?;
    let mut sums = vec![0.0f64; conv.weight_count()?];
    for_each_product(conv, output, |i, o, w| {
        sums[w] += f64::from(x[i]) * f64::from(dy[o])
    });
    Ok(sums.into_iter().map(|sum| sum as f32).collect())
}

/// The largest value of each window and the index of the input that it came from (the first of
/// equals).
///
/// # Errors
/// A slice of another length than the shape's, or a pool that has no output.
pub fn max_pool(pool: &MaxPool, x: &[f32]) -> Result<(Vec<f32>, Vec<usize>)> {
    let output = pool.output()?;
    pool.input.check("the input", x)?;
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
    Ok((values, winners))
}
