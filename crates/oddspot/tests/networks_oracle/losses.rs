//! Losses and gradients of a step.

use std::collections::BTreeMap;

use half::f16;
use oddspot::Result;
use oddspot::net::engine::Cpu;
use oddspot::net::learned::LOSS_WEIGHTS;
use oddspot::net::tensors::Layout;
use oddspot::settings::{FeatureNorm, Method, Settings};
use oddspot::terms::channels::ChannelStatistics;
use oddspot::terms::position::Pair;
use oddspot::train::{Batch, Gradients, Losses, Targets, TrainingEngine, first_weights};

use crate::fixture::{Oracle, assert_close, learned, settings};

/// The teacher's maps as the cache of a training keeps them.
pub struct Halves(Vec<Vec<f16>>);

impl Halves {
    pub fn of(oracle: &Oracle) -> Self {
        let halves = |map: &[f32]| -> Vec<f16> {
            let halves: Vec<f16> = map.iter().map(|&v| f16::from_f32(v)).collect();
            let exact = halves.iter().zip(map).all(|(half, &v)| half.to_f32() == v);
            assert!(exact, "the fixture's teacher has more digits than a cache");
            halves
        };
        Self(oracle.teacher().into_iter().map(halves).collect())
    }

    pub fn levels(&self) -> Vec<&[f16]> {
        self.0.iter().map(Vec::as_slice).collect()
    }
}

impl Targets for Halves {
    fn level(&mut self, _image: usize, level: usize) -> Result<&[f16]> {
        Ok(&self.0[level])
    }
}

/// The fixture's networks in training.
pub struct Step {
    pub layout: Layout,
    pub values: Vec<f32>,
    pub gradients: Vec<f32>,
    engine: Box<dyn Gradients>,
    images: Vec<f32>,
    targets: Halves,
    statistics: ChannelStatistics,
    pairs: Vec<Pair>,
}

impl Step {
    pub fn new(oracle: &Oracle, settings: &Settings) -> Self {
        let learned = learned(settings);
        let layout = learned.layout();
        let values = layout.row(&oracle.learned()).unwrap();
        let engine = Cpu.gradients(settings, &learned, &layout, &values).unwrap();
        Self {
            // Whatever is not written shows.
            gradients: vec![f32::NAN; layout.count()],
            engine,
            images: oracle.input("loss/input").0,
            targets: Halves::of(oracle),
            statistics: oracle.statistics(),
            pairs: match settings.method {
                Method::Full => pairs(oracle, settings.student.output_stride),
                Method::Baseline | Method::Instant => Vec::new(),
            },
            layout,
            values,
        }
    }

    pub fn compute(&mut self, first: bool) -> Losses {
        let batch = Batch {
            images: &self.images,
            count: 1,
            targets: &mut self.targets,
            statistics: &self.statistics,
            pairs: &self.pairs,
        };
        (self.engine)
            .compute(&mut self.values, first, batch, &mut self.gradients)
            .unwrap()
    }

    pub fn refresh(&mut self) {
        self.engine.refresh(&self.values).unwrap();
    }

    /// Every gradient by its tensor's name.
    fn named_gradients(&self) -> BTreeMap<String, Vec<f32>> {
        let tensors = self.layout.tensors(&self.gradients);
        tensors
            .into_iter()
            .map(|(name, t)| (name, t.values))
            .collect()
    }

    /// Where the weights of the losses lie.
    fn weights(&self) -> [usize; 2] {
        LOSS_WEIGHTS.map(|name| self.layout.place(name).unwrap().start)
    }
}

fn pairs(oracle: &Oracle, stride: usize) -> Vec<Pair> {
    let name = match stride {
        8 => "loss/pairs",
        _ => "loss/pairs_os4",
    };
    let rows = oracle.values(name).chunks_exact(5);
    rows.map(|row| {
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

fn with_norm(norm: FeatureNorm, stride: usize) -> Settings {
    let mut settings = settings(stride);
    settings.training.feature_norm = norm;
    settings
}

#[test]
fn losses_and_every_gradient_are_pytorchs() {
    let oracle = Oracle::open();
    for (norm, stride) in [
        (FeatureNorm::L2, 8),
        (FeatureNorm::None, 8),
        (FeatureNorm::Standardize, 8),
        (FeatureNorm::Standardize, 4),
    ] {
        let case = format!("loss/{}/os{stride}", norm.name());
        let mut step = Step::new(&oracle, &with_norm(norm, stride));
        let losses = step.compute(true);
        for (part, found) in [
            ("rec", losses.rec),
            ("pos", losses.pos.unwrap()),
            ("total", losses.total),
        ] {
            let name = format!("{case}/{part}");
            assert_close(&[found], oracle.values(&name), &name);
        }
        for (at, name) in step.weights().into_iter().zip(["s_rec", "s_pos"]) {
            let name = format!("{case}/{name}");
            assert_close(&[step.values[at]], oracle.values(&name), &name);
        }
        let mut compared = 0;
        for (name, found) in step.named_gradients() {
            // 0 by construction: s starts where its gradient vanishes.
            if LOSS_WEIGHTS.contains(&name.as_str()) {
                assert!(found[0].abs() < 1e-6, "{case} {name}: {}", found[0]);
                continue;
            }
            // The classifier's gradients do not depend on the norm and are stored once.
            let folder = match name.starts_with("position") {
                true => format!("loss/standardize/os{stride}/grad"),
                false => format!("{case}/grad"),
            };
            let name = format!("{folder}/{}", name.replacen('.', "/", 1));
            match oracle.find(&name) {
                Some(expected) => {
                    assert_close(&found, &expected.values, &name);
                    compared += 1;
                }
                None => assert_eq!(name, "loss/standardize/os4/grad/position/fc2.weight"),
            }
        }
        assert!(compared >= 23, "{case}: {compared} gradients compared");
    }
}

#[test]
fn gradients_of_the_loss_weights_are_pytorchs() {
    let oracle = Oracle::open();
    let case = "loss/standardize/os8/at_s";
    let mut step = Step::new(&oracle, &with_norm(FeatureNorm::Standardize, 8));
    let places = step.weights();
    for (&at, &s) in places.iter().zip(oracle.values(&format!("{case}/s"))) {
        step.values[at] = s;
    }
    step.refresh();
    let total = step.compute(false).total;
    assert_close(
        &[total],
        oracle.values(&format!("{case}/total")),
        "total at s",
    );
    let found = places.map(|at| step.gradients[at]);
    assert_close(
        &found,
        oracle.values(&format!("{case}/grad")),
        "gradients at s",
    );
}

#[test]
fn the_baselines_gradients_are_pytorchs() {
    let oracle = Oracle::open();
    let mut settings = with_norm(FeatureNorm::Standardize, 8);
    settings.method = Method::Baseline;
    let mut step = Step::new(&oracle, &settings);
    let losses = step.compute(true);
    assert_eq!((losses.pos, losses.total), (None, losses.rec));
    let case = "loss/standardize/os8";
    assert_close(
        &[losses.rec],
        oracle.values(&format!("{case}/baseline")),
        "baseline",
    );
    let gradients = step.named_gradients();
    assert_eq!(gradients.len(), 18);
    for (name, found) in gradients {
        let name = format!("{case}/baseline_grad/{}", name.replacen('.', "/", 1));
        assert_close(&found, oracle.values(&name), &name);
    }
}

#[test]
fn the_weights_of_the_losses_start_at_their_logarithms_over_what_they_weigh() {
    let [rec, pos] = first_weights(4.0, 0.5, 8.0);
    assert!((rec - 0.5f32.ln()).abs() < 1e-6);
    assert!((pos - 0.5f32.ln()).abs() < 1e-6);
}
