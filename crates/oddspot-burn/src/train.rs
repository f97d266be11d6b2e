//! Gradients for the library's training: its losses over burn's tensors, and burn's own chain rule.

use burn_tensor::{Tensor, TensorData};
use half::f16;
use oddspot::net::learned::{LOSS_WEIGHTS, Learned, level_weights};
use oddspot::net::tensors::Layout;
use oddspot::settings::Settings;
use oddspot::terms::position::Pair;
use oddspot::train::{Batch, Gradients, Losses, TrainingEngine, first_weights};
use oddspot::{Error, Result};

use crate::device::Burn;
use crate::forward::forward;
use crate::loss;
use crate::pairs::{classes, classify};
use crate::parameters::Parameters;

/// Networks in training. Nothing but their description is kept from step to step.
struct Step {
    burn: Burn,
    settings: Settings,
    learned: Learned,
    layout: Layout,
}

impl TrainingEngine for Burn {
    fn gradients(
        &self,
        settings: &Settings,
        learned: &Learned,
        layout: &Layout,
        _values: &[f32],
    ) -> Result<Box<dyn Gradients>> {
        Ok(Box::new(Step {
            burn: self.recording(),
            settings: settings.clone(),
            learned: learned.clone(),
            layout: layout.clone(),
        }))
    }
}

impl Gradients for Step {
    fn compute(
        &mut self,
        values: &mut [f32],
        first: bool,
        mut batch: Batch,
        gradients: &mut [f32],
    ) -> Result<Losses> {
        if values.len() != self.layout.count() || gradients.len() != values.len() {
            return Err(Error::internal("values of another layout"));
        }
        let burn = &self.burn;
        let mut parameters = Parameters::learned(burn, &self.layout, values);
        let mut features = forward(
            &self.learned.student()?.network,
            &parameters,
            self.images(&batch)?,
        )?;
        let trunk = features.pop();
        let l_rec = self.reconstruction(&mut batch, features)?;
        let rec = burn.read_one(l_rec.clone())?;
        let mut losses = Losses {
            rec,
            pos: None,
            position_accuracy: None,
            total: rec,
        };
        let mut total = l_rec.clone();
        if let (Some(_), Some(trunk)) = (&self.learned.classifier, trunk) {
            let logits = classify(&self.learned, &parameters, trunk, batch.pairs)?;
            losses.position_accuracy = Some(self.accuracy(&logits, batch.pairs)?);
            let classes = Tensor::from_data(classes(batch.pairs), &burn.device);
            let l_pos = loss::position(logits, classes);
            let pos = burn.read_one(l_pos.clone())?;
            losses.pos = Some(pos);
            if first && losses.are_finite() {
                let weights = first_weights(rec, pos, self.settings.training.rec_weight);
                for (name, weight) in LOSS_WEIGHTS.into_iter().zip(weights) {
                    parameters.learn(burn, name, &[weight]);
                    if let Some(place) = self.layout.place(name) {
                        values[place].fill(weight);
                    }
                }
            }
            let [s_rec, s_pos] = LOSS_WEIGHTS.map(|name| parameters.shaped(name, [1]));
            total = loss::weigh([l_rec, l_pos], [s_rec?, s_pos?]);
            losses.total = burn.read_one(total.clone())?;
        }
        if losses.are_finite() {
            let found = total.backward();
            parameters.gradients(burn, &self.layout, &found, gradients)?;
        }
        Ok(losses)
    }

    /// The values come with every batch.
    fn refresh(&mut self, _values: &[f32]) -> Result<()> {
        Ok(())
    }
}

impl Step {
    /// The images of a batch, `[batch, height, width, 3]`.
    fn images(&self, batch: &Batch) -> Result<Tensor<4>> {
        let size = self.settings.image_size;
        let shape = [batch.count, size.height, size.width, 3];
        match batch.images.len() == shape.iter().product::<usize>() {
            true => Ok(self.burn.tensor(batch.images.to_vec(), shape)),
            false => Err(Error::internal("images of another size")),
        }
    }

    /// `L_rec = Σ_ℓ w_ℓ mean_(r,c) ‖T^ℓ(r,c) − S^ℓ(r,c)‖²`, the mean over the batch too, and of each
    /// image over its hardest positions alone if only a share of them counts; `[1]`.
    fn reconstruction(&self, batch: &mut Batch, student: Vec<Tensor<4>>) -> Result<Tensor<1>> {
        let training = &self.settings.training;
        let weights = level_weights(&self.settings, self.learned.levels.len());
        let mut sum = self.burn.tensor(vec![0.0], [1]);
        for (level, (student, &weight)) in student.into_iter().zip(weights).enumerate() {
            if weight == 0.0 {
                continue;
            }
            let Some(statistics) = batch.statistics.levels.get(level) else {
                return Err(Error::internal("statistics of other levels"));
            };
            let shape = student.dims();
            let mut teacher = Vec::with_capacity(shape.iter().product());
            for image in 0..batch.count {
                let halves = batch.targets.level(image, level)?;
                teacher.extend(halves.iter().copied().map(f16::to_f32));
            }
            if teacher.len() != shape.iter().product::<usize>() {
                return Err(Error::internal("teacher's levels of other sizes"));
            }
            let teacher = self.burn.tensor(teacher, shape);
            let teacher = loss::normalise_teacher(teacher, training.feature_norm, statistics);
            let student = loss::normalise_student(student, training.feature_norm);
            let mut distance = loss::squared_distance(teacher, student);
            if training.hardest < 1.0 {
                let distances = self.burn.read(distance.clone())?;
                let shape = distance.dims();
                let weights = loss::weights_of_hardest(&distances, shape, training.hardest);
                distance = distance * self.constant(weights);
            }
            sum = sum + distance.mean() * weight;
        }
        Ok(sum)
    }

    fn constant<const D: usize>(&self, data: TensorData) -> Tensor<D> {
        Tensor::from_data(data, &self.burn.device)
    }

    /// The share of pairs whose likeliest class is the true one, the first among equals.
    fn accuracy(&self, logits: &Tensor<2>, pairs: &[Pair]) -> Result<f64> {
        let logits = self.burn.read(logits.clone())?;
        let right = logits.as_chunks::<8>().0.iter().zip(pairs);
        let right = right.filter(|(logits, pair)| {
            let better = |best, i| if logits[i] > logits[best] { i } else { best };
            (0..logits.len()).fold(0, better) == pair.class
        });
        Ok(right.count() as f64 / pairs.len() as f64)
    }
}
