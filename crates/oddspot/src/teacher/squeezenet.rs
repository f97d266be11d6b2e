//! SqueezeNet 1.0 (Iandola et al., 2016) up to fire8, in torchvision's names, its first
//! convolution padded by 3 so that level 1 is exactly half the image.

use burn::module::Param;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use oddspot_conv::Workspace;

use crate::cpu::{CpuConv, CpuFire, CpuLinear, CpuStem, CpuTeacher};
use crate::network::{
    Conv3x3, Linear, Parameters, channels_first, channels_last, max_pool_3x3_ceil,
};

/// Indices in torchvision's `features` of the fire modules between the pools.
pub(super) const FIRES: [&[usize]; 2] = [&[3, 4, 5], &[7, 8, 9, 10]];

pub(super) struct SqueezeNet {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    fires: [Vec<Fire>; 2],
}

/// Squeeze to few channels, expand by 1×1 and by 3×3 convolutions side by side.
struct Fire {
    squeeze: Linear,
    expand1x1: Linear,
    expand3x3: Conv3x3,
}

impl SqueezeNet {
    /// The network and the channels of its levels 1..3 (conv1, fire4, fire8).
    pub fn new(parameters: &Parameters) -> Result<(Self, [usize; 3]), String> {
        let first = parameters.out_channels("features.0")?;
        let weight = parameters.tensor("features.0.weight", [first, 3, 7, 7], 3 * 49)?;
        let bias = parameters.zeros("features.0.bias", [first])?;
        let mut levels = [first; 3];
        let mut channels = first;
        let mut fires: [Vec<Fire>; 2] = Default::default();
        for (level, indices) in FIRES.iter().enumerate() {
            for index in *indices {
                let name = format!("features.{index}");
                let (fire, outputs) = Fire::new(&parameters.scope(&name), channels)?;
                fires[level].push(fire);
                channels = outputs;
            }
            levels[level + 1] = channels;
        }
        Ok((
            Self {
                weight,
                bias,
                fires,
            },
            levels,
        ))
    }

    pub fn on_cpu(&self, workspace: &mut Workspace) -> CpuTeacher {
        let stem = CpuStem::new(workspace, &self.weight, &self.bias);
        let ready = |fires: &Vec<Fire>| -> Vec<CpuFire> {
            fires.iter().map(|fire| fire.on_cpu(workspace)).collect()
        };
        CpuTeacher::squeezenet(stem, self.fires.each_ref().map(ready))
    }

    pub fn maps(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let options = ConvOptions::new([2, 2], [3, 3], [1, 1], 1);
        let level1 = channels_last(relu(conv2d(
            channels_first(images),
            self.weight.val(),
            Some(self.bias.val()),
            options,
        )));
        let stage = |x, fires: &[Fire]| fires.iter().fold(x, |x, fire| fire.forward(x));
        let level2 = stage(max_pool_3x3_ceil(level1.clone()), &self.fires[0]);
        let level3 = stage(max_pool_3x3_ceil(level2.clone()), &self.fires[1]);
        [level1, level2, level3]
    }
}

impl Fire {
    fn new(parameters: &Parameters, inputs: usize) -> Result<(Self, usize), String> {
        let squeeze = parameters.out_channels("squeeze")?;
        let narrow = parameters.out_channels("expand1x1")?;
        let wide = parameters.out_channels("expand3x3")?;
        let fire = Self {
            squeeze: parameters.linear("squeeze", inputs, squeeze)?,
            expand1x1: parameters.linear("expand1x1", squeeze, narrow)?,
            expand3x3: parameters.conv3x3("expand3x3", squeeze, wide)?,
        };
        Ok((fire, narrow + wide))
    }

    fn on_cpu(&self, workspace: &mut Workspace) -> CpuFire {
        CpuFire {
            squeeze: CpuLinear::new(workspace, &self.squeeze),
            expand1x1: CpuLinear::new(workspace, &self.expand1x1),
            expand3x3: CpuConv::new(workspace, &self.expand3x3),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let squeezed = relu(self.squeeze.forward_map(x));
        let narrow = relu(self.expand1x1.forward_map(squeezed.clone()));
        let wide = self.expand3x3.forward(squeezed, 1);
        Tensor::cat(vec![narrow, wide], 3)
    }
}
