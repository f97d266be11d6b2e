//! The teacher's features whitened: made uncorrelated over the training images, so that what many
//! channels say alike does not drown what few say.

use half::slice::HalfFloatSliceExt;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::triangular::{cholesky, invert_lower};
use oddspot_conv::{Epilogue, Workspace};

use super::cache::{TeacherCache, encode};
use crate::error::{Error, Result};
use crate::terms::channels::ChannelStatistics;

/// How far the correlations are drawn to none (Ledoit & Wolf, 2004): directions in which the teacher's
/// features hardly vary must not outweigh all others.
const SHRINKAGE: f64 = 0.1;

/// Accumulates the correlations of a level's channels.
#[derive(Default)]
pub struct CorrelationSums {
    workspace: Workspace,
    rows: u64,
    /// `[channels, channels]`.
    sums: Vec<f64>,
    of_image: Vec<f32>,
}

impl CorrelationSums {
    /// Adds an image's standardised features, `[rows, channels]`.
    ///
    /// # Errors
    /// Features that are no whole rows.
    pub fn add(&mut self, features: &[f32], channels: usize) -> Result<()> {
        let rows = features.len() / channels;
        self.of_image.resize(channels * channels, 0.0);
        self.sums.resize(channels * channels, 0.0);
        linear_weight_gradient(
            &mut self.workspace,
            rows,
            features,
            features,
            [channels, channels],
            &mut self.of_image,
        )?;
        for (sum, value) in self.sums.iter_mut().zip(&self.of_image) {
            *sum += f64::from(*value);
        }
        self.rows += rows as u64;
        Ok(())
    }

    /// `L⁻¹`, row-major `[channels, channels]` and zero above the diagonal, where
    /// `L Lᵀ = 0.9 R + 0.1 I` and R is the mean of `f fᵀ` over all features added. None if they were
    /// not finite.
    ///
    /// # Errors
    /// Another number of channels than that of the features.
    pub fn finish(&self, channels: usize) -> Result<Option<Vec<f32>>> {
        let n = self.rows.max(1) as f64;
        let scale = (1.0 - SHRINKAGE) / n;
        let mut spread: Vec<f64> = self.sums.iter().map(|sum| sum * scale).collect();
        for diagonal in spread.iter_mut().step_by(channels + 1) {
            *diagonal += SHRINKAGE;
        }
        if !cholesky(channels, &mut spread)? {
            return Ok(None);
        }
        let inverse = invert_lower(channels, &spread)?;
        Ok(Some(inverse.into_iter().map(|v| v as f32).collect()))
    }
}

/// Whitens all maps of a cache by the statistics of its images, which are returned.
///
/// # Errors
/// Features that are not finite numbers, or a cache that cannot be read or written.
pub fn whiten(cache: &mut TeacherCache) -> Result<ChannelStatistics> {
    let mut statistics = cache.statistics();
    let mut sums: Vec<CorrelationSums> = Vec::new();
    sums.resize_with(statistics.levels.len(), Default::default);
    let mut features = Vec::new();
    for image in 0..cache.images() {
        for (level, sums) in sums.iter_mut().enumerate() {
            let of_level = &statistics.levels[level];
            let (mean, std) = (&of_level.mean, &of_level.std);
            let halves = cache.level(image, level)?;
            features.resize(halves.len(), 0.0);
            halves.convert_to_f32_slice(&mut features);
            for row in features.chunks_exact_mut(mean.len()) {
                for ((value, mean), std) in row.iter_mut().zip(mean).zip(std) {
                    *value = (*value - mean) / std;
                }
            }
            sums.add(&features, mean.len())?;
        }
    }
    let mut workspace = Workspace::new();
    let isa = workspace.isa();
    let mut layers = Vec::new();
    for (level, sums) in statistics.levels.iter_mut().zip(&sums) {
        let channels = level.mean.len();
        let not_finite = || Error::setting("teacher", "its features are not finite numbers");
        level.whitening = Some(sums.finish(channels)?.ok_or_else(not_finite)?);
        let (weight, bias) = level.whitening_layer().unwrap_or_default();
        let weights = LinearWeights::pack(isa, &weight, [channels, channels])?;
        layers.push((weights, bias));
    }
    let mut whitened = Vec::new();
    let mut failed = None;
    cache.replace(|level, halves| {
        let (weights, bias) = &layers[level];
        features.resize(halves.len(), 0.0);
        whitened.resize(halves.len(), 0.0);
        halves.convert_to_f32_slice(&mut features);
        let rows = halves.len() / bias.len();
        let plain = Epilogue::default();
        let (x, y) = (&features[..], &mut whitened[..]);
        match linear(&mut workspace, rows, x, weights, Some(bias), plain, y) {
            Ok(()) => encode(&whitened, halves),
            Err(error) => failed = Some(error),
        }
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(statistics),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_against_the_habit_count_more_than_those_along_it() {
        // Channel 1 mostly follows channel 0.
        let noise = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 504.0 * 1.73 - 1.73;
        let features: Vec<f32> = (0..5_000)
            .flat_map(|i| {
                let (a, b) = (noise(2 * i), noise(2 * i + 1));
                [a, 0.95 * a + 0.3 * b]
            })
            .collect();
        let mut sums = CorrelationSums::default();
        for image in features.chunks(2 * 500) {
            sums.add(image, 2).unwrap();
        }
        let matrix = sums.finish(2).unwrap().unwrap();
        assert_eq!(matrix[1], 0.0);
        let size = |a: f32, b: f32| {
            let (x, y) = (matrix[0] * a, matrix[2] * a + matrix[3] * b);
            x * x + y * y
        };
        assert!(size(1.0, -1.0) > 8.0 * size(1.0, 1.0));
    }

    #[test]
    fn features_of_nothing_and_of_no_number_are_told_apart() {
        let mut sums = CorrelationSums::default();
        sums.add(&[0.0; 6], 3).unwrap();
        assert!(
            sums.finish(3)
                .unwrap()
                .unwrap()
                .iter()
                .all(|v| v.is_finite())
        );
        sums.add(&[f32::NAN; 3], 3).unwrap();
        assert_eq!(sums.finish(3).unwrap(), None);
    }
}
