//! The student: a dense network of receptive field 65, evaluated at any output stride.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::config::StudentConfig;
use crate::network::{Conv3x3, Linear, Parameters, average_pool, max_pool_3x3_same};

/// The student network (design: `conv · pool · conv conv · pool · conv · pool · conv conv`, a
/// 1×1 head per level onto the teacher's channels).
#[derive(Module, Debug)]
pub struct Student {
    conv0: Conv3x3,
    conv1: Conv3x3,
    conv2: Conv3x3,
    conv3: Conv3x3,
    conv4: Conv3x3,
    conv5: Conv3x3,
    head1: Linear,
    head2: Linear,
    head3: Linear,
}

/// What the student says of a batch of images.
pub struct StudentMaps {
    /// `S¹, S², S³` at the teacher's sizes: `[batch, height/2^ℓ, width/2^ℓ, channels]`.
    pub levels: [Tensor<4>; 3],
    /// The level-3 features before head 3 at every `output_stride` pixels:
    /// `[batch, height/stride, width/stride, c4]`, position (i, j) centred on pixel
    /// (stride·i, stride·j).
    pub trunk: Tensor<4>,
}

impl Student {
    /// Builds the network for a teacher with the given channels per level.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(
        parameters: &Parameters,
        config: &StudentConfig,
        teacher_channels: [usize; 3],
    ) -> Result<Self, String> {
        let [c1, c2, c3, c4] = config.widths;
        let [t1, t2, t3] = teacher_channels;
        Ok(Self {
            conv0: parameters.conv3x3("conv0", 3, c1)?,
            conv1: parameters.conv3x3("conv1", c1, c2)?,
            conv2: parameters.conv3x3("conv2", c2, c2)?,
            conv3: parameters.conv3x3("conv3", c2, c3)?,
            conv4: parameters.conv3x3("conv4", c3, c4)?,
            conv5: parameters.conv3x3("conv5", c4, c4)?,
            head1: parameters.linear("head1", c2, t1)?,
            head2: parameters.linear("head2", c3, t2)?,
            head3: parameters.linear("head3", c4, t3)?,
        })
    }

    /// Evaluates the network on normalised images `[batch, height, width, 3]` whose sides are
    /// multiples of 8.
    pub fn forward(&self, images: Tensor<4>, output_stride: usize) -> StudentMaps {
        let mut grid = Grid::new(output_stride);
        let x = grid.pool(self.conv0.forward(images, 1));
        let x = self.conv1.forward(x, grid.dilation);
        let level1 = self.conv2.forward(x, grid.dilation);
        let pool1 = grid.block(2);
        let x = grid.pool(level1.clone());
        let level2 = self.conv3.forward(x, grid.dilation);
        let pool2 = grid.block(4);
        let x = grid.pool(level2.clone());
        let x = self.conv4.forward(x, grid.dilation);
        let trunk = self.conv5.forward(x, grid.dilation);
        let pool3 = grid.block(8);
        // The 1×1 heads commute with the average and are cheaper after it.
        let levels = [
            self.head1.forward_map(average_pool(level1, pool1)),
            self.head2.forward_map(average_pool(level2, pool2)),
            self.head3.forward_map(average_pool(trunk.clone(), pool3)),
        ];
        StudentMaps { levels, trunk }
    }

    /// All its convolutions, in the order of the data's way.
    pub(crate) fn convolutions(&self) -> [&Conv3x3; 6] {
        [
            &self.conv0,
            &self.conv1,
            &self.conv2,
            &self.conv3,
            &self.conv4,
            &self.conv5,
        ]
    }

    /// The head of level 3.
    pub(crate) fn head3(&self) -> &Linear {
        &self.head3
    }

    /// `S³` at chosen positions: head 3 on rows of [`StudentMaps::trunk`], `[rows, c4]` to
    /// `[rows, D]`.
    pub fn level3(&self, trunk: Tensor<2>) -> Tensor<2> {
        self.head3.forward(trunk)
    }
}

/// Strides are real until their product reaches the output stride, dilations after.
struct Grid {
    output_stride: usize,
    stride: usize,
    dilation: usize,
}

impl Grid {
    fn new(output_stride: usize) -> Self {
        Self {
            output_stride,
            stride: 1,
            dilation: 1,
        }
    }

    /// A pool that halves the grid, or dilates all that follows it.
    fn pool(&mut self, x: Tensor<4>) -> Tensor<4> {
        if self.stride < self.output_stride {
            self.stride *= 2;
            return max_pool_3x3_same(x, 2, 1);
        }
        let pooled = max_pool_3x3_same(x, 1, self.dilation);
        self.dilation *= 2;
        pooled
    }

    /// Positions per side of the block that one teacher feature of the given stride covers.
    fn block(&self, teacher_stride: usize) -> usize {
        teacher_stride / self.stride
    }
}
