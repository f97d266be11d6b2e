//! The losses: one function per equation.

use std::cmp::Ordering;

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use oddspot_conv::distance::Normalisation;

use crate::config::FeatureNorm;
use crate::network::Parameters;

/// Mean and standard deviation of each channel of each of the teacher's levels over the
/// training images.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelStatistics {
    /// Per level, `[channels]`.
    pub mean: [Vec<f32>; 3],
    /// Per level, `[channels]`, all positive.
    pub std: [Vec<f32>; 3],
    /// Per level the matrix that makes standardised features uncorrelated,
    /// `[channels, channels]`; none unless they are whitened.
    pub whitening: Option<[Vec<f32>; 3]>,
}

impl ChannelStatistics {
    /// The whitening of a level (0 to 2) as one linear layer on the teacher's features: its weight
    /// `L⁻¹ diag(1/σ)`, `[channels, channels]`, and its bias `−L⁻¹ (μ/σ)`; None if there is none.
    pub fn whitening_layer(&self, level: usize) -> Option<(Vec<f32>, Vec<f32>)> {
        let matrix = &self.whitening.as_ref()?[level];
        let (mean, std) = (&self.mean[level], &self.std[level]);
        let scaled =
            |line: &[f32]| -> Vec<f32> { line.iter().zip(std).map(|(m, s)| m / s).collect() };
        let weight: Vec<f32> = matrix.chunks(std.len()).flat_map(scaled).collect();
        let bias = (weight.chunks(std.len()))
            .map(|line| -line.iter().zip(mean).map(|(w, m)| w * m).sum::<f32>())
            .collect();
        Some((weight, bias))
    }
}

impl FeatureNorm {
    /// The normalisation of a level (0 to 2) as the kernels take it.
    pub(crate) fn of_level(
        self,
        statistics: &ChannelStatistics,
        level: usize,
    ) -> Normalisation<'_> {
        match self {
            Self::L2 => Normalisation::L2,
            // Whitened features are compared as they are: the teacher's have been whitened before.
            Self::None | Self::Whiten => Normalisation::None,
            Self::Standardize => Normalisation::Standardize {
                mean: &statistics.mean[level],
                std: &statistics.std[level],
            },
        }
    }
}

/// L2-normalises each position's feature vector: `x / √(‖x‖² + 10⁻²⁴)`.
fn l2_normalise(features: Tensor<4>) -> Tensor<4> {
    // The floor sits inside the root so that the gradient of a zero vector stays finite.
    let norm = (features.clone().square().sum_dim(3) + 1e-24).sqrt();
    features / norm
}

/// The student's features as the loss compares them, `[batch, height, width, channels]`.
///
/// The teacher's are normalised by [`normalise_teacher`].
pub fn normalise_student(features: Tensor<4>, norm: FeatureNorm) -> Tensor<4> {
    match norm {
        FeatureNorm::L2 => l2_normalise(features),
        // The student learns to say the standardised or whitened features outright.
        FeatureNorm::None | FeatureNorm::Standardize | FeatureNorm::Whiten => features,
    }
}

/// The teacher's features of one level (0 to 2) as the loss compares them.
/// `statistics` counts for [`FeatureNorm::Standardize`] alone: [`FeatureNorm::Whiten`] takes features
/// that [`whiten_teacher`] or the cache has whitened.
pub fn normalise_teacher(
    features: Tensor<4>,
    norm: FeatureNorm,
    statistics: &ChannelStatistics,
    level: usize,
) -> Tensor<4> {
    match norm {
        FeatureNorm::L2 => l2_normalise(features),
        FeatureNorm::None | FeatureNorm::Whiten => features,
        FeatureNorm::Standardize => {
            let device = features.device();
            let row = |values: &[f32]| Tensor::<1>::from_floats(values, &device).unsqueeze();
            (features - row(&statistics.mean[level])) / row(&statistics.std[level])
        }
    }
}

/// The teacher's maps `[batch, height/2^ℓ, width/2^ℓ, channels]` whitened, if `statistics` tell how.
pub fn whiten_teacher(maps: [Tensor<4>; 3], statistics: &ChannelStatistics) -> [Tensor<4>; 3] {
    let mut level = 0..;
    maps.map(|map| {
        let layer = level.next().and_then(|l| statistics.whitening_layer(l));
        let Some((weight, bias)) = layer else {
            return map;
        };
        let (shape, device, channels) = (map.dims(), map.device(), bias.len());
        let weight = Tensor::<2>::from_data(TensorData::new(weight, [channels, channels]), &device);
        let bias = Tensor::<1>::from_floats(bias.as_slice(), &device);
        let rows = map.reshape([shape[0] * shape[1] * shape[2], channels]);
        (rows.matmul(weight.transpose()) + bias.unsqueeze()).reshape(shape)
    })
}

/// `‖T^ℓ(r,c) − S^ℓ(r,c)‖²` at every position, `[batch, height, width]`, of features already
/// normalised.
pub fn squared_distance(teacher: Tensor<4>, student: Tensor<4>) -> Tensor<3> {
    (teacher - student).square().sum_dim(3).squeeze_dim(3)
}

/// `L_rec = Σ_ℓ w_ℓ mean_(r,c) ‖T^ℓ(r,c) − S^ℓ(r,c)‖²`, the mean over the batch too, and of each image
/// over its hardest positions alone, a share `hardest` of them; `[1]`.
/// The teacher's maps come normalised, the student's as they are.
pub fn reconstruction(
    teacher: [Tensor<4>; 3],
    student: [Tensor<4>; 3],
    norm: FeatureNorm,
    weights: [f64; 3],
    hardest: f64,
) -> Tensor<1> {
    let [level1, level2, level3] = std::array::from_fn(|level| {
        let student = normalise_student(student[level].clone(), norm);
        let distance = squared_distance(teacher[level].clone(), student);
        mean_of_hardest(distance, hardest) * weights[level]
    });
    level1 + level2 + level3
}

/// The mean of distances `[batch, height, width]` over the hardest positions of each image; `[1]`.
fn mean_of_hardest(distance: Tensor<3>, share: f64) -> Tensor<1> {
    if share == 1.0 {
        return distance.mean();
    }
    let (shape, device) = (distance.dims(), distance.device());
    let distances: Vec<f32> = distance.clone().into_data().iter().collect();
    let per_image = shape[1] * shape[2];
    let mut room = vec![0.0; per_image];
    let mut weights = Vec::with_capacity(distances.len());
    for image in distances.chunks_exact(per_image) {
        let hardest = Hardest::of(image, share, &mut room);
        weights.extend(image.iter().map(|&d| hardest.weight_of(d)));
    }
    (distance * Tensor::from_data(TensorData::new(weights, shape), &device)).mean()
}

/// What makes the mean over an image's positions one over the hardest, a share of them: each of those
/// weighs all positions divided by the hardest ones, the others 0. Equal distances count alike, so
/// that there may be a few more.
pub(crate) struct Hardest {
    least: f32,
    weight: f32,
}

impl Hardest {
    /// The hardest `share` (above 0, at most 1; rounded down, but at least one) of an image's
    /// distances. `room` is for as many numbers, and overwritten.
    pub(crate) fn of(distances: &[f32], share: f64, room: &mut [f32]) -> Self {
        room.copy_from_slice(distances);
        let count = ((share * room.len() as f64) as usize).clamp(1, room.len());
        let at = room.len() - count;
        let least = *room.select_nth_unstable_by(at, f32::total_cmp).1;
        let hard = distances.iter().filter(|&&d| is_hard(d, least)).count();
        let weight = distances.len() as f32 / hard as f32;
        Self { least, weight }
    }

    /// Weighs an image's distances and their gradients `[positions, channels]`.
    pub(crate) fn keep(&self, distances: &mut [f32], gradients: &mut [f32]) {
        let channels = gradients.len() / distances.len();
        for (distance, row) in distances
            .iter_mut()
            .zip(gradients.chunks_exact_mut(channels))
        {
            let weight = self.weight_of(*distance);
            *distance *= weight;
            row.iter_mut().for_each(|value| *value *= weight);
        }
    }

    /// What a position at this distance weighs.
    fn weight_of(&self, distance: f32) -> f32 {
        if is_hard(distance, self.least) {
            self.weight
        } else {
            0.0
        }
    }
}

/// NaN, which is not less than anything, counts: a fault stays in the loss.
fn is_hard(distance: f32, least: f32) -> bool {
    distance.partial_cmp(&least) != Some(Ordering::Less)
}

/// `L_pos`: the mean cross-entropy of logits `[pairs, 8]` against the true classes `[pairs]`;
/// `[1]`.
pub fn position(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1)
        .gather(1, classes.unsqueeze_dim(1))
        .mean()
        .neg()
}

/// Where `s_rec` and `s_pos` start, given the first losses: their logarithms, `s_rec` lower by
/// that of `rec_weight`.
pub(crate) fn first_weights(rec: f32, pos: f32, rec_weight: f64) -> [f32; 2] {
    let log = |loss: f32| loss.max(f32::MIN_POSITIVE).ln();
    [log(rec) - rec_weight.ln() as f32, log(pos)]
}

/// The learned weights of the two losses, `s = log λ²` (Kendall et al., 2018).
#[derive(Module, Debug)]
pub struct LossWeights {
    /// `s_rec`, `[1]`.
    pub rec: Param<Tensor<1>>,
    /// `s_pos`, `[1]`.
    pub pos: Param<Tensor<1>>,
}

impl LossWeights {
    /// Weights at 0, or as a file has them.
    ///
    /// # Errors
    /// A sentence that names the tensor that is missing or has another shape.
    pub fn new(parameters: &Parameters) -> Result<Self, String> {
        Ok(Self {
            rec: parameters.zeros("rec", [1])?,
            pos: parameters.zeros("pos", [1])?,
        })
    }

    /// The same weights at the logarithms of the first losses, so that neither term starves;
    /// `L_rec` counts `rec_weight` times as much as that.
    pub fn balanced(self, rec: f32, pos: f32, rec_weight: f64) -> Self {
        let [rec, pos] = first_weights(rec, pos, rec_weight);
        let at = |parameter: Param<Tensor<1>>, s: f32| {
            parameter.map(|tensor| Tensor::from_floats([s], &tensor.device()).require_grad())
        };
        Self {
            rec: at(self.rec, rec),
            pos: at(self.pos, pos),
        }
    }

    /// `L = ½ e^(−s_rec) L_rec + ½ e^(−s_pos) L_pos + ½ (s_rec + s_pos)`; `[1]`.
    pub fn weigh(&self, rec: Tensor<1>, pos: Tensor<1>) -> Tensor<1> {
        let term = |s: Tensor<1>, loss: Tensor<1>| s.clone().neg().exp() * loss + s;
        (term(self.rec.val(), rec) + term(self.pos.val(), pos)) * 0.5
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_mean_of_the_hardest_is_the_mean_of_the_largest_distances() {
        let weights = |distances: &[f32], share| -> Vec<f32> {
            let hardest = Hardest::of(distances, share, &mut vec![0.0; distances.len()]);
            distances.iter().map(|&d| hardest.weight_of(d)).collect()
        };
        let distances = [3.0, 1.0, 8.0, 2.0, 5.0, 0.0, 4.0, 7.0];
        // A quarter of 8 positions: 8 and 7.
        let quarter = weights(&distances, 0.25);
        assert_eq!(quarter, [0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 4.0]);
        let sum: f32 = distances.iter().zip(&quarter).map(|(d, w)| d * w).sum();
        assert_eq!(sum / 8.0, 7.5);
        assert_eq!(weights(&distances, 1.0), [1.0; 8]);
        // Of 5 positions half are 2.
        assert_eq!(weights(&distances[..5], 0.5), [0.0, 0.0, 2.5, 0.0, 2.5]);
        // At least one position counts, and all that are as hard.
        assert_eq!(weights(&[1.0, 2.0, 2.0], 0.1), [0.0, 1.5, 1.5]);
        for broken in [[1.0, f32::NAN, 2.0], [1.0, -f32::NAN, 2.0]] {
            let weights = weights(&broken, 0.4);
            let sum: f32 = broken.iter().zip(&weights).map(|(d, w)| d * w).sum();
            assert!(weights[1] > 0.0 && sum.is_nan());
        }
    }

    #[test]
    fn what_is_not_among_the_hardest_has_no_distance_and_no_gradient() {
        let mut distances = [1.0, 4.0, 2.0, 3.0];
        let mut gradients = [1.0, -1.0, 2.0, 4.0, 1.5, 1.0, -3.0, 0.5];
        Hardest::of(&distances, 0.5, &mut [0.0; 4]).keep(&mut distances, &mut gradients);
        assert_eq!(distances, [0.0, 8.0, 0.0, 6.0]);
        assert_eq!(gradients, [0.0, 0.0, 4.0, 8.0, 0.0, 0.0, -6.0, 1.0]);
    }

    #[test]
    fn each_image_of_a_batch_has_hardest_positions_of_its_own() {
        let device = Device::flex();
        let distances = [[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]];
        let distance = Tensor::<3>::from_data(distances, &device);
        let mean = |share| mean_of_hardest(distance.clone(), share).into_scalar::<f32>();
        assert_eq!(mean(1.0), 13.75);
        assert_eq!(mean(0.5), 0.5 * (3.5 + 35.0));
    }
}
