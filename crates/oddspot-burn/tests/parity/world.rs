//! Numbers, pictures and networks of the tests, and how closely things must agree.

use image::{Rgb, RgbImage};
use oddspot::files::NamedTensors;
use oddspot::images::ImageSize;
use oddspot::net::engine::Engine;
use oddspot::net::forward::PassMemory;
use oddspot::net::network::{Level, Network};
use oddspot::net::teachers::Architecture;
use oddspot::net::tensors::Layout;
use oddspot::seed;
use oddspot::settings::{
    ClosedFormSettings, FeatureNorm, Method, PositionSettings, Settings, StudentSettings,
    TrainingSettings,
};
use oddspot_conv::{Shape, Workspace};
use rand::RngExt;

/// Difference allowed, relative to the largest value of the tensor.
pub const TOLERANCE: f32 = 1e-4;

/// Numbers in [−1, 1).
pub fn numbers(count: usize, purpose: &str) -> Vec<f32> {
    let mut random = seed::stream(7, purpose);
    (0..count)
        .map(|_| random.random_range(-1.0f32..1.0))
        .collect()
}

/// The largest difference, relative to the largest value; infinite where only one of them is NaN.
pub fn difference(found: &[f32], expected: &[f32]) -> f32 {
    let numbers = expected.iter().filter(|value| !value.is_nan());
    let largest = numbers.fold(1e-6f32, |most, value| most.max(value.abs()));
    let differences = found
        .iter()
        .zip(expected)
        .map(|(f, e)| match (f.is_nan(), e.is_nan()) {
            (false, false) => (f - e).abs() / largest,
            (true, true) => 0.0,
            _ => f32::INFINITY,
        });
    differences.fold(0.0, f32::max)
}

#[track_caller]
pub fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let difference = difference(found, expected);
    assert!(
        difference <= TOLERANCE,
        "{what}: off by {difference:e} of the largest"
    );
}

/// Fresh values of a network, none of its biases 0.
pub fn values(layout: &Layout, seed: u64) -> Vec<f32> {
    let noise = numbers(layout.count(), "noise");
    let fresh = layout.fresh(seed);
    fresh
        .iter()
        .zip(noise)
        .map(|(value, noise)| value + 0.05 * noise)
        .collect()
}

/// The same as tensors by name.
pub fn tensors(network: &Network) -> NamedTensors {
    let layout = Layout::of(network.tensors());
    layout.tensors(&values(&layout, 0))
}

/// A network's features of an input, as an engine computes them.
pub fn features(
    engine: &dyn Engine,
    network: &Network,
    tensors: &NamedTensors,
    (shape, input): (Shape, &[f32]),
) -> Vec<Vec<f32>> {
    let pass = engine.forward(network, tensors, shape).unwrap();
    let mut memory = PassMemory::default();
    pass.run(&mut Workspace::new(), input, &mut memory).unwrap();
    let numbers = 0..network.features().len();
    numbers
        .map(|number| pass.feature(number, &memory).to_vec())
        .collect()
}

/// A teacher's network with a few channels, as many in one stage as its sums need.
pub fn small(architecture: &Architecture) -> Network {
    let widths = |layer: &str| {
        let outer = layer == "conv1"
            || layer.contains("downsample")
            || layer.ends_with(match architecture.name {
                "resnet18" => "conv2",
                _ => "conv3",
            });
        Ok(match layer.split('.').next() {
            Some("conv1" | "layer1") if outer => 9,
            Some("layer2") if outer => 10,
            Some("layer3") if outer => 17,
            // No two neighbours alike.
            _ => 5 + layer.bytes().map(usize::from).sum::<usize>() % 7,
        })
    };
    (architecture.describe)(&widths).unwrap()
}

/// The size of the pictures.
pub const SIZE: ImageSize = ImageSize {
    width: 96,
    height: 80,
};

/// A picture of noise.
pub fn picture(index: usize) -> RgbImage {
    let mut random = seed::stream(index as u64, "picture");
    RgbImage::from_fn(SIZE.width as u32, SIZE.height as u32, |_, _| {
        Rgb(std::array::from_fn(|_| random.random_range(0..=255)))
    })
}

/// A teacher's levels with these strides.
pub fn levels(strides: &[usize]) -> Vec<Level> {
    let level = |(&stride, channels)| Level { stride, channels };
    strides.iter().zip([9, 10, 17]).map(level).collect()
}

/// Settings of small networks on [`SIZE`].
pub fn settings(method: Method, norm: FeatureNorm, output_stride: usize) -> Settings {
    Settings {
        method,
        image_size: SIZE,
        student: StudentSettings {
            widths: [5, 9, 12, 18],
            output_stride,
        },
        position: PositionSettings {
            offset: 8,
            pairs: 13,
            ..PositionSettings::default()
        },
        // The networks are what is compared.
        closed_form: ClosedFormSettings {
            gaussian_weight: 0.0,
            memory_weight: 0.0,
            ..ClosedFormSettings::default()
        },
        training: TrainingSettings {
            feature_norm: norm,
            // None of them is 1 or 0 where a forgotten one would not be noticed.
            level_weights: match method {
                Method::Full => [0.5, 1.25, 2.0],
                Method::Baseline | Method::Instant => [0.0, 1.25, 2.0],
            },
            batch: 2,
            ..TrainingSettings::default()
        },
        ..Settings::default()
    }
}
