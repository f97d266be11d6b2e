//! From features to whitened principal components, by one pass over all good images.

use oddspot_conv::Workspace;
use oddspot_conv::linear::linear_weight_gradient;
use oddspot_conv::symmetric::eigenvectors;
use oddspot_conv::triangular::{cholesky, invert_lower};

use super::Projection;
use super::scale::of_good;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::settings::MemoryScale;
use crate::terms::places::{GoodFeatures, PlaceGrid};

/// How far correlations are drawn to none before they are undone (as `feature_norm = whiten` does).
const SHRINKAGE: f64 = 0.1;
/// Least standard deviation of a channel, as a share of the mean over a level's channels.
const LEAST_SHARE: f64 = 0.01;
/// How much less, in squares, a level counts that is finer than the two coarsest than the next coarser one: of few
/// channels, whitened, each would count more than any of theirs.
const FINER: f64 = 0.5;
/// Standard deviations of the first component that 8 bits hold.
const REACH: f64 = 6.0;

/// The parts of the term's work on so many pieces: each is summed up, brought to steps and looked for among the others;
/// the last is what they have elsewhere.
pub(super) fn parts(pieces: usize) -> usize {
    3 * pieces + 1
}

/// Sums of features and of their products.
struct Sums {
    rows: f64,
    /// About the first piece's means, so that no digits are lost.
    origin: Vec<f32>,
    first: Vec<f64>,
    products: Vec<f64>,
}

/// The projection of all good images' features.
pub(super) fn projection(
    how: (MemoryScale, &PlaceGrid),
    components: usize,
    good: &mut dyn GoodFeatures,
) -> Result<Projection> {
    let grid = how.1;
    let channels = grid.channels();
    let sums = sums(how, good)?;
    let mean: Vec<f64> = sums.first.iter().map(|sum| sum / sums.rows).collect();
    let covariance =
        |i: usize, j: usize| sums.products[i * channels + j] / sums.rows - mean[i] * mean[j];
    // Block by block: what makes each level's channels uncorrelated, of a level's length in all.
    let mut whitening = vec![0.0; channels * channels];
    let levels = grid.parts();
    for (at, part) in levels.iter().enumerate() {
        let finer = levels.len().saturating_sub(at + 2);
        let counts = FINER.powi(finer as i32).sqrt();
        let count = part.len();
        let std: Vec<f64> = part
            .clone()
            .map(|i| covariance(i, i).max(0.0).sqrt())
            .collect();
        let least = (LEAST_SHARE * std.iter().sum::<f64>() / count as f64).max(1e-6);
        let std: Vec<f64> = std.into_iter().map(|s| s.max(least)).collect();
        let mut correlations = vec![0.0; count * count];
        for i in 0..count {
            for j in 0..=i {
                let own = covariance(part.start + i, part.start + j) / (std[i] * std[j]);
                let ridge = if i == j { SHRINKAGE } else { 0.0 };
                correlations[i * count + j] = (1.0 - SHRINKAGE) * own + ridge;
            }
        }
        if !cholesky(count, &mut correlations)? {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Training,
                "the teacher's features of the good images are not finite numbers",
            ));
        }
        let inverse = invert_lower(count, &correlations)?;
        for i in 0..count {
            for j in 0..=i {
                whitening[(part.start + i) * channels + part.start + j] =
                    counts * inverse[i * count + j] / (std[j] * (count as f64).sqrt());
            }
        }
    }
    let all: Vec<f64> = (0..channels * channels)
        .map(|at| covariance(at / channels, at % channels))
        .collect();
    let half = product(channels, &whitening, &all);
    let spread = product(channels, &half, &transposed(channels, &whitening));
    let (values, vectors) = eigenvectors(channels, &spread)?;
    let axes = &vectors[..components * channels];
    let weight = product_of(components, channels, axes, &whitening);
    let bias = weight.chunks_exact(channels).map(|row| {
        let origin = row.iter().zip(&mean).zip(&sums.origin);
        -origin
            .map(|((w, mean), origin)| w * (mean + f64::from(*origin)))
            .sum::<f64>()
    });
    let bias = bias.map(|b| b as f32).collect();
    let first = values.first().copied().unwrap_or(0.0).max(1e-12);
    let step = REACH * first.sqrt() / 127.0;
    Projection::new(
        weight.iter().map(|&w| w as f32).collect(),
        bias,
        step as f32,
    )
}

fn sums(how: (MemoryScale, &PlaceGrid), good: &mut dyn GoodFeatures) -> Result<Sums> {
    let channels = how.1.channels();
    let mut sums = Sums {
        rows: 0.0,
        origin: vec![0.0; channels],
        first: vec![0.0; channels],
        products: vec![0.0; channels * channels],
    };
    let mut workspace = Workspace::new();
    let mut of_piece = vec![0.0; channels * channels];
    let mut features = Vec::new();
    for piece in 0..good.pieces() {
        of_good(how, good, piece, &mut features)?;
        if piece == 0 {
            let rows = (features.len() / channels).max(1) as f32;
            for feature in features.chunks_exact(channels) {
                sums.origin
                    .iter_mut()
                    .zip(feature)
                    .for_each(|(sum, value)| *sum += value / rows);
            }
        }
        for feature in features.chunks_exact_mut(channels) {
            for ((value, origin), sum) in feature.iter_mut().zip(&sums.origin).zip(&mut sums.first)
            {
                *value -= origin;
                *sum += f64::from(*value);
            }
        }
        let rows = features.len() / channels;
        sums.rows += rows as f64;
        let sizes = [channels, channels];
        linear_weight_gradient(
            &mut workspace,
            rows,
            &features,
            &features,
            sizes,
            &mut of_piece,
        )?;
        for (sum, value) in sums.products.iter_mut().zip(&of_piece) {
            *sum += f64::from(*value);
        }
        good.fitted(piece + 1, parts(good.pieces()))?;
    }
    sums.rows = sums.rows.max(1.0);
    Ok(sums)
}

fn product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    product_of(n, n, a, b)
}

/// `a` `[rows, n]` times `b` `[n, n]`.
fn product_of(rows: usize, n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut found = vec![0.0; rows * n];
    for (to, row) in found.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
        for (&factor, line) in row.iter().zip(b.chunks_exact(n)) {
            if factor != 0.0 {
                to.iter_mut()
                    .zip(line)
                    .for_each(|(to, value)| *to += factor * value);
            }
        }
    }
    found
}

fn transposed(n: usize, a: &[f64]) -> Vec<f64> {
    (0..n * n).map(|at| a[at % n * n + at / n]).collect()
}
