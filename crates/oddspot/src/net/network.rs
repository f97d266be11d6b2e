//! A network as data: its layers, what each takes, the names of its tensors, and which of its maps
//! are features. Passes, shape checks, other devices and the docs all read this.

use std::collections::BTreeMap;

use oddspot_conv::direct::DirectConv;
use oddspot_conv::pool::{AveragePool, MaxPool};
use oddspot_conv::{Shape, ShapeError};

use super::tensors::{Shapes, TensorSpec, lacks, unusable};
use crate::error::Result;

/// A map of a network: 0 is its input, `k + 1` what layer `k` gives.
pub type Value = usize;

/// The input of every network.
pub const INPUT: Value = 0;

/// A network: layers in the order of the data's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    layers: Vec<Layer>,
    features: Vec<Value>,
    /// Channels of each value.
    channels: Vec<usize>,
    /// Input pixels between neighbouring positions of each value.
    strides: Vec<usize>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it does.
    pub op: Op,
    /// What it takes, in order.
    pub inputs: Vec<Value>,
}

/// What a layer does. Maps are `[batch, height, width, channels]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A convolution with bias; of kernel 1 it is a linear layer over the channels.
    Conv(Conv),
    /// The largest value of each window.
    MaxPool(Pool),
    /// Means of blocks of so many positions a side, which divide the map's sides.
    AveragePool {
        /// Positions a side.
        size: usize,
    },
    /// The sum of two maps of one shape.
    Add(Activation),
    /// Maps of one size side by side, their channels in the order of the inputs.
    Concat,
}

/// A convolution of square kernel with zero padding, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Its tensors are `<name>.weight` and `<name>.bias`.
    pub name: String,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Taps on each axis.
    pub kernel: usize,
    /// Positions between neighbouring outputs.
    pub stride: usize,
    /// Positions between neighbouring taps.
    pub dilation: usize,
    /// Zeros on every side.
    pub padding: usize,
    /// What follows.
    pub activation: Activation,
    /// The batch normalisation that weight files have behind it, by name: it is folded into weight
    /// and bias when they are read.
    pub norm: Option<String>,
}

/// What a layer's sums go through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `max(0, x)`.
    Relu,
    /// `x`, below 0 times a slope.
    Leaky(f32),
}

/// A max pool with a padding of `−∞`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Taps on each axis.
    pub kernel: usize,
    /// Positions between neighbouring windows.
    pub stride: usize,
    /// Positions between neighbouring taps.
    pub dilation: usize,
    /// Positions of `−∞` on every side.
    pub padding: usize,
    /// Whether a last window that sticks out counts, over what it covers.
    pub ceil: bool,
}

/// One of a network's feature maps, as an image of it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Level {
    /// Image pixels between neighbouring features.
    pub stride: usize,
    /// Channels.
    pub channels: usize,
}

impl Conv {
    /// A convolution that keeps the map's size: stride 1, padded by half its kernel, with ReLU.
    pub fn same(name: impl Into<String>, outputs: usize, kernel: usize) -> Self {
        Self {
            name: name.into(),
            inputs: 0,
            outputs,
            kernel,
            stride: 1,
            dilation: 1,
            padding: kernel / 2,
            activation: Activation::Relu,
            norm: None,
        }
    }

    /// Whether it is a linear layer over the channels of each position.
    pub fn is_linear(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0)
    }

    /// Whether the fast kernels for 3×3 convolutions of stride 1 serve it.
    pub fn is_3x3_same(&self) -> bool {
        (self.kernel, self.stride) == (3, 1) && self.padding == self.dilation
    }

    /// The shape of its weight: `[out, in]` of kernel 1, else `[out, in, k, k]`.
    pub fn weight_shape(&self) -> Vec<usize> {
        match self.kernel {
            1 => vec![self.outputs, self.inputs],
            k => vec![self.outputs, self.inputs, k, k],
        }
    }

    /// The convolution on an input, as the kernels take it.
    pub fn on(&self, input: Shape) -> DirectConv {
        DirectConv {
            input,
            outputs: self.outputs,
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
        }
    }
}

impl Pool {
    /// The pool on an input, as the kernels take it.
    pub fn on(&self, input: Shape) -> MaxPool {
        MaxPool {
            input,
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
            ceil: self.ceil,
        }
    }
}

impl Network {
    /// A network without layers on an input of so many channels.
    pub fn on_channels(channels: usize) -> Self {
        Self {
            layers: Vec::new(),
            features: Vec::new(),
            channels: vec![channels],
            strides: vec![1],
        }
    }

    /// Adds a convolution; its input channels follow from what it takes.
    pub fn conv(&mut self, from: Value, conv: Conv) -> Value {
        let conv = Conv {
            inputs: self.channels[from],
            ..conv
        };
        let (outputs, stride) = (conv.outputs, self.strides[from] * conv.stride);
        self.push(Op::Conv(conv), vec![from], outputs, stride)
    }

    /// Adds a max pool.
    pub fn max_pool(&mut self, from: Value, pool: Pool) -> Value {
        let (channels, stride) = (self.channels[from], self.strides[from] * pool.stride);
        self.push(Op::MaxPool(pool), vec![from], channels, stride)
    }

    /// Adds means of blocks; of blocks of 1 it is what it takes.
    pub fn average_pool(&mut self, from: Value, size: usize) -> Value {
        if size == 1 {
            return from;
        }
        let (channels, stride) = (self.channels[from], self.strides[from] * size);
        self.push(Op::AveragePool { size }, vec![from], channels, stride)
    }

    /// Adds a sum of two maps of one shape.
    pub fn sum(&mut self, first: Value, second: Value, activation: Activation) -> Value {
        let (channels, stride) = (self.channels[first], self.strides[first]);
        self.push(Op::Add(activation), vec![first, second], channels, stride)
    }

    /// Adds maps side by side.
    pub fn concat(&mut self, maps: &[Value]) -> Value {
        let channels = maps.iter().map(|&map| self.channels[map]).sum();
        let stride = maps.first().map_or(1, |&map| self.strides[map]);
        self.push(Op::Concat, maps.to_vec(), channels, stride)
    }

    fn push(&mut self, op: Op, inputs: Vec<Value>, channels: usize, stride: usize) -> Value {
        self.layers.push(Layer { op, inputs });
        self.channels.push(channels);
        self.strides.push(stride);
        self.layers.len()
    }

    /// Takes a feature out at a map.
    pub fn feature(&mut self, map: Value) {
        self.features.push(map);
    }

    /// The layers, in the order of the data's way.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Where features are taken out, in order.
    pub fn features(&self) -> &[Value] {
        &self.features
    }

    /// Channels of a value.
    pub fn channels_of(&self, value: Value) -> usize {
        self.channels[value]
    }

    /// Input positions between neighbouring positions of a value.
    pub fn stride_of(&self, value: Value) -> usize {
        self.strides[value]
    }

    /// Stride and channels of each feature.
    pub fn levels(&self) -> Vec<Level> {
        (self.features.iter())
            .map(|&value| Level {
                stride: self.strides[value],
                channels: self.channels[value],
            })
            .collect()
    }

    /// The convolutions, in the order of the data's way.
    pub fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.layers.iter().filter_map(|layer| match &layer.op {
            Op::Conv(conv) => Some(conv),
            _ => None,
        })
    }

    /// Its tensors, a weight and a bias each convolution.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        (self.convs())
            .flat_map(|conv| {
                let shape = conv.weight_shape();
                let weight = TensorSpec::weight(&conv.name, shape);
                [weight, TensorSpec::zeros(&conv.name, "bias", conv.outputs)]
            })
            .collect()
    }

    /// Checks that a file has every tensor in its shape.
    ///
    /// # Errors
    /// The tensor that is missing or has another shape, by its name.
    pub fn check(&self, shapes: &Shapes) -> Result<()> {
        for tensor in self.tensors() {
            let found = shapes
                .get(&tensor.name)
                .ok_or_else(|| lacks(&tensor.name))?;
            tensor.check(found)?;
        }
        for layer in &self.layers {
            if let (Op::Add(_), &[first, second]) = (&layer.op, &layer.inputs[..]) {
                let (first, second) = (self.channels[first], self.channels[second]);
                if first != second {
                    return Err(unusable(format!(
                        "the two maps of a sum have {first} and {second} channels"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The shape of every value on an input.
    ///
    /// # Errors
    /// An input that is too small for a layer, or too large to be counted.
    pub fn shapes(&self, input: Shape) -> Result<Vec<Shape>, ShapeError> {
        let mut shapes = vec![input];
        for (index, layer) in self.layers.iter().enumerate() {
            let from = shapes[layer.inputs[0]];
            let shape = match &layer.op {
                Op::Conv(conv) => conv.on(from).output()?,
                Op::MaxPool(pool) => pool.on(from).output()?,
                Op::AveragePool { size } => AveragePool {
                    input: from,
                    size: *size,
                }
                .output()?,
                Op::Add(_) => {
                    same(from, shapes[layer.inputs[1]])?;
                    from
                }
                Op::Concat => {
                    for &input in &layer.inputs {
                        same(from, shapes[input].with_channels(from.channels))?;
                    }
                    from.with_channels(self.channels[index + 1])
                }
            };
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// The layer after which each value is needed no more, by its index; the number of layers for
    /// features, which stay.
    pub(super) fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![0; self.layers.len() + 1];
        for (index, layer) in self.layers.iter().enumerate() {
            for &input in &layer.inputs {
                last[input] = index;
            }
        }
        for &feature in &self.features {
            last[feature] = self.layers.len();
        }
        last
    }
}

/// Refuses maps of two shapes where one is needed.
fn same(first: Shape, second: Shape) -> Result<(), ShapeError> {
    match first == second {
        true => Ok(()),
        false => Err(ShapeError::Length {
            what: "the second map",
            needed: first.positions() * first.channels,
            found: second.positions() * second.channels,
        }),
    }
}

/// Output channels of a layer, by its name: what a teacher's description asks of a weights file.
pub type Widths<'a> = dyn Fn(&str) -> Result<usize> + 'a;

/// Widths as the weights of a file tell them, by the first axis of `<layer>.weight`.
///
/// # Errors
/// (of the closure) A tensor that is missing or empty.
pub fn widths_of(shapes: &BTreeMap<String, Vec<usize>>) -> impl Fn(&str) -> Result<usize> + '_ {
    |layer| {
        let name = format!("{layer}.weight");
        let first = shapes.get(&name).and_then(|shape| shape.first().copied());
        first.filter(|&width| width > 0).ok_or_else(|| lacks(&name))
    }
}
