//! SqueezeNet 1.0 (Iandola et al., 2016) up to fire8, in torchvision's names, its first
//! convolution padded by 3 so that level 1 is exactly half the image.

use super::architecture::{Architecture, Naming, stage_and_unit};
use crate::error::Result;
use crate::net::network::{Conv, INPUT, Network, Pool, Value, Widths};

/// Indices in torchvision's `features` of the fire modules between the pools.
const FIRES: [&[usize]; 2] = [&[3, 4, 5], &[7, 8, 9, 10]];

/// SqueezeNet 1.0.
pub static SQUEEZENET: Architecture = Architecture {
    name: "squeezenet",
    title: "SqueezeNet 1.0",
    describe: squeezenet,
    namings: &[
        Naming {
            rename: str::to_owned,
            told_by: |shapes| Naming::first_conv(shapes, "features.0.weight", 7),
        },
        Naming {
            rename: pytorchcv,
            told_by: |shapes| Naming::first_conv(shapes, "features.init_block.conv.weight", 7),
        },
    ],
};

/// A 7×7 convolution, then twice a ceil-mode pool and fire modules; levels are conv1, fire4 and fire8.
fn squeezenet(widths: &Widths) -> Result<Network> {
    let mut network = Network::on_channels(3);
    let stem = Conv {
        stride: 2,
        ..Conv::same("features.0", widths("features.0")?, 7)
    };
    let mut x = network.conv(INPUT, stem);
    network.feature(x);
    for fires in FIRES {
        x = network.max_pool(
            x,
            Pool {
                kernel: 3,
                stride: 2,
                dilation: 1,
                padding: 0,
                ceil: true,
            },
        );
        for index in fires {
            x = fire(&mut network, x, &format!("features.{index}"), widths)?;
        }
        network.feature(x);
    }
    Ok(network)
}

/// Squeeze to few channels, expand by 1×1 and by 3×3 convolutions side by side.
fn fire(network: &mut Network, from: Value, name: &str, widths: &Widths) -> Result<Value> {
    let mut conv = |from, part: &str, kernel| {
        let name = format!("{name}.{part}");
        let outputs = widths(&name)?;
        Ok::<_, crate::Error>(network.conv(from, Conv::same(name, outputs, kernel)))
    };
    let squeezed = conv(from, "squeeze", 1)?;
    let narrow = conv(squeezed, "expand1x1", 1)?;
    let wide = conv(squeezed, "expand3x3", 3)?;
    Ok(network.concat(&[narrow, wide]))
}

/// `features.5.squeeze` → `features.stage1.unit3.squeeze.conv`.
fn pytorchcv(layer: &str) -> String {
    match layer.rsplit_once('.') {
        Some((fire, part)) if fire != "features" => {
            let (stage, unit) = stage_and_unit(&FIRES, fire);
            format!("features.stage{stage}.unit{unit}.{part}.conv")
        }
        _ => "features.init_block.conv".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_pytorchcv() {
        assert_eq!(pytorchcv("features.0"), "features.init_block.conv");
        assert_eq!(
            pytorchcv("features.10.expand3x3"),
            "features.stage2.unit4.expand3x3.conv"
        );
    }
}
