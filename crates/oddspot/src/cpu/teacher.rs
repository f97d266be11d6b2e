//! The frozen teacher's forward pass.

use oddspot_conv::direct::{DirectConv, DirectWeights};
use oddspot_conv::pool::MaxPool;
use oddspot_conv::{Epilogue, Shape, Workspace};

use super::layers::values;
use super::{CpuConv, CpuLinear, fits, room};
use burn::module::Param;
use burn::tensor::Tensor;

/// A teacher with its weights made ready.
pub struct CpuTeacher(Layers);

enum Layers {
    /// VGG16's four stages of convolutions.
    Vgg16([Vec<CpuConv>; 4]),
    /// SqueezeNet's first convolution, and its fire modules after each pool.
    SqueezeNet(CpuStem, [Vec<CpuFire>; 2]),
}

/// SqueezeNet's first convolution: 7×7, stride 2, padding 3, with ReLU.
pub(crate) struct CpuStem {
    weights: DirectWeights,
    bias: Vec<f32>,
}

/// A fire module.
pub(crate) struct CpuFire {
    pub squeeze: CpuLinear,
    pub expand1x1: CpuLinear,
    pub expand3x3: CpuConv,
}

/// Memory of a teacher's pass, kept from image to image.
#[derive(Default)]
pub struct TeacherMemory {
    even: Vec<f32>,
    odd: Vec<f32>,
    /// `T¹, T², T³`, `[height/2^ℓ, width/2^ℓ, channels]`.
    pub(super) levels: [Vec<f32>; 3],
}

impl CpuStem {
    pub(crate) fn new(
        workspace: &Workspace,
        weight: &Param<Tensor<4>>,
        bias: &Param<Tensor<1>>,
    ) -> Self {
        let bias = values(bias);
        let conv = Self::conv(Shape::new(1, 8, 8, 3), bias.len());
        Self {
            weights: fits(conv.pack(workspace.isa(), &values(weight))),
            bias,
        }
    }

    fn conv(input: Shape, outputs: usize) -> DirectConv {
        DirectConv {
            input,
            outputs,
            kernel: 7,
            stride: 2,
            dilation: 1,
            padding: 3,
        }
    }
}

impl CpuTeacher {
    /// VGG16 from its four stages.
    pub(crate) fn vgg16(stages: [Vec<CpuConv>; 4]) -> Self {
        Self(Layers::Vgg16(stages))
    }

    /// SqueezeNet from its first convolution and the fire modules after each pool.
    pub(crate) fn squeezenet(stem: CpuStem, fires: [Vec<CpuFire>; 2]) -> Self {
        Self(Layers::SqueezeNet(stem, fires))
    }

    /// `T¹, T², T³` of a normalised image `[height, width, 3]`, into the memory's levels; their
    /// shapes. The sides are multiples of 8.
    pub fn maps(
        &self,
        workspace: &mut Workspace,
        image: &[f32],
        [height, width]: [usize; 2],
        memory: &mut TeacherMemory,
    ) -> [Shape; 3] {
        let input = Shape::new(1, height, width, 3);
        match &self.0 {
            Layers::Vgg16(stages) => vgg16(stages, workspace, input, image, memory),
            Layers::SqueezeNet(stem, fires) => {
                squeezenet(stem, fires, workspace, input, image, memory)
            }
        }
    }
}

/// VGG's stages with 2×2 pools between; levels are what the last three end with.
fn vgg16(
    stages: &[Vec<CpuConv>; 4],
    workspace: &mut Workspace,
    input: Shape,
    image: &[f32],
    memory: &mut TeacherMemory,
) -> [Shape; 3] {
    let TeacherMemory { even, odd, levels } = memory;
    let mut shape = input;
    let mut shapes = [input; 3];
    for (index, stage) in stages.iter().enumerate() {
        for (at, conv) in stage.iter().enumerate() {
            let from = match (index, at) {
                (0, 0) => image,
                _ => even,
            };
            if index > 0 && at + 1 == stage.len() {
                shape = conv.run(workspace, shape, from, &mut levels[index - 1]);
                shapes[index - 1] = shape;
            } else {
                shape = conv.run(workspace, shape, from, odd);
                std::mem::swap(even, odd);
            }
        }
        if index + 1 < stages.len() {
            let pool = MaxPool {
                input: shape,
                kernel: 2,
                stride: 2,
                dilation: 1,
                padding: 0,
                ceil: false,
            };
            let from = match index {
                0 => &*even,
                _ => &levels[index - 1],
            };
            shape = max_pool(workspace, pool, from, odd);
            std::mem::swap(even, odd);
        }
    }
    shapes
}

/// SqueezeNet's stem, then twice a ceil-mode pool and fire modules.
fn squeezenet(
    stem: &CpuStem,
    fires: &[Vec<CpuFire>; 2],
    workspace: &mut Workspace,
    input: Shape,
    image: &[f32],
    memory: &mut TeacherMemory,
) -> [Shape; 3] {
    let TeacherMemory { even, odd, levels } = memory;
    let conv = CpuStem::conv(input, stem.bias.len());
    let mut shape = fits(conv.output());
    let level = room(&mut levels[0], shape.positions() * shape.channels);
    let bias = Some(&stem.bias[..]);
    fits(conv.forward(workspace, image, &stem.weights, bias, Epilogue::RELU, level));
    let mut shapes = [shape; 3];
    for (index, fires) in fires.iter().enumerate() {
        let pool = MaxPool {
            input: shape,
            kernel: 3,
            stride: 2,
            dilation: 1,
            padding: 0,
            ceil: true,
        };
        shape = max_pool(workspace, pool, &levels[index], even);
        for (at, fire) in fires.iter().enumerate() {
            let to = &mut levels[index + 1];
            if at > 0 {
                std::mem::swap(even, to);
            }
            shape = fire.run(workspace, shape, even, odd, to);
        }
        shapes[index + 1] = shape;
    }
    shapes
}

impl CpuFire {
    /// Squeeze, then both expansions side by side; the output's shape.
    fn run(
        &self,
        workspace: &mut Workspace,
        input: Shape,
        x: &[f32],
        squeezed: &mut Vec<f32>,
        y: &mut Vec<f32>,
    ) -> Shape {
        let rows = input.positions();
        let narrow = input.with_channels(self.squeeze.outputs());
        let squeezed = room(squeezed, rows * narrow.channels);
        let x = &x[..rows * input.channels];
        self.squeeze
            .run_into(workspace, rows, x, Epilogue::RELU, squeezed);
        let (first, second) = (self.expand1x1.outputs(), self.expand3x3.outputs());
        let output = input.with_channels(first + second);
        let y = room(y, rows * output.channels);
        let beside = |first| Epilogue {
            first,
            stride: output.channels,
            ..Epilogue::RELU
        };
        self.expand1x1
            .run_into(workspace, rows, squeezed, beside(0), y);
        self.expand3x3
            .run_into(workspace, narrow, squeezed, beside(first), y);
        output
    }
}

/// A max pool of `x` to `y`; the output's shape.
fn max_pool(workspace: &Workspace, pool: MaxPool, x: &[f32], y: &mut Vec<f32>) -> Shape {
    let output = fits(pool.output());
    let y = room(y, output.positions() * output.channels);
    let x = &x[..pool.input.positions() * pool.input.channels];
    fits(pool.forward(workspace.isa(), x, y, None));
    output
}
