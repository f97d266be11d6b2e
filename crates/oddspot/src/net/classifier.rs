//! The position classifier as data: three fully connected layers `D → hidden → hidden → 8` with
//! LeakyReLU between, over rows of features.

use super::network::{Activation, Conv, INPUT, Network};
use crate::settings::PositionSettings;

/// Directions that it tells apart.
pub const CLASSES: usize = 8;

/// Its layers, in order.
pub const LAYERS: [&str; 3] = ["position.fc1", "position.fc2", "position.fc3"];

/// The classifier of level-3 features of so many channels; its feature are the logits `[rows, 8]`.
pub fn classifier(settings: &PositionSettings, features: usize) -> Network {
    let mut network = Network::on_channels(features);
    let leaky = Activation::Leaky(settings.negative_slope as f32);
    let widths = [settings.hidden, settings.hidden, CLASSES];
    let activations = [leaky, leaky, Activation::None];
    let mut x = INPUT;
    for ((name, outputs), activation) in LAYERS.into_iter().zip(widths).zip(activations) {
        let layer = Conv {
            activation,
            ..Conv::same(name, outputs, 1)
        };
        x = network.conv(x, layer);
    }
    network.feature(x);
    network
}
