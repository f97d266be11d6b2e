//! ResNet-18 and WideResNet-50-2, read from files as torchvision (and timm, by the same names) writes
//! them.

use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::net::teachers::{Architecture, RESNET18, Teacher, WIDE_RESNET50_2, read_weights};
use oddspot_conv::Shape;
use safetensors::tensor::{SafeTensors, TensorView};

use crate::fixture::{Oracle, assert_within, features, largest, path};

/// The most that a value may be off, as a share of the map's largest: at full width, sums are of some
/// thousand products.
const TOLERANCE: f32 = 1e-5;

/// `oracle/resnets.py` keeps one value in so many of its maps at full width.
const SAMPLED: usize = 61;

#[track_caller]
fn assert_maps_are_the_oracles(teacher: &Teacher, architecture: &Architecture, oracle: &Oracle) {
    assert_eq!(teacher.identity.architecture, architecture);
    let name = architecture.name;
    let (input, shape) = oracle.input(&format!("{name}/input"));
    let maps = features(&teacher.network, &teacher.weights, (&input, shape));
    let levels = teacher.network.levels();
    assert_eq!(maps.len(), 3);
    for (((map, shape), level), at) in maps.iter().zip(levels).zip(1..) {
        let name = format!("{name}/level{at}");
        let expected = oracle.get(&name);
        assert_eq!(level.stride, 2 << at);
        assert_eq!(expected.shape, [shape.height, shape.width, level.channels]);
        let tolerance = TOLERANCE * largest(&expected.values);
        assert_within(map, &expected.values, tolerance, &name);
    }
}

/// A `.safetensors` file as torchvision's weights would be in one, with all that no level needs.
fn file_of(architecture: &Architecture, folder: &std::path::Path) -> std::path::PathBuf {
    let fixture = std::fs::read(path("resnets.safetensors")).unwrap();
    let fixture = SafeTensors::deserialize(&fixture).unwrap();
    let prefix = format!("{}/weights/", architecture.name);
    let weights: Vec<(String, TensorView)> = (fixture.iter())
        .filter_map(|(name, view)| Some((name.strip_prefix(&prefix)?.to_owned(), view)))
        .collect();
    let file = folder.join("weights.safetensors");
    std::fs::write(&file, safetensors::serialize(weights, None).unwrap()).unwrap();
    file
}

#[test]
fn maps_of_safetensors_files_are_pytorchs() {
    let oracle = Oracle::of_file("resnets.safetensors");
    for architecture in [&RESNET18, &WIDE_RESNET50_2] {
        let folder = tempfile::tempdir().unwrap();
        let teacher = read_weights(&file_of(architecture, folder.path()), "mine").unwrap();
        assert_maps_are_the_oracles(&teacher, architecture, &oracle);
    }
}

#[test]
fn maps_of_pth_files_are_pytorchs() {
    let oracle = Oracle::of_file("resnets.safetensors");
    let teacher = read_weights(&path("resnet18.pth"), "mine").unwrap();
    assert_maps_are_the_oracles(&teacher, &RESNET18, &oracle);
}

/// As `hashed` of `oracle/resnets.py`.
fn hashed(name: &str, shape: &[usize], largest: f64) -> NamedTensor {
    let seed = name.bytes().fold(2_166_136_261u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    let value = |i: u32| {
        let mut h = i.wrapping_mul(2_654_435_761).wrapping_add(seed);
        h = (h ^ (h >> 15)).wrapping_mul(2_246_822_519);
        h = (h ^ (h >> 13)).wrapping_mul(3_266_489_917);
        h ^= h >> 16;
        let unit = f64::from(h >> 8) / f64::from(1 << 24);
        ((2.0 * unit - 1.0) * largest) as f32
    };
    NamedTensor {
        shape: shape.to_vec(),
        values: (0..shape.iter().product::<usize>() as u32)
            .map(value)
            .collect(),
    }
}

/// Channels of WideResNet-50-2's layers, by their names.
fn full_width(layer: &str) -> usize {
    let stage = (1..=3).find(|stage| layer.starts_with(&format!("layer{stage}")));
    match (
        stage,
        layer.ends_with("conv3") || layer.ends_with("downsample.0"),
    ) {
        (None, _) => 64,
        (Some(stage), false) => 64 << stage,
        (Some(stage), true) => 128 << stage,
    }
}

#[test]
fn maps_of_a_wide_resnet_at_its_full_width_are_pytorchs() {
    let oracle = Oracle::of_file("resnets.safetensors");
    let network = (WIDE_RESNET50_2.describe)(&|layer| Ok(full_width(layer))).unwrap();
    let weights: NamedTensors = (network.tensors().into_iter())
        .map(|tensor| {
            let inputs: usize = tensor.shape.iter().skip(1).product();
            let largest = match tensor.shape.len() {
                1 => 0.1,
                _ => (6.0 / inputs as f64).sqrt(),
            };
            let values = hashed(&tensor.name, &tensor.shape, largest);
            (tensor.name, values)
        })
        .collect();
    let teacher = Teacher::new("full", &WIDE_RESNET50_2, weights).unwrap();
    let channels: Vec<usize> = (teacher.network.levels().iter())
        .map(|level| level.channels)
        .collect();
    assert_eq!(channels, [256, 512, 1024]);
    let input = hashed("input", &[64, 64, 3], 2.0).values;
    let shape = Shape::new(1, 64, 64, 3);
    let maps = features(&teacher.network, &teacher.weights, (&input, shape));
    for ((map, _), at) in maps.iter().zip(1..) {
        let name = format!("full/level{at}");
        let sampled: Vec<f32> = map.iter().step_by(SAMPLED).copied().collect();
        let expected = oracle.values(&name);
        assert_within(&sampled, expected, TOLERANCE * largest(expected), &name);
    }
}
