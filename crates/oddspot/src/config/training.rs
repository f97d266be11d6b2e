//! How the networks are trained.

use serde::{Deserialize, Serialize};

/// Training loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Optimizer steps.
    pub iterations: usize,
    /// Images per step.
    pub batch: usize,
    /// What turns gradients into steps.
    #[serde(default = "Optimizer::before_there_was_a_choice")]
    pub optimizer: Optimizer,
    /// The (initial) learning rate.
    pub learning_rate: f64,
    /// How the learning rate goes on.
    pub schedule: Schedule,
    /// L2 penalty added to the gradient of what Adam updates (PyTorch's `Adam`); Muon knows none.
    pub weight_decay: f64,
    /// How teacher and student features are scaled before they are compared.
    #[serde(default = "FeatureNorm::before_whitening")]
    pub feature_norm: FeatureNorm,
    /// Weight of each level in `L_rec` and in `e_rec`.
    #[serde(default = "weights_before_there_was_a_choice")]
    pub level_weights: [f64; 3],
    /// Share of each level's positions that count in an image's `L_rec`, those that the student gets
    /// most wrong, so that what is learned already does not drown the rest; 1 for all, the paper's.
    #[serde(default = "all_positions")]
    pub hardest: f64,
    /// How much `L_rec` weighs beside `L_pos` at the start, against equal shares of the loss. The
    /// student serves both, and the classifier learns faster than the student can follow the
    /// teacher.
    #[serde(default = "equal_shares")]
    pub rec_weight: f64,
    /// Seed of the initial weights, the held-out images, the image order and the pairs.
    pub seed: u64,
    /// Mebibytes of memory for the cached teacher maps; beyond it they go to a temporary file.
    pub cache_mib: usize,
    /// Iterations between two checkpoints.
    pub checkpoint_every: usize,
}

/// What turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam (Kingma & Ba, 2015) for everything: the paper's.
    Adam,
    /// Muon (Jordan et al., 2024) for the convolutions' weights, Adam for the rest.
    Muon,
}

impl Optimizer {
    /// What a training means that was begun before this setting.
    fn before_there_was_a_choice() -> Self {
        Self::Adam
    }
}

/// Learning rate schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// The same rate throughout.
    Constant,
    /// Half a cosine from the initial rate to 0.
    Cosine,
}

/// How features are scaled before teacher and student are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureNorm {
    /// Each position's feature vector, the teacher's and the student's, by its L2 norm.
    L2,
    /// As they come: the formula as printed in the paper.
    None,
    /// The teacher's by its mean and standard deviation per channel over the training images.
    Standardize,
    /// The same, and then by the inverse root of the channels' correlations, so that what many
    /// channels say alike does not drown the rest.
    Whiten,
}

impl FeatureNorm {
    /// What a training without this setting means.
    fn before_whitening() -> Self {
        Self::Standardize
    }
}

/// The weights of the levels in a model that was written before this setting.
fn weights_before_there_was_a_choice() -> [f64; 3] {
    [1.0; 3]
}

/// The positions that count in a training without this setting.
fn all_positions() -> f64 {
    1.0
}

/// The share of `L_rec` in a training without this setting.
fn equal_shares() -> f64 {
    1.0
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            iterations: 2_500,
            batch: 1,
            optimizer: Optimizer::Muon,
            learning_rate: 1e-3,
            schedule: Schedule::Cosine,
            weight_decay: 1e-5,
            feature_norm: FeatureNorm::Whiten,
            level_weights: [0.25, 0.5, 1.0],
            hardest: 0.5,
            rec_weight: 150.0,
            seed: 0,
            cache_mib: 2_048,
            checkpoint_every: 500,
        }
    }
}

impl TrainingConfig {
    /// What a file means that leaves the whole table out.
    pub(super) fn before_there_were_choices() -> Self {
        Self {
            optimizer: Optimizer::before_there_was_a_choice(),
            feature_norm: FeatureNorm::before_whitening(),
            level_weights: weights_before_there_was_a_choice(),
            hardest: all_positions(),
            rec_weight: equal_shares(),
            ..Self::default()
        }
    }
}

impl TrainingConfig {
    /// The learning rate of an iteration, counted from 0.
    pub fn learning_rate_at(&self, iteration: usize) -> f64 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let progress = iteration as f64 / self.iterations as f64;
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_falls_from_the_initial_rate_towards_zero() {
        let training = TrainingConfig::default();
        assert_eq!(training.learning_rate_at(0), 1e-3);
        assert!((training.learning_rate_at(1_250) - 5e-4).abs() < 1e-12);
        assert!(training.learning_rate_at(2_499) < 1e-9);
    }
}
