//! A network's weights made ready for the kernels.

use oddspot_conv::conv3x3::{ConvWeights, conv3x3};
use oddspot_conv::direct::DirectWeights;
use oddspot_conv::linear::{LinearWeights, linear};
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

use super::network::{Activation, Conv, Network, Op};
use super::tensors::{LayerPlace, Layout, lacks};
use crate::error::Result;
use crate::files::NamedTensors;

/// One layer's weights, for the kernels that serve its kind.
pub(super) enum Ready {
    Same3x3(ConvWeights),
    Linear(LinearWeights),
    Direct(DirectWeights),
}

impl Ready {
    /// Makes a layer's weights ready.
    pub fn new(workspace: &mut Workspace, conv: &Conv, weight: &[f32]) -> Result<Self> {
        let sizes = [conv.outputs, conv.inputs];
        Ok(if conv.is_linear() {
            Self::Linear(LinearWeights::pack(workspace.isa(), weight, sizes)?)
        } else if conv.is_3x3_same() {
            Self::Same3x3(ConvWeights::forward(workspace, weight, sizes)?)
        } else {
            // Only its channels count; an input that any kernel fits into will do.
            let side = conv.kernel * conv.dilation;
            let input = Shape::new(1, side, side, conv.inputs);
            Self::Direct(conv.on(input).pack(workspace.isa(), weight)?)
        })
    }

    /// The layer on `x` of shape `input`, to some channels of `y`; what follows a leaky layer is the
    /// caller's to apply.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        (conv, bias): (&Conv, Option<&[f32]>),
        (input, x): (Shape, &[f32]),
        epilogue: Epilogue,
        y: &mut [f32],
    ) -> Result<()> {
        match self {
            Self::Same3x3(weights) => {
                let conv = Conv3x3 {
                    input,
                    outputs: conv.outputs,
                    dilation: conv.dilation,
                };
                conv3x3(workspace, conv, x, weights, bias, epilogue, y)?;
            }
            Self::Linear(weights) => {
                linear(workspace, input.positions(), x, weights, bias, epilogue, y)?;
            }
            Self::Direct(weights) => {
                (conv.on(input)).forward(workspace, x, weights, bias, epilogue, y)?;
            }
        }
        Ok(())
    }

    /// Gives memory back that the next layer may use.
    pub fn recycle(self, workspace: &mut Workspace) {
        if let Self::Same3x3(weights) = self {
            weights.recycle(workspace);
        }
    }
}

/// What a layer's kernel applies itself.
pub(super) fn epilogue(activation: Activation) -> Epilogue {
    match activation {
        Activation::Relu => Epilogue::RELU,
        Activation::None | Activation::Leaky(_) => Epilogue::default(),
    }
}

/// `x`, below 0 times a slope.
pub(crate) fn leaky(value: f32, slope: f32) -> f32 {
    // NaN takes the second arm and stays.
    if value > 0.0 { value } else { value * slope }
}

/// A frozen layer.
pub(super) struct FrozenLayer {
    pub ready: Ready,
    pub bias: Vec<f32>,
}

/// Makes all layers of a network ready, once; None in the place of layers without weights.
pub(super) fn freeze(
    workspace: &mut Workspace,
    network: &Network,
    tensors: &NamedTensors,
) -> Result<Vec<Option<FrozenLayer>>> {
    let layers = network.layers().iter().map(|layer| {
        let Op::Conv(conv) = &layer.op else {
            return Ok(None);
        };
        let find = |part: &str| {
            let name = format!("{}.{part}", conv.name);
            tensors.get(&name).ok_or_else(|| lacks(&name))
        };
        Ok(Some(FrozenLayer {
            ready: Ready::new(workspace, conv, &find("weight")?.values)?,
            bias: find("bias")?.values.clone(),
        }))
    });
    layers.collect()
}

/// A network's weights while they change with every step: those of linear layers are kept ready,
/// for both passes; convolutions' are made ready when they are needed, all in the same memory, which
/// stays in the processor's cache.
pub(super) struct ChangingWeights {
    pub layers: Vec<Option<ChangingLayer>>,
}

/// A layer whose weights change.
pub struct ChangingLayer {
    pub place: LayerPlace,
    linear: Option<[LinearWeights; 2]>,
}

impl ChangingWeights {
    /// Of a network whose tensors lie in a row of values.
    pub fn new(
        workspace: &Workspace,
        network: &Network,
        layout: &Layout,
        values: &[f32],
    ) -> Result<Self> {
        let isa = workspace.isa();
        let layers = network.layers().iter().map(|layer| {
            let Op::Conv(conv) = &layer.op else {
                return Ok(None);
            };
            let place = layout.layer(&conv.name).ok_or_else(|| lacks(&conv.name))?;
            let weight = &values[place.weight.clone()];
            let sizes = [conv.outputs, conv.inputs];
            let linear = match conv.is_linear() {
                true => Some([
                    LinearWeights::pack(isa, weight, sizes)?,
                    LinearWeights::pack_transposed(isa, weight, sizes)?,
                ]),
                false => None,
            };
            Ok(Some(ChangingLayer { place, linear }))
        });
        Ok(Self {
            layers: layers.collect::<Result<_>>()?,
        })
    }

    /// Takes over values that have changed.
    pub fn refresh(&mut self, values: &[f32]) -> Result<()> {
        for layer in self.layers.iter_mut().flatten() {
            let ChangingLayer { place, linear } = layer;
            for weights in linear.iter_mut().flatten() {
                weights.refresh(&values[place.weight.clone()])?;
            }
        }
        Ok(())
    }
}

impl ChangingLayer {
    /// The weights of a linear layer, ready for the forward pass.
    pub fn forward(&self) -> Option<&LinearWeights> {
        self.linear.as_ref().map(|[forward, _]| forward)
    }

    /// The same for the backward pass.
    pub fn backward(&self) -> Option<&LinearWeights> {
        self.linear.as_ref().map(|[_, backward]| backward)
    }
}
