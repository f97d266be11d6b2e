//! The student's passes, forward and backward.

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::pool::{AveragePool, MaxPool};
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

use super::parameters::{LayerPlace, Layout};
use super::{fits, room};

/// The convolution that each level is read off.
const LEVEL_CONVS: [usize; 3] = [2, 3, 5];
/// The convolution that each pool follows.
const POOLED_CONVS: [usize; 3] = [0, 2, 3];

/// Shapes of everything for a size of image, a batch and an output stride.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub convs: [Conv3x3; 6],
    pub pools: [MaxPool; 3],
    /// From each level's convolution to the teacher's size.
    pub averages: [AveragePool; 3],
}

impl Plan {
    /// The plan of a student whose sizes `layers` tells. The sides of the images are multiples
    /// of 8.
    pub fn new(layers: &Layers, batch: usize, [height, width]: [usize; 2], stride: usize) -> Self {
        let mut shape = Shape::new(batch, height, width, 3);
        let (mut reached, mut dilation) = (1, 1);
        let mut convs = Vec::new();
        let mut pools = Vec::new();
        let mut averages = Vec::new();
        for (index, layer) in layers.convs.iter().enumerate() {
            let conv = Conv3x3 {
                input: shape,
                outputs: layer.sizes[0],
                dilation,
            };
            convs.push(conv);
            shape = conv.output();
            if LEVEL_CONVS.contains(&index) {
                averages.push(AveragePool {
                    input: shape,
                    size: (2 << averages.len()) / reached,
                });
            }
            if POOLED_CONVS.contains(&index) {
                // Strides are real until their product reaches the output stride.
                let strided = reached < stride;
                let pool = MaxPool {
                    input: shape,
                    kernel: 3,
                    stride: if strided { 2 } else { 1 },
                    dilation: if strided { 1 } else { dilation },
                    padding: if strided { 1 } else { dilation },
                    ceil: false,
                };
                pools.push(pool);
                shape = fits(pool.output());
                match strided {
                    true => reached *= 2,
                    false => dilation *= 2,
                }
            }
        }
        let whole = "six convolutions, three of them pooled and three of them levels";
        Self {
            convs: convs.try_into().expect(whole),
            pools: pools.try_into().expect(whole),
            averages: averages.try_into().expect(whole),
        }
    }

    /// Shape of the trunk: the level-3 features before head 3.
    pub fn trunk(&self) -> Shape {
        self.convs[5].output()
    }

    /// Shape of a level's features before its head, at the teacher's size.
    fn level(&self, level: usize) -> Shape {
        fits(self.averages[level].output())
    }

    /// Positions of a level at the teacher's size, of the whole batch.
    pub fn level_rows(&self, level: usize) -> usize {
        self.level(level).positions()
    }
}

/// Where the student's layers lie among the parameters.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    pub convs: [LayerPlace; 6],
    pub heads: [LayerPlace; 3],
}

impl Layers {
    pub fn of(layout: &Layout) -> Self {
        let layer = |name: String| {
            layout
                .layer(&name)
                .unwrap_or_else(|| unreachable!("networks have a layer {name}"))
        };
        Self {
            convs: std::array::from_fn(|i| layer(format!("student.conv{i}"))),
            heads: std::array::from_fn(|i| layer(format!("student.head{}", i + 1))),
        }
    }
}

/// Weights made ready for the forward pass.
pub(super) struct ForwardWeights {
    convs: [ConvWeights; 6],
    pub heads: [LinearWeights; 3],
}

impl ForwardWeights {
    pub fn new(workspace: &mut Workspace, layers: &Layers, values: &[f32]) -> Self {
        let heads = layers.heads.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(LinearWeights::pack(workspace.isa(), weight, layer.sizes))
        });
        let convs = layers.convs.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(ConvWeights::forward(workspace, weight, layer.sizes))
        });
        Self { convs, heads }
    }

    pub fn refresh(&mut self, layers: &Layers, values: &[f32]) {
        for (weights, layer) in self.convs.iter_mut().zip(&layers.convs) {
            fits(weights.refresh(&values[layer.weight.clone()]));
        }
        for (weights, layer) in self.heads.iter_mut().zip(&layers.heads) {
            fits(weights.refresh(&values[layer.weight.clone()]));
        }
    }
}

/// Weights made ready for the backward pass; the first convolution's input needs no gradient.
pub(super) struct BackwardWeights {
    convs: [ConvWeights; 5],
    pub heads: [LinearWeights; 3],
}

impl BackwardWeights {
    pub fn new(workspace: &mut Workspace, layers: &Layers, values: &[f32]) -> Self {
        let heads = layers.heads.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(LinearWeights::pack_transposed(
                workspace.isa(),
                weight,
                layer.sizes,
            ))
        });
        let convs = std::array::from_fn(|i| {
            let layer = &layers.convs[i + 1];
            let weight = &values[layer.weight.clone()];
            fits(ConvWeights::input_gradient(workspace, weight, layer.sizes))
        });
        Self { convs, heads }
    }

    pub fn refresh(&mut self, layers: &Layers, values: &[f32]) {
        for (weights, layer) in self.convs.iter_mut().zip(&layers.convs[1..]) {
            fits(weights.refresh(&values[layer.weight.clone()]));
        }
        for (weights, layer) in self.heads.iter_mut().zip(&layers.heads) {
            fits(weights.refresh(&values[layer.weight.clone()]));
        }
    }
}

/// Activations of a pass, or the gradients of them; kept from pass to pass.
#[derive(Default)]
pub struct StudentMemory {
    maps: [Vec<f32>; 6],
    pooled: [Vec<f32>; 3],
    winners: [Vec<f32>; 3],
    averaged: [Vec<f32>; 3],
    /// `S¹, S², S³`, `[batch, height/2^ℓ, width/2^ℓ, channels]`; in training, after the loss,
    /// its gradient with respect to them.
    pub(super) levels: [Vec<f32>; 3],
}

impl StudentMemory {
    /// The level-3 features before head 3, `[batch, height/stride, width/stride, c4]`.
    pub fn trunk(&self, plan: &Plan) -> &[f32] {
        let shape = plan.trunk();
        &self.maps[5][..shape.positions() * shape.channels]
    }
}

/// A student: its parameters and what is made ready of them.
#[derive(Clone, Copy)]
pub(super) struct Student<'a> {
    pub plan: &'a Plan,
    pub layers: &'a Layers,
    pub values: &'a [f32],
}

fn count(shape: Shape) -> usize {
    shape.positions() * shape.channels
}

impl Student<'_> {
    /// The forward pass on normalised images `[batch, height, width, 3]`. `training` also keeps
    /// what the backward pass needs of the pools.
    pub fn forward(
        &self,
        workspace: &mut Workspace,
        weights: &ForwardWeights,
        images: &[f32],
        training: bool,
        memory: &mut StudentMemory,
    ) {
        let StudentMemory {
            maps,
            pooled,
            winners,
            averaged,
            levels,
        } = memory;
        let (mut pool, mut level) = (0, 0);
        for (index, conv) in self.plan.convs.iter().enumerate() {
            let (before, rest) = maps.split_at_mut(index);
            let from = match index {
                0 => images,
                _ if POOLED_CONVS.contains(&(index - 1)) => &pooled[pool - 1],
                _ => &before[index - 1],
            };
            let y = room(&mut rest[0], count(conv.output()));
            let bias = Some(&self.values[self.layers.convs[index].bias.clone()]);
            let from = &from[..count(conv.input)];
            let ready = &weights.convs[index];
            fits(conv3x3(
                workspace,
                *conv,
                from,
                ready,
                bias,
                Epilogue::RELU,
                y,
            ));
            if LEVEL_CONVS.contains(&index) {
                let averages = &self.plan.averages[level];
                let features = match averages.size {
                    1 => &*y,
                    // The 1×1 head commutes with the average and is cheaper after it.
                    _ => {
                        let to = room(&mut averaged[level], count(self.plan.level(level)));
                        fits(averages.forward(y, to));
                        to
                    }
                };
                self.head(workspace, weights, level, features, &mut levels[level]);
                level += 1;
            }
            if POOLED_CONVS.contains(&index) {
                let shape = &self.plan.pools[pool];
                let size = count(self.plan.convs[index + 1].input);
                let to = room(&mut pooled[pool], size);
                let winners = training.then(|| room(&mut winners[pool], size));
                fits(shape.forward(workspace.isa(), y, to, winners));
                pool += 1;
            }
        }
    }

    fn head(
        &self,
        workspace: &mut Workspace,
        weights: &ForwardWeights,
        level: usize,
        features: &[f32],
        to: &mut Vec<f32>,
    ) {
        let head = &self.layers.heads[level];
        let rows = self.plan.level_rows(level);
        let to = room(to, rows * head.sizes[0]);
        let bias = Some(&self.values[head.bias.clone()]);
        let plain = Epilogue::default();
        fits(linear(
            workspace,
            rows,
            features,
            &weights.heads[level],
            bias,
            plain,
            to,
        ));
    }

    /// The backward pass. `memory.levels` hold the loss's gradient with respect to each level;
    /// `trunk_gradient` adds other gradients to the trunk's. Gradients of the parameters are
    /// written to `gradients`, in the parameters' layout.
    pub fn backward(
        &self,
        workspace: &mut Workspace,
        weights: &BackwardWeights,
        images: &[f32],
        memory: &mut StudentMemory,
        of: &mut StudentMemory,
        gradients: &mut [f32],
        trunk_gradient: impl FnOnce(&mut [f32]),
    ) {
        let mut trunk_gradient = Some(trunk_gradient);
        let (mut pool, mut level) = (3, 3);
        for (index, conv) in self.plan.convs.iter().enumerate().rev() {
            let StudentMemory {
                maps: of_maps,
                pooled: of_pooled,
                averaged: of_averaged,
                ..
            } = of;
            let dy = room(&mut of_maps[index], count(conv.output()));
            let pooled = POOLED_CONVS.contains(&index);
            if pooled {
                pool -= 1;
                let size = count(self.plan.convs[index + 1].input);
                let winners = &memory.winners[pool][..size];
                let from = &of_pooled[pool][..size];
                fits(self.plan.pools[pool].backward(workspace.isa(), from, winners, dy));
            }
            if LEVEL_CONVS.contains(&index) {
                level -= 1;
                let place = HeadPlace { level, add: pooled };
                let spare = &mut of_averaged[level];
                self.head_backward(workspace, weights, place, memory, spare, dy, gradients);
            }
            if let (5, Some(add)) = (index, trunk_gradient.take_if(|_| index == 5)) {
                add(dy);
            }
            let layer = &self.layers.convs[index];
            let y = Some(&memory.maps[index][..dy.len()]);
            let rows = conv.input.positions();
            let db = &mut gradients[layer.bias.clone()];
            fits(relu_bias_backward(workspace.isa(), rows, y, dy, db));
            let after_pool = index > 0 && POOLED_CONVS.contains(&(index - 1));
            let x = match index {
                0 => images,
                _ if after_pool => &memory.pooled[pool - 1],
                _ => &memory.maps[index - 1],
            };
            let x = &x[..count(conv.input)];
            let dw = &mut gradients[layer.weight.clone()];
            fits(conv3x3_weight_gradient(workspace, *conv, x, dy, dw));
            if index > 0 {
                let (before, rest) = of_maps.split_at_mut(index);
                let dx = match after_pool {
                    true => &mut of_pooled[pool - 1],
                    false => &mut before[index - 1],
                };
                let dx = room(dx, count(conv.input));
                let dy = &rest[0][..count(conv.output())];
                let ready = &weights.convs[index - 1];
                fits(conv3x3_input_gradient(workspace, *conv, dy, ready, dx));
            }
        }
    }

    /// Backward through a level's head, from the gradient in `memory.levels`, to the level's
    /// convolution.
    #[allow(clippy::too_many_arguments)]
    fn head_backward(
        &self,
        workspace: &mut Workspace,
        weights: &BackwardWeights,
        HeadPlace { level, add }: HeadPlace,
        memory: &mut StudentMemory,
        spare: &mut Vec<f32>,
        dx: &mut [f32],
        gradients: &mut [f32],
    ) {
        let head = &self.layers.heads[level];
        let rows = self.plan.level_rows(level);
        let dy = &mut memory.levels[level][..rows * head.sizes[0]];
        let db = &mut gradients[head.bias.clone()];
        fits(relu_bias_backward(workspace.isa(), rows, None, dy, db));
        let averages = &self.plan.averages[level];
        let features = match averages.size {
            1 => &memory.maps[LEVEL_CONVS[level]],
            _ => &memory.averaged[level],
        };
        let features = &features[..rows * head.sizes[1]];
        let dw = &mut gradients[head.weight.clone()];
        fits(linear_weight_gradient(
            workspace, rows, features, dy, head.sizes, dw,
        ));
        let ready = &weights.heads[level];
        match averages.size {
            1 => {
                let epilogue = Epilogue {
                    add,
                    ..Epilogue::default()
                };
                fits(linear(workspace, rows, dy, ready, None, epilogue, dx));
            }
            _ => {
                let at_level = room(spare, rows * head.sizes[1]);
                let plain = Epilogue::default();
                fits(linear(workspace, rows, dy, ready, None, plain, at_level));
                fits(averages.backward(at_level, add, dx));
            }
        }
    }
}

/// Which head, and whether its gradient joins one that is there already.
struct HeadPlace {
    level: usize,
    add: bool,
}
