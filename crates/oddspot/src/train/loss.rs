//! What the losses are made of, beside the networks' passes: the hardest positions, and where the
//! learned weights of the losses start.

use std::cmp::Ordering;

/// What makes the mean over an image's positions one over the hardest, a share of them: each of those
/// weighs all positions divided by the hardest ones, the others 0. Equal distances count alike, so
/// that there may be a few more.
pub struct Hardest {
    least: f32,
    weight: f32,
}

impl Hardest {
    /// The hardest `share` (above 0, at most 1; rounded down, but at least one) of an image's
    /// distances. `room` is for as many numbers, and overwritten.
    pub fn of(distances: &[f32], share: f64, room: &mut [f32]) -> Self {
        room.copy_from_slice(distances);
        let count = ((share * room.len() as f64) as usize).clamp(1, room.len());
        let at = room.len() - count;
        let least = *room.select_nth_unstable_by(at, f32::total_cmp).1;
        let hard = distances.iter().filter(|&&d| is_hard(d, least)).count();
        let weight = distances.len() as f32 / hard as f32;
        Self { least, weight }
    }

    /// Weighs an image's distances and their gradients `[positions, channels]`.
    pub fn keep(&self, distances: &mut [f32], gradients: &mut [f32]) {
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
    pub fn weight_of(&self, distance: f32) -> f32 {
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

/// Where `s_rec` and `s_pos` start, given the first losses: their logarithms, `s_rec` lower by
/// that of `rec_weight`.
pub fn first_weights(rec: f32, pos: f32, rec_weight: f64) -> [f32; 2] {
    let log = |loss: f32| loss.max(f32::MIN_POSITIVE).ln();
    [log(rec) - rec_weight.ln() as f32, log(pos)]
}

#[cfg(test)]
mod tests {
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
}
