//! Detection: the errors of every term, and what is said of a place.

use burn_tensor::{Device, Tensor, TensorData};
use oddspot::files::{NamedTensors, PackedTensors};
use oddspot::images::normalise_into;
use oddspot::judge::{Judging, Memory, TeacherSource};
use oddspot::maps::{Moments, ScoreMap};
use oddspot::net::engine::{Cpu, Engine};
use oddspot::net::learned::{Learned, level_weights};
use oddspot::net::network::Network;
use oddspot::net::teachers::ARCHITECTURES;
use oddspot::net::tensors::Layout;
use oddspot::settings::{FeatureNorm, Method, PairWeights, Settings};
use oddspot::terms::channels::{ChannelStatistics, LevelStatistics};
use oddspot::terms::position::{DIRECTIONS, Pair};
use oddspot::verdict::{AnomalyMaps, TermMap, TermStatistics};
use oddspot_burn::{Burn, Parameters, classify, loss};
use oddspot_conv::Shape;

use crate::world::{
    SIZE, assert_close, features, numbers, picture, settings, small, tensors, values,
};

/// A model's networks, and what the equations make of them.
struct Plain {
    settings: Settings,
    teacher: (Network, NamedTensors),
    learned: Learned,
    tensors: NamedTensors,
    statistics: ChannelStatistics,
    burn: Burn,
}

fn pixels(index: usize) -> Vec<f32> {
    let mut pixels = vec![0.0; 3 * SIZE.width * SIZE.height];
    normalise_into(&picture(index), &mut pixels);
    pixels
}

impl Plain {
    fn new(architecture: usize, method: Method, norm: FeatureNorm, stride: usize) -> Self {
        let settings = settings(method, norm, stride);
        let network = small(ARCHITECTURES[architecture]);
        let learned = Learned::new(&settings, &network.levels()).unwrap();
        let layout = Layout::of(learned.tensors());
        let statistics = network.levels().into_iter().zip(0..).map(|(level, at)| {
            let draw = |count, part: &str| numbers(count, &format!("{part} {at}"));
            let deviations = draw(level.channels, "std").into_iter();
            LevelStatistics {
                mean: draw(level.channels, "mean"),
                std: deviations.map(|value| 1.5 + value).collect(),
                whitening: (norm == FeatureNorm::Whiten)
                    .then(|| draw(level.channels * level.channels, "whitening")),
            }
        });
        Self {
            statistics: ChannelStatistics {
                levels: statistics.collect(),
            },
            teacher: (network.clone(), tensors(&network)),
            tensors: layout.tensors(&values(&layout, 0)),
            settings,
            learned,
            burn: Burn::flex(),
        }
    }

    fn input(&self) -> Shape {
        Shape::new(1, SIZE.height, SIZE.width, 3)
    }

    fn judging(&self, engine: &dyn Engine) -> Judging {
        let (settings, learned) = (&self.settings, &self.learned);
        Judging::new(
            engine,
            settings,
            learned,
            (&self.tensors, &PackedTensors::new()),
            &self.statistics,
        )
        .unwrap()
    }

    fn student(&self, pixels: &[f32]) -> Vec<Vec<f32>> {
        let network = &self.learned.student().unwrap().network;
        features(&self.burn, network, &self.tensors, (self.input(), pixels))
    }

    /// `‖T^ℓ − S^ℓ‖²` of every level, the teacher's whitened first where the norm says so.
    fn e_rec(&self, pixels: &[f32]) -> Vec<Vec<f32>> {
        let (network, tensors) = &self.teacher;
        let teacher = features(&self.burn, network, tensors, (self.input(), pixels));
        let norm = self.settings.training.feature_norm;
        let weights = level_weights(&self.settings, self.learned.levels.len());
        let levels = teacher.into_iter().zip(self.student(pixels)).zip(weights);
        let levels = levels
            .zip(&self.learned.levels)
            .zip(&self.statistics.levels);
        levels
            .map(|((((teacher, student), &weight), level), statistics)| {
                let (height, width) = (SIZE.height / level.stride, SIZE.width / level.stride);
                if weight == 0.0 {
                    return vec![0.0; height * width];
                }
                let map = |values: Vec<f32>| {
                    let data = TensorData::new(values, [1, height, width, level.channels]);
                    Tensor::<4>::from_data(data, &Device::flex())
                };
                let teacher = whitened(teacher, statistics);
                let teacher = loss::normalise_teacher(map(teacher), norm, statistics);
                let student = loss::normalise_student(map(student), norm);
                let distance = loss::squared_distance(teacher, student);
                distance.try_into_vec_as().unwrap()
            })
            .collect()
    }

    /// Pairs of a position with all neighbours whose patches lie inside the image.
    fn pairs(&self, (row, column): (usize, usize)) -> Vec<Pair> {
        let stride = self.settings.student.output_stride;
        let steps = (self.settings.position.offset / stride) as isize;
        let inside = |at: isize, size: usize| {
            (32..size as isize - 32)
                .contains(&(at * stride as isize))
                .then_some(at as usize)
        };
        let patch =
            |row: isize, column: isize| inside(row, SIZE.height).zip(inside(column, SIZE.width));
        let (row, column) = (row as isize, column as isize);
        let pair = |(class, (down, across)): (usize, (isize, isize))| {
            Some(Pair {
                image: 0,
                centre: patch(row, column)?,
                neighbour: patch(row + down * steps, column + across * steps)?,
                class,
            })
        };
        DIRECTIONS
            .into_iter()
            .enumerate()
            .filter_map(pair)
            .collect()
    }

    /// Probabilities of the eight classes for each of some pairs.
    fn probabilities(&self, pixels: &[f32], pairs: &[Pair]) -> Vec<[f32; 8]> {
        if pairs.is_empty() {
            return Vec::new();
        }
        let stride = self.settings.student.output_stride;
        let trunk = self.student(pixels).pop().unwrap();
        let sizes = [1, SIZE.height / stride, SIZE.width / stride, 18];
        let trunk = Tensor::from_data(TensorData::new(trunk, sizes), &Device::flex());
        let layout = Layout::of(self.learned.tensors());
        let row = layout.row(&self.tensors).unwrap();
        let parameters = Parameters::learned(&self.burn, &layout, &row);
        let logits = classify(&self.learned, &parameters, trunk, pairs).unwrap();
        let logits: Vec<f32> = logits.try_into_vec_as().unwrap();
        let softmax = |logits: &[f32; 8]| {
            let powers = logits.map(|logit| f64::from(logit).exp());
            powers.map(|power| (power / powers.iter().sum::<f64>()) as f32)
        };
        logits.as_chunks().0.iter().map(softmax).collect()
    }

    /// `Σ_k w_k (1 − p(y_k)) / Σ_k w_k` of every position, NaN where no pair fits.
    fn e_pos(&self, pixels: &[f32]) -> ScoreMap {
        let stride = self.settings.student.output_stride;
        let (height, width) = (SIZE.height / stride, SIZE.width / stride);
        let positions = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let pairs: Vec<Vec<Pair>> = positions.map(|position| self.pairs(position)).collect();
        let all: Vec<Pair> = pairs.iter().flatten().copied().collect();
        let mut probabilities = self.probabilities(pixels, &all).into_iter();
        let errors: Vec<Vec<(Pair, f32)>> = (pairs.iter())
            .map(|pairs| {
                let error = |&pair: &Pair| (pair, 1.0 - probabilities.next().unwrap()[pair.class]);
                pairs.iter().map(error).collect()
            })
            .collect();
        let mean = |weight: &dyn Fn(&Pair) -> f32| ScoreMap {
            height,
            width,
            values: (errors.iter())
                .map(|errors| {
                    let sum: f32 = errors
                        .iter()
                        .map(|(pair, error)| weight(pair) * error)
                        .sum();
                    // 0 / 0 is NaN.
                    sum / errors.iter().map(|(pair, _)| weight(pair)).sum::<f32>()
                })
                .collect(),
        };
        let equal = mean(&|_| 1.0);
        match self.settings.detection.pair_weights {
            PairWeights::Equal => equal,
            PairWeights::Trusted => mean(&|pair| {
                let (row, column) = pair.neighbour;
                (1.0 - equal.at(row, column)).max(0.02)
            }),
        }
    }
}

/// `L⁻¹ ((T − μ) / σ)`, or the features as they are.
fn whitened(features: Vec<f32>, statistics: &LevelStatistics) -> Vec<f32> {
    let Some(matrix) = &statistics.whitening else {
        return features;
    };
    let LevelStatistics { mean, std, .. } = statistics;
    let rows = features.chunks_exact(mean.len()).flat_map(|features| {
        let standard: Vec<f32> = (features.iter().zip(mean).zip(std))
            .map(|((value, mean), std)| (value - mean) / std)
            .collect();
        let line = move |line: &[f32]| line.iter().zip(&standard).map(|(m, v)| m * v).sum();
        matrix.chunks_exact(mean.len()).map(line)
    });
    rows.collect()
}

/// Maps of which that of a kind of term peaks at a pixel.
fn peaking(settings: &Settings, (row, column): (usize, usize)) -> AnomalyMaps {
    let terms = oddspot::terms::used(settings).map(|kind| {
        let mut map = ScoreMap::filled(SIZE.height, SIZE.width, 0.0);
        map.values[row * SIZE.width + column] = 1.0;
        TermMap { kind, map }
    });
    AnomalyMaps::of(terms.collect())
}

const CASES: [(usize, FeatureNorm, usize); 8] = [
    (0, FeatureNorm::Standardize, 8),
    (1, FeatureNorm::Standardize, 4),
    (1, FeatureNorm::L2, 8),
    (0, FeatureNorm::None, 1),
    (1, FeatureNorm::Whiten, 8),
    (2, FeatureNorm::Whiten, 4),
    (3, FeatureNorm::Whiten, 8),
    (3, FeatureNorm::L2, 2),
];

#[test]
fn detection_finds_the_errors_of_the_equations() {
    for (case, (architecture, norm, stride)) in CASES.into_iter().enumerate() {
        for method in [Method::Full, Method::Baseline] {
            let mut plain = Plain::new(architecture, method, norm, stride);
            if case % 2 == 1 {
                plain.settings.detection.pair_weights = PairWeights::Equal;
            }
            let judging = plain.judging(&Cpu);
            let (network, tensors) = &plain.teacher;
            let teacher = Cpu.forward(network, tensors, plain.input()).unwrap();
            let mut memory = Memory::default();
            for index in 0..2 {
                let (image, pixels) = (picture(index), pixels(index));
                let case = format!("{} {norm:?} at {stride}", ARCHITECTURES[architecture]);
                let case = format!("{case}, {method:?}, image {index}");
                let source = TeacherSource::Run(&*teacher);
                let found = judging.errors(&image, source, &mut memory).unwrap();
                for (found, expected) in found[0].iter().zip(plain.e_rec(&pixels)) {
                    assert_close(&found.values, &expected, &case);
                }
                assert_eq!(found.len(), 1 + usize::from(method == Method::Full));
                if let Some(found) = found.get(1) {
                    assert_close(&found[0].values, &plain.e_pos(&pixels).values, &case);
                }
                for pixel in [(0, 0), (50, 71), (SIZE.height - 1, SIZE.width - 1)] {
                    let maps = peaking(&plain.settings, pixel);
                    let found = judging.placement(&maps, &mut memory).unwrap();
                    assert_eq!(found.is_some(), method == Method::Full);
                    let Some(found) = found else { continue };
                    let (column, row) = found.centre;
                    let pairs = plain.pairs((row / stride, column / stride));
                    let lies: Vec<usize> = found.neighbours.iter().map(|n| n.lies).collect();
                    assert!(!lies.is_empty());
                    assert!(
                        lies.iter().eq(pairs.iter().map(|pair| &pair.class)),
                        "{case}"
                    );
                    let of_pairs = plain.probabilities(&pixels, &pairs);
                    for (found, expected) in found.neighbours.iter().zip(of_pairs) {
                        let largest = expected.iter().fold(0.0f32, |most, p| most.max(*p));
                        let expected = [expected[found.lies], largest];
                        let found = [found.probability_here, found.probability];
                        assert_close(&found, &expected, &case);
                    }
                }
            }
        }
    }
}

#[test]
fn judging_on_a_device_gives_the_maps_of_the_cpu() {
    for (architecture, norm, stride) in CASES {
        let plain = Plain::new(architecture, Method::Full, norm, stride);
        let moments = |term: &str| TermStatistics {
            term: term.to_owned(),
            moments: Moments {
                mean: 0.3,
                std: 0.7,
            },
            image_level: None,
            unit: None,
        };
        let statistics = [moments("reconstruction"), moments("position")];
        let maps = [&Cpu as &dyn Engine, &plain.burn].map(|engine| {
            let judging = plain.judging(engine);
            let (network, tensors) = &plain.teacher;
            let teacher = engine.forward(network, tensors, plain.input()).unwrap();
            let source = TeacherSource::Run(&*teacher);
            let errors = judging
                .errors(&picture(0), source, &mut Memory::default())
                .unwrap();
            judging.fuse(&judging.at_pixels(&errors), &statistics, None)
        });
        let case = format!("{} {norm:?} at {stride}", ARCHITECTURES[architecture]);
        let [cpu, burn] = &maps;
        assert_close(&cpu.total.values, &burn.total.values, &case);
        for (cpu, burn) in cpu.terms.iter().zip(&burn.terms) {
            assert_close(
                &cpu.map.values,
                &burn.map.values,
                &format!("{case}, {:?}", cpu.kind),
            );
        }
    }
}
