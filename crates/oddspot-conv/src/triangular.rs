//! Symmetric positive matrices as products of triangular ones, in double precision, row-major.

use crate::shape::{Result, check_length, count};

/// Turns a symmetric matrix A `[n, n]` into its lower factor L with `A = L Lᵀ`, zero above the
/// diagonal, in place (Cholesky–Banachiewicz). Only A's lower half is read. False, and the matrix
/// means nothing, if it is not positive definite or not of finite numbers.
///
/// # Errors
/// A slice of another length.
pub fn cholesky(n: usize, matrix: &mut [f64]) -> Result<bool> {
    check_square(n, matrix)?;
    for i in 0..n {
        let (above, row) = matrix.split_at_mut(i * n);
        let row = &mut row[..n];
        for j in 0..i {
            let other = &above[j * n..][..=j];
            let sum = row[j] - dot(&row[..j], &other[..j]);
            row[j] = sum / other[j];
        }
        let rest = row[i] - dot(&row[..i], &row[..i]);
        // NaN is not above 0 either.
        if !(rest > 0.0 && rest.is_finite()) {
            return Ok(false);
        }
        row[i] = rest.sqrt();
        row[i + 1..].fill(0.0);
    }
    Ok(true)
}

/// The inverse of a lower triangular matrix `[n, n]` without zeros on its diagonal.
///
/// # Errors
/// A slice of another length.
pub fn invert_lower(n: usize, lower: &[f64]) -> Result<Vec<f64>> {
    check_square(n, lower)?;
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        let (above, row) = inverse.split_at_mut(i * n);
        let factors = &lower[i * n..][..=i];
        for (k, &factor) in factors[..i].iter().enumerate() {
            for (to, value) in row.iter_mut().zip(&above[k * n..][..=k]) {
                *to -= factor * value;
            }
        }
        row[i] = 1.0;
        row[..=i].iter_mut().for_each(|value| *value /= factors[i]);
    }
    Ok(inverse)
}

fn check_square(n: usize, matrix: &[f64]) -> Result<()> {
    check_length("the matrix", count("the matrix", &[n, n])?, matrix)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `M Mᵀ + I` of some numbers.
    pub(crate) fn positive(n: usize) -> Vec<f64> {
        let m = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 / 11.0 - 0.4;
        let entry = |at: usize| {
            let (i, j) = (at / n, at % n);
            let product: f64 = (0..n).map(|k| m(i, k) * m(j, k)).sum();
            product + f64::from(u8::from(i == j))
        };
        (0..n * n).map(entry).collect()
    }

    fn product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
        let entry = |at: usize| (0..n).map(|k| a[at / n * n + k] * b[k * n + at % n]).sum();
        (0..n * n).map(entry).collect()
    }

    fn transposed(n: usize, a: &[f64]) -> Vec<f64> {
        (0..n * n).map(|at| a[at % n * n + at / n]).collect()
    }

    #[test]
    fn the_factor_gives_the_matrix_back_and_its_inverse_undoes_it() {
        for n in [1, 2, 5, 17] {
            let matrix = positive(n);
            let mut lower = matrix.clone();
            assert!(cholesky(n, &mut lower).unwrap());
            let back = product(n, &lower, &transposed(n, &lower));
            let inverse = invert_lower(n, &lower).unwrap();
            let one = product(n, &inverse, &lower);
            for at in 0..n * n {
                assert!((back[at] - matrix[at]).abs() < 1e-12);
                let expected = f64::from(u8::from(at / n == at % n));
                assert!((one[at] - expected).abs() < 1e-12);
                assert!(at % n <= at / n || (lower[at] == 0.0 && inverse[at] == 0.0));
            }
        }
    }

    #[test]
    fn what_is_not_positive_or_not_finite_has_no_factor() {
        for matrix in [
            [1.0, 2.0, 2.0, 1.0],
            [0.0, 0.0, 0.0, 1.0],
            [f64::NAN, 0.0, 0.0, 1.0],
            [f64::INFINITY, 0.0, 0.0, 1.0],
        ] {
            assert!(!cholesky(2, &mut matrix.clone()).unwrap(), "{matrix:?}");
        }
        assert!(cholesky(2, &mut [1.0; 3]).is_err());
        assert!(invert_lower(3, &[1.0; 4]).is_err());
    }
}
