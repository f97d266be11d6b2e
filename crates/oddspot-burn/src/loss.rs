//! The losses: one function per equation.

use burn_tensor::activation::log_softmax;
use burn_tensor::{Int, Tensor, TensorData};
use oddspot::settings::FeatureNorm;
use oddspot::terms::channels::LevelStatistics;
use oddspot::train::Hardest;

/// L2-normalises each position's feature vector: `x / √(‖x‖² + 10⁻²⁴)`.
fn l2_normalise(features: Tensor<4>) -> Tensor<4> {
    // The floor sits inside the root so that the gradient of a zero vector stays finite.
    let norm = (features.clone().square().sum_dim(3) + 1e-24).sqrt();
    features / norm
}

/// The student's features as the loss compares them, `[batch, height, width, channels]`.
pub fn normalise_student(features: Tensor<4>, norm: FeatureNorm) -> Tensor<4> {
    match norm {
        FeatureNorm::L2 => l2_normalise(features),
        // The student learns to say the standardised or whitened features outright.
        FeatureNorm::None | FeatureNorm::Standardize | FeatureNorm::Whiten => features,
    }
}

/// The teacher's features of a level as the loss compares them, `[batch, height, width, channels]`;
/// features to be [`Whiten`](FeatureNorm::Whiten)ed have been whitened before.
pub fn normalise_teacher(
    features: Tensor<4>,
    norm: FeatureNorm,
    statistics: &LevelStatistics,
) -> Tensor<4> {
    match norm {
        FeatureNorm::L2 => l2_normalise(features),
        FeatureNorm::None | FeatureNorm::Whiten => features,
        FeatureNorm::Standardize => {
            let device = features.device();
            let row = |values: &[f32]| Tensor::<1>::from_floats(values, &device).unsqueeze();
            (features - row(&statistics.mean)) / row(&statistics.std)
        }
    }
}

/// `‖T(r,c) − S(r,c)‖²` at every position, `[batch, height, width]`, of features already normalised.
pub fn squared_distance(teacher: Tensor<4>, student: Tensor<4>) -> Tensor<3> {
    (teacher - student).square().sum_dim(3).squeeze_dim(3)
}

/// The weights that make the mean of distances `[batch, height, width]` one over the hardest positions
/// of each image, a share of them; of the same shape, from the distances' values.
pub fn weights_of_hardest(distances: &[f32], shape: [usize; 3], share: f64) -> TensorData {
    let mut weights = Vec::with_capacity(distances.len());
    let per_image = shape[1] * shape[2];
    let mut room = vec![0.0; per_image];
    for image in distances.chunks_exact(per_image) {
        let hardest = Hardest::of(image, share, &mut room);
        weights.extend(image.iter().map(|&distance| hardest.weight_of(distance)));
    }
    TensorData::new(weights, shape)
}

/// `L_pos`: the mean cross-entropy of logits `[pairs, 8]` against the true classes `[pairs]`; `[1]`.
pub fn position(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1)
        .gather(1, classes.unsqueeze_dim(1))
        .mean()
        .neg()
}

/// `L = ½ e^(−s_rec) L_rec + ½ e^(−s_pos) L_pos + ½ (s_rec + s_pos)` (Kendall et al., 2018); `[1]`.
pub fn weigh([rec, pos]: [Tensor<1>; 2], [s_rec, s_pos]: [Tensor<1>; 2]) -> Tensor<1> {
    let term = |s: Tensor<1>, loss: Tensor<1>| s.clone().neg().exp() * loss + s;
    (term(s_rec, rec) + term(s_pos, pos)) * 0.5
}

#[cfg(test)]
mod tests {
    use burn_tensor::Device;

    use super::*;

    #[test]
    fn each_image_of_a_batch_has_hardest_positions_of_its_own() {
        let distances = [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0];
        let mean = |share| {
            let weights = weights_of_hardest(&distances, [2, 2, 2], share);
            let weights: Vec<f32> = weights.try_into_vec().unwrap();
            let sum: f32 = distances.iter().zip(weights).map(|(d, w)| d * w).sum();
            sum / 8.0
        };
        assert_eq!(mean(1.0), 13.75);
        assert_eq!(mean(0.5), 0.5 * (3.5 + 35.0));
    }

    #[test]
    fn features_of_nothing_have_no_direction_and_finite_gradients() {
        let device = Device::flex().autodiff();
        let features = Tensor::<4>::zeros([1, 1, 2, 3], &device).require_grad();
        let normalised = normalise_student(features.clone(), FeatureNorm::L2);
        let gradients = normalised.clone().sum().backward();
        let values: Vec<f32> = normalised.try_into_vec_as().unwrap();
        assert_eq!(values, [0.0; 6]);
        let gradient: Vec<f32> = features
            .grad(&gradients)
            .unwrap()
            .try_into_vec_as()
            .unwrap();
        assert!(gradient.iter().all(|value| value.is_finite()));
    }
}
