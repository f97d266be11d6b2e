//! The training loop.

pub mod checkpoint;
mod finish;
mod prepare;

pub use prepare::{HeldOut, TrainingSet};

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::module::ParamGroup;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use rand::seq::SliceRandom;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::loss::{self, normalise_teacher};
use crate::network::Parameters;
use crate::position::{self, Pair, PatchGrid};
use crate::scoring::{image_tensor, patch_grid};
use crate::seed;
use crate::teacher::TeacherIdentity;
use crate::trainable::Networks;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub iteration: usize,
    /// `L_rec` before the step.
    pub rec: f32,
    /// `L_pos` before the step; absent in the baseline.
    pub pos: Option<f32>,
    /// The loss that was minimised.
    pub total: f32,
    /// Share of the step's pairs that the classifier placed rightly; absent in the baseline.
    pub position_accuracy: Option<f64>,
    /// Learning rate of the step.
    pub learning_rate: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All iterations are done.
    Finished,
    /// It was told to stop and has saved a checkpoint.
    Interrupted,
}

/// A training in progress.
pub struct Trainer {
    config: Config,
    teacher: TeacherIdentity,
    teacher_channels: [usize; 3],
    set: TrainingSet,
    grid: PatchGrid,
    networks: Networks,
    optimizer: ModuleOptimizer,
    iteration: usize,
    order: Vec<usize>,
    order_epoch: Option<usize>,
    device: Device,
    last_checkpoint: Option<(usize, PathBuf)>,
}

impl Trainer {
    /// A training from fresh parameters.
    ///
    /// # Errors
    /// A configuration out of range.
    pub fn new(
        config: Config,
        teacher: TeacherIdentity,
        teacher_channels: [usize; 3],
        set: TrainingSet,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let device = device.clone().autodiff();
        let parameters = Parameters::he(config.training.seed, &device);
        let networks = Networks::new(&parameters, &config, teacher_channels, true)
            .map_err(|reason| Error::config("student", reason))?;
        let optimizer = adam(&config, &networks);
        Ok(Self {
            grid: patch_grid(&config),
            config,
            teacher,
            teacher_channels,
            set,
            networks,
            optimizer,
            iteration: 0,
            order: Vec::new(),
            order_epoch: None,
            device,
            last_checkpoint: None,
        })
    }

    /// Steps done.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Trains to the last iteration, telling `progress` after each step and saving checkpoints
    /// to `checkpoint`; a progress that breaks ends the run with a checkpoint.
    ///
    /// # Errors
    /// [`Error::Diverged`] at a loss that is not finite, the last checkpoint kept; a cache or
    /// checkpoint that cannot be read or written.
    pub fn run(
        &mut self,
        checkpoint: &Path,
        mut progress: impl FnMut(&StepReport) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        while self.iteration < self.config.training.iterations {
            let report = self.step()?;
            if progress(&report).is_break() {
                self.save(checkpoint)?;
                return Ok(Outcome::Interrupted);
            }
            if self
                .iteration
                .is_multiple_of(self.config.training.checkpoint_every)
            {
                self.save(checkpoint)?;
            }
        }
        Ok(Outcome::Finished)
    }

    /// One iteration: forward, loss, backward, Adam.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn step(&mut self) -> Result<StepReport> {
        let batch = self.next_batch();
        let images = self.images(&batch);
        let teacher = self.teacher_maps(&batch)?;
        let maps = self
            .networks
            .student
            .forward(images, self.config.student.output_stride);

        let norm = self.config.training.feature_norm;
        let l_rec = loss::reconstruction(teacher, maps.levels.clone(), norm);
        let rec = scalar(&l_rec);
        let mut report = StepReport {
            iteration: self.iteration + 1,
            rec,
            pos: None,
            total: rec,
            position_accuracy: None,
            learning_rate: self.config.training.learning_rate_at(self.iteration),
        };
        let total = match (&self.networks.position, self.networks.loss.take()) {
            (Some(classifier), Some(mut weights)) => {
                let pairs = self.pairs(batch.len());
                let logits = position::classify(classifier, &self.networks.student, &maps, &pairs);
                let classes = position::classes(&pairs, &self.device);
                report.position_accuracy = Some(accuracy(&logits, &pairs));
                let l_pos = loss::position(logits, classes);
                let pos = scalar(&l_pos);
                if self.iteration == 0 {
                    weights = weights.balanced(rec, pos);
                }
                let total = weights.weigh(l_rec, l_pos);
                report.pos = Some(pos);
                report.total = scalar(&total);
                self.networks.loss = Some(weights);
                total
            }
            (_, weights) => {
                self.networks.loss = weights;
                l_rec
            }
        };
        if !report.total.is_finite() {
            return Err(self.diverged());
        }
        let gradients = GradientsParams::from_grads(total.backward(), &self.networks);
        self.networks = self
            .optimizer
            .step(report.learning_rate, self.networks.clone(), gradients);
        self.iteration += 1;
        Ok(report)
    }

    /// Indices of the next images: a fresh seeded shuffle each epoch.
    fn next_batch(&mut self) -> Vec<usize> {
        let count = self.set.images.len();
        let first = self.iteration * self.config.training.batch;
        (first..first + self.config.training.batch)
            .map(|index| {
                let epoch = index / count;
                if self.order_epoch != Some(epoch) {
                    let purpose = format!("order {epoch}");
                    self.order = (0..count).collect();
                    self.order
                        .shuffle(&mut seed::stream(self.config.training.seed, &purpose));
                    self.order_epoch = Some(epoch);
                }
                self.order[index % count]
            })
            .collect()
    }

    /// `[batch, height, width, 3]`.
    fn images(&self, batch: &[usize]) -> Tensor<4> {
        let images = batch
            .iter()
            .map(|&i| image_tensor(&self.set.images[i], &self.device))
            .collect();
        Tensor::cat(images, 0)
    }

    /// The teacher's maps as the loss compares them, `[batch, …]`.
    fn teacher_maps(&mut self, batch: &[usize]) -> Result<[Tensor<4>; 3]> {
        let mut levels: [Vec<Tensor<4>>; 3] = Default::default();
        for &image in batch {
            let maps = self.set.cache.get(image, &self.device)?;
            for (level, map) in levels.iter_mut().zip(maps) {
                level.push(map);
            }
        }
        let norm = self.config.training.feature_norm;
        let mut level = 0;
        Ok(levels.map(|maps| {
            let maps = Tensor::cat(maps, 0);
            let normalised = normalise_teacher(maps, norm, &self.set.statistics, level);
            level += 1;
            normalised
        }))
    }

    /// The step's pairs, from a stream of their own per iteration.
    fn pairs(&self, batch: usize) -> Vec<Pair> {
        let purpose = format!("pairs {}", self.iteration);
        let mut random = seed::stream(self.config.training.seed, &purpose);
        (0..batch)
            .flat_map(|image| {
                self.grid
                    .draw(self.config.position.pairs, image, &mut random)
            })
            .collect()
    }

    fn diverged(&self) -> Error {
        let kept = match &self.last_checkpoint {
            Some((iteration, path)) => format!(
                "the checkpoint of iteration {iteration} is kept in {}",
                path.display()
            ),
            None => "no checkpoint had been saved yet".to_owned(),
        };
        Error::Diverged {
            iteration: self.iteration + 1,
            reason: format!(
                "the loss is not a finite number; {kept}; start again with --restart \
                 and a lower --learning-rate than {:?}",
                self.config.training.learning_rate
            ),
        }
    }
}

/// PyTorch's `Adam`: L2 penalty in the gradient, none on the losses' weights.
fn adam(config: &Config, networks: &Networks) -> ModuleOptimizer {
    let adam = AdamConfig::new().with_epsilon(1e-8);
    let decay = WeightDecayConfig::new(config.training.weight_decay as f32);
    let optimizer: ModuleOptimizer = adam.clone().with_weight_decay(Some(decay)).init();
    match &networks.loss {
        Some(weights) => {
            let group = ParamGroup::ids_from_module(weights.clone());
            optimizer.with_group(group, adam.build(), None)
        }
        None => optimizer,
    }
}

fn scalar(tensor: &Tensor<1>) -> f32 {
    tensor.clone().into_scalar()
}

fn accuracy(logits: &Tensor<2>, pairs: &[Pair]) -> f64 {
    let guesses = logits.clone().argmax(1).into_data();
    let right = guesses
        .iter::<i64>()
        .zip(pairs)
        .filter(|(guess, pair)| *guess == pair.class as i64)
        .count();
    right as f64 / pairs.len() as f64
}
