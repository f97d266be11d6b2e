//! Residual networks (He et al., 2016; Zagoruyko & Komodakis, 2016) up to the third stage, in the
//! names that torchvision and timm share, batch normalisation folded into the convolutions.

use super::architecture::{Architecture, Naming};
use crate::error::Result;
use crate::net::network::{Activation, Conv, INPUT, Network, Pool, Value, Widths};
use crate::net::tensors::Shapes;

/// ResNet-18: two plain blocks a stage.
pub static RESNET18: Architecture = Architecture {
    name: "resnet18",
    title: "ResNet-18",
    describe: |widths| residual(widths, [2, 2, 2], Block::Plain),
    namings: &[Naming {
        rename: str::to_owned,
        told_by: |shapes| {
            is_residual(shapes) && !has(shapes, "layer1.0.conv3") && !has(shapes, "layer1.2.conv1")
        },
    }],
};

/// WideResNet-50-2: bottlenecks of twice ResNet-50's width.
pub static WIDE_RESNET50_2: Architecture = Architecture {
    name: "wide_resnet50_2",
    title: "WideResNet-50-2",
    describe: |widths| residual(widths, [3, 4, 6], Block::Bottleneck),
    namings: &[Naming {
        rename: str::to_owned,
        told_by: |shapes| is_residual(shapes) && bottleneck_shrinks_to(shapes, 2),
    }],
};

/// What a stage is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Two 3×3 convolutions.
    Plain,
    /// 1×1 to fewer channels, 3×3, and 1×1 back.
    Bottleneck,
}

/// A 7×7 convolution and a pool, then three stages of residual blocks, each half as fine as the one
/// before; levels are what the stages end with, at 1/4, 1/8 and 1/16 of the image.
fn residual(widths: &Widths, stages: [usize; 3], block: Block) -> Result<Network> {
    let mut network = Network::on_channels(3);
    let stem = Conv {
        stride: 2,
        norm: Some("bn1".to_owned()),
        ..Conv::same("conv1", widths("conv1")?, 7)
    };
    let x = network.conv(INPUT, stem);
    let mut x = network.max_pool(
        x,
        Pool {
            kernel: 3,
            stride: 2,
            dilation: 1,
            padding: 1,
            ceil: false,
        },
    );
    for (stage, blocks) in stages.into_iter().enumerate() {
        for index in 0..blocks {
            let name = format!("layer{}.{index}", stage + 1);
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            let mut part = Part {
                network: &mut network,
                name,
                widths,
            };
            x = part.block(x, block, stride, index == 0)?;
        }
        network.feature(x);
    }
    Ok(network)
}

/// One residual block.
struct Part<'a> {
    network: &'a mut Network,
    name: String,
    widths: &'a Widths<'a>,
}

impl Part<'_> {
    /// `max(0, F(x) + x)`, x through a 1×1 convolution where the shapes differ.
    fn block(&mut self, from: Value, block: Block, stride: usize, first: bool) -> Result<Value> {
        let relu = Activation::Relu;
        let inner = match block {
            Block::Plain => {
                let x = self.conv(from, "conv1", "bn1", (3, stride), relu)?;
                self.conv(x, "conv2", "bn2", (3, 1), Activation::None)?
            }
            Block::Bottleneck => {
                let x = self.conv(from, "conv1", "bn1", (1, 1), relu)?;
                let x = self.conv(x, "conv2", "bn2", (3, stride), relu)?;
                self.conv(x, "conv3", "bn3", (1, 1), Activation::None)?
            }
        };
        let shapes_differ = stride > 1 || first && block == Block::Bottleneck;
        let skipped = match shapes_differ {
            true => {
                let kernel = (1, stride);
                self.conv(
                    from,
                    "downsample.0",
                    "downsample.1",
                    kernel,
                    Activation::None,
                )?
            }
            false => from,
        };
        Ok(self.network.sum(inner, skipped, relu))
    }

    fn conv(
        &mut self,
        from: Value,
        part: &str,
        norm: &str,
        (kernel, stride): (usize, usize),
        activation: Activation,
    ) -> Result<Value> {
        let name = format!("{}.{part}", self.name);
        let outputs = (self.widths)(&name)?;
        let conv = Conv {
            stride,
            activation,
            norm: Some(format!("{}.{norm}", self.name)),
            ..Conv::same(name, outputs, kernel)
        };
        Ok(self.network.conv(from, conv))
    }
}

fn has(shapes: &Shapes, layer: &str) -> bool {
    shapes.contains_key(&format!("{layer}.weight"))
}

fn is_residual(shapes: &Shapes) -> bool {
    Naming::first_conv(shapes, "conv1.weight", 7) && has(shapes, "layer1.0.conv1")
}

/// Whether bottlenecks have so many times fewer channels inside than out.
fn bottleneck_shrinks_to(shapes: &Shapes, times: usize) -> bool {
    let width = |layer: &str| {
        let shape = shapes.get(&format!("layer1.0.{layer}.weight"))?;
        shape.first().copied()
    };
    match (width("conv1"), width("conv3")) {
        (Some(inside), Some(outside)) => inside * times == outside,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use oddspot_conv::Shape;

    use super::*;

    #[test]
    fn levels_lie_at_a_quarter_an_eighth_and_a_sixteenth() {
        for architecture in [&RESNET18, &WIDE_RESNET50_2] {
            let network = (architecture.describe)(&|_| Ok(8)).unwrap();
            let shapes = network.shapes(Shape::new(1, 64, 96, 3)).unwrap();
            for (&value, stride) in network.features().iter().zip([4, 8, 16]) {
                assert_eq!(network.stride_of(value), stride);
                assert_eq!(shapes[value], Shape::new(1, 64 / stride, 96 / stride, 8));
            }
        }
    }

    #[test]
    fn most_3x3_convolutions_are_those_of_the_fast_kernels() {
        for (architecture, fast, all) in [(&RESNET18, 10, 12), (&WIDE_RESNET50_2, 11, 13)] {
            let network = (architecture.describe)(&|_| Ok(8)).unwrap();
            let convs = || network.convs().filter(|conv| conv.kernel == 3);
            assert_eq!(convs().count(), all);
            assert_eq!(convs().filter(|conv| conv.is_3x3_same()).count(), fast);
        }
    }
}
