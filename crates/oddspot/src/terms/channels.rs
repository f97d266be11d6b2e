//! Statistics of the teacher's channels over the training images, and how features are scaled by them
//! before teacher and student are compared.

use oddspot_conv::distance::Normalisation;

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors};
use crate::net::network::Level;
use crate::net::tensors::TensorSpec;
use crate::settings::FeatureNorm;

/// Statistics of each of the teacher's levels, fine to coarse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelStatistics {
    /// Of each level.
    pub levels: Vec<LevelStatistics>,
}

/// Mean and standard deviation of each channel of a level over the training images.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelStatistics {
    /// `[channels]`.
    pub mean: Vec<f32>,
    /// `[channels]`, all positive.
    pub std: Vec<f32>,
    /// The matrix that makes standardised features uncorrelated, `[channels, channels]`; none unless
    /// they are whitened.
    pub whitening: Option<Vec<f32>>,
}

impl LevelStatistics {
    /// The whitening as one linear layer on the teacher's features: its weight
    /// `L⁻¹ diag(1/σ)`, `[channels, channels]`, and its bias `−L⁻¹ (μ/σ)`; None if there is none.
    pub fn whitening_layer(&self) -> Option<(Vec<f32>, Vec<f32>)> {
        let matrix = self.whitening.as_ref()?;
        let (mean, std) = (&self.mean, &self.std);
        let scaled =
            |line: &[f32]| -> Vec<f32> { line.iter().zip(std).map(|(m, s)| m / s).collect() };
        let weight: Vec<f32> = matrix.chunks(std.len()).flat_map(scaled).collect();
        let bias = (weight.chunks(std.len()))
            .map(|line| -line.iter().zip(mean).map(|(w, m)| w * m).sum::<f32>())
            .collect();
        Some((weight, bias))
    }

    /// The normalisation as the kernels take it.
    pub fn normalisation(&self, norm: FeatureNorm) -> Normalisation<'_> {
        match norm {
            FeatureNorm::L2 => Normalisation::L2,
            // Whitened features are compared as they are: the teacher's have been whitened before.
            FeatureNorm::None | FeatureNorm::Whiten => Normalisation::None,
            FeatureNorm::Standardize => Normalisation::Standardize {
                mean: &self.mean,
                std: &self.std,
            },
        }
    }
}

/// The parts of a level's statistics in files: `teacher.<part><level>`.
const PARTS: [&str; 3] = ["mean", "std", "whitening"];

impl ChannelStatistics {
    /// The tensors that hold them.
    pub fn specs(norm: FeatureNorm, levels: &[Level]) -> Vec<TensorSpec> {
        let mut specs = Vec::new();
        for (level, at) in levels.iter().zip(1..) {
            let channels = level.channels;
            let shapes = [vec![channels], vec![channels], vec![channels, channels]];
            let wanted = if norm == FeatureNorm::Whiten { 3 } else { 2 };
            for (part, shape) in PARTS.into_iter().zip(shapes).take(wanted) {
                specs.push(TensorSpec {
                    name: format!("teacher.{part}{at}"),
                    shape,
                    ..TensorSpec::zeros("", "", 0)
                });
            }
        }
        specs
    }

    /// As tensors by name.
    pub fn tensors(&self) -> NamedTensors {
        let mut tensors = NamedTensors::new();
        for (level, at) in self.levels.iter().zip(1..) {
            let channels = level.mean.len();
            let mut put = |part: &str, shape: Vec<usize>, values: &[f32]| {
                let values = values.to_vec();
                tensors.insert(format!("teacher.{part}{at}"), NamedTensor { shape, values });
            };
            put("mean", vec![channels], &level.mean);
            put("std", vec![channels], &level.std);
            if let Some(whitening) = &level.whitening {
                put("whitening", vec![channels, channels], whitening);
            }
        }
        tensors
    }

    /// From tensors by name, which are taken out of the others.
    ///
    /// # Errors
    /// A deviation that is not positive.
    pub fn take(levels: usize, tensors: &mut NamedTensors) -> Result<Self> {
        let mut take = |part: &str, at: usize| {
            let tensor = tensors.remove(&format!("teacher.{part}{at}"));
            tensor.map(|tensor| tensor.values)
        };
        let levels = (1..=levels).map(|at| LevelStatistics {
            mean: take("mean", at).unwrap_or_default(),
            std: take("std", at).unwrap_or_default(),
            whitening: take("whitening", at),
        });
        let statistics = Self {
            levels: levels.collect(),
        };
        let mut deviations = statistics.levels.iter().flat_map(|level| &level.std);
        match deviations.any(|&s| s <= 0.0) {
            true => Err(Error::new(
                ErrorKind::Damaged,
                Subject::Model,
                "its 'teacher.std' tensors hold values that are not positive",
            )),
            false => Ok(statistics),
        }
    }
}
