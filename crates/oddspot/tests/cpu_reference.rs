//! What runs on a CPU, held to its plain implementation over burn: single operations, the
//! training step with every gradient, and detection.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use image::RgbImage;
use oddspot::config::{
    Config, FeatureNorm, Method, Optimizer, PositionConfig, StudentConfig, TrainingConfig,
};
use oddspot::cpu::{CpuDetection, CpuTraining, Memory, TeacherMaps};
use oddspot::error_maps::GridErrors;
use oddspot::image::ImageSize;
use oddspot::loss::{self, normalise_teacher, whiten_teacher};
use oddspot::network::{
    MaxPoolShape, Parameters, average_pool, average_pool_plain, conv3x3_relu, conv3x3_relu_plain,
    max_pool, max_pool_plain, named_tensors,
};
use oddspot::placement::{Neighbour, Placement};
use oddspot::position::{self, Pair, PatchGrid, classify};
use oddspot::scoring::{Scorer, image_tensor};
use oddspot::seed;
use oddspot::teacher::{Architecture, Teacher};
use oddspot::teacher_cache::{EncodedMaps, TeacherCache};
use oddspot::tensor_file::{NamedTensor, NamedTensors};
use oddspot::trainable::Networks;
use oddspot::training::{PortableTraining, TrainingSet};
use oddspot::whitening::whiten;
use rand::RngExt;

/// Error allowed, relative to the largest value of the tensor.
const TOLERANCE: f32 = 1e-4;

fn numbers(count: usize, purpose: &str) -> Vec<f32> {
    let mut random = seed::stream(7, purpose);
    (0..count)
        .map(|_| random.random_range(-1.0f32..1.0))
        .collect()
}

fn tensor<const D: usize>(shape: [usize; D], purpose: &str, device: &Device) -> Tensor<D> {
    let values = numbers(shape.iter().product(), purpose);
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let largest = expected
        .iter()
        .filter(|v| !v.is_nan())
        .fold(0.0f32, |m, v| m.max(v.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert_eq!(f.is_nan(), e.is_nan(), "{what}[{i}]: {f} for {e}");
        assert!(
            e.is_nan() || (f - e).abs() <= TOLERANCE * largest.max(1e-6),
            "{what}[{i}]: {f} for {e}, largest {largest}"
        );
    }
}

#[test]
fn a_convolution_and_its_gradients_are_the_plain_ones() {
    let device = Device::flex().autodiff();
    for (height, width, inputs, outputs, dilation) in [
        (9, 13, 3, 5, 1),
        (17, 7, 10, 6, 1),
        (11, 11, 16, 33, 2),
        (19, 23, 12, 8, 4),
        (21, 18, 9, 20, 8),
    ] {
        let run = |kernel: bool| {
            let x = tensor([2, height, width, inputs], "x", &device).require_grad();
            let w = tensor([outputs, inputs, 3, 3], "w", &device).require_grad();
            let b = tensor([outputs], "b", &device).require_grad();
            let (x2, w2, b2) = (x.clone(), w.clone(), b.clone());
            let y = match kernel {
                true => conv3x3_relu(x2, w2, b2, dilation),
                false => conv3x3_relu_plain(x2, w2, b2, dilation),
            };
            let weights = tensor([2, height, width, outputs], "dy", &device);
            let gradients = (y.clone() * weights).sum().backward();
            [
                values(y),
                values(x.grad(&gradients).unwrap()),
                values(w.grad(&gradients).unwrap()),
                values(b.grad(&gradients).unwrap()),
            ]
        };
        let names = ["output", "input", "weight", "bias"];
        for ((found, expected), name) in run(true).iter().zip(run(false)).zip(names) {
            let what = format!("{name} of {inputs} to {outputs}, dilation {dilation}");
            assert_close(found, &expected, &what);
        }
    }
}

#[test]
fn max_pools_and_their_gradients_are_the_plain_ones() {
    let device = Device::flex().autodiff();
    let pool = |kernel, stride, dilation, padding, ceil| MaxPoolShape {
        kernel,
        stride,
        dilation,
        padding,
        ceil,
    };
    for shape in [
        pool(2, 2, 1, 0, false),
        pool(3, 2, 1, 1, false),
        pool(3, 1, 1, 1, false),
        pool(3, 1, 4, 4, false),
        pool(3, 2, 1, 0, true),
    ] {
        let run = |kernel: bool| {
            let x = tensor([2, 13, 18, 11], "x", &device).require_grad();
            let y = match kernel {
                true => max_pool(x.clone(), shape),
                false => max_pool_plain(x.clone(), shape),
            };
            let weights = tensor(y.dims(), "dy", &device);
            let gradients = (y.clone() * weights).sum().backward();
            [values(y), values(x.grad(&gradients).unwrap())]
        };
        for (found, expected) in run(true).iter().zip(run(false)) {
            assert_close(found, &expected, &format!("{shape:?}"));
        }
    }
}

#[test]
fn average_pools_and_their_gradients_are_the_plain_ones() {
    let device = Device::flex().autodiff();
    for size in [2, 3, 4] {
        let run = |kernel: bool| {
            let x = tensor([2, 3 * size, 5 * size, 11], "x", &device).require_grad();
            let y = match kernel {
                true => average_pool(x.clone(), size),
                false => average_pool_plain(x.clone(), size),
            };
            let weights = tensor(y.dims(), "dy", &device);
            let gradients = (y.clone() * weights).sum().backward();
            [values(y), values(x.grad(&gradients).unwrap())]
        };
        for (found, expected) in run(true).iter().zip(run(false)) {
            assert_close(found, &expected, &format!("blocks of {size}"));
        }
    }
}

#[test]
fn a_linear_layer_and_its_gradients_are_the_plain_ones() {
    let device = Device::flex().autodiff();
    let run = |kernel: bool| {
        let layer = Parameters::he(3, &device).linear("layer", 37, 21).unwrap();
        let x = tensor([50, 37], "x", &device).require_grad();
        let y = match kernel {
            true => layer.forward(x.clone()),
            false => layer.forward_plain(x.clone()),
        };
        let gradients = (y.clone() * tensor([50, 21], "dy", &device))
            .sum()
            .backward();
        [
            values(y),
            values(x.grad(&gradients).unwrap()),
            values(layer.weight.val().grad(&gradients).unwrap()),
            values(layer.bias.val().grad(&gradients).unwrap()),
        ]
    };
    for (found, expected) in run(true).iter().zip(run(false)) {
        assert_close(found, &expected, "linear");
    }
}

const SIZE: ImageSize = ImageSize {
    width: 96,
    height: 80,
};
const CHANNELS: [usize; 3] = [9, 10, 17];

fn config(method: Method, norm: FeatureNorm, output_stride: usize) -> Config {
    Config {
        method,
        image_size: SIZE,
        student: StudentConfig {
            widths: [5, 9, 12, 18],
            output_stride,
        },
        position: PositionConfig {
            offset: 8,
            pairs: 13,
            ..PositionConfig::default()
        },
        training: TrainingConfig {
            feature_norm: norm,
            // None of them is 1 or 0 where a forgotten one would not be noticed.
            level_weights: match method {
                Method::Full => [0.5, 1.25, 2.0],
                Method::Baseline => [0.0, 1.25, 2.0],
            },
            batch: 2,
            ..TrainingConfig::default()
        },
        ..Config::default()
    }
}

fn picture(index: usize) -> RgbImage {
    let mut random = seed::stream(index as u64, "picture");
    RgbImage::from_fn(SIZE.width as u32, SIZE.height as u32, |_, _| {
        image::Rgb(std::array::from_fn(|_| random.random_range(0..=255)))
    })
}

fn teacher_maps(index: usize) -> EncodedMaps {
    let maps: [Vec<f32>; 3] = std::array::from_fn(|level| {
        let count = (SIZE.height >> (level + 1)) * (SIZE.width >> (level + 1)) * CHANNELS[level];
        let values = numbers(count, &format!("teacher {index} {level}"));
        values.into_iter().map(|v| 2.0 * v.max(-0.2)).collect()
    });
    EncodedMaps::new(maps.each_ref().map(Vec::as_slice), CHANNELS)
}

fn training_set() -> TrainingSet {
    let mut cache = TeacherCache::new(SIZE, CHANNELS, 2, 64, Path::new(".")).unwrap();
    for index in 0..2 {
        cache.push(teacher_maps(index)).unwrap();
    }
    TrainingSet {
        images: (0..2).map(picture).collect(),
        records: Vec::new(),
        statistics: cache.statistics(),
        cache,
    }
}

fn pairs(config: &Config, step: usize) -> Vec<Pair> {
    if config.method == Method::Baseline {
        return Vec::new();
    }
    let mut random = seed::stream(step as u64, "pairs");
    (0..2)
        .flat_map(|image| PatchGrid::of(config).draw(config.position.pairs, image, &mut random))
        .collect()
}

/// Every gradient of the first step, by burn's own chain rule.
fn gradients_over_burn(
    config: &Config,
    tensors: &NamedTensors,
    set: &mut TrainingSet,
    pairs: &[Pair],
) -> NamedTensors {
    struct Swap<'a>(&'a Gradients);
    impl ModuleMapper for Swap<'_> {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let gradient = parameter.val().grad(self.0).unwrap();
            Param::initialized(parameter.id, gradient)
        }
    }
    let device = Device::flex().autodiff();
    let parameters = Parameters::from_tensors(tensors, &device);
    let mut networks = Networks::new(&parameters, config, CHANNELS, true).unwrap();
    let images = (0..2)
        .map(|i| image_tensor(&set.images[i], &device))
        .collect();
    let maps = networks
        .student
        .forward(Tensor::cat(images, 0), config.student.output_stride);
    let norm = config.training.feature_norm;
    let cached: Vec<[Tensor<4>; 3]> = (0..2)
        .map(|image| set.cache.get(image, &device).unwrap())
        .collect();
    let teacher = std::array::from_fn(|level| {
        let both = cached.iter().map(|maps| maps[level].clone()).collect();
        normalise_teacher(Tensor::cat(both, 0), norm, &set.statistics, level)
    });
    let rec = loss::reconstruction(
        teacher,
        maps.levels.clone(),
        norm,
        config.training.level_weights,
        config.training.hardest,
    );
    let total = match networks.loss.take() {
        None => rec,
        Some(weights) => {
            let classifier = networks.position.as_ref().unwrap();
            let logits = classify(classifier, &networks.student, &maps, pairs);
            let pos = loss::position(logits, position::classes(pairs, &device));
            let (l_rec, l_pos) = (values(rec.clone())[0], values(pos.clone())[0]);
            let weights = weights.balanced(l_rec, l_pos, config.training.rec_weight);
            let total = weights.weigh(rec, pos);
            networks.loss = Some(weights);
            total
        }
    };
    named_tensors(&networks.map(&mut Swap(&total.backward())))
}

#[test]
fn a_training_step_has_the_losses_and_every_gradient_of_the_plain_one() {
    use Optimizer::{Adam, Muon};
    for (method, norm, stride, optimizer, hardest) in [
        (Method::Full, FeatureNorm::Standardize, 8, Adam, 1.0),
        (Method::Full, FeatureNorm::Standardize, 8, Muon, 1.0),
        (Method::Full, FeatureNorm::L2, 8, Adam, 1.0),
        (Method::Full, FeatureNorm::None, 4, Muon, 1.0),
        (Method::Full, FeatureNorm::Standardize, 2, Adam, 1.0),
        (Method::Full, FeatureNorm::L2, 1, Adam, 1.0),
        (Method::Baseline, FeatureNorm::Standardize, 8, Muon, 1.0),
        (Method::Baseline, FeatureNorm::None, 2, Adam, 1.0),
        (Method::Full, FeatureNorm::Standardize, 8, Muon, 0.5),
        (Method::Full, FeatureNorm::L2, 2, Adam, 0.3),
        (Method::Full, FeatureNorm::Whiten, 8, Muon, 0.5),
        (Method::Baseline, FeatureNorm::None, 8, Adam, 0.5),
    ] {
        let mut config = config(method, norm, stride);
        config.training.optimizer = optimizer;
        config.training.hardest = hardest;
        let case = format!("{method:?} {norm:?} at {stride}, {optimizer:?}, hardest {hardest}");
        let device = Device::flex();
        let networks = Networks::new(&Parameters::he(5, &device), &config, CHANNELS, true).unwrap();
        let tensors = named_tensors(&networks);
        let mut set = training_set();
        if norm == FeatureNorm::Whiten {
            set.statistics = whiten(&mut set.cache).unwrap();
        }
        let mut cpu = CpuTraining::new(&config, &tensors);
        let mut plain = PortableTraining::new(&config, &tensors, CHANNELS, &device).unwrap();
        for step in 0..4 {
            let pairs = pairs(&config, step);
            // Beyond the first steps Adam blows rounding up; within them the losses agree.
            let found = cpu.step(&mut set, &[0, 1], &pairs, 1e-4).unwrap();
            let expected = plain.step(&mut set, &[0, 1], &pairs, 1e-4).unwrap();
            let relative = |a: f32, b: f32| (a - b).abs() / b.abs().max(1e-6);
            assert!(
                relative(found.rec, expected.rec) < 1e-3,
                "{case}, step {step}"
            );
            assert!(
                relative(found.total, expected.total) < 1e-3,
                "{case}, step {step}"
            );
            assert_eq!(found.pos.is_some(), method == Method::Full);
            if let (Some(found), Some(expected)) = (found.pos, expected.pos) {
                assert!(relative(found, expected) < 1e-3, "{case}, step {step}");
            }
            if step > 0 {
                continue;
            }
            assert_eq!(found.position_accuracy, expected.position_accuracy);
            let expected = gradients_over_burn(&config, &tensors, &mut set, &pairs);
            let gradients = cpu.gradients();
            assert_eq!(
                gradients.keys().collect::<Vec<_>>(),
                expected.keys().collect::<Vec<_>>()
            );
            for (name, NamedTensor { values, .. }) in &gradients {
                let expected = &expected[name].values;
                // That of s_pos is 0 but for rounding: s starts where its gradient vanishes.
                match name.as_str() {
                    "loss.pos" => assert!(values[0].abs() < 1e-5 && expected[0].abs() < 1e-5),
                    _ => assert_close(values, expected, &format!("{case}, {name}")),
                }
            }
        }
    }
}

#[test]
fn a_state_that_is_put_back_goes_on_to_the_same_bytes() {
    let config = config(Method::Full, FeatureNorm::Standardize, 8);
    let device = Device::flex();
    let networks = Networks::new(&Parameters::he(5, &device), &config, CHANNELS, true).unwrap();
    let mut set = training_set();
    let mut whole = CpuTraining::new(&config, &named_tensors(&networks));
    let step = |training: &mut CpuTraining, set: &mut TrainingSet, at: usize| {
        let pairs = pairs(&config, at);
        training.step(set, &[1, 0], &pairs, 1e-3).unwrap()
    };
    for at in 0..2 {
        step(&mut whole, &mut set, at);
    }
    let mut resumed = CpuTraining::new(&config, &whole.tensors());
    resumed.set_optimizer(&whole.optimizer()).unwrap();
    for at in 2..4 {
        let losses = step(&mut whole, &mut set, at);
        assert_eq!(step(&mut resumed, &mut set, at), losses);
    }
    assert!(resumed.tensors() == whole.tensors());
    assert!(resumed.optimizer() == whole.optimizer());
    let short = &whole.optimizer()[1..];
    assert!(resumed.set_optimizer(short).is_err());
}

fn small_teacher(architecture: Architecture, device: &Device) -> Teacher {
    let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
    let mut layer = |name: &str, shape: &[usize]| {
        shapes.push((format!("features.{name}.weight"), shape.to_vec()));
        shapes.push((format!("features.{name}.bias"), shape[..1].to_vec()));
    };
    match architecture {
        Architecture::Vgg16 => {
            let mut inputs = 3;
            let widths = [8, 8, 9, 9, 12, 10, 10, 20, 16, 17];
            for (index, outputs) in [0, 2, 5, 7, 10, 12, 14, 17, 19, 21].into_iter().zip(widths) {
                layer(&index.to_string(), &[outputs, inputs, 3, 3]);
                inputs = outputs;
            }
        }
        Architecture::SqueezeNet => {
            layer("0", &[9, 3, 7, 7]);
            let mut inputs = 9;
            for index in [3, 4, 5, 7, 8, 9, 10] {
                let (narrow, wide) = match index {
                    5 => (4, 6),
                    10 => (9, 8),
                    _ => (3, 5),
                };
                layer(&format!("{index}.squeeze"), &[4, inputs]);
                layer(&format!("{index}.expand1x1"), &[narrow, 4]);
                layer(&format!("{index}.expand3x3"), &[wide, 4, 3, 3]);
                inputs = narrow + wide;
            }
        }
    }
    let tensors: NamedTensors = shapes
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            let scale = (6.0 / (count / shape[0]) as f32).sqrt();
            let mut values = numbers(count, &name);
            values.iter_mut().for_each(|v| *v *= scale);
            (name, NamedTensor { shape, values })
        })
        .collect();
    Teacher::new(architecture, &Parameters::from_tensors(&tensors, device)).unwrap()
}

#[test]
fn detection_finds_the_errors_of_the_plain_pass() {
    let device = Device::flex();
    for (architecture, norm, stride) in [
        (Architecture::Vgg16, FeatureNorm::Standardize, 8),
        (Architecture::SqueezeNet, FeatureNorm::Standardize, 4),
        (Architecture::SqueezeNet, FeatureNorm::L2, 8),
        (Architecture::Vgg16, FeatureNorm::None, 1),
        (Architecture::SqueezeNet, FeatureNorm::Whiten, 8),
    ] {
        for method in [Method::Full, Method::Baseline] {
            let config = config(method, norm, stride);
            let teacher = small_teacher(architecture, &device);
            assert_eq!(teacher.channels(), CHANNELS);
            let networks =
                Networks::new(&Parameters::he(5, &device), &config, CHANNELS, false).unwrap();
            let mut statistics = training_set().statistics;
            if norm == FeatureNorm::Whiten {
                let matrix = |channels: usize| numbers(channels * channels, "whitening");
                statistics.whitening = Some(CHANNELS.map(matrix));
            }
            let scorer = Scorer {
                config: &config,
                student: &networks.student,
                position: networks.position.as_ref(),
                statistics: &statistics,
            };
            let cpu = CpuDetection::new(&config, &networks, statistics.clone());
            let mut memory = Memory::default();
            for index in 0..2 {
                let image = picture(index);
                let case = format!("{architecture} {norm:?} at {stride}, image {index}");
                let input = image_tensor(&image, &device);
                let maps = teacher.maps(input.clone());
                let own = memory.teacher_maps(teacher.on_cpu(), &image);
                for (found, expected) in own.iter().zip(maps.clone()) {
                    assert_close(found, &values(expected), &format!("{case}, teacher"));
                }
                let maps = whiten_teacher(maps, &statistics);
                let at_pixels = |errors: GridErrors| errors.at_pixels(&config, None);
                let expected = at_pixels(scorer.errors(input.clone(), maps));
                let teacher = TeacherMaps::Run(teacher.on_cpu());
                let found = at_pixels(cpu.errors(&image, teacher, &mut memory));
                assert_close(&found.rec.values, &expected.rec.values, &case);
                assert_eq!(found.pos.is_some(), method == Method::Full);
                if let (Some(found), Some(expected)) = (&found.pos, &expected.pos) {
                    assert_close(&found.values, &expected.values, &case);
                }
                for pixel in [(0, 0), (50, 71), (SIZE.height - 1, SIZE.width - 1)] {
                    let found = cpu.placement(pixel, &mut memory);
                    let expected = scorer.placement(input.clone(), pixel);
                    assert_eq!(found.is_some(), method == Method::Full);
                    let (Some(found), Some(expected)) = (found, expected) else {
                        continue;
                    };
                    let rest = |p: &Placement| {
                        let lies: Vec<_> = p.neighbours.iter().map(|n| n.lies).collect();
                        (p.centre, p.offset, lies)
                    };
                    assert_eq!(rest(&found), rest(&expected));
                    assert!(!found.neighbours.is_empty());
                    let here = |p: &Placement| -> Vec<f32> {
                        let each = |n: &Neighbour| [n.probability, n.probability_here];
                        p.neighbours.iter().flat_map(each).collect()
                    };
                    assert_close(&here(&found), &here(&expected), &case);
                }
            }
        }
    }
}
