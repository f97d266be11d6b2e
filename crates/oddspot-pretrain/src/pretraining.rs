//! The loop: batch, forward, losses, backward, Adam; in the end a file of weights.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use oddspot::files::{NamedTensors, Stored, atomic, check_finite, serialize};
use oddspot::net::teachers::VGG16;
use oddspot::net::tensors::Layout;
use oddspot::{Error, ErrorKind, Result, Subject};
use oddspot_conv::Workspace;
use oddspot_conv::adam::Adam;
use serde::Serialize;

use crate::batch::Batch;
use crate::config::Recipe;
use crate::formula::Pool;
use crate::network::{Network, Trace};
use crate::objective::{Objective, Scores};
use crate::points::{gather, scatter};

/// Largest 16-bit float.
const LARGEST_HALF: f32 = 65_504.0;
/// L2 penalty in the gradient.
const WEIGHT_DECAY: f32 = 1e-5;

/// A pretraining in progress.
pub struct Pretraining {
    pub(crate) recipe: Recipe,
    pub(crate) step: usize,
    /// Seconds that the steps have taken, earlier processes' included.
    pub(crate) seconds: f64,
    pub(crate) layout: Layout,
    pub(crate) network: Network,
    objectives: [Objective; 3],
    pub(crate) values: Vec<f32>,
    gradients: Vec<f32>,
    pub(crate) moments: [Vec<f32>; 2],
    pub(crate) running: Vec<f32>,
    pub(crate) pool: Pool,
    workspace: Workspace,
    trace: Trace,
    of_levels: [Vec<f32>; 3],
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: usize,
    /// Levels 1 to 3.
    pub levels: [Scores; 3],
}

/// Text metadata of a weights file: how it came about.
#[derive(Serialize)]
struct Origin<'a> {
    architecture: &'static str,
    program: &'static str,
    recipe: &'a Recipe,
    steps_done: usize,
    seconds: u64,
}

impl Pretraining {
    /// A pretraining from fresh parameters.
    ///
    /// # Errors
    /// A recipe out of range.
    pub fn new(recipe: Recipe) -> Result<Self> {
        Self::at_step(recipe, 0)
    }

    /// A pretraining with fresh parameters and the textures as they are before a step.
    pub(crate) fn at_step(recipe: Recipe, step: usize) -> Result<Self> {
        recipe.validate()?;
        let mut layout = Layout::default();
        let views = 2 * recipe.scenes;
        let network = Network::new(&mut layout, recipe.widths, views, recipe.view)?;
        let objectives = [0, 1, 2].map(|level| {
            Objective::new(&mut layout, &recipe, level, network.level(level).channels)
        });
        let values = layout.fresh(recipe.seed);
        Ok(Self {
            step,
            seconds: 0.0,
            gradients: vec![0.0; values.len()],
            moments: [vec![0.0; values.len()], vec![0.0; values.len()]],
            running: network.fresh_moments(),
            pool: Pool::at_step(recipe.seed, step),
            workspace: Workspace::new(),
            trace: Trace::default(),
            of_levels: Default::default(),
            recipe,
            layout,
            network,
            objectives,
            values,
        })
    }

    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Seconds that the steps have taken, those before a resumed checkpoint included.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Runs to the last step, telling `progress` after each; a progress that breaks ends the
    /// run.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`] at a loss that is not finite; what `progress` fails with.
    pub fn run(
        &mut self,
        mut progress: impl FnMut(&Self, &StepReport) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        while self.step < self.recipe.steps {
            let report = self.step()?;
            if progress(self, &report)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// One step.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`] at a loss that is not finite; the parameters are as before then.
    fn step(&mut self) -> Result<StepReport> {
        let started = Instant::now();
        // On a thread of the pool, its threads need not be woken for every kernel.
        let levels = rayon::scope(|_| self.learn())?;
        let finite = levels.iter().all(|scores| scores.total.is_finite())
            && self.running.iter().all(|moment| moment.is_finite());
        if !finite {
            return Err(self.diverged());
        }
        rayon::scope(|_| {
            self.update()?;
            self.pool.refresh(self.step);
            Ok::<_, Error>(())
        })?;
        self.step += 1;
        self.seconds += started.elapsed().as_secs_f64();
        Ok(StepReport {
            step: self.step,
            levels,
        })
    }

    pub(crate) fn diverged(&self) -> Error {
        Error::new(
            ErrorKind::Diverged,
            Subject::Training,
            format!(
                "it diverged at step {}: the loss is not a finite number; start again with a lower \
                 learning_rate in the recipe than {:?}",
                self.step + 1,
                self.recipe.learning_rate
            ),
        )
    }

    /// Forward and backward.
    fn learn(&mut self) -> Result<[Scores; 3]> {
        let shapes = [0, 1, 2].map(|level| self.network.level(level));
        self.gradients.fill(0.0);
        let batch = Batch::new(&self.recipe, &self.pool, self.step, shapes);
        let workspace = &mut self.workspace;
        let (running, trace) = (&mut self.running, &mut self.trace);
        self.network
            .forward(workspace, &self.values, &batch.views, running, trace)?;
        let mut scores = [Scores::default(); 3];
        for (level, shape) in shapes.into_iter().enumerate() {
            let points = &batch.points[level];
            let map = self.network.map(trace, level);
            let features = gather(points, map, shape.channels);
            let (found, of_features) = self.objectives[level].run(
                workspace,
                &self.values,
                points,
                &features,
                &mut self.gradients,
            )?;
            scores[level] = found;
            let of_map = &mut self.of_levels[level];
            of_map.clear();
            of_map.resize(map.len(), 0.0);
            scatter(points, &of_features, shape.channels, of_map);
        }
        self.network.backward(
            workspace,
            &self.values,
            &batch.views,
            trace,
            &self.of_levels,
            &mut self.gradients,
        )?;
        Ok(scores)
    }

    fn update(&mut self) -> Result<()> {
        let adam = Adam {
            learning_rate: self.recipe.rate(self.step) as f32,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: WEIGHT_DECAY,
            // A recipe has no more steps than fit.
            step: (self.step + 1) as i32,
        };
        let [first, second] = &mut self.moments;
        let isa = self.workspace.isa();
        adam.update(isa, &mut self.values, &self.gradients, first, second)?;
        Ok(())
    }

    /// The network as it stands, folded: a teacher's weights in torchvision's names.
    pub fn weights(&self) -> NamedTensors {
        self.network.fold(&self.values, &self.running)
    }

    /// Writes the folded weights as 16-bit floats, with the recipe in the file's metadata.
    ///
    /// # Errors
    /// Weights that are not finite, or a file that cannot be written.
    pub fn write_weights(&self, path: &Path) -> Result<()> {
        let mut stored = BTreeMap::new();
        for (name, tensor) in &self.weights() {
            check_finite(name, &tensor.values).map_err(|error| error.in_file(path))?;
            if tensor.values.iter().any(|value| value.abs() > LARGEST_HALF) {
                let reason = format!("its tensor '{name}' is too large for 16-bit floats");
                return Err(Error::weights(path, reason));
            }
            stored.insert(name.clone(), Stored::halves(tensor));
        }
        let origin = Origin {
            architecture: VGG16.name,
            program: concat!("oddspot ", env!("CARGO_PKG_VERSION")),
            recipe: &self.recipe,
            steps_done: self.step,
            seconds: self.seconds as u64,
        };
        let internal = |e: serde_json::Error| Error::internal(e.to_string());
        let origin = serde_json::to_string(&origin).map_err(internal)?;
        let bytes = serialize(&stored, "oddspot.pretrained", origin)?;
        atomic::write_bytes(path, &bytes)
    }
}
