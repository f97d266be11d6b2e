//! The training loop.

pub mod checkpoint;
mod finish;
mod portable;
mod prepare;

pub use portable::PortableTraining;
pub use prepare::{HeldOut, TrainingSet};

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use rand::seq::SliceRandom;

use crate::config::{Config, FeatureNorm, Method};
use crate::cpu::CpuTraining;
use crate::device;
use crate::error::{Error, Result};
use crate::network::{Parameters, named_tensors};
use crate::position::{Pair, PatchGrid};
use crate::seed;
use crate::teacher::TeacherIdentity;
use crate::tensor_file::NamedTensors;
use crate::trainable::Networks;
use crate::whitening::whiten;

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

/// What a step found before it changed anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// `L_rec`.
    pub rec: f32,
    /// `L_pos`; absent in the baseline.
    pub pos: Option<f32>,
    /// Share of the pairs that the classifier placed rightly; absent in the baseline.
    pub position_accuracy: Option<f64>,
    /// What is minimised.
    pub total: f32,
}

impl Losses {
    /// Whether all of them are; otherwise the step was not made.
    pub fn are_finite(&self) -> bool {
        self.rec.is_finite() && self.pos.is_none_or(f32::is_finite) && self.total.is_finite()
    }
}

/// Networks and their optimizer on a device: what makes a step.
trait Engine {
    /// Its name in checkpoints, which only the same engine can go on from.
    fn name(&self) -> &'static str;

    /// One step on a batch of the set's images and the pairs drawn for it (none in the
    /// baseline). At losses that are not finite nothing is changed.
    fn step(
        &mut self,
        set: &mut TrainingSet,
        batch: &[usize],
        pairs: &[Pair],
        learning_rate: f64,
    ) -> Result<Losses>;

    /// The parameters by name.
    fn tensors(&self) -> NamedTensors;

    /// The optimizer's state, opaque.
    fn optimizer(&self) -> Result<Vec<u8>, String>;

    /// Goes on from such a state.
    fn set_optimizer(&mut self, state: Vec<u8>) -> Result<(), String>;
}

/// The engine of a device, from parameters by name.
fn engine(
    config: &Config,
    tensors: &NamedTensors,
    teacher_channels: [usize; 3],
    device: &Device,
) -> Result<Box<dyn Engine>, String> {
    Ok(match device::is_cpu(device) {
        true => Box::new(CpuTraining::new(config, tensors)),
        false => Box::new(PortableTraining::new(
            config,
            tensors,
            teacher_channels,
            device,
        )?),
    })
}

impl Engine for CpuTraining {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn step(
        &mut self,
        set: &mut TrainingSet,
        batch: &[usize],
        pairs: &[Pair],
        learning_rate: f64,
    ) -> Result<Losses> {
        // On a thread of the pool, its threads need not be woken for every kernel.
        rayon::scope(|_| CpuTraining::step(self, set, batch, pairs, learning_rate))
    }

    fn tensors(&self) -> NamedTensors {
        CpuTraining::tensors(self)
    }

    fn optimizer(&self) -> Result<Vec<u8>, String> {
        Ok(CpuTraining::optimizer(self))
    }

    fn set_optimizer(&mut self, state: Vec<u8>) -> Result<(), String> {
        CpuTraining::set_optimizer(self, &state)
    }
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
    engine: Box<dyn Engine>,
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
        mut set: TrainingSet,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        if config.training.feature_norm == FeatureNorm::Whiten {
            set.statistics = whiten(&mut set.cache)?;
        }
        let parameters = Parameters::he(config.training.seed, device);
        let networks = Networks::new(&parameters, &config, teacher_channels, true)
            .map_err(|reason| Error::config("student", reason))?;
        let engine = engine(&config, &named_tensors(&networks), teacher_channels, device)
            .map_err(|reason| Error::config("student", reason))?;
        Ok(Self {
            grid: PatchGrid::of(&config),
            config,
            teacher,
            teacher_channels,
            set,
            engine,
            iteration: 0,
            order: Vec::new(),
            order_epoch: None,
            device: device.clone(),
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

    /// One iteration: forward, loss, backward, optimizer.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn step(&mut self) -> Result<StepReport> {
        let batch = self.next_batch();
        let pairs = match self.config.method {
            Method::Full => self.pairs(batch.len()),
            Method::Baseline => Vec::new(),
        };
        let learning_rate = self.config.training.learning_rate_at(self.iteration);
        let losses = self
            .engine
            .step(&mut self.set, &batch, &pairs, learning_rate)?;
        if !losses.are_finite() {
            return Err(self.diverged());
        }
        self.iteration += 1;
        Ok(StepReport {
            iteration: self.iteration,
            rec: losses.rec,
            pos: losses.pos,
            total: losses.total,
            position_accuracy: losses.position_accuracy,
            learning_rate,
        })
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
