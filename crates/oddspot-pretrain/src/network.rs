//! VGG16's shape up to relu4_3 with batch normalisation, in training: forward, backward, and
//! folded into plain convolutions.

use std::ops::Range;

use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::net::network::Op;
use oddspot::net::teachers::{of_stages, vgg16};
use oddspot::net::tensors::{Layout, TensorSpec};
use oddspot::{Error, Result};
use oddspot_conv::batch_norm::{BatchNorm, Moments};
use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::pool::MaxPool;
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

const EPSILON: f32 = 1e-5;
/// Share of a batch in the running moments.
const MOMENTUM: f32 = 0.01;

/// One convolution with its normalisation.
#[derive(Clone, Debug)]
struct Layer {
    name: String,
    conv: Conv3x3,
    weight: Range<usize>,
    gamma: Range<usize>,
    beta: Range<usize>,
    /// Places of the running moments.
    mean: Range<usize>,
    variance: Range<usize>,
    /// The pool that follows, after a stage.
    pool: Option<MaxPool>,
    /// Which level it ends, if any.
    level: Option<usize>,
}

/// The network's layers for a batch of views.
pub struct Network {
    layers: Vec<Layer>,
    /// The layers that end the levels.
    levels: [usize; 3],
    /// Names and places of the running moments.
    pub running: Layout,
}

/// What a forward pass leaves for the backward one.
#[derive(Default)]
pub struct Trace {
    layers: Vec<LayerTrace>,
}

#[derive(Default)]
struct LayerTrace {
    /// The convolution's output, before normalisation.
    z: Vec<f32>,
    /// After normalisation and ReLU.
    y: Vec<f32>,
    moments: Moments,
    pooled: Vec<f32>,
    winners: Vec<f32>,
}

impl Network {
    /// The network on `views` views of a side, its parameters appended to `layout`.
    ///
    /// # Errors
    /// Views that are too small for its pools.
    pub fn new(layout: &mut Layout, widths: [usize; 4], views: usize, side: usize) -> Result<Self> {
        let described = vgg16(&of_stages(widths))?;
        let shapes = described.shapes(Shape::new(views, side, side, 3))?;
        let mut running = Layout::default();
        let mut layers: Vec<Layer> = Vec::new();
        for (index, layer) in described.layers().iter().enumerate() {
            let (input, value) = (shapes[index], index + 1);
            match (&layer.op, layers.last_mut()) {
                (Op::Conv(conv), _) if layer.inputs == [index] && conv.is_3x3_same() => {
                    let (name, width) = (&conv.name, conv.outputs);
                    let mut features = described.features().iter();
                    layers.push(Layer {
                        conv: Conv3x3 {
                            input,
                            outputs: width,
                            dilation: conv.dilation,
                        },
                        weight: layout.add(TensorSpec::weight(name, conv.weight_shape())),
                        gamma: layout.add(TensorSpec::ones(name, "gamma", width)),
                        beta: layout.add(TensorSpec::zeros(name, "beta", width)),
                        mean: running.add(TensorSpec::zeros(name, "mean", width)),
                        variance: running.add(TensorSpec::ones(name, "variance", width)),
                        name: name.clone(),
                        pool: None,
                        level: features.position(|&feature| feature == value),
                    });
                }
                (Op::MaxPool(pool), Some(before)) if layer.inputs == [index] => {
                    before.pool = Some(pool.on(input));
                }
                (op, _) => {
                    return Err(Error::internal(format!(
                        "layers like {op:?} are not pretrained"
                    )));
                }
            }
        }
        let ends: Vec<usize> = (0..layers.len())
            .filter(|&index| layers[index].level.is_some())
            .collect();
        let levels = ends.try_into();
        Ok(Self {
            levels: levels.map_err(|_| Error::internal("a teacher of other than three levels"))?,
            layers,
            running,
        })
    }

    /// Fresh running moments: mean 0, variance 1.
    pub fn fresh_moments(&self) -> Vec<f32> {
        // Nothing of them is left to chance.
        self.running.fresh(0)
    }

    /// Shape of the map of a level, 0 to 2.
    pub fn level(&self, level: usize) -> Shape {
        self.layers[self.levels[level]].conv.output()
    }

    /// The pass on normalised views `[views, side, side, 3]`; `running` takes a share of the
    /// batch's moments.
    ///
    /// # Errors
    /// Views of another shape.
    pub fn forward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        views: &[f32],
        running: &mut [f32],
        trace: &mut Trace,
    ) -> Result<()> {
        trace
            .layers
            .resize_with(self.layers.len(), Default::default);
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, rest) = trace.layers.split_at_mut(index);
            let now = &mut rest[0];
            let x = before.last().map_or(views, LayerTrace::output);
            let conv = layer.conv;
            let count = conv.output().positions() * conv.outputs;
            now.z.resize(count, 0.0);
            now.y.resize(count, 0.0);
            let sizes = [conv.outputs, conv.input.channels];
            let weight = &values[layer.weight.clone()];
            let ready = ConvWeights::forward(workspace, weight, sizes)?;
            let plain = Epilogue::default();
            conv3x3(workspace, conv, x, &ready, None, plain, &mut now.z)?;
            ready.recycle(workspace);
            let norm = layer.norm(values);
            now.moments = norm.forward(workspace.isa(), &now.z, &mut now.y)?;
            for (place, batch) in [
                (&layer.mean, &now.moments.mean),
                (&layer.variance, &now.moments.variance),
            ] {
                for (kept, new) in running[place.clone()].iter_mut().zip(batch) {
                    *kept += MOMENTUM * (new - *kept);
                }
            }
            if let Some(pool) = layer.pool {
                let output = pool.output()?;
                let count = output.positions() * output.channels;
                now.pooled.resize(count, 0.0);
                now.winners.resize(count, 0.0);
                let winners = Some(&mut now.winners[..]);
                pool.forward(workspace.isa(), &now.y, &mut now.pooled, winners)?;
            }
        }
        Ok(())
    }

    /// The map of a level after a forward pass.
    pub fn map<'a>(&self, trace: &'a Trace, level: usize) -> &'a [f32] {
        &trace.layers[self.levels[level]].y
    }

    /// From the gradients of the levels' maps to those of all parameters.
    ///
    /// # Errors
    /// Gradients of other lengths than their maps.
    pub fn backward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        views: &[f32],
        trace: &Trace,
        of_levels: &[Vec<f32>; 3],
        gradients: &mut [f32],
    ) -> Result<()> {
        // The gradient of what the layer passed on: its pool's output, or its own.
        let mut of_next: Vec<f32> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let now = &trace.layers[index];
            let isa = workspace.isa();
            let mut dy = match (layer.pool, of_next.is_empty()) {
                (_, true) => vec![0.0; now.y.len()],
                (Some(pool), _) => {
                    let mut dy = vec![0.0; now.y.len()];
                    pool.backward(isa, &of_next, &now.winners, &mut dy)?;
                    dy
                }
                (None, _) => std::mem::take(&mut of_next),
            };
            if let Some(level) = layer.level {
                for (sum, value) in dy.iter_mut().zip(&of_levels[level]) {
                    *sum += value;
                }
            }
            let (mut dgamma, mut dbeta) =
                (vec![0.0; layer.conv.outputs], vec![0.0; layer.conv.outputs]);
            let known = (&now.z[..], &now.y[..], &now.moments);
            let norm = layer.norm(values);
            norm.backward(isa, known, &mut dy, &mut dgamma, &mut dbeta)?;
            gradients[layer.gamma.clone()].copy_from_slice(&dgamma);
            gradients[layer.beta.clone()].copy_from_slice(&dbeta);
            let x = match index {
                0 => views,
                _ => trace.layers[index - 1].output(),
            };
            let conv = layer.conv;
            let dw = &mut gradients[layer.weight.clone()];
            conv3x3_weight_gradient(workspace, conv, x, &dy, dw)?;
            if index > 0 {
                let sizes = [conv.outputs, conv.input.channels];
                let weight = &values[layer.weight.clone()];
                let ready = ConvWeights::input_gradient(workspace, weight, sizes)?;
                of_next.resize(x.len(), 0.0);
                conv3x3_input_gradient(workspace, conv, &dy, &ready, &mut of_next)?;
                ready.recycle(workspace);
            }
        }
        Ok(())
    }

    /// Plain convolutions with bias that compute what the network does with its running
    /// moments, in torchvision's names: `w γ/√(variance + ε)` and `β − mean γ/√(variance + ε)`.
    pub fn fold(&self, values: &[f32], running: &[f32]) -> NamedTensors {
        let mut tensors = NamedTensors::new();
        for layer in &self.layers {
            let gamma = &values[layer.gamma.clone()];
            let variance = &running[layer.variance.clone()];
            let factors: Vec<f32> = (gamma.iter().zip(variance))
                .map(|(gamma, variance)| gamma / (variance + EPSILON).sqrt())
                .collect();
            let weight = &values[layer.weight.clone()];
            let per_output = weight.len() / factors.len();
            let folded = (weight.chunks_exact(per_output).zip(&factors))
                .flat_map(|(filter, factor)| filter.iter().map(move |w| w * factor))
                .collect();
            let mean = &running[layer.mean.clone()];
            let beta = &values[layer.beta.clone()];
            let bias = (beta.iter().zip(mean).zip(&factors))
                .map(|((beta, mean), factor)| beta - mean * factor)
                .collect();
            let conv = layer.conv;
            tensors.insert(
                format!("{}.weight", layer.name),
                NamedTensor {
                    shape: vec![conv.outputs, conv.input.channels, 3, 3],
                    values: folded,
                },
            );
            tensors.insert(
                format!("{}.bias", layer.name),
                NamedTensor {
                    shape: vec![conv.outputs],
                    values: bias,
                },
            );
        }
        tensors
    }
}

impl LayerTrace {
    /// What the layer passes on.
    fn output(&self) -> &[f32] {
        match self.pooled.is_empty() {
            true => &self.y,
            false => &self.pooled,
        }
    }
}

impl Layer {
    fn norm<'a>(&self, values: &'a [f32]) -> BatchNorm<'a> {
        BatchNorm {
            rows: self.conv.output().positions(),
            gamma: &values[self.gamma.clone()],
            beta: &values[self.beta.clone()],
            epsilon: EPSILON,
        }
    }
}
