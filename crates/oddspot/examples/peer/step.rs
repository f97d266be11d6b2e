//! A step of the training: forward, losses, backward, Adam, on one image.

use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use oddspot::config::{Config, FeatureNorm, Optimizer, Schedule, TrainingConfig};
use oddspot::dataset::{Label, Sample};
use oddspot::image::ImageSize;
use oddspot::loss::normalise_teacher;
use oddspot::network::{Parameters, named_tensors};
use oddspot::position::PatchGrid;
use oddspot::scene;
use oddspot::scoring::image_tensor;
use oddspot::seed;
use oddspot::teacher::{Teacher, TeacherIdentity, hash};
use oddspot::tensor_file::{NamedTensor, NamedTensors};
use oddspot::trainable::Networks;
use oddspot::training::{StepReport, Trainer, TrainingSet};
use serde::Deserialize;

use crate::teacher::Choice;
use crate::tensors::{self, GIVEN, named};
use crate::{Result, Work};

/// More than anybody waits for.
const MOST_STEPS: usize = 1_000_000;

#[derive(Deserialize)]
struct Options {
    teacher: Choice,
    size: usize,
    /// Steps whose pairs are given to the others.
    given_steps: usize,
    learning_rate: f64,
    weight_decay: f64,
}

/// The work.
pub struct Training {
    trainer: Trainer,
    reports: Vec<StepReport>,
}

impl Training {
    pub fn new(options: &str, folder: &Path) -> Result<Self> {
        let options: Options = serde_json::from_str(options)?;
        let device = oddspot::device::open("cpu")?;
        let (teacher, architecture, weights) = options.teacher.open(&device)?;
        let config = Config {
            image_size: ImageSize::square(options.size),
            training: TrainingConfig {
                iterations: MOST_STEPS,
                learning_rate: options.learning_rate,
                schedule: Schedule::Constant,
                optimizer: Optimizer::Adam,
                weight_decay: options.weight_decay,
                feature_norm: FeatureNorm::Standardize,
                level_weights: [1.0; 3],
                hardest: 1.0,
                rec_weight: 1.0,
                seed: options.teacher.seed,
                ..TrainingConfig::default()
            },
            ..Config::default()
        };

        let channels = teacher.channels();
        let mut set = training_set(&config, &teacher, &device, folder)?;

        // What the trainer starts from, which its seed decides.
        let parameters = Parameters::he(config.training.seed, &device);
        let networks = Networks::new(&parameters, &config, channels, true)?;
        let mut given = named_tensors(&networks);
        given.insert(
            "image".to_owned(),
            named(&image_tensor(&set.images[0], &device)),
        );
        for (level, map) in set.cache.get(0, &device)?.into_iter().enumerate() {
            let map = normalise_teacher(map, config.training.feature_norm, &set.statistics, level);
            given.insert(format!("teacher_map{}", level + 1), named(&map));
        }
        given.extend(pairs(&config, options.given_steps));
        tensors::write(&folder.join(GIVEN), &given)?;

        let identity = TeacherIdentity {
            name: architecture.to_string(),
            architecture,
            sha256: hash(&weights),
        };
        Ok(Self {
            trainer: Trainer::new(config, identity, channels, set, &device)?,
            reports: Vec::new(),
        })
    }
}

/// One board, so that every step learns from the same image.
fn training_set(
    config: &Config,
    teacher: &Teacher,
    device: &Device,
    folder: &Path,
) -> Result<TrainingSet> {
    let board = Sample {
        image: folder.join("board.png"),
        masks: Vec::new(),
        label: Label::Good,
    };
    scene::good(config.image_size, config.training.seed).save(&board.image)?;
    let go_on = |_, _| ControlFlow::Continue(());
    let set = TrainingSet::prepare(&[board], folder, config, teacher, device, folder, go_on)?;
    Ok(set.ok_or("the preparation was interrupted")?)
}

/// The pairs that the trainer will draw in its first steps, `[steps, pairs]`: positions of the
/// grid, counted row by row, and classes.
fn pairs(config: &Config, steps: usize) -> NamedTensors {
    let width = config.image_size.width / config.student.output_stride;
    let position = |(row, column): (usize, usize)| (row * width + column) as f32;
    let [mut centres, mut neighbours, mut classes]: [Vec<f32>; 3] = Default::default();
    for step in 0..steps {
        let mut random = seed::stream(config.training.seed, &format!("pairs {step}"));
        for pair in PatchGrid::of(config).draw(config.position.pairs, 0, &mut random) {
            centres.push(position(pair.centre));
            neighbours.push(position(pair.neighbour));
            classes.push(pair.class as f32);
        }
    }
    let tensor = |values: Vec<f32>| NamedTensor {
        shape: vec![steps, values.len() / steps.max(1)],
        values,
    };
    NamedTensors::from([
        ("centres".to_owned(), tensor(centres)),
        ("neighbours".to_owned(), tensor(neighbours)),
        ("classes".to_owned(), tensor(classes)),
    ])
}

impl Work for Training {
    fn run(&mut self) -> Result<()> {
        self.reports.push(self.trainer.step()?);
        Ok(())
    }

    /// The losses of every step so far.
    fn outcome(&self) -> NamedTensors {
        let losses = |values: Vec<f32>| NamedTensor {
            shape: vec![values.len()],
            values,
        };
        let rec = self.reports.iter().map(|report| report.rec).collect();
        let pos = self.reports.iter().filter_map(|report| report.pos);
        NamedTensors::from([
            ("rec".to_owned(), losses(rec)),
            ("pos".to_owned(), losses(pos.collect())),
        ])
    }
}
