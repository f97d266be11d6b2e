//! The one interpreter of networks over burn's own operations.

use burn_tensor::Tensor;
use burn_tensor::activation::{leaky_relu, relu};
use burn_tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn_tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use oddspot::net::network::{Activation, Conv, Network, Op, Pool};
use oddspot::{Error, Result};

use crate::parameters::Parameters;

/// A network's features of an input, all of them `[batch, height, width, channels]`.
///
/// # Errors
/// Parameters of another network.
///
/// # Panics
/// At an input that is too small for a layer.
pub fn forward(
    network: &Network,
    parameters: &Parameters,
    input: Tensor<4>,
) -> Result<Vec<Tensor<4>>> {
    let mut values = vec![input];
    for layer in network.layers() {
        let taken = layer.inputs.iter().map(|&value| values[value].clone());
        let taken: Vec<Tensor<4>> = taken.collect();
        let value = match (&layer.op, taken.as_slice()) {
            (Op::Conv(conv), [x]) => convolve(conv, parameters, x.clone())?,
            (Op::MaxPool(pool), [x]) => max_pool(*pool, x.clone()),
            (Op::AveragePool { size }, [x]) => {
                let blocks = AvgPoolOptions::new([*size; 2]);
                channels_last(avg_pool2d(channels_first(x.clone()), blocks))
            }
            (Op::Add(activation), [x, y]) => activate(*activation, x.clone() + y.clone()),
            (Op::Concat, [_, ..]) => Tensor::cat(taken, 3),
            (op, taken) => {
                return Err(Error::internal(format!("{op:?} of {} maps", taken.len())));
            }
        };
        values.push(value);
    }
    let features = network.features().iter();
    Ok(features.map(|&value| values[value].clone()).collect())
}

fn convolve(conv: &Conv, parameters: &Parameters, x: Tensor<4>) -> Result<Tensor<4>> {
    let Conv {
        name,
        inputs,
        outputs,
        kernel,
        ..
    } = conv;
    let (inputs, outputs, kernel) = (*inputs, *outputs, *kernel);
    let weight = format!("{name}.weight");
    let bias: Tensor<1> = parameters.shaped(&format!("{name}.bias"), [outputs])?;
    let sums = match conv.is_linear() {
        true => {
            let weight: Tensor<2> = parameters.shaped(&weight, [outputs, inputs])?;
            let [batch, height, width, _] = x.dims();
            let rows = x.reshape([batch * height * width, inputs]);
            let sums = rows.matmul(weight.transpose()) + bias.unsqueeze();
            sums.reshape([batch, height, width, outputs])
        }
        false => {
            let weight = parameters.shaped(&weight, [outputs, inputs, kernel, kernel])?;
            let options =
                ConvOptions::new([conv.stride; 2], [conv.padding; 2], [conv.dilation; 2], 1);
            channels_last(conv2d(channels_first(x), weight, Some(bias), options))
        }
    };
    Ok(activate(conv.activation, sums))
}

fn activate(activation: Activation, sums: Tensor<4>) -> Tensor<4> {
    match activation {
        Activation::None => sums,
        Activation::Relu => relu(sums),
        Activation::Leaky(slope) => leaky_relu(sums, f64::from(slope)),
    }
}

fn max_pool(pool: Pool, x: Tensor<4>) -> Tensor<4> {
    let options = MaxPoolOptions::new([pool.kernel; 2])
        .with_stride([pool.stride; 2])
        .with_padding([pool.padding; 2])
        .with_dilation([pool.dilation; 2])
        .with_ceil_mode(pool.ceil);
    channels_last(max_pool2d(channels_first(x), options))
}

/// To the `[batch, channels, height, width]` of burn's operations; a change of strides, not of memory.
fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}

/// The inverse of [`channels_first`].
fn channels_last(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 2, 3, 1])
}
