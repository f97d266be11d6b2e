//! The passes of a network in training, forward and backward: every map is kept, so that gradients
//! can be computed from them.

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::conv3x3::{ConvWeights, conv3x3_input_gradient, conv3x3_weight_gradient};
use oddspot_conv::linear::{linear, linear_weight_gradient};
use oddspot_conv::pool::AveragePool;
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

use super::forward::{add, room};
use super::network::{Activation, Conv, INPUT, Network, Op, Value};
use super::tensors::Layout;
use super::weights::{ChangingLayer, ChangingWeights, Ready, epilogue, leaky};
use crate::error::{Error, Result};

/// A network in training on inputs of one shape.
pub struct TrainingPass {
    network: Network,
    shapes: Vec<Shape>,
    weights: ChangingWeights,
    /// Values that no layer takes: their gradients come from the loss.
    ends: Vec<bool>,
}

/// Maps of a pass, or the gradients of them; kept from step to step.
#[derive(Default)]
pub struct TrainingMemory {
    /// Each value's map; the input's place is empty, unless it is a gradient.
    pub maps: Vec<Vec<f32>>,
    /// Where each max pool found its maxima.
    winners: Vec<Vec<f32>>,
    scratch: Vec<f32>,
}

/// What a backward pass works on.
pub struct Backward<'a> {
    /// The parameters, in their layout.
    pub values: &'a [f32],
    /// The input of the forward pass.
    pub input: &'a [f32],
    /// Of the forward pass; the maps of features that nothing else takes hold the loss's gradient
    /// with respect to them.
    pub memory: &'a mut TrainingMemory,
    /// For the gradients of the maps.
    pub of: &'a mut TrainingMemory,
    /// For the gradients of the parameters, in their layout.
    pub gradients: &'a mut [f32],
    /// Whether the gradient of the input is wanted, as the map of value 0 of `of`.
    pub of_input: bool,
}

impl TrainingPass {
    /// A network whose tensors lie in a row of values, on inputs of a shape.
    ///
    /// # Errors
    /// A tensor that is missing, an input that is too small, or a layer that cannot be trained.
    pub fn new(
        workspace: &Workspace,
        network: &Network,
        layout: &Layout,
        values: &[f32],
        input: Shape,
    ) -> Result<Self> {
        let mut ends = vec![true; network.layers().len() + 1];
        for layer in network.layers() {
            for &value in &layer.inputs {
                ends[value] = false;
            }
            let trainable = match &layer.op {
                Op::Conv(conv) => conv.is_linear() || conv.is_3x3_same(),
                Op::MaxPool(_) | Op::AveragePool { .. } => true,
                Op::Add(_) | Op::Concat => false,
            };
            if !trainable {
                return Err(Error::internal(format!(
                    "layers like {:?} are not trained",
                    layer.op
                )));
            }
        }
        let leaves_as_is = |layer: &super::network::Layer| match &layer.op {
            Op::Conv(conv) => conv.activation == Activation::None,
            _ => false,
        };
        let mut layers = network.layers().iter().zip(&ends[1..]);
        if layers.any(|(layer, &end)| end && !leaves_as_is(layer)) {
            return Err(Error::internal("a trained network ends in plain sums"));
        }
        Ok(Self {
            shapes: network.shapes(input)?,
            weights: ChangingWeights::new(workspace, network, layout, values)?,
            network: network.clone(),
            ends,
        })
    }

    /// The shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        self.shapes[value]
    }

    /// Takes over parameters that have changed.
    ///
    /// # Errors
    /// Values of another layout.
    pub fn refresh(&mut self, values: &[f32]) -> Result<()> {
        self.weights.refresh(values)
    }

    /// A layer with weights, by its name.
    pub(crate) fn layer(&self, name: &str) -> Option<&ChangingLayer> {
        let named = |layer: &&super::network::Layer| match &layer.op {
            Op::Conv(conv) => conv.name == name,
            _ => false,
        };
        let mut layers = self.network.layers().iter().zip(&self.weights.layers);
        layers
            .find(|(layer, _)| named(layer))
            .and_then(|(_, weights)| weights.as_ref())
    }

    fn count(&self, value: Value) -> usize {
        self.shapes[value].positions() * self.shapes[value].channels
    }

    /// A map of the forward pass that was run last with this memory.
    pub fn map<'m>(&self, value: Value, memory: &'m TrainingMemory) -> &'m [f32] {
        &memory.maps[value][..self.count(value)]
    }

    /// As [`map`](Self::map), to be changed.
    pub fn map_mut<'m>(&self, value: Value, memory: &'m mut TrainingMemory) -> &'m mut [f32] {
        &mut memory.maps[value][..self.count(value)]
    }

    /// The forward pass on an input.
    ///
    /// # Errors
    /// An input or parameters of another length.
    pub fn forward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        input: &[f32],
        memory: &mut TrainingMemory,
    ) -> Result<()> {
        let layers = self.network.layers();
        memory.maps.resize_with(layers.len() + 1, Vec::new);
        memory.winners.resize_with(layers.len() + 1, Vec::new);
        for (index, layer) in layers.iter().enumerate() {
            let (value, from) = (index + 1, layer.inputs[0]);
            let (before, rest) = memory.maps.split_at_mut(value);
            let x = match from {
                INPUT => input,
                from => &before[from][..self.count(from)],
            };
            let count = self.count(value);
            let y = room(&mut rest[0], count);
            match &layer.op {
                Op::Conv(conv) => {
                    self.convolve(workspace, (index, conv), values, (self.shapes[from], x), y)?;
                }
                Op::MaxPool(pool) => {
                    let winners = room(&mut memory.winners[value], count);
                    let pool = pool.on(self.shapes[from]);
                    pool.forward(workspace.isa(), x, y, Some(winners))?;
                }
                Op::AveragePool { size } => self.average(from, *size).forward(x, y)?,
                Op::Add(_) | Op::Concat => {}
            }
        }
        Ok(())
    }

    fn average(&self, from: Value, size: usize) -> AveragePool {
        AveragePool {
            input: self.shapes[from],
            size,
        }
    }

    fn changing(&self, index: usize) -> Result<&ChangingLayer> {
        self.weights.layers[index]
            .as_ref()
            .ok_or_else(|| Error::internal("a convolution without weights"))
    }

    fn convolve(
        &self,
        workspace: &mut Workspace,
        (index, conv): (usize, &Conv),
        values: &[f32],
        (shape, x): (Shape, &[f32]),
        y: &mut [f32],
    ) -> Result<()> {
        let layer = self.changing(index)?;
        let bias = Some(&values[layer.place.bias.clone()]);
        let to = epilogue(conv.activation);
        match layer.forward() {
            Some(weights) => linear(workspace, shape.positions(), x, weights, bias, to, y)?,
            None => {
                let weight = &values[layer.place.weight.clone()];
                let ready = Ready::new(workspace, conv, weight)?;
                ready.run(workspace, (conv, bias), (shape, x), to, y)?;
                ready.recycle(workspace);
            }
        }
        if let Activation::Leaky(slope) = conv.activation {
            y.iter_mut().for_each(|value| *value = leaky(*value, slope));
        }
        Ok(())
    }

    /// From the gradients of the ends to those of all parameters. `more` adds to the gradient of a
    /// value what else depends on it, once it is known.
    ///
    /// # Errors
    /// Slices of other lengths than the layout's.
    pub fn backward(
        &self,
        workspace: &mut Workspace,
        mut work: Backward,
        mut more: impl FnMut(Value, &mut [f32]),
    ) -> Result<()> {
        let layers = self.network.layers();
        work.of.maps.resize_with(layers.len() + 1, Vec::new);
        let mut written = vec![false; layers.len() + 1];
        for (index, layer) in layers.iter().enumerate().rev() {
            let (value, from) = (index + 1, layer.inputs[0]);
            let count = self.count(value);
            let mut dy = match self.ends[value] {
                true => std::mem::take(&mut work.memory.maps[value]),
                false => std::mem::take(&mut work.of.maps[value]),
            };
            let gradient = room(&mut dy, count);
            if !self.ends[value] && !written[value] {
                gradient.fill(0.0);
            }
            more(value, gradient);
            let wanted = from != INPUT || work.of_input;
            match &layer.op {
                Op::Conv(conv) => {
                    self.of_parameters(workspace, (index, conv), &mut work, gradient)?;
                    if wanted {
                        let mut dx = std::mem::take(&mut work.of.maps[from]);
                        let to = room(&mut dx, self.count(from));
                        let at = (index, conv, written[from]);
                        self.of_input(
                            workspace,
                            at,
                            work.values,
                            gradient,
                            to,
                            &mut work.of.scratch,
                        )?;
                        work.of.maps[from] = dx;
                    }
                }
                Op::MaxPool(pool) => {
                    let winners = &work.memory.winners[value][..count];
                    let pool = pool.on(self.shapes[from]);
                    let (of, scratch) = (&mut work.of.maps[from], &mut work.of.scratch);
                    let isa = workspace.isa();
                    let fill = |to: &mut [f32]| Ok(pool.backward(isa, gradient, winners, to)?);
                    self.write_or_add(from, written[from], (of, scratch), fill)?;
                }
                Op::AveragePool { size } => {
                    let to = room(&mut work.of.maps[from], self.count(from));
                    self.average(from, *size)
                        .backward(gradient, written[from], to)?;
                }
                Op::Add(_) | Op::Concat => {}
            }
            written[from] = true;
            match self.ends[value] {
                true => work.memory.maps[value] = dy,
                false => work.of.maps[value] = dy,
            }
        }
        Ok(())
    }

    /// Writes a gradient to its place, or adds it to what is there.
    fn write_or_add(
        &self,
        value: Value,
        written: bool,
        (to, scratch): (&mut Vec<f32>, &mut Vec<f32>),
        fill: impl FnOnce(&mut [f32]) -> Result<()>,
    ) -> Result<()> {
        let to = room(to, self.count(value));
        if !written {
            return fill(to);
        }
        let part = room(scratch, to.len());
        fill(part)?;
        add(to, part, Activation::None);
        Ok(())
    }

    /// Back through the activation, in place, and to the layer's weight and bias.
    fn of_parameters(
        &self,
        workspace: &mut Workspace,
        (index, conv): (usize, &Conv),
        work: &mut Backward,
        dy: &mut [f32],
    ) -> Result<()> {
        let (value, from) = (index + 1, self.network.layers()[index].inputs[0]);
        let y = &work.memory.maps[value];
        if let Activation::Leaky(slope) = conv.activation {
            for (gradient, &y) in dy.iter_mut().zip(y) {
                *gradient = if y > 0.0 {
                    *gradient
                } else {
                    *gradient * slope
                };
            }
        }
        let y = match conv.activation {
            Activation::Relu => Some(&y[..dy.len()]),
            Activation::None | Activation::Leaky(_) => None,
        };
        let place = &self.changing(index)?.place;
        let rows = self.shapes[value].positions();
        let db = &mut work.gradients[place.bias.clone()];
        relu_bias_backward(workspace.isa(), rows, y, dy, db)?;
        let x = match from {
            INPUT => work.input,
            from => &work.memory.maps[from],
        };
        let x = &x[..self.count(from)];
        let dw = &mut work.gradients[place.weight.clone()];
        match conv.is_linear() {
            true => linear_weight_gradient(workspace, rows, x, dy, place.sizes, dw)?,
            false => conv3x3_weight_gradient(workspace, same(conv, self.shapes[from]), x, dy, dw)?,
        }
        Ok(())
    }

    /// From a convolution's output to its input, written to `dx` or added to what is there.
    fn of_input(
        &self,
        workspace: &mut Workspace,
        (index, conv, written): (usize, &Conv, bool),
        values: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        scratch: &mut Vec<f32>,
    ) -> Result<()> {
        let layer = self.changing(index)?;
        let from = self.network.layers()[index].inputs[0];
        if let Some(weights) = layer.backward() {
            let rows = self.shapes[from].positions();
            let to = Epilogue {
                add: written,
                ..Epilogue::default()
            };
            linear(workspace, rows, dy, weights, None, to, dx)?;
            return Ok(());
        }
        let weight = &values[layer.place.weight.clone()];
        let ready = ConvWeights::input_gradient(workspace, weight, layer.place.sizes)?;
        let conv = same(conv, self.shapes[from]);
        match written {
            false => conv3x3_input_gradient(workspace, conv, dy, &ready, dx)?,
            true => {
                let part = room(scratch, dx.len());
                conv3x3_input_gradient(workspace, conv, dy, &ready, part)?;
                add(dx, part, Activation::None);
            }
        }
        ready.recycle(workspace);
        Ok(())
    }
}

/// A 3×3 convolution of stride 1 as its kernels take it.
fn same(conv: &Conv, input: Shape) -> Conv3x3 {
    Conv3x3 {
        input,
        outputs: conv.outputs,
        dilation: conv.dilation,
    }
}
