//! Mean and deviation of the teacher's channels, gathered image by image.

use crate::terms::channels::{ChannelStatistics, LevelStatistics};

/// A channel whose deviation is below this share of its level's mean deviation is as good as
/// constant: it is scaled by that floor, so that noise in it is not blown up.
const LEAST_RELATIVE_STD: f64 = 0.01;

/// Sums and sums of squares per channel, in double precision.
pub(crate) struct RunningStatistics {
    levels: Vec<Vec<(f64, f64)>>,
    positions: Vec<u64>,
}

impl RunningStatistics {
    /// Of nothing yet.
    pub fn new(channels: &[usize]) -> Self {
        Self {
            levels: channels
                .iter()
                .map(|&count| vec![(0.0, 0.0); count])
                .collect(),
            positions: vec![0; channels.len()],
        }
    }

    /// Adds a level, counted from 0, of an image's maps, `[positions, channels]`.
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
        for (count, other) in self.positions.iter_mut().zip(&other.positions) {
            *count += other;
        }
    }

    /// The mean and deviation of all positions.
    pub fn finish(&self) -> ChannelStatistics {
        let levels = self.levels.iter().zip(&self.positions);
        let of_level = |(sums, &positions): (&Vec<(f64, f64)>, &u64)| {
            let n = positions.max(1) as f64;
            let moments: Vec<(f64, f64)> = (sums.iter())
                .map(|(sum, squares)| {
                    let mean = sum / n;
                    (mean, (squares / n - mean * mean).max(0.0).sqrt())
                })
                .collect();
            let typical = moments.iter().map(|(_, std)| std).sum::<f64>() / moments.len() as f64;
            let floor = (LEAST_RELATIVE_STD * typical).max(1e-6);
            LevelStatistics {
                mean: moments.iter().map(|m| m.0 as f32).collect(),
                std: moments.iter().map(|m| m.1.max(floor) as f32).collect(),
                whitening: None,
            }
        };
        ChannelStatistics {
            levels: levels.map(of_level).collect(),
        }
    }
}
