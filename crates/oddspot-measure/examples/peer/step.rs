//! A step of the training: forward, losses, backward, Adam, on one image.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use oddspot::files::{NamedTensor, NamedTensors};
use oddspot::images::{ImageSize, Source};
use oddspot::net::engine::{Cpu, Engine};
use oddspot::net::teachers::Teacher;
use oddspot::seed;
use oddspot::settings::{FeatureNorm, Optimizer, Schedule, Settings, TrainingSettings};
use oddspot::terms::position::PatchGrid;
use oddspot::train::{StepReport, Trainer, TrainingSet};
use oddspot::view::View;
use oddspot_conv::Shape;
use serde::Deserialize;

use crate::teacher::Choice;
use crate::tensors::{self, GIVEN};
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
        let teacher = options.teacher.open()?;
        let settings = Settings {
            image_size: ImageSize::square(options.size),
            training: TrainingSettings {
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
                ..TrainingSettings::default()
            },
            ..Settings::default()
        };
        let mut set = training_set(&settings, &teacher, folder)?;
        let mut given = targets(&mut set, &teacher, options.size)?;
        given.insert(
            "image".to_owned(),
            tensors::normalised(&*set.pieces.pictures.get(0)?),
        );
        given.extend(pairs(&settings, options.given_steps));

        let levels = teacher.network.levels();
        let trainer = Trainer::new(settings, (teacher.identity, &levels), set, &Cpu)?;
        let (layout, values) = trainer.values();
        given.extend(layout.tensors(values));
        tensors::write(&folder.join(GIVEN), &given)?;
        Ok(Self {
            trainer,
            reports: Vec::new(),
        })
    }
}

/// One board, so that every step learns from the same image.
fn training_set(settings: &Settings, teacher: &Teacher, folder: &Path) -> Result<TrainingSet> {
    let size = settings.image_size;
    let board = Source::from(tensors::board(size.width, settings.training.seed));
    let input = Shape::new(1, size.height, size.width, 3);
    let ready = Cpu.forward(&teacher.network, &teacher.weights, input)?;
    let levels = teacher.network.levels();
    let view = Arc::new(View::plain(size));
    let go_on = |_, _| ControlFlow::Continue(());
    let of_teacher = (&*ready, &levels[..]);
    let set = TrainingSet::prepare(
        (&[board], folder),
        (settings, view),
        of_teacher,
        folder,
        go_on,
    )?;
    Ok(set.ok_or("the preparation was interrupted")?)
}

/// The teacher's maps as the student is compared with them, `[1, height, width, channels]`.
fn targets(set: &mut TrainingSet, teacher: &Teacher, size: usize) -> Result<NamedTensors> {
    let mut targets = NamedTensors::new();
    let maps = set.cache.levels(0)?;
    let statistics = &set.statistics.levels;
    let levels = teacher.network.levels();
    for (index, ((map, level), statistics)) in maps.iter().zip(levels).zip(statistics).enumerate() {
        let channels = statistics.mean.iter().zip(&statistics.std).cycle();
        let standardised =
            |(value, (mean, std)): (&half::f16, (&f32, &f32))| (value.to_f32() - mean) / std;
        let side = size / level.stride;
        let tensor = NamedTensor {
            shape: vec![1, side, side, level.channels],
            values: map.iter().zip(channels).map(standardised).collect(),
        };
        targets.insert(format!("teacher_map{}", index + 1), tensor);
    }
    Ok(targets)
}

/// The pairs that the trainer will draw in its first steps, `[steps, pairs]`: positions of the
/// grid, counted row by row, and classes.
fn pairs(settings: &Settings, steps: usize) -> NamedTensors {
    let width = settings.image_size.width / settings.student.output_stride;
    let position = |(row, column): (usize, usize)| (row * width + column) as f32;
    let [mut centres, mut neighbours, mut classes]: [Vec<f32>; 3] = Default::default();
    for step in 0..steps {
        let mut random = seed::stream(settings.training.seed, &format!("pairs {step}"));
        for pair in PatchGrid::of(settings).draw(settings.position.pairs, 0, &mut random) {
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
