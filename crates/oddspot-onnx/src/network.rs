//! A network's description as nodes. Maps are `[batch, channels, height, width]`.

use oddspot::error::{Error, ErrorKind, Result, Subject};
use oddspot::files::NamedTensors;
use oddspot::net::network::{Activation, Conv, Network, Op, Pool};
use oddspot_conv::Shape;

use crate::graph::{Graph, Value, float, integers};

/// Adds a network on an input of a size (rows and columns); its features, in order.
///
/// # Errors
/// A tensor that is missing, or an input that is too small.
pub fn network(
    graph: &mut Graph,
    network: &Network,
    tensors: &NamedTensors,
    (input, [height, width]): (&Value, [usize; 2]),
) -> Result<Vec<Value>> {
    let shapes = network.shapes(Shape::new(1, height, width, network.channels_of(0)))?;
    let mut values = vec![input.clone()];
    for (index, layer) in network.layers().iter().enumerate() {
        let from: Vec<Value> = (layer.inputs.iter())
            .map(|&at| values[at].clone())
            .collect();
        let (input, output) = (shapes[layer.inputs[0]], shapes[index + 1]);
        values.push(match &layer.op {
            Op::Conv(conv) => convolution(graph, conv, tensors, &from[0])?,
            Op::MaxPool(pool) => max_pool(graph, *pool, (input, output), &from[0]),
            Op::AveragePool { size } => {
                let sides = [*size, *size];
                let attributes = vec![
                    integers("kernel_shape", &sides),
                    integers("strides", &sides),
                ];
                graph.node("AveragePool", &[&from[0]], attributes)
            }
            Op::Add(activation) => {
                let sum = graph.add(&from[0], &from[1]);
                activated(graph, *activation, sum)
            }
            Op::Concat => graph.concat(&from, 1),
        });
    }
    let features = network.features().iter();
    Ok(features.map(|&at| values[at].clone()).collect())
}

fn convolution(graph: &mut Graph, conv: &Conv, tensors: &NamedTensors, x: &Value) -> Result<Value> {
    let find = |part: &str| {
        let name = format!("{}.{part}", conv.name);
        let tensor = tensors.get(&name);
        tensor.ok_or_else(|| {
            let reason = format!("it lacks the tensor '{name}'");
            Error::new(ErrorKind::Damaged, Subject::Model, reason)
        })
    };
    let (weight, bias) = (find("weight")?, find("bias")?);
    let shape = [conv.outputs, conv.inputs, conv.kernel, conv.kernel];
    let weight = graph.floats(&format!("{}.weight", conv.name), &shape, &weight.values);
    let bias = graph.floats(
        &format!("{}.bias", conv.name),
        &[conv.outputs],
        &bias.values,
    );
    let attributes = vec![
        integers("kernel_shape", &[conv.kernel; 2]),
        integers("strides", &[conv.stride; 2]),
        integers("dilations", &[conv.dilation; 2]),
        integers("pads", &[conv.padding; 4]),
    ];
    let y = graph.named_node(&conv.name, "Conv", &[x, &weight, &bias], attributes);
    Ok(activated(graph, conv.activation, y))
}

/// A pool padded by as much as it looks beyond the border, so that no runtime's own rounding of sizes counts.
fn max_pool(graph: &mut Graph, pool: Pool, (input, output): (Shape, Shape), x: &Value) -> Value {
    let reach = pool.dilation * (pool.kernel - 1) + 1;
    let after = |input: usize, output: usize| {
        let seen = (output - 1) * pool.stride + reach;
        seen.saturating_sub(input + pool.padding)
    };
    let after = [
        after(input.height, output.height),
        after(input.width, output.width),
    ];
    if pool.dilation > 1 && pool.stride == 1 {
        return dilated_pool(graph, pool, (after, output), x);
    }
    let attributes = vec![
        integers("kernel_shape", &[pool.kernel; 2]),
        integers("strides", &[pool.stride; 2]),
        integers("dilations", &[pool.dilation; 2]),
        integers("pads", &[pool.padding, pool.padding, after[0], after[1]]),
    ];
    graph.node("MaxPool", &[x], attributes)
}

/// The largest of shifted maps, along the rows and then down the columns: TensorRT has no dilated pools, and ONNX Runtime
/// none that are padded so far.
fn dilated_pool(
    graph: &mut Graph,
    pool: Pool,
    ([below, right], output): ([usize; 2], Shape),
    x: &Value,
) -> Value {
    let Shape { height, width, .. } = output;
    let rows = [pool.padding, below];
    let padded = graph.pad_with(x, f32::MIN, rows, [pool.padding, right]);
    let all_rows = [0, height + pool.dilation * (pool.kernel - 1)];
    let shifts: Vec<usize> = (0..pool.kernel).map(|tap| tap * pool.dilation).collect();
    let across: Vec<Value> = (shifts.iter())
        .map(|&shift| graph.window(&padded, all_rows, [shift, shift + width]))
        .collect();
    let across = graph.node("Max", &across.iter().collect::<Vec<_>>(), Vec::new());
    let down: Vec<Value> = (shifts.iter())
        .map(|&shift| graph.window(&across, [shift, shift + height], [0, width]))
        .collect();
    graph.node("Max", &down.iter().collect::<Vec<_>>(), Vec::new())
}

/// What follows a layer.
pub fn activated(graph: &mut Graph, activation: Activation, x: Value) -> Value {
    match activation {
        Activation::None => x,
        Activation::Relu => graph.of("Relu", &x),
        Activation::Leaky(slope) => graph.node("LeakyRelu", &[&x], vec![float("alpha", slope)]),
    }
}
