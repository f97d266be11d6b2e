//! Mean and deviation of the teacher's channels, gathered image by image.

use crate::loss::ChannelStatistics;

/// A channel whose deviation is below this share of its level's mean deviation is as good as
/// constant: it is scaled by that floor, so that noise in it is not blown up.
const LEAST_RELATIVE_STD: f64 = 0.01;

/// Sums and sums of squares per channel, in double precision.
pub(crate) struct RunningStatistics {
    levels: [Vec<(f64, f64)>; 3],
    positions: [u64; 3],
}

impl RunningStatistics {
    /// Of nothing yet.
    pub fn new(channels: [usize; 3]) -> Self {
        Self {
            levels: channels.map(|count| vec![(0.0, 0.0); count]),
            positions: [0; 3],
        }
    }

    /// Adds a level (0 to 2) of an image's maps, `[positions, channels]`.
    pub fn add(&mut self, level: usize, values: &[f32]) {
        let sums = &mut self.levels[level];
        for position in values.chunks_exact(sums.len()) {
            for ((sum, squares), &value) in sums.iter_mut().zip(position) {
                let value = f64::from(value);
                *sum += value;
                *squares += value * value;
            }
        }
        self.positions[level] += (values.len() / sums.len()) as u64;
    }

    /// Adds what another has added.
    pub fn merge(&mut self, other: &Self) {
        for (sums, others) in self.levels.iter_mut().zip(&other.levels) {
            for (sum, other) in sums.iter_mut().zip(others) {
                sum.0 += other.0;
                sum.1 += other.1;
            }
        }
        for (count, other) in self.positions.iter_mut().zip(other.positions) {
            *count += other;
        }
    }

    /// The mean and deviation of all positions.
    pub fn finish(&self) -> ChannelStatistics {
        let mut mean: [Vec<f32>; 3] = Default::default();
        let mut std: [Vec<f32>; 3] = Default::default();
        for level in 0..3 {
            let n = self.positions[level].max(1) as f64;
            let moments: Vec<(f64, f64)> = self.levels[level]
                .iter()
                .map(|(sum, squares)| {
                    let mean = sum / n;
                    (mean, (squares / n - mean * mean).max(0.0).sqrt())
                })
                .collect();
            let typical = moments.iter().map(|(_, std)| std).sum::<f64>() / moments.len() as f64;
            let floor = (LEAST_RELATIVE_STD * typical).max(1e-6);
            mean[level] = moments.iter().map(|m| m.0 as f32).collect();
            std[level] = moments.iter().map(|m| m.1.max(floor) as f32).collect();
        }
        ChannelStatistics {
            mean,
            std,
            whitening: None,
        }
    }
}
