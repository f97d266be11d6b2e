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
    /// Those of the convolutions while they are frozen. In training they change with every step
    /// and are made ready when they are needed, all in the same memory, which stays in the cache.
    convs: Option<[ConvWeights; 6]>,
    pub heads: [LinearWeights; 3],
}

impl ForwardWeights {
    /// Of a frozen student.
    pub fn frozen(workspace: &mut Workspace, layers: &Layers, values: &[f32]) -> Self {
        let convs = layers.convs.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(ConvWeights::forward(workspace, weight, layer.sizes))
        });
        Self {
            convs: Some(convs),
            ..Self::changing(workspace, layers, values)
        }
    }

    /// Of a student in training.
    pub fn changing(workspace: &Workspace, layers: &Layers, values: &[f32]) -> Self {
        let heads = layers.heads.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(LinearWeights::pack(workspace.isa(), weight, layer.sizes))
        });
        Self { convs: None, heads }
    }

    pub fn refresh(&mut self, layers: &Layers, values: &[f32]) {
        refresh_heads(&mut self.heads, layers, values);
    }
}

/// Weights made ready for the backward pass, but for the convolutions', as in
/// [`ForwardWeights`].
pub(super) struct BackwardWeights {
    pub heads: [LinearWeights; 3],
}

impl BackwardWeights {
    pub fn new(workspace: &Workspace, layers: &Layers, values: &[f32]) -> Self {
        let isa = workspace.isa();
        let heads = layers.heads.each_ref().map(|layer| {
            let weight = &values[layer.weight.clone()];
            fits(LinearWeights::pack_transposed(isa, weight, layer.sizes))
        });
        Self { heads }
    }

    pub fn refresh(&mut self, layers: &Layers, values: &[f32]) {
        refresh_heads(&mut self.heads, layers, values);
    }
}

fn refresh_heads(heads: &mut [LinearWeights; 3], layers: &Layers, values: &[f32]) {
    for (weights, layer) in heads.iter_mut().zip(&layers.heads) {
        fits(weights.refresh(&values[layer.weight.clone()]));
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
            if !training {
                // Nobody needs the map before the last one any more: two take turns.
                maps.swap(index, (index + 4) % 6);
            }
            let (before, rest) = maps.split_at_mut(index);
            let from = match index {
                0 => images,
                _ if POOLED_CONVS.contains(&(index - 1)) => &pooled[pool - 1],
                _ => &before[index - 1],
            };
            let y = room(&mut rest[0], count(conv.output()));
            let from = &from[..count(conv.input)];
            self.convolve(workspace, weights, index, from, y);
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

    fn convolve(
        &self,
        workspace: &mut Workspace,
        weights: &ForwardWeights,
        index: usize,
        x: &[f32],
        y: &mut [f32],
    ) {
        let (conv, layer) = (self.plan.convs[index], &self.layers.convs[index]);
        let bias = Some(&self.values[layer.bias.clone()]);
        let relu = Epilogue::RELU;
        if let Some(frozen) = &weights.convs {
            fits(conv3x3(workspace, conv, x, &frozen[index], bias, relu, y));
            return;
        }
        let weight = &self.values[layer.weight.clone()];
        let ready = fits(ConvWeights::forward(workspace, weight, layer.sizes));
        fits(conv3x3(workspace, conv, x, &ready, bias, relu, y));
        ready.recycle(workspace);
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
}

/// A backward pass.
pub(super) struct Backward<'a> {
    pub student: Student<'a>,
    pub workspace: &'a mut Workspace,
    pub weights: &'a BackwardWeights,
    /// Of the forward pass; the levels hold the loss's gradient with respect to them.
    pub memory: &'a mut StudentMemory,
    /// For the gradients of the activations.
    pub of: &'a mut StudentMemory,
    /// For the gradients of the parameters, in their layout.
    pub gradients: &'a mut [f32],
}

impl Backward<'_> {
    /// From the gradients of the levels to those of all parameters. `add_to_trunk` adds what
    /// else depends on the trunk to its gradient.
    pub fn run(mut self, images: &[f32], add_to_trunk: impl FnOnce(&mut [f32])) {
        let plan = self.student.plan;
        let (mut pool, mut level) = (3, 3);
        let mut add_to_trunk = Some(add_to_trunk);
        for (index, conv) in plan.convs.iter().enumerate().rev() {
            let mut dy = std::mem::take(&mut self.of.maps[index]);
            let of_output = room(&mut dy, count(conv.output()));
            let pooled = POOLED_CONVS.contains(&index);
            if pooled {
                pool -= 1;
                self.pool(pool, of_output);
            }
            if LEVEL_CONVS.contains(&index) {
                level -= 1;
                self.head(level, pooled, of_output);
            }
            // The trunk is the last convolution's output: the first that comes by here.
            if let Some(add) = add_to_trunk.take() {
                add(of_output);
            }
            let x = match index {
                0 => images,
                _ if POOLED_CONVS.contains(&(index - 1)) => &self.memory.pooled[pool - 1],
                _ => &self.memory.maps[index - 1],
            };
            let x = &x[..count(conv.input)];
            let layer = &self.student.layers.convs[index];
            let y = Some(&self.memory.maps[index][..of_output.len()]);
            let rows = conv.input.positions();
            let db = &mut self.gradients[layer.bias.clone()];
            fits(relu_bias_backward(
                self.workspace.isa(),
                rows,
                y,
                of_output,
                db,
            ));
            let dw = &mut self.gradients[layer.weight.clone()];
            fits(conv3x3_weight_gradient(
                self.workspace,
                *conv,
                x,
                of_output,
                dw,
            ));
            if index > 0 {
                self.input(index, pool, of_output);
            }
            self.of.maps[index] = dy;
        }
    }

    /// From a pool's output to the convolution before it.
    fn pool(&mut self, pool: usize, dx: &mut [f32]) {
        let after = self.student.plan.convs[POOLED_CONVS[pool] + 1].input;
        let winners = &self.memory.winners[pool][..count(after)];
        let dy = &self.of.pooled[pool][..count(after)];
        let shape = &self.student.plan.pools[pool];
        fits(shape.backward(self.workspace.isa(), dy, winners, dx));
    }

    /// From a convolution's output to its input: a pool's output or another convolution's.
    fn input(&mut self, index: usize, pool: usize, dy: &[f32]) {
        let conv = self.student.plan.convs[index];
        let dx = match POOLED_CONVS.contains(&(index - 1)) {
            true => &mut self.of.pooled[pool - 1],
            false => &mut self.of.maps[index - 1],
        };
        let dx = room(dx, count(conv.input));
        let layer = &self.student.layers.convs[index];
        let weight = &self.student.values[layer.weight.clone()];
        let ready = fits(ConvWeights::input_gradient(
            self.workspace,
            weight,
            layer.sizes,
        ));
        fits(conv3x3_input_gradient(self.workspace, conv, dy, &ready, dx));
        ready.recycle(self.workspace);
    }

    /// From a level to its convolution's output, written to `dx` or added to what is there.
    fn head(&mut self, level: usize, add: bool, dx: &mut [f32]) {
        let head = &self.student.layers.heads[level];
        let rows = self.student.plan.level_rows(level);
        let dy = &mut self.memory.levels[level][..rows * head.sizes[0]];
        let db = &mut self.gradients[head.bias.clone()];
        fits(relu_bias_backward(self.workspace.isa(), rows, None, dy, db));
        let averages = &self.student.plan.averages[level];
        let features = match averages.size {
            1 => &self.memory.maps[LEVEL_CONVS[level]],
            _ => &self.memory.averaged[level],
        };
        let features = &features[..rows * head.sizes[1]];
        let dw = &mut self.gradients[head.weight.clone()];
        fits(linear_weight_gradient(
            self.workspace,
            rows,
            features,
            dy,
            head.sizes,
            dw,
        ));
        let ready = &self.weights.heads[level];
        if averages.size == 1 {
            let epilogue = Epilogue {
                add,
                ..Epilogue::default()
            };
            fits(linear(self.workspace, rows, dy, ready, None, epilogue, dx));
            return;
        }
        let at_level = room(&mut self.of.averaged[level], rows * head.sizes[1]);
        let plain = Epilogue::default();
        fits(linear(
            self.workspace,
            rows,
            dy,
            ready,
            None,
            plain,
            at_level,
        ));
        fits(averages.backward(at_level, add, dx));
    }
}
