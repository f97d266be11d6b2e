//! VGG16 (Simonyan & Zisserman, 2015) up to relu4_3, in torchvision's names: the paper's teacher, and
//! with other widths the built-in one.

use super::architecture::{Architecture, Naming};
use crate::error::Result;
use crate::net::network::{Conv, INPUT, Network, Pool, Widths};

/// Indices of the convolutions of each stage in torchvision's `features`.
const STAGES: [&[usize]; 4] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21]];

/// VGG16.
pub static VGG16: Architecture = Architecture {
    name: "vgg16",
    title: "VGG16",
    describe: vgg16,
    namings: &[
        Naming {
            rename: str::to_owned,
            told_by: |shapes| Naming::first_conv(shapes, "features.0.weight", 3),
        },
        Naming {
            rename: pytorchcv,
            told_by: |shapes| Naming::first_conv(shapes, "features.stage1.unit1.conv.weight", 3),
        },
    ],
};

/// Convolutions in four stages with 2×2 pools between; levels are what the last three end with.
pub fn vgg16(widths: &Widths) -> Result<Network> {
    let mut network = Network::on_channels(3);
    let mut x = INPUT;
    for (stage, indices) in STAGES.iter().enumerate() {
        if stage > 0 {
            x = network.max_pool(
                x,
                Pool {
                    kernel: 2,
                    stride: 2,
                    dilation: 1,
                    padding: 0,
                    ceil: false,
                },
            );
        }
        for index in *indices {
            let name = format!("features.{index}");
            let outputs = widths(&name)?;
            x = network.conv(x, Conv::same(name, outputs, 3));
        }
        if stage > 0 {
            network.feature(x);
        }
    }
    Ok(network)
}

/// The same widths throughout each of the four stages.
pub fn of_stages(widths: [usize; 4]) -> impl Fn(&str) -> Result<usize> {
    move |layer| {
        let index = layer
            .rsplit('.')
            .next()
            .and_then(|index| index.parse().ok());
        let stage = STAGES
            .iter()
            .position(|stage| stage.iter().any(|i| Some(*i) == index));
        Ok(stage.map_or(0, |stage| widths[stage]))
    }
}

/// `features.7` → `features.stage2.unit2.conv`.
fn pytorchcv(layer: &str) -> String {
    let (stage, unit) = super::architecture::stage_and_unit(&STAGES, layer);
    format!("features.stage{stage}.unit{unit}.conv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_pytorchcv() {
        assert_eq!(pytorchcv("features.0"), "features.stage1.unit1.conv");
        assert_eq!(pytorchcv("features.21"), "features.stage4.unit3.conv");
    }

    #[test]
    fn widths_of_stages_are_those_of_their_layers() {
        let network = vgg16(&of_stages([16, 32, 96, 192])).unwrap();
        let widths: Vec<usize> = network.convs().map(|conv| conv.outputs).collect();
        assert_eq!(widths, [16, 16, 32, 32, 96, 96, 96, 192, 192, 192]);
    }
}
