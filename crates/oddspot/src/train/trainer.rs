//! The training loop.

use std::path::{Path, PathBuf};

use half::f16;
use oddspot_conv::Workspace;
use rand::seq::SliceRandom;

use super::cache::TeacherCache;
use super::engine::{Batch, Gradients, Targets, TrainingEngine};
use super::observer::{Observer, Progress, StepReport};
use super::set::TrainingSet;
use super::whitening::whiten;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::images::normalise_into;
use crate::net::forward::room;
use crate::net::learned::{LOSS, Learned};
use crate::net::network::Level;
use crate::net::optimizer::Steps;
use crate::net::teachers::TeacherIdentity;
use crate::net::tensors::Layout;
use crate::seed;
use crate::settings::{FeatureNorm, Method, Settings};
use crate::terms::position::{Pair, PatchGrid};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All iterations are done.
    Finished,
    /// It was told to stop, and has saved a checkpoint if it has a place for one.
    Interrupted,
}

/// A training in progress.
pub struct Trainer {
    pub(super) settings: Settings,
    pub(super) teacher: TeacherIdentity,
    pub(super) learned: Learned,
    pub(super) set: TrainingSet,
    pub(super) layout: Layout,
    pub(super) values: Vec<f32>,
    pub(super) steps: Steps,
    pub(super) iteration: usize,
    pub(super) last_checkpoint: Option<(usize, PathBuf)>,
    gradients: Vec<f32>,
    engine: Box<dyn Gradients>,
    grid: PatchGrid,
    order: Vec<usize>,
    order_epoch: Option<usize>,
    workspace: Workspace,
    images: Vec<f32>,
}

impl Trainer {
    /// A training from fresh parameters.
    ///
    /// # Errors
    /// Settings out of range, or levels that the student cannot follow.
    pub fn new(
        settings: Settings,
        (teacher, levels): (TeacherIdentity, &[Level]),
        mut set: TrainingSet,
        engine: &dyn TrainingEngine,
    ) -> Result<Self> {
        settings.validate()?;
        let settings = set.view.settled(settings);
        if settings.training.feature_norm == FeatureNorm::Whiten {
            set.statistics = whiten(&mut set.cache)?;
        }
        let learned = Learned::new(&settings, levels)?;
        let layout = learned.layout();
        let values = layout.fresh(settings.training.seed);
        Ok(Self {
            grid: PatchGrid::of(&settings),
            engine: engine.gradients(&settings, &learned, &layout, &values)?,
            steps: Steps::new(&settings.training, &layout, LOSS),
            gradients: vec![0.0; layout.count()],
            settings,
            teacher,
            learned,
            set,
            layout,
            values,
            iteration: 0,
            last_checkpoint: None,
            order: Vec::new(),
            order_epoch: None,
            workspace: Workspace::new(),
            images: Vec::new(),
        })
    }

    /// The same with other values, as a checkpoint has them.
    pub(super) fn with_values(mut self, values: Vec<f32>) -> Result<Self> {
        self.engine.refresh(&values)?;
        self.values = values;
        Ok(self)
    }

    /// Steps done.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Trains to the last iteration, telling the observer after each step and saving checkpoints, if
    /// there is a place for them; an observer that breaks ends the run with a checkpoint. A checkpoint
    /// that cannot be written is told, and tried again.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`] at a loss that is not finite, the last checkpoint kept; a cache that
    /// cannot be read; a last checkpoint that cannot be written.
    pub fn run(
        &mut self,
        checkpoint: Option<&Path>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        let every = self.settings.training.checkpoint_every;
        let mut owed = false;
        while self.iteration < self.settings.training.iterations {
            let report = self.step()?;
            if observer.progress(&Progress::Step(&report)).is_break() {
                if let Some(checkpoint) = checkpoint {
                    self.save(checkpoint)?;
                }
                return Ok(Outcome::Interrupted);
            }
            let Some(checkpoint) = checkpoint else {
                continue;
            };
            let due = self.iteration.is_multiple_of(every);
            let again = owed && self.iteration.is_multiple_of(every.div_ceil(10));
            if due || again {
                owed = !self.save_or_tell(checkpoint, observer)?;
            }
        }
        Ok(Outcome::Finished)
    }

    /// Saves a checkpoint; false if it cannot be written, which is told.
    ///
    /// # Errors
    /// Parameters that are not finite.
    pub fn save_or_tell(&mut self, path: &Path, observer: &mut dyn Observer) -> Result<bool> {
        match self.save(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Diverged => Err(error),
            Err(error) => {
                // To stop is asked for at the next step again.
                let _ = observer.progress(&Progress::CheckpointFailed(&error));
                Ok(false)
            }
        }
    }

    /// One iteration: forward, loss, backward, optimizer.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn step(&mut self) -> Result<StepReport> {
        let batch = self.next_batch();
        let pairs = match self.settings.method {
            Method::Full => self.pairs(batch.len()),
            Method::Baseline | Method::Instant => Vec::new(),
        };
        let learning_rate = self.settings.training.learning_rate_at(self.iteration);
        let size = self.settings.image_size;
        let count = size.width * size.height * 3;
        let images = room(&mut self.images, batch.len() * count);
        for (&index, to) in batch.iter().zip(images.chunks_exact_mut(count)) {
            normalise_into(&*self.set.pieces.pictures.get(index)?, to);
        }
        let mut targets = Cached {
            cache: &mut self.set.cache,
            images: &batch,
        };
        let first = self.steps.is_first();
        let losses = self.engine.compute(
            &mut self.values,
            first,
            Batch {
                images,
                count: batch.len(),
                targets: &mut targets,
                statistics: &self.set.statistics,
                pairs: &pairs,
            },
            &mut self.gradients,
        )?;
        if !losses.are_finite() {
            return Err(self.diverged());
        }
        let (values, gradients) = (&mut self.values, &self.gradients);
        self.steps
            .step(&mut self.workspace, values, gradients, learning_rate)?;
        self.engine.refresh(&self.values)?;
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

    /// The gradients of the last step, in the layout's order.
    pub fn gradients(&self) -> (&Layout, &[f32]) {
        (&self.layout, &self.gradients)
    }

    /// All learned values, in the layout's order.
    pub fn values(&self) -> (&Layout, &[f32]) {
        (&self.layout, &self.values)
    }

    /// Indices of the next pieces: a fresh seeded shuffle each epoch.
    fn next_batch(&mut self) -> Vec<usize> {
        let count = self.set.pieces.count();
        let first = self.iteration * self.settings.training.batch;
        (first..first + self.settings.training.batch)
            .map(|index| {
                let epoch = index / count;
                if self.order_epoch != Some(epoch) {
                    let purpose = format!("order {epoch}");
                    self.order = (0..count).collect();
                    self.order
                        .shuffle(&mut seed::stream(self.settings.training.seed, &purpose));
                    self.order_epoch = Some(epoch);
                }
                self.order[index % count]
            })
            .collect()
    }

    /// The step's pairs, from a stream of their own per iteration.
    fn pairs(&self, batch: usize) -> Vec<Pair> {
        let purpose = format!("pairs {}", self.iteration);
        let mut random = seed::stream(self.settings.training.seed, &purpose);
        (0..batch)
            .flat_map(|image| {
                self.grid
                    .draw(self.settings.position.pairs, image, &mut random)
            })
            .collect()
    }

    pub(super) fn diverged(&self) -> Error {
        let kept = match &self.last_checkpoint {
            Some((iteration, path)) => format!(
                "the checkpoint of iteration {iteration} is kept in {}",
                path.display()
            ),
            None => "no checkpoint had been saved yet".to_owned(),
        };
        Error::new(
            ErrorKind::Diverged,
            Subject::Training,
            format!(
                "it diverged at iteration {}: the loss is not a finite number; {kept}; start again \
                 with a lower training.learning_rate than {:?}",
                self.iteration + 1,
                self.settings.training.learning_rate
            ),
        )
    }
}

/// The cached teacher's levels of a batch.
struct Cached<'a> {
    cache: &'a mut TeacherCache,
    images: &'a [usize],
}

impl Targets for Cached<'_> {
    fn level(&mut self, image: usize, level: usize) -> Result<&[f16]> {
        self.cache.level(self.images[image], level)
    }
}
