//! The step over burn, for every device: the readable reference of [`crate::cpu`]'s.

use burn::module::ParamGroup;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::{Momentum, MomentumConfig, MomentumState};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Bytes, Device, Tensor};
use oddspot_conv::muon::{COEFFICIENTS, ITERATIONS, MOMENTUM};

use super::{Engine, Losses, TrainingSet};
use crate::config::{Config, Optimizer};
use crate::error::Result;
use crate::loss::{self, normalise_teacher};
use crate::network::{Parameters, named_tensors};
use crate::position::{self, Pair};
use crate::scoring::image_tensor;
use crate::tensor_file::NamedTensors;
use crate::trainable::Networks;

/// Networks in training as burn modules.
pub struct PortableTraining {
    config: Config,
    networks: Networks,
    optimizer: ModuleOptimizer,
    first: bool,
    device: Device,
}

impl PortableTraining {
    /// Training of networks with these parameters.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(
        config: &Config,
        tensors: &NamedTensors,
        teacher_channels: [usize; 3],
        device: &Device,
    ) -> std::result::Result<Self, String> {
        let device = device.clone().autodiff();
        let parameters = Parameters::from_tensors(tensors, &device);
        let networks = Networks::new(&parameters, config, teacher_channels, true)?;
        Ok(Self {
            config: config.clone(),
            optimizer: optimizer(config, &networks),
            networks,
            first: true,
            device,
        })
    }

    /// One step on a batch of the set's images and the pairs drawn for it.
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
        let images = batch
            .iter()
            .map(|&i| image_tensor(&set.images[i], &self.device))
            .collect();
        let teacher = self.teacher_maps(set, batch)?;
        let stride = self.config.student.output_stride;
        let maps = self
            .networks
            .student
            .forward(Tensor::cat(images, 0), stride);

        let norm = self.config.training.feature_norm;
        let weights = self.config.training.level_weights;
        let hardest = self.config.training.hardest;
        let l_rec = loss::reconstruction(teacher, maps.levels.clone(), norm, weights, hardest);
        let rec = scalar(&l_rec);
        let mut losses = Losses {
            rec,
            pos: None,
            total: rec,
            position_accuracy: None,
        };
        let total = match (&self.networks.position, self.networks.loss.take()) {
            (Some(classifier), Some(mut weights)) => {
                let student = &self.networks.student;
                let logits = position::classify(classifier, student, &maps, pairs);
                let classes = position::classes(pairs, &self.device);
                losses.position_accuracy = Some(accuracy(&logits, pairs));
                let l_pos = loss::position(logits, classes);
                let pos = scalar(&l_pos);
                if self.first {
                    weights = weights.balanced(rec, pos, self.config.training.rec_weight);
                }
                let total = weights.weigh(l_rec, l_pos);
                losses.pos = Some(pos);
                losses.total = scalar(&total);
                self.networks.loss = Some(weights);
                total
            }
            (_, weights) => {
                self.networks.loss = weights;
                l_rec
            }
        };
        if !losses.are_finite() {
            return Ok(losses);
        }
        let gradients = GradientsParams::from_grads(total.backward(), &self.networks);
        self.networks = self
            .optimizer
            .step(learning_rate, self.networks.clone(), gradients);
        self.first = false;
        Ok(losses)
    }

    /// The teacher's maps as the loss compares them, `[batch, …]`.
    fn teacher_maps(&self, set: &mut TrainingSet, batch: &[usize]) -> Result<[Tensor<4>; 3]> {
        let mut levels: [Vec<Tensor<4>>; 3] = Default::default();
        for &image in batch {
            let maps = set.cache.get(image, &self.device)?;
            for (level, map) in levels.iter_mut().zip(maps) {
                level.push(map);
            }
        }
        let norm = self.config.training.feature_norm;
        let mut level = 0;
        Ok(levels.map(|maps| {
            let maps = Tensor::cat(maps, 0);
            let normalised = normalise_teacher(maps, norm, &set.statistics, level);
            level += 1;
            normalised
        }))
    }
}

impl Engine for PortableTraining {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn step(
        &mut self,
        set: &mut TrainingSet,
        batch: &[usize],
        pairs: &[Pair],
        learning_rate: f64,
    ) -> Result<Losses> {
        Self::step(self, set, batch, pairs, learning_rate)
    }

    fn tensors(&self) -> NamedTensors {
        named_tensors(&self.networks)
    }

    fn optimizer(&self) -> std::result::Result<Vec<u8>, String> {
        let bytes = self.optimizer.into_bytes().map_err(|e| e.to_string())?;
        Ok(bytes.to_vec())
    }

    fn set_optimizer(&mut self, state: Vec<u8>) -> std::result::Result<(), String> {
        self.optimizer = optimizer(&self.config, &self.networks)
            .from_bytes(Bytes::from_bytes_vec(state))
            .map_err(|e| e.to_string())?;
        self.first = false;
        Ok(())
    }
}

/// Muon on a convolution's weight as a matrix `[out, in·9]`: momentum, then Jordan's iteration as
/// it is written.
#[derive(Clone)]
struct ConvMuon(Momentum);

impl burn::optim::Optimizer for ConvMuon {
    type State<const D: usize> = MomentumState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: f64,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (direction, state) = self.0.transform(gradient, state);
        let shape = direction.dims();
        let (outputs, inputs) = (shape[0], shape[1..].iter().product::<usize>());
        let x: Tensor<2> = direction.reshape([outputs, inputs]);
        let norm = x.clone().powi_scalar(2).sum().sqrt().clamp_min(1e-30);
        let mut x = x / norm.unsqueeze();
        let [a, b, c] = COEFFICIENTS;
        for _ in 0..ITERATIONS {
            let gram = x.clone().matmul(x.clone().transpose());
            let factor = gram.clone() * b + gram.clone().matmul(gram) * c;
            x = x.clone() * a + factor.matmul(x);
        }
        let rate = learning_rate * 0.2 * (outputs.max(inputs) as f64).sqrt();
        (tensor - x.reshape(shape) * rate, Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.to_device(device)
    }
}

/// PyTorch's `Adam`: L2 penalty in the gradient, none on the losses' weights.
/// Muon, if it is asked for, has the convolutions.
fn optimizer(config: &Config, networks: &Networks) -> ModuleOptimizer {
    let adam = AdamConfig::new().with_epsilon(1e-8);
    let decay = WeightDecayConfig::new(config.training.weight_decay as f32);
    let mut optimizer: ModuleOptimizer = adam.clone().with_weight_decay(Some(decay)).init();
    if config.training.optimizer == Optimizer::Muon {
        let momentum = Momentum::new(&MomentumConfig {
            momentum: f64::from(MOMENTUM),
            dampening: 0.0,
            nesterov: true,
        });
        for convolution in networks.student.convolutions() {
            let group = ParamGroup::ids_from_module(convolution.weight.clone());
            optimizer = optimizer.with_group(group, ConvMuon(momentum.clone()), None);
        }
    }
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
