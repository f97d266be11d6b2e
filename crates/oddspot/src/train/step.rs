//! A step's losses and gradients on the CPU: forward, losses, backward.

use std::ops::Range;

use oddspot_conv::distance::{Target, squared_distances_with_gradient};
use oddspot_conv::{Shape, Workspace};

use super::engine::{Batch, Gradients, Losses, TrainingEngine};
use super::loss::{Hardest, first_weights};
use super::pair_loss::{PairLosses, PairPasses};
use crate::error::{Error, Result};
use crate::net::engine::Cpu;
use crate::net::forward::room;
use crate::net::learned::{LOSS_WEIGHTS, Learned, level_weights};
use crate::net::network::Value;
use crate::net::tensors::Layout;
use crate::net::training_pass::{Backward, TrainingMemory, TrainingPass};
use crate::settings::{FeatureNorm, Settings};

/// The student and the classifier in training, and the memory of a step.
pub struct CpuGradients {
    student: TrainingPass,
    /// The student's values that are compared with the teacher's levels.
    levels: Vec<Value>,
    pairs: Option<PairPasses>,
    /// Places of `s_rec` and `s_pos`.
    weights: Option<[usize; 2]>,
    norm: FeatureNorm,
    level_weights: Vec<f32>,
    hardest: f64,
    rec_weight: f64,
    workspace: Workspace,
    memory: TrainingMemory,
    of_maps: TrainingMemory,
    distances: Vec<f32>,
    hardest_room: Vec<f32>,
}

impl CpuGradients {
    /// Networks whose values lie in a layout.
    ///
    /// # Errors
    /// A layout of other networks.
    pub fn new(
        settings: &Settings,
        learned: &Learned,
        layout: &Layout,
        values: &[f32],
    ) -> Result<Self> {
        let workspace = Workspace::new();
        let (size, batch) = (settings.image_size, settings.training.batch);
        let input = Shape::new(batch, size.height, size.width, 3);
        let network = &learned.student()?.network;
        let student = TrainingPass::new(&workspace, network, layout, values, input)?;
        let place = |name| layout.place(name).map(|place: Range<usize>| place.start);
        let [rec, pos] = LOSS_WEIGHTS.map(place);
        Ok(Self {
            levels: learned.student()?.levels().to_vec(),
            pairs: PairPasses::new(&workspace, settings, learned, layout, values)?,
            weights: rec.zip(pos).map(|(rec, pos)| [rec, pos]),
            norm: settings.training.feature_norm,
            level_weights: (level_weights(settings, learned.levels.len()).iter())
                .map(|&weight| weight as f32)
                .collect(),
            hardest: settings.training.hardest,
            rec_weight: settings.training.rec_weight,
            student,
            workspace,
            memory: TrainingMemory::default(),
            of_maps: TrainingMemory::default(),
            distances: Vec::new(),
            hardest_room: Vec::new(),
        })
    }

    /// `L_rec`, and `scale` times its gradient in the place of the student's levels.
    fn reconstruction(&mut self, batch: &mut Batch, scale: f32) -> Result<f32> {
        let mut loss = 0.0;
        let levels = self.levels.iter().zip(&self.level_weights).enumerate();
        for (level, (&value, &weight)) in levels {
            let shape = self.student.shape(value);
            let (rows, channels) = (shape.positions(), shape.channels);
            let map = self.student.map_mut(value, &mut self.memory);
            if weight == 0.0 {
                map.fill(0.0);
                continue;
            }
            let Some(statistics) = batch.statistics.levels.get(level) else {
                return Err(Error::internal("statistics of other levels"));
            };
            let norm = statistics.normalisation(self.norm);
            let distances = room(&mut self.distances, rows);
            let per_image = rows / batch.count;
            for (image, (distances, map)) in distances
                .chunks_exact_mut(per_image)
                .zip(map.chunks_exact_mut(per_image * channels))
                .enumerate()
            {
                let target = Target::Half(batch.targets.level(image, level)?);
                let scale = 2.0 * scale * weight / rows as f32;
                let isa = self.workspace.isa();
                squared_distances_with_gradient(isa, map, target, norm, scale, distances)?;
                if self.hardest < 1.0 {
                    let hardest_room = room(&mut self.hardest_room, per_image);
                    Hardest::of(distances, self.hardest, hardest_room).keep(distances, map);
                }
            }
            let sum: f64 = distances.iter().map(|&d| f64::from(d)).sum();
            loss += weight * (sum / rows as f64) as f32;
        }
        Ok(loss)
    }

    fn scale_level_gradients(&mut self, scale: f32) {
        for &value in &self.levels {
            let map = self.student.map_mut(value, &mut self.memory);
            map.iter_mut().for_each(|value| *value *= scale);
        }
    }

    /// `L = ½ e^(−s_rec) L_rec + ½ e^(−s_pos) L_pos + ½ (s_rec + s_pos)`, its gradients with
    /// respect to s, and the classifier's.
    fn weigh(
        &mut self,
        values: &[f32],
        (rec, pos): (f32, f32),
        [s_rec, s_pos]: [usize; 2],
        gradients: &mut [f32],
    ) -> Result<f32> {
        let [weight_rec, weight_pos] = [s_rec, s_pos].map(|s| 0.5 * f64::from(-values[s]).exp());
        let [terms_rec, terms_pos] = [weight_rec * f64::from(rec), weight_pos * f64::from(pos)];
        gradients[s_rec] = (0.5 - terms_rec) as f32;
        gradients[s_pos] = (0.5 - terms_pos) as f32;
        if let Some(pairs) = &mut self.pairs {
            let (workspace, weight) = (&mut self.workspace, weight_pos as f32);
            pairs.backward(workspace, values, weight, &self.student, gradients)?;
        }
        let sum = f64::from(values[s_rec]) + f64::from(values[s_pos]);
        Ok((terms_rec + terms_pos + 0.5 * sum) as f32)
    }
}

impl Gradients for CpuGradients {
    fn compute(
        &mut self,
        values: &mut [f32],
        first: bool,
        mut batch: Batch,
        gradients: &mut [f32],
    ) -> Result<Losses> {
        let memory = &mut self.memory;
        self.student
            .forward(&mut self.workspace, values, batch.images, memory)?;
        let pair_losses: Option<PairLosses> = match &mut self.pairs {
            Some(pairs) => {
                let student = (&self.student, &self.memory);
                Some(pairs.forward(&mut self.workspace, values, student, batch.pairs)?)
            }
            None => None,
        };
        // s starts from the first losses; until they are known, their gradients are not scaled.
        let scale = match (first, self.weights) {
            (false, Some([rec, _])) => 0.5 * (-values[rec]).exp(),
            _ => 1.0,
        };
        let rec = self.reconstruction(&mut batch, scale)?;
        let mut losses = Losses {
            rec,
            pos: pair_losses.map(|pairs| pairs.loss),
            position_accuracy: pair_losses.map(|pairs| pairs.accuracy),
            total: rec,
        };
        if let (Some([s_rec, s_pos]), Some(pos)) = (self.weights, losses.pos) {
            if first && losses.are_finite() {
                [values[s_rec], values[s_pos]] = first_weights(rec, pos, self.rec_weight);
                self.scale_level_gradients(0.5 * (-values[s_rec]).exp());
            }
            losses.total = self.weigh(values, (rec, pos), [s_rec, s_pos], gradients)?;
        }
        if !losses.are_finite() {
            return Ok(losses);
        }
        let work = Backward {
            values,
            input: batch.images,
            memory: &mut self.memory,
            of: &mut self.of_maps,
            gradients,
            of_input: false,
        };
        let pairs = self.pairs.as_ref();
        self.student
            .backward(&mut self.workspace, work, |value, of_map| {
                if let Some(pairs) = pairs {
                    pairs.add_to_trunk(value, batch.pairs, of_map);
                }
            })?;
        if let Some(pairs) = &self.pairs {
            pairs.add_to_head(gradients);
        }
        Ok(losses)
    }

    fn refresh(&mut self, values: &[f32]) -> Result<()> {
        self.student.refresh(values)?;
        match &mut self.pairs {
            Some(pairs) => pairs.refresh(values),
            None => Ok(()),
        }
    }
}

impl TrainingEngine for Cpu {
    fn gradients(
        &self,
        settings: &Settings,
        learned: &Learned,
        layout: &Layout,
        values: &[f32],
    ) -> Result<Box<dyn Gradients>> {
        let gradients = CpuGradients::new(settings, learned, layout, values)?;
        Ok(Box::new(gradients))
    }
}
