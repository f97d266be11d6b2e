//! The networks, losses, optimizer and errors against PyTorch: golden values made by
//! `oracle/networks.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, Param, ParamGroup};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use oddspot::config::{Config, FeatureNorm, PairWeights, PositionConfig, StudentConfig};
use oddspot::e_pos::{e_pos_at_pixels, e_pos_grid};
use oddspot::error_maps::{ErrorMaps, e_rec, level_errors};
use oddspot::image::ImageSize;
use oddspot::loss::{self, ChannelStatistics, LossWeights, normalise_teacher};
use oddspot::map::ScoreMap;
use oddspot::moments::Moments;
use oddspot::network::{Parameters, named_tensors};
use oddspot::position::{self, Pair, PatchGrid, PositionClassifier, classify};
use oddspot::scoring::{AnomalyMaps, Normalisation};
use oddspot::student::{Student, StudentMaps};
use oddspot::teacher::{Architecture, Teacher};
use oddspot::tensor_file::{NamedTensor, NamedTensors};
use oddspot::trainable::Networks;
use safetensors::{Dtype, SafeTensors};

/// Largest error allowed, relative to the largest value of the tensor.
const TOLERANCE: f32 = 1e-4;

/// The fixture, every tensor as floats.
struct Oracle(NamedTensors);

impl Oracle {
    fn open() -> Self {
        let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
        let bytes = std::fs::read(path.join("networks.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.iter().map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => data
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect(),
                Dtype::I64 => data
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|b| i64::from_le_bytes(*b) as f32)
                    .collect(),
                Dtype::U8 => data.iter().map(|&b| f32::from(b)).collect(),
                other => panic!("{other:?}"),
            };
            let shape = view.shape().to_vec();
            (name.to_owned(), NamedTensor { shape, values })
        });
        Self(tensors.collect())
    }

    fn get(&self, name: &str) -> &NamedTensor {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in the fixture"))
    }

    fn scalar(&self, name: &str) -> f32 {
        self.get(name).values[0]
    }

    /// All tensors below `prefix/`, in the names of files.
    fn below(&self, prefix: &str) -> NamedTensors {
        self.0
            .iter()
            .filter_map(|(name, tensor)| {
                let rest = name.strip_prefix(prefix)?.strip_prefix('/')?;
                Some((rest.replace('/', "."), tensor.clone()))
            })
            .collect()
    }

    /// `[height, width, channels]` as a batch of one.
    fn map(&self, name: &str, device: &Device) -> Tensor<4> {
        let tensor = self.get(name);
        let [h, w, c] = tensor.shape[..] else {
            panic!("{name}")
        };
        Tensor::from_data(TensorData::new(tensor.values.clone(), [1, h, w, c]), device)
    }

    /// An input: bytes x stand for (x − 128) / 64.
    fn input(&self, name: &str, device: &Device) -> Tensor<4> {
        (self.map(name, device) - 128.0) / 64.0
    }

    fn levels(&self, prefix: &str, device: &Device) -> [Tensor<4>; 3] {
        [1, 2, 3].map(|level| self.map(&format!("{prefix}{level}"), device))
    }

    fn statistics(&self) -> ChannelStatistics {
        let levels = |part: &str| {
            [1, 2, 3].map(|level| self.get(&format!("loss/{part}{level}")).values.clone())
        };
        ChannelStatistics {
            whitening: None,
            mean: levels("mean"),
            std: levels("std"),
        }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Asserts that values agree to [`TOLERANCE`] of the oracle's largest, NaN with NaN.
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_within(found, expected, TOLERANCE * largest(expected), what);
}

fn largest(values: &[f32]) -> f32 {
    values
        .iter()
        .filter(|v| !v.is_nan())
        .fold(0.0, |m, v| m.max(v.abs()))
}

fn assert_within(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert_eq!(f.is_nan(), e.is_nan(), "{what}[{i}]: {f} for {e}");
        assert!(
            e.is_nan() || (f - e).abs() <= tolerance,
            "{what}[{i}]: {f} for {e}, tolerance {tolerance}"
        );
    }
}

const STUDENT: [usize; 4] = [3, 4, 5, 6];
const TEACHER: [usize; 3] = [4, 6, 7];

/// The student and the classifier of the fixture, with the losses' weights at 0.
fn networks(oracle: &Oracle, device: &Device) -> Networks {
    let mut tensors = NamedTensors::new();
    for part in ["student", "position"] {
        for (name, tensor) in oracle.below(part) {
            tensors.insert(format!("{part}.{name}"), tensor);
        }
    }
    let zero = NamedTensor {
        shape: vec![1],
        values: vec![0.0],
    };
    tensors.insert("loss.rec".to_owned(), zero.clone());
    tensors.insert("loss.pos".to_owned(), zero);
    let config = Config {
        student: StudentConfig {
            widths: STUDENT,
            output_stride: 8,
        },
        ..Config::default()
    };
    Networks::new(
        &Parameters::from_tensors(&tensors, device),
        &config,
        TEACHER,
        true,
    )
    .unwrap()
}

#[test]
fn teacher_maps_are_pytorchs() {
    let oracle = Oracle::open();
    let device = Device::flex();
    for (name, architecture) in [
        ("vgg16", Architecture::Vgg16),
        ("squeezenet", Architecture::SqueezeNet),
    ] {
        let mut weights = oracle.below(&format!("{name}/weights"));
        for tensor in weights.values_mut().filter(|t| t.shape.ends_with(&[1, 1])) {
            tensor.shape.truncate(2);
        }
        let parameters = Parameters::from_tensors(&weights, &device);
        let teacher = Teacher::new(architecture, &parameters).unwrap();
        let maps = teacher.maps(oracle.input(&format!("{name}/input"), &device));
        for (level, map) in maps.into_iter().enumerate() {
            let expected = oracle.get(&format!("{name}/level{}", level + 1));
            assert_eq!(
                map.dims()[1..],
                expected.shape,
                "{name} level {}",
                level + 1
            );
            assert_eq!(map.dims()[3], teacher.channels()[level]);
            assert_close(&values(map), &expected.values, &format!("{name} {level}"));
        }
    }
}

#[test]
fn student_maps_are_pytorchs_at_every_output_stride() {
    let oracle = Oracle::open();
    let device = Device::flex();
    let student = networks(&oracle, &device).student;
    for stride in [8, 4, 2, 1] {
        let maps = student.forward(oracle.input("student/input", &device), stride);
        for (level, map) in maps.levels.into_iter().enumerate() {
            let name = format!("student/os{stride}/level{}", level + 1);
            let expected = oracle.get(&name);
            assert_eq!(map.dims()[1..], expected.shape, "{name}");
            assert_close(&values(map), &expected.values, &name);
        }
        if stride < 8 {
            let raw = dense_level3(&student, maps.trunk);
            let expected = oracle.get(&format!("student/os{stride}/raw3"));
            assert_close(&values(raw), &expected.values, &format!("raw3 at {stride}"));
        }
    }
}

/// Head 3 at every position of the trunk, `[positions, D]`.
fn dense_level3(student: &Student, trunk: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = trunk.dims();
    student.level3(trunk.reshape([batch * height * width, channels]))
}

struct Losses {
    rec: Tensor<1>,
    pos: Tensor<1>,
}

fn losses(oracle: &Oracle, networks: &Networks, norm: FeatureNorm, stride: usize) -> Losses {
    let device = networks.devices()[0].clone();
    let maps = networks
        .student
        .forward(oracle.input("loss/input", &device), stride);
    let statistics = oracle.statistics();
    let mut level = 0;
    let teacher = oracle.levels("loss/teacher/level", &device).map(|map| {
        level += 1;
        normalise_teacher(map, norm, &statistics, level - 1)
    });
    let pairs = pairs(
        oracle,
        if stride == 8 {
            "loss/pairs"
        } else {
            "loss/pairs_os4"
        },
        stride,
    );
    let classifier = networks.position.as_ref().unwrap();
    let logits = classify(classifier, &networks.student, &maps, &pairs);
    let classes = position::classes(&pairs, &device);
    Losses {
        rec: loss::reconstruction(teacher, maps.levels, norm, [1.0; 3], 1.0),
        pos: loss::position(logits, classes),
    }
}

fn pairs(oracle: &Oracle, name: &str, stride: usize) -> Vec<Pair> {
    oracle
        .get(name)
        .values
        .chunks_exact(5)
        .map(|row| {
            let at = |i: usize| row[i] as usize / stride;
            Pair {
                image: 0,
                centre: (at(0), at(1)),
                neighbour: (at(2), at(3)),
                class: row[4] as usize,
            }
        })
        .collect()
}

/// Every gradient under its parameter's name.
fn gradients(networks: &Networks, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Swap<'a>(&'a Gradients);
    impl ModuleMapper for Swap<'_> {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let gradient = parameter.val().grad(self.0).unwrap();
            Param::initialized(parameter.id, gradient)
        }
    }
    named_tensors(&networks.clone().map(&mut Swap(gradients)))
        .into_iter()
        .map(|(name, tensor)| (name, tensor.values))
        .collect()
}

#[test]
fn losses_and_every_gradient_are_pytorchs() {
    let oracle = Oracle::open();
    let device = Device::flex().autodiff();
    for (norm, name, stride) in [
        (FeatureNorm::L2, "l2", 8),
        (FeatureNorm::None, "none", 8),
        (FeatureNorm::Standardize, "standardize", 8),
        (FeatureNorm::Standardize, "standardize", 4),
    ] {
        let case = format!("loss/{name}/os{stride}");
        let mut networks = networks(&oracle, &device);
        let Losses { rec, pos } = losses(&oracle, &networks, norm, stride);
        let (l_rec, l_pos) = (values(rec.clone())[0], values(pos.clone())[0]);
        let weights = networks.loss.take().unwrap().balanced(l_rec, l_pos, 1.0);
        let total = weights.weigh(rec, pos);
        networks.loss = Some(weights);
        for (part, found) in [
            ("rec", l_rec),
            ("pos", l_pos),
            ("total", values(total.clone())[0]),
        ] {
            let name = format!("{case}/{part}");
            assert_close(&[found], &[oracle.scalar(&name)], &name);
        }
        let mut compared = 0;
        for (name, found) in gradients(&networks, &total.backward()) {
            let oracle_name = match name.as_str() {
                // 0 by construction: s starts where its gradient vanishes.
                "loss.rec" | "loss.pos" => {
                    assert!(found[0].abs() < 1e-6, "{case} {name}: {}", found[0]);
                    continue;
                }
                _ => name.replacen('.', "/", 1),
            };
            // The classifier's gradients do not depend on the norm and are stored once.
            let folder = match oracle_name.starts_with("position") {
                true => format!("loss/standardize/os{stride}/grad"),
                false => format!("{case}/grad"),
            };
            let full_name = format!("{folder}/{oracle_name}");
            if let Some(expected) = oracle.0.get(&full_name) {
                assert_close(&found, &expected.values, &full_name);
                compared += 1;
            }
        }
        assert!(compared >= 23, "{case}: {compared} gradients compared");
    }
}

#[test]
fn gradients_of_the_loss_weights_and_of_the_baseline_are_pytorchs() {
    let oracle = Oracle::open();
    let device = Device::flex().autodiff();
    let mut networks = networks(&oracle, &device);
    let case = "loss/standardize/os8";
    let Losses { rec, pos } = losses(&oracle, &networks, FeatureNorm::Standardize, 8);

    let s = &oracle.get(&format!("{case}/at_s/s")).values;
    let weights = networks
        .loss
        .take()
        .unwrap()
        .balanced(s[0].exp(), s[1].exp(), 1.0);
    let total = weights.weigh(rec.clone(), pos);
    assert_close(
        &values(total.clone()),
        &oracle.get(&format!("{case}/at_s/total")).values,
        "total at s",
    );
    let gradients_at_s = total.backward();
    let found =
        [&weights.rec, &weights.pos].map(|p| values(p.val().grad(&gradients_at_s).unwrap())[0]);
    assert_close(
        &found,
        &oracle.get(&format!("{case}/at_s/grad")).values,
        "grad at s",
    );

    let student = Networks {
        student: networks.student,
        position: None,
        loss: None,
    };
    let Losses { rec, .. } = {
        let with_classifier = Networks {
            position: networks.position,
            ..student.clone()
        };
        losses(&oracle, &with_classifier, FeatureNorm::Standardize, 8)
    };
    for (name, found) in gradients(&student, &rec.backward()) {
        let name = format!("{case}/baseline_grad/{}", name.replacen('.', "/", 1));
        assert_close(&found, &oracle.get(&name).values, &name);
    }
}

#[test]
fn ten_adam_steps_end_where_pytorchs_do() {
    let oracle = Oracle::open();
    let device = Device::flex().autodiff();
    let mut networks = networks(&oracle, &device);
    let adam = AdamConfig::new().with_epsilon(1e-8);
    let decay = WeightDecayConfig::new(1e-5);
    let group = ParamGroup::ids_from_module(networks.loss.clone().unwrap());
    let mut optimizer: ModuleOptimizer = adam.clone().with_weight_decay(Some(decay)).init();
    optimizer = optimizer.with_group(group, adam.build(), None);
    let expected = oracle.get("adam/loss").values.clone();
    for step in 0..10 {
        let Losses { rec, pos } = losses(&oracle, &networks, FeatureNorm::Standardize, 8);
        let (l_rec, l_pos) = (values(rec.clone())[0], values(pos.clone())[0]);
        let mut weights = networks.loss.take().unwrap();
        if step == 0 {
            weights = weights.balanced(l_rec, l_pos, 1.0);
        }
        let total = weights.weigh(rec, pos);
        networks.loss = Some(weights);
        let found = [l_rec, l_pos, values(total.clone())[0]];
        // The first step of s is rounding noise scaled up to the learning rate by Adam.
        assert_within(
            &found,
            &expected[3 * step..3 * step + 3],
            TOLERANCE * largest(&expected),
            "losses",
        );
        let grads = GradientsParams::from_grads(total.backward(), &networks);
        networks = optimizer.step(5e-4, networks, grads);
    }
    for (name, found) in named_tensors(&networks) {
        if name.starts_with("loss.") {
            let name = name.replace("loss.", "adam/s_");
            assert_within(&found.values, &oracle.get(&name).values, 1e-3, &name);
            continue;
        }
        let expected = oracle.get(&format!("adam/{}", name.replacen('.', "/", 1)));
        assert_close(&found.values, &expected.values, &name);
    }
}

const SIZE: ImageSize = ImageSize {
    width: 88,
    height: 96,
};

#[test]
fn e_rec_is_pytorchs() {
    let oracle = Oracle::open();
    let device = Device::flex();
    let student = networks(&oracle, &device).student;
    let maps = student.forward(oracle.input("loss/input", &device), 8);
    for (norm, name) in [
        (FeatureNorm::Standardize, "standardize"),
        (FeatureNorm::L2, "l2"),
    ] {
        let teacher = oracle.levels("loss/teacher/level", &device);
        let levels = level_errors(teacher, maps.levels.clone(), norm, &oracle.statistics());
        let found = e_rec(&levels, [1.0; 3], SIZE);
        let name = format!("detect/{name}/e_rec");
        assert_close(&found.values, &oracle.get(&name).values, &name);
    }
}

fn e_pos(oracle: &Oracle, stride: usize, weights: PairWeights) -> (ScoreMap, ScoreMap) {
    let device = Device::flex();
    let networks = networks(oracle, &device);
    let maps: StudentMaps = networks
        .student
        .forward(oracle.input("loss/input", &device), stride);
    let grid = PatchGrid::new(SIZE, stride, oracle.scalar("loss/offset") as usize);
    let classifier: &PositionClassifier = networks.position.as_ref().unwrap();
    let on_grid = e_pos_grid(classifier, &networks.student, &maps, &grid, weights);
    let at_pixels = e_pos_at_pixels(&on_grid, &grid);
    (on_grid, at_pixels)
}

#[test]
fn e_pos_is_pytorchs_and_excludes_what_has_no_evidence() {
    let oracle = Oracle::open();
    for (stride, prefix) in [(8, "detect"), (4, "detect/os4")] {
        let (on_grid, at_pixels) = e_pos(&oracle, stride, PairWeights::Equal);
        let name = format!("{prefix}/e_pos_grid");
        assert_close(&on_grid.values, &oracle.get(&name).values, &name);
        let name = format!("{prefix}/e_pos");
        assert_close(&at_pixels.values, &oracle.get(&name).values, &name);
    }
    let (trusted, _) = e_pos(&oracle, 8, PairWeights::Trusted);
    let name = "detect/e_pos_grid_trusted";
    assert_close(&trusted.values, &oracle.get(name).values, name);
}

#[test]
fn the_fused_map_and_the_score_are_pytorchs() {
    let oracle = Oracle::open();
    let device = Device::flex();
    let student = networks(&oracle, &device).student;
    let maps = student.forward(oracle.input("loss/input", &device), 8);
    let teacher = oracle.levels("loss/teacher/level", &device);
    let norm = FeatureNorm::Standardize;
    let levels = level_errors(teacher, maps.levels, norm, &oracle.statistics());
    let errors = ErrorMaps {
        rec: e_rec(&levels, [1.0; 3], SIZE),
        pos: Some(e_pos(&oracle, 8, PairWeights::Equal).1),
    };
    let moments = |name: &str, i: usize| {
        let values = &oracle.get(name).values;
        Moments {
            mean: f64::from(values[i]),
            std: f64::from(values[i + 1]),
        }
    };
    let normalisation = Normalisation {
        rec: moments("detect/mu_sigma", 0),
        pos: Some(moments("detect/mu_sigma", 2)),
        image_level: None,
    };
    let detection = Config::paper().detection;
    let fused = AnomalyMaps::fuse(&errors, &normalisation, &detection);
    assert_close(
        &fused.total.values,
        &oracle.get("detect/fused").values,
        "fused",
    );
    assert_close(
        &[fused.score()],
        &oracle.get("detect/score").values,
        "score",
    );
    let normalisation = Normalisation {
        image_level: Some(moments("detect/image_level/mu_sigma", 0)),
        ..normalisation
    };
    let levelled = AnomalyMaps::fuse(&errors, &normalisation, &detection);
    assert_close(
        &levelled.total.values,
        &oracle.get("detect/image_level/fused").values,
        "levelled",
    );
}

/// Config of the position classifier in the fixture: the defaults.
#[test]
fn the_fixture_has_the_default_classifier() {
    let oracle = Oracle::open();
    let hidden = PositionConfig::default().hidden;
    assert_eq!(oracle.get("position/fc2.weight").shape, [hidden, hidden]);
}

/// Design property: the features at an output stride are those at stride 1, sampled.
#[test]
fn every_output_stride_samples_the_dense_features_exactly() {
    let device = Device::flex();
    let config = StudentConfig {
        widths: [5, 6, 7, 8],
        output_stride: 1,
    };
    let student = Student::new(&Parameters::he(3, &device), &config, [4, 5, 6]).unwrap();
    for (height, width) in [(72, 64), (40, 88)] {
        let pixels: Vec<f32> = (0..height * width * 3)
            .map(|i| ((i * 7919 % 1009) as f32) / 504.0 - 1.0)
            .collect();
        let image = Tensor::<4>::from_data(TensorData::new(pixels, [1, height, width, 3]), &device);
        let dense = values(student.forward(image.clone(), 1).trunk);
        for stride in [2, 4, 8] {
            let sparse = student.forward(image.clone(), stride).trunk;
            let [_, rows, columns, channels] = sparse.dims();
            assert_eq!((rows, columns), (height / stride, width / stride));
            let sparse = values(sparse);
            for row in 0..rows {
                for column in 0..columns {
                    let at = (row * columns + column) * channels;
                    let dense_at = (stride * row * width + stride * column) * channels;
                    assert_eq!(
                        sparse[at..at + channels],
                        dense[dense_at..dense_at + channels],
                        "stride {stride}, ({row}, {column})"
                    );
                }
            }
        }
    }
}

/// A check that the loss weights' builder is used as the trainer uses it.
#[test]
fn balanced_weights_start_at_the_logarithm_of_the_losses_over_their_weight() {
    let device = Device::flex().autodiff();
    let weights = LossWeights::new(&Parameters::he(0, &device))
        .unwrap()
        .balanced(4.0, 0.5, 8.0);
    assert!((values(weights.rec.val())[0] - 0.5f32.ln()).abs() < 1e-6);
    assert!((values(weights.pos.val())[0] - 0.5f32.ln()).abs() < 1e-6);
}
