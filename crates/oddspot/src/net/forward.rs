//! The forward pass of a frozen network over plain slices, with memory that is allocated once.

use oddspot_conv::pool::AveragePool;
use oddspot_conv::residual::residual_sum;
use oddspot_conv::{Epilogue, Shape, Workspace};

use super::network::{Activation, Conv, INPUT, Network, Op, Value};
use super::weights::{FrozenLayer, epilogue, freeze, leaky};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::NamedTensors;

/// The most values that a map may have.
const MOST_VALUES: usize = 1 << 31;

/// Memory of passes, kept from image to image. One pass at a time uses it.
#[derive(Default)]
pub struct PassMemory {
    /// Values in memory that several may share, one after the other.
    pub slots: Vec<Vec<f32>>,
}

/// A frozen network made ready for inputs of one shape. Threads may share it, each with a
/// [`PassMemory`] of its own.
pub struct ForwardPass {
    network: Network,
    shapes: Vec<Shape>,
    places: Vec<Place>,
    layers: Vec<Option<FrozenLayer>>,
}

/// Where a value lies: some channels of every position of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    slot: usize,
    /// The first of its channels.
    first: usize,
    /// Channels of the slot's positions.
    stride: usize,
}

impl ForwardPass {
    /// Makes a network ready for inputs of a shape.
    ///
    /// # Errors
    /// A tensor that is missing; an input that is too small for a layer.
    pub fn new(
        workspace: &mut Workspace,
        network: &Network,
        tensors: &NamedTensors,
        input: Shape,
    ) -> Result<Self> {
        let shapes = network.shapes(input)?;
        for shape in &shapes {
            if shape.count("a map")? > MOST_VALUES {
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    Subject::Weights,
                    "its maps of an image of this size take more memory than can be had",
                ));
            }
        }
        Ok(Self {
            places: places(network, &shapes),
            layers: freeze(workspace, network, tensors)?,
            network: network.clone(),
            shapes,
        })
    }

    /// The shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        self.shapes[value]
    }

    /// The pass on an input of the shape it was made for; its features stay in the memory.
    ///
    /// # Errors
    /// An input of another length.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        input: &[f32],
        memory: &mut PassMemory,
    ) -> Result<()> {
        let slots = self.places.iter().map(|place| place.slot + 1).max();
        memory.slots.resize_with(slots.unwrap_or(0), Vec::new);
        for (index, layer) in self.network.layers().iter().enumerate() {
            let place = self.places[index + 1];
            let shape = self.shapes[index + 1];
            // Reading and writing never share a slot, but for a sum in its first summand's place.
            let mut y = std::mem::take(&mut memory.slots[place.slot]);
            let to = room(&mut y, shape.positions() * place.stride);
            let from = |at: usize| self.value(layer.inputs[at], input, memory);
            let input_shape = self.shapes[layer.inputs[0]];
            let done = match &layer.op {
                Op::Conv(conv) => {
                    self.convolve(workspace, index, conv, (input_shape, from(0)), place, to)
                }
                Op::MaxPool(pool) => {
                    let pool = pool.on(input_shape);
                    (pool.forward(workspace.isa(), from(0), to, None)).map_err(Error::from)
                }
                Op::AveragePool { size } => AveragePool {
                    input: input_shape,
                    size: *size,
                }
                .forward(from(0), to)
                .map_err(Error::from),
                Op::Add(activation) => {
                    let first = layer.inputs[0];
                    if first == INPUT || self.places[first].slot != place.slot {
                        to.copy_from_slice(from(0));
                    }
                    let relu = *activation == Activation::Relu;
                    match activation {
                        Activation::Leaky(_) => {
                            add(to, from(1), *activation);
                            Ok(())
                        }
                        _ => residual_sum(workspace.isa(), to, from(1), relu).map_err(Error::from),
                    }
                }
                Op::Concat => {
                    let mut first = 0;
                    for (at, &input) in layer.inputs.iter().enumerate() {
                        let channels = self.network.channels_of(input);
                        // The others were written to their places in it.
                        if input == INPUT || self.places[input].slot != place.slot {
                            let parts = from(at).chunks_exact(channels);
                            for (row, part) in to.chunks_exact_mut(place.stride).zip(parts) {
                                row[first..first + channels].copy_from_slice(part);
                            }
                        }
                        first += channels;
                    }
                    Ok(())
                }
            };
            memory.slots[place.slot] = y;
            done?;
        }
        Ok(())
    }

    /// A feature, by its number, of the pass that was run last with this memory.
    pub fn feature<'m>(&self, number: usize, memory: &'m PassMemory) -> &'m [f32] {
        self.value(self.network.features()[number], &[], memory)
    }

    fn value<'m>(&self, value: Value, input: &'m [f32], memory: &'m PassMemory) -> &'m [f32] {
        if value == INPUT {
            return input;
        }
        let shape = self.shapes[value];
        &memory.slots[self.places[value].slot][..shape.positions() * shape.channels]
    }

    fn convolve(
        &self,
        workspace: &mut Workspace,
        index: usize,
        conv: &Conv,
        (shape, x): (Shape, &[f32]),
        place: Place,
        y: &mut [f32],
    ) -> Result<()> {
        let Some(layer) = &self.layers[index] else {
            return Err(Error::internal("a convolution without weights"));
        };
        let to = Epilogue {
            first: place.first,
            stride: place.stride,
            ..epilogue(conv.activation)
        };
        let bias = Some(&layer.bias[..]);
        (layer.ready).run(workspace, (conv, bias), (shape, x), to, y)?;
        if let Activation::Leaky(slope) = conv.activation {
            y.iter_mut().for_each(|value| *value = leaky(*value, slope));
        }
        Ok(())
    }
}

/// `y ← y + x`, activated.
pub(super) fn add(y: &mut [f32], x: &[f32], activation: Activation) {
    for (y, x) in y.iter_mut().zip(x) {
        let sum = *y + x;
        *y = match activation {
            Activation::None => sum,
            // NaN is a fault and stays one.
            Activation::Relu if sum < 0.0 => 0.0,
            Activation::Relu => sum,
            Activation::Leaky(slope) => leaky(sum, slope),
        };
    }
}

/// The first `count` values of a buffer, which grows the first time they are asked for.
pub(crate) fn room(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if buffer.len() < count {
        // What is there is worth nothing: do not copy it.
        buffer.clear();
        buffer.resize(count, 0.0);
    }
    &mut buffer[..count]
}

/// A slot for each value: those that are needed no more are used again, since what was written last
/// is still in the processor's cache.
fn places(network: &Network, shapes: &[Shape]) -> Vec<Place> {
    let layers = network.layers();
    let last_uses = network.last_uses();
    let part_of = concatenated(network);
    let mut places: Vec<Option<Place>> = vec![None; layers.len() + 1];
    let mut free: Vec<usize> = Vec::new();
    let mut slots = 0;
    for (index, layer) in layers.iter().enumerate() {
        let value = index + 1;
        let in_place = match layer.op {
            Op::Add(_) if layer.inputs[0] != layer.inputs[1] => {
                places[layer.inputs[0]].filter(|_| last_uses[layer.inputs[0]] == index)
            }
            _ => None,
        };
        // A map beside others lies in the slot of them all.
        let (whole, first) = part_of[value].unwrap_or((value, 0));
        let slot = match (places[whole], in_place) {
            (Some(place), _) | (None, Some(place)) => place.slot,
            (None, None) => free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            }),
        };
        let stride = shapes[whole].channels;
        let at = |first| Place {
            slot,
            first,
            stride,
        };
        places[whole] = Some(at(0));
        places[value] = Some(at(first));
        let freed = |&input: &usize| input != INPUT && last_uses[input] == index;
        let mut inputs: Vec<Value> = layer.inputs.iter().copied().filter(freed).collect();
        inputs.sort_unstable();
        inputs.dedup();
        for input in inputs {
            if let Some(place) = places[input]
                && place.slot != slot
            {
                free.push(place.slot);
            }
        }
    }
    let unused = Place {
        slot: 0,
        first: 0,
        stride: shapes[INPUT].channels,
    };
    places
        .into_iter()
        .map(|place| place.unwrap_or(unused))
        .collect()
}

/// For each value that can be written to its place among others at once: the concatenation, and its
/// first channel there. It is a convolution's, and nothing else takes it.
fn concatenated(network: &Network) -> Vec<Option<(Value, usize)>> {
    let mut uses = vec![0; network.layers().len() + 1];
    let inputs = network.layers().iter().flat_map(|layer| &layer.inputs);
    for &value in inputs.chain(network.features()) {
        uses[value] += 1;
    }
    let is_plain = |value: Value| match value.checked_sub(1).map(|at| &network.layers()[at].op) {
        Some(Op::Conv(conv)) => !matches!(conv.activation, Activation::Leaky(_)),
        _ => false,
    };
    let mut part_of = vec![None; network.layers().len() + 1];
    for (index, layer) in network.layers().iter().enumerate() {
        if layer.op != Op::Concat {
            continue;
        }
        let mut first = 0;
        for &input in &layer.inputs {
            if uses[input] == 1 && is_plain(input) {
                part_of[input] = Some((index + 1, first));
            }
            first += network.channels_of(input);
        }
    }
    part_of
}
