//! A training step: forward, losses, backward, optimizer.

use std::ops::Range;

use oddspot_conv::Workspace;
use oddspot_conv::adam::Adam;
use oddspot_conv::distance::{Target, squared_distances_with_gradient};
use oddspot_conv::muon::{MOMENTUM, Muon};

use super::parameters::Layout;
use super::position::{PairLosses, PositionTraining, TrunkGrid};
use super::student::{
    Backward, BackwardWeights, ForwardWeights, Layers, Plan, Student, StudentMemory,
};
use super::{fits, room};
use crate::config::{Config, FeatureNorm, Optimizer};
use crate::error::Result;
use crate::image::normalise_into;
use crate::loss::{Hardest, first_weights};
use crate::position::Pair;
use crate::tensor_file::NamedTensors;
use crate::training::{Losses, TrainingSet};

/// Networks in training: parameters, gradients, moments, and the memory of a step.
pub struct CpuTraining {
    layout: Layout,
    layers: Layers,
    plan: Plan,
    norm: FeatureNorm,
    level_weights: [f32; 3],
    hardest: f64,
    rec_weight: f64,
    adam: Adam,
    /// Places that Adam updates, and whether they know weight decay.
    adams: Vec<(Range<usize>, bool)>,
    /// Places of the matrices that Muon updates, and their sizes; their momentum is the first of
    /// the moments.
    muons: Vec<(Range<usize>, [usize; 2])>,
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    moments: [Vec<f32>; 2],
    workspace: Workspace,
    forward: ForwardWeights,
    backward: BackwardWeights,
    position: Option<PositionTraining>,
    memory: Box<StepMemory>,
}

/// All places but the given ones, which lie in their order; those without weight decay apart.
fn rest(layout: &Layout, but: &[(Range<usize>, [usize; 2])]) -> Vec<(Range<usize>, bool)> {
    let mut places = Vec::new();
    let mut start = 0;
    for (taken, _) in but {
        places.push((start..taken.start, true));
        start = taken.end;
    }
    places.push((start..layout.decayed(), true));
    places.push((layout.decayed()..layout.count(), false));
    places.retain(|(place, _)| !place.is_empty());
    places
}

/// What a step needs of memory, kept from step to step.
#[derive(Default)]
struct StepMemory {
    images: Vec<f32>,
    student: StudentMemory,
    gradients: StudentMemory,
    distances: Vec<f32>,
    hardest_room: Vec<f32>,
}

impl CpuTraining {
    /// Training of networks with these parameters.
    pub fn new(config: &Config, tensors: &NamedTensors) -> Self {
        let workspace = Workspace::new();
        let (layout, parameters) = Layout::of(tensors);
        let layers = Layers::of(&layout);
        let size = [config.image_size.height, config.image_size.width];
        let (batch, stride) = (config.training.batch, config.student.output_stride);
        let slope = config.position.negative_slope as f32;
        let muons = match config.training.optimizer {
            Optimizer::Adam => Vec::new(),
            Optimizer::Muon => layout.convolutions(),
        };
        Self {
            plan: Plan::new(&layers, batch, size, stride),
            norm: config.training.feature_norm,
            level_weights: config.training.level_weights.map(|w| w as f32),
            hardest: config.training.hardest,
            rec_weight: config.training.rec_weight,
            adam: Adam {
                learning_rate: 0.0,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: config.training.weight_decay as f32,
                step: 0,
            },
            adams: rest(&layout, &muons),
            muons,
            gradients: vec![0.0; layout.count()],
            moments: [vec![0.0; layout.count()], vec![0.0; layout.count()]],
            forward: ForwardWeights::changing(&workspace, &layers, &parameters),
            backward: BackwardWeights::new(&workspace, &layers, &parameters),
            position: PositionTraining::new(&workspace, &layout, &parameters, slope),
            memory: Box::default(),
            workspace,
            layers,
            layout,
            parameters,
        }
    }

    /// One step on a batch of the set's images; the losses before it, or what they would be
    /// were they finite (then nothing was changed).
    ///
    /// # Errors
    /// A cache that cannot be read.
    pub fn step(
        &mut self,
        set: &mut TrainingSet,
        batch: &[usize],
        pairs: &[Pair],
        learning_rate: f64,
    ) -> Result<Losses> {
        self.student_forward(set, batch);
        let pair_losses = self.position_forward(pairs);
        // s starts from the first losses; until they are known, their gradients are not scaled.
        let first = self.adam.step == 0;
        let scale = match (first, self.layout.loss()) {
            (false, Some([rec, _])) => 0.5 * (-self.parameters[rec]).exp(),
            _ => 1.0,
        };
        let rec = self.reconstruction(set, batch, scale)?;
        let mut losses = Losses {
            rec,
            pos: pair_losses.map(|pairs| pairs.loss),
            position_accuracy: pair_losses.map(|pairs| pairs.accuracy),
            total: rec,
        };
        if let (Some([s_rec, s_pos]), Some(pos)) = (self.layout.loss(), losses.pos) {
            if first && losses.are_finite() {
                [self.parameters[s_rec], self.parameters[s_pos]] =
                    first_weights(rec, pos, self.rec_weight);
                self.scale_level_gradients(0.5 * (-self.parameters[s_rec]).exp());
            }
            losses.total = self.weigh(rec, pos, [s_rec, s_pos], pairs.len());
        }
        if !losses.are_finite() {
            return Ok(losses);
        }
        self.student_backward(pairs);
        self.update(learning_rate);
        Ok(losses)
    }

    fn student_forward(&mut self, set: &TrainingSet, batch: &[usize]) {
        let memory = &mut *self.memory;
        let pixels = self.plan.convs[0].input;
        let count = pixels.height * pixels.width * 3;
        let images = room(&mut memory.images, batch.len() * count);
        for (&index, to) in batch.iter().zip(images.chunks_exact_mut(count)) {
            normalise_into(&set.images[index], to);
        }
        let student = Student {
            plan: &self.plan,
            layers: &self.layers,
            values: &self.parameters,
        };
        student.forward(
            &mut self.workspace,
            &self.forward,
            images,
            true,
            &mut memory.student,
        );
    }

    fn position_forward(&mut self, pairs: &[Pair]) -> Option<PairLosses> {
        let position = self.position.as_mut()?;
        let trunk = self.memory.student.trunk(&self.plan);
        Some(position.forward(
            &mut self.workspace,
            &self.parameters,
            (trunk, trunk_grid(&self.plan)),
            pairs,
            &self.forward.heads[2],
        ))
    }

    /// `L_rec`, and `scale` times its gradient in the place of the student's levels.
    fn reconstruction(
        &mut self,
        set: &mut TrainingSet,
        batch: &[usize],
        scale: f32,
    ) -> Result<f32> {
        let memory = &mut *self.memory;
        let statistics = &set.statistics;
        let mut loss = 0.0;
        for (level, weight) in self.level_weights.into_iter().enumerate() {
            let rows = self.plan.level_rows(level);
            let channels = self.layers.heads[level].sizes[0];
            if weight == 0.0 {
                memory.student.levels[level][..rows * channels].fill(0.0);
                continue;
            }
            let norm = self.norm.of_level(statistics, level);
            let distances = room(&mut memory.distances, rows);
            let per_image = rows / batch.len();
            let levels = &mut memory.student.levels[level][..rows * channels];
            for ((&image, distances), levels) in batch
                .iter()
                .zip(distances.chunks_exact_mut(per_image))
                .zip(levels.chunks_exact_mut(per_image * channels))
            {
                let target = Target::Half(set.cache.level(image, level)?);
                let scale = 2.0 * scale * weight / rows as f32;
                let isa = self.workspace.isa();
                fits(squared_distances_with_gradient(
                    isa, levels, target, norm, scale, distances,
                ));
                if self.hardest < 1.0 {
                    let hardest_room = room(&mut memory.hardest_room, per_image);
                    Hardest::of(distances, self.hardest, hardest_room).keep(distances, levels);
                }
            }
            let sum: f64 = distances.iter().map(|&d| f64::from(d)).sum();
            loss += weight * (sum / rows as f64) as f32;
        }
        Ok(loss)
    }

    fn scale_level_gradients(&mut self, scale: f32) {
        for level in &mut self.memory.student.levels {
            for value in level {
                *value *= scale;
            }
        }
    }

    /// `L = ½ e^(−s_rec) L_rec + ½ e^(−s_pos) L_pos + ½ (s_rec + s_pos)`, its gradients with
    /// respect to s, and the classifier's.
    fn weigh(&mut self, rec: f32, pos: f32, [s_rec, s_pos]: [usize; 2], pairs: usize) -> f32 {
        let [weight_rec, weight_pos] =
            [s_rec, s_pos].map(|s| 0.5 * f64::from(-self.parameters[s]).exp());
        let [terms_rec, terms_pos] = [weight_rec * f64::from(rec), weight_pos * f64::from(pos)];
        self.gradients[s_rec] = (0.5 - terms_rec) as f32;
        self.gradients[s_pos] = (0.5 - terms_pos) as f32;
        if let Some(position) = &mut self.position {
            position.backward(
                &mut self.workspace,
                pairs,
                weight_pos as f32,
                &self.backward.heads[2],
                &mut self.gradients,
            );
        }
        let sum = f64::from(self.parameters[s_rec]) + f64::from(self.parameters[s_pos]);
        (terms_rec + terms_pos + 0.5 * sum) as f32
    }

    fn student_backward(&mut self, pairs: &[Pair]) {
        let memory = &mut *self.memory;
        let student = Student {
            plan: &self.plan,
            layers: &self.layers,
            values: &self.parameters,
        };
        let grid = trunk_grid(&self.plan);
        let backward = Backward {
            student,
            workspace: &mut self.workspace,
            weights: &self.backward,
            memory: &mut memory.student,
            of: &mut memory.gradients,
            gradients: &mut self.gradients,
        };
        backward.run(&memory.images, |of_trunk| {
            if let Some(position) = &self.position {
                position.add_to_trunk(pairs, grid, of_trunk);
            }
        });
        if let Some(position) = &self.position {
            position.add_to_head3(&mut self.gradients);
        }
    }

    /// Muon for the weights that are its, Adam for the rest, without weight decay on the losses'
    /// weights; and everything made ready again.
    fn update(&mut self, learning_rate: f64) {
        self.adam.step += 1;
        let learning_rate = learning_rate as f32;
        let muon = Muon {
            learning_rate,
            momentum: MOMENTUM,
        };
        let [first, second] = &mut self.moments;
        for (place, sizes) in &self.muons {
            let weight = &mut self.parameters[place.clone()];
            let gradient = &self.gradients[place.clone()];
            let momentum = &mut first[place.clone()];
            fits(muon.update(&mut self.workspace, *sizes, weight, gradient, momentum));
        }
        let isa = self.workspace.isa();
        for (place, decayed) in &self.adams {
            let adam = Adam {
                learning_rate,
                weight_decay: if *decayed {
                    self.adam.weight_decay
                } else {
                    0.0
                },
                ..self.adam
            };
            let at = || place.clone();
            fits(adam.update(
                isa,
                &mut self.parameters[at()],
                &self.gradients[at()],
                &mut first[at()],
                &mut second[at()],
            ));
        }
        self.refresh();
    }

    fn refresh(&mut self) {
        self.forward.refresh(&self.layers, &self.parameters);
        self.backward.refresh(&self.layers, &self.parameters);
        if let Some(position) = &mut self.position {
            position.refresh(&self.parameters);
        }
    }

    /// The parameters by name.
    pub fn tensors(&self) -> NamedTensors {
        self.layout.tensors(&self.parameters)
    }

    /// The gradients of the last step by name.
    pub fn gradients(&self) -> NamedTensors {
        self.layout.tensors(&self.gradients)
    }

    /// The optimizer's state: the number of steps made (64 bits), then both moments of all
    /// parameters (32-bit floats), little-endian.
    pub fn optimizer(&self) -> Vec<u8> {
        let steps = self.adam.step as u64;
        let moments = self.moments.iter().flatten();
        steps
            .to_le_bytes()
            .into_iter()
            .chain(moments.flat_map(|value| value.to_le_bytes()))
            .collect()
    }

    /// Goes on from a state of [`optimizer`](Self::optimizer).
    ///
    /// # Errors
    /// A sentence on a state of other networks.
    pub fn set_optimizer(&mut self, bytes: &[u8]) -> std::result::Result<(), String> {
        let count = self.layout.count();
        let needed = 8 + 8 * count;
        let Some((steps, moments)) = bytes
            .split_first_chunk::<8>()
            .filter(|_| bytes.len() == needed)
        else {
            return Err(format!("it has {} bytes, not {needed}", bytes.len()));
        };
        self.adam.step = i32::try_from(u64::from_le_bytes(*steps)).map_err(|e| e.to_string())?;
        let values = moments
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b));
        for (to, value) in self.moments.iter_mut().flatten().zip(values) {
            *to = value;
        }
        Ok(())
    }
}

fn trunk_grid(plan: &Plan) -> TrunkGrid {
    let shape = plan.trunk();
    TrunkGrid {
        height: shape.height,
        width: shape.width,
        channels: shape.channels,
    }
}
