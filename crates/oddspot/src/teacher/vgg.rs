//! VGG16 (Simonyan & Zisserman, 2015) up to relu4_3, in torchvision's names.

use burn::tensor::Tensor;

use oddspot_conv::Workspace;

use crate::cpu::{CpuConv, CpuTeacher};
use crate::network::{Conv3x3, Parameters, max_pool_2x2};

/// Indices of the convolutions of each stage in torchvision's `features`.
pub(super) const STAGES: [&[usize]; 4] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21]];

pub(super) struct Vgg16 {
    stages: [Vec<Conv3x3>; 4],
}

impl Vgg16 {
    /// The network and the channels of its levels 1..3 (relu2_2, relu3_3, relu4_3).
    pub fn new(parameters: &Parameters) -> Result<(Self, [usize; 3]), String> {
        let mut channels = 3;
        let mut stages: [Vec<Conv3x3>; 4] = Default::default();
        for (stage, indices) in stages.iter_mut().zip(STAGES) {
            for index in indices {
                let name = format!("features.{index}");
                let outputs = parameters.out_channels(&name)?;
                stage.push(parameters.conv3x3(&name, channels, outputs)?);
                channels = outputs;
            }
        }
        let out = |stage: usize| stages[stage].last().map_or(0, Conv3x3::out_channels);
        let levels = [out(1), out(2), out(3)];
        Ok((Self { stages }, levels))
    }

    pub fn on_cpu(&self, workspace: &mut Workspace) -> CpuTeacher {
        let ready = |stage: &Vec<Conv3x3>| -> Vec<CpuConv> {
            stage
                .iter()
                .map(|conv| CpuConv::new(workspace, conv))
                .collect()
        };
        CpuTeacher::vgg16(self.stages.each_ref().map(ready))
    }

    pub fn maps(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let stage = |x, stage: &[Conv3x3]| stage.iter().fold(x, |x, conv| conv.forward(x, 1));
        let [stage1, stage2, stage3, stage4] = &self.stages;
        let level1 = stage(max_pool_2x2(stage(images, stage1)), stage2);
        let level2 = stage(max_pool_2x2(level1.clone()), stage3);
        let level3 = stage(max_pool_2x2(level2.clone()), stage4);
        [level1, level2, level3]
    }
}
