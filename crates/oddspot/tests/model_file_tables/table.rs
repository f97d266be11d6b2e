//! A network as a table for people.

use oddspot::net::network::{Activation, Conv, Network, Op};

/// A Markdown table of a network's layers: tensor, shape of its weight, kind, and how many input
/// positions lie between neighbours of its map, features marked.
pub fn markdown(network: &Network) -> String {
    let mut text =
        "| tensor | shape of the weight | layer | 1 in |\n|---|---|---|---|\n".to_owned();
    for (layer, value) in network.layers().iter().zip(1..) {
        let (tensor, shape) = match &layer.op {
            Op::Conv(conv) => (
                format!("`{}`", conv.name),
                format!("`{:?}`", conv.weight_shape()),
            ),
            _ => (String::new(), String::new()),
        };
        let features = network.features().iter().zip(1..);
        let marks = features.filter(|(feature, _)| **feature == value);
        let marks: String = marks.map(|(_, at)| format!(", **feature {at}**")).collect();
        let (kind, stride) = (kind(&layer.op), network.stride_of(value));
        text += &format!("| {tensor} | {shape} | {kind} | {stride}{marks} |\n");
    }
    text
}

/// What a layer is, in words.
fn kind(op: &Op) -> String {
    match op {
        Op::Conv(conv) => convolution(conv),
        Op::MaxPool(pool) => {
            let mut kind = format!("max pool {0}×{0}, stride {1}", pool.kernel, pool.stride);
            if pool.dilation > 1 {
                kind += &format!(", dilation {}", pool.dilation);
            }
            if pool.ceil {
                kind += ", ceil mode";
            }
            kind
        }
        Op::AveragePool { size } => format!("mean of {size}×{size}"),
        Op::Add(activation) => format!("sum of two{}", follows(*activation)),
        Op::Concat => "side by side".to_owned(),
    }
}

fn convolution(conv: &Conv) -> String {
    let mut kind = match conv.is_linear() {
        true => "linear".to_owned(),
        false => format!("conv {0}×{0}", conv.kernel),
    };
    if conv.stride > 1 {
        kind += &format!(", stride {}", conv.stride);
    }
    if conv.dilation > 1 {
        kind += &format!(", dilation {}", conv.dilation);
    }
    if conv.norm.is_some() {
        kind += ", batch norm folded in";
    }
    kind + follows(conv.activation)
}

fn follows(activation: Activation) -> &'static str {
    match activation {
        Activation::None => "",
        Activation::Relu => ", ReLU",
        Activation::Leaky(_) => ", leaky ReLU",
    }
}
