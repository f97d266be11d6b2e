//! One step of Muon (Jordan et al., 2024, *Muon: an optimizer for hidden layers*): momentum whose
//! matrix is made nearly orthogonal before the step, so that no direction of the weights starves.

use crate::epilogue::Epilogue;
use crate::linear::{LinearWeights, linear};
use crate::shape::{Result, check_length, count};
use crate::workspace::Workspace;

/// Coefficients a, b, c of Jordan's iteration X ← aX + b(XXᵀ)X + c(XXᵀ)²X.
pub const COEFFICIENTS: [f32; 3] = [3.4445, -4.775, 2.0315];
/// Iterations: singular values end between about 0.7 and 1.2.
pub const ITERATIONS: usize = 5;

/// Its authors' decay of the momentum.
pub const MOMENTUM: f32 = 0.95;

/// Settings of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Muon {
    /// Learning rate, on Adam's scale: the update's root mean square is about 0.2 of it (Liu et
    /// al., 2025, *Muon is scalable for LLM training*).
    pub learning_rate: f32,
    /// Decay of the momentum (Nesterov's).
    pub momentum: f32,
}

impl Muon {
    /// Updates a weight matrix `[outputs, inputs]` and its momentum.
    ///
    /// # Errors
    /// Slices of other lengths than the sizes', or sizes of 0.
    pub fn update(
        &self,
        workspace: &mut Workspace,
        sizes: [usize; 2],
        weight: &mut [f32],
        gradient: &[f32],
        momentum: &mut [f32],
    ) -> Result<()> {
        let needed = count("the weight", &sizes)?;
        check_length("the weight", needed, weight)?;
        check_length("the gradient", needed, gradient)?;
        check_length("the momentum", needed, momentum)?;
        let mut direction = Vec::with_capacity(needed);
        for (kept, new) in momentum.iter_mut().zip(gradient) {
            *kept = self.momentum * *kept + new;
            direction.push(new + self.momentum * *kept);
        }
        let direction = orthogonal(workspace, sizes, &direction)?;
        let [outputs, inputs] = sizes;
        let rate = self.learning_rate * 0.2 * (outputs.max(inputs) as f32).sqrt();
        for (weight, step) in weight.iter_mut().zip(direction) {
            *weight -= rate * step;
        }
        Ok(())
    }
}

/// The matrix with its singular values brought near 1 (those of 0 stay).
///
/// All iterations are polynomials of G = XXᵀ, so they are made on that small square matrix, and
/// the large one is multiplied once: Q(G) X.
fn orthogonal(
    workspace: &mut Workspace,
    [outputs, inputs]: [usize; 2],
    matrix: &[f32],
) -> Result<Vec<f32>> {
    let isa = workspace.isa();
    let squares: f64 = matrix.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let scale = (1.0 / squares.sqrt().max(1e-30)) as f32;
    let x: Vec<f32> = matrix.iter().map(|v| v * scale).collect();
    let mut times = |left: &[f32], right: LinearWeights, columns: usize| -> Result<Vec<f32>> {
        let mut product = vec![0.0; outputs * columns];
        let plain = Epilogue::default();
        linear(workspace, outputs, left, &right, None, plain, &mut product)?;
        Ok(product)
    };
    // `linear` multiplies by a transpose, which of a symmetric matrix is itself.
    let symmetric = |matrix: &[f32]| LinearWeights::pack(isa, matrix, [outputs, outputs]);
    let of_x = LinearWeights::pack(isa, &x, [outputs, inputs])?;
    let mut gram = times(&x, of_x, outputs)?;
    let mut product: Option<Vec<f32>> = None;
    for iteration in 1..=ITERATIONS {
        let [a, b, c] = COEFFICIENTS;
        let mut factor = times(&gram, symmetric(&gram)?, outputs)?;
        for (value, gram) in factor.iter_mut().zip(&gram) {
            *value = b * gram + c * *value;
        }
        for diagonal in factor.iter_mut().step_by(outputs + 1) {
            *diagonal += a;
        }
        if iteration < ITERATIONS {
            let half = times(&factor, symmetric(&gram)?, outputs)?;
            gram = times(&half, symmetric(&factor)?, outputs)?;
        }
        product = Some(match product {
            Some(product) => times(&product, symmetric(&factor)?, outputs)?,
            None => factor,
        });
    }
    let product = product.unwrap_or_default();
    let of_x = LinearWeights::pack_transposed(isa, &x, [outputs, inputs])?;
    times(&product, of_x, inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The iteration as it is written, in double precision.
    fn plain(matrix: &[f32], rows: usize, columns: usize) -> Vec<f64> {
        let norm = matrix
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        let mut x: Vec<f64> = matrix.iter().map(|&v| f64::from(v) / norm).collect();
        let [a, b, c] = COEFFICIENTS.map(f64::from);
        let times = |l: &[f64], r: &[f64], inner: usize, columns: usize| -> Vec<f64> {
            let at = |i: usize, j: usize| {
                (0..inner)
                    .map(|k| l[i * inner + k] * r[k * columns + j])
                    .sum()
            };
            (0..rows * columns)
                .map(|i| at(i / columns, i % columns))
                .collect()
        };
        for _ in 0..ITERATIONS {
            let transposed: Vec<f64> = (0..rows * columns)
                .map(|i| x[(i % rows) * columns + i / rows])
                .collect();
            let gram = times(&x, &transposed, columns, rows);
            let square = times(&gram, &gram, rows, rows);
            let factor: Vec<f64> = gram
                .iter()
                .zip(&square)
                .map(|(g, s)| b * g + c * s)
                .collect();
            let rest = times(&factor, &x, rows, columns);
            x = x.iter().zip(rest).map(|(x, rest)| a * x + rest).collect();
        }
        x
    }

    fn values(count: usize, seed: usize) -> Vec<f32> {
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
        (0..count).map(value).collect()
    }

    #[test]
    fn the_small_matrix_iterates_as_the_large_one() {
        for (rows, columns) in [(1, 5), (8, 27), (20, 72), (30, 12)] {
            let matrix = values(rows * columns, rows);
            let found = orthogonal(&mut Workspace::new(), [rows, columns], &matrix).unwrap();
            for (found, expected) in found.iter().zip(plain(&matrix, rows, columns)) {
                assert!(
                    (f64::from(*found) - expected).abs() < 2e-3,
                    "{found} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_step_goes_along_the_momentum_with_adams_size() {
        let (sizes, count) = ([16, 36], 16 * 36);
        let (mut weight, mut momentum) = (vec![0.0; count], vec![0.0; count]);
        let gradient = values(count, 3);
        let muon = Muon {
            learning_rate: 0.1,
            momentum: 0.9,
        };
        let mut workspace = Workspace::new();
        muon.update(&mut workspace, sizes, &mut weight, &gradient, &mut momentum)
            .unwrap();
        assert_eq!(momentum, gradient);
        let along: f32 = weight.iter().zip(&gradient).map(|(w, g)| w * g).sum();
        assert!(along < 0.0);
        let rms = (weight.iter().map(|w| w * w).sum::<f32>() / count as f32).sqrt();
        assert!((0.01..0.03).contains(&rms), "{rms}");
        muon.update(&mut workspace, sizes, &mut weight, &gradient, &mut momentum)
            .unwrap();
        assert!((momentum[1] - 1.9 * gradient[1]).abs() < 1e-6);
        assert!(
            muon.update(
                &mut workspace,
                [16, 35],
                &mut weight,
                &gradient,
                &mut momentum
            )
            .is_err()
        );
    }

    #[test]
    fn without_a_gradient_nothing_moves() {
        let (mut weight, mut momentum) = (values(12, 1), vec![0.0; 12]);
        let before = weight.clone();
        let muon = Muon {
            learning_rate: 0.1,
            momentum: 0.9,
        };
        let nothing = [0.0; 12];
        muon.update(
            &mut Workspace::new(),
            [3, 4],
            &mut weight,
            &nothing,
            &mut momentum,
        )
        .unwrap();
        assert_eq!(weight, before);
    }
}
