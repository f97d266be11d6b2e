//! Eigenvectors of a symmetric matrix, in double precision, row-major.

use crate::shape::{Result, check_length, count};

/// Sweeps over all pairs of axes, at most; some eight suffice.
const SWEEPS: usize = 40;

/// The eigenvalues of a symmetric matrix `[n, n]`, the largest first, and with each its eigenvector of
/// length 1, `[n, n]`, a row each (Jacobi's rotations). An eigenvector's largest component is positive.
///
/// # Errors
/// A slice of another length.
pub fn eigenvectors(n: usize, matrix: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    check_length("the matrix", count("the matrix", &[n, n])?, matrix)?;
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    for i in 0..n {
        vectors[i * n + i] = 1.0;
    }
    let whole: f64 = a.iter().map(|v| v * v).sum();
    // Squares of off-diagonal elements this small change no eigenvalue in double precision.
    let least = whole * 1e-30 / (n * n) as f64;
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let off = a[p * n + q];
                if off * off > least {
                    rotate(n, &mut a, &mut vectors, (p, q));
                    rotated = true;
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let rows = order.iter().flat_map(|&i| {
        let row = &vectors[i * n..][..n];
        let largest = row
            .iter()
            .copied()
            .max_by(|x, y| x.abs().total_cmp(&y.abs()));
        let sign = largest.unwrap_or(1.0).signum();
        row.iter().map(move |v| sign * v)
    });
    Ok((values, rows.collect()))
}

/// Turns axes p and q so that the element between them is 0; the rows of `vectors` turn along.
fn rotate(n: usize, a: &mut [f64], vectors: &mut [f64], (p, q): (usize, usize)) {
    let (pp, qq, pq) = (a[p * n + p], a[q * n + q], a[p * n + q]);
    let theta = (qq - pp) / (2.0 * pq);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for rows in [&mut *a, vectors] {
        let (above, below) = rows.split_at_mut(q * n);
        let pairs = above[p * n..][..n].iter_mut().zip(&mut below[..n]);
        for (x, y) in pairs {
            (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
        }
    }
    for row in a.chunks_exact_mut(n) {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_stretches_its_eigenvectors_by_their_values() {
        for n in [1, 2, 7, 40] {
            let entry = |at: usize| {
                let (i, j) = (at / n, at % n);
                let (low, high) = (i.min(j) as f64, i.max(j) as f64);
                (low * 1.7 + high * 0.3).sin() + f64::from(u8::from(i == j)) * low
            };
            let matrix: Vec<f64> = (0..n * n).map(entry).collect();
            let (values, vectors) = eigenvectors(n, &matrix).unwrap();
            assert!(values.is_sorted_by(|a, b| a >= b));
            for (k, value) in values.iter().enumerate() {
                let vector = &vectors[k * n..][..n];
                for (line, own) in matrix.chunks(n).zip(vector) {
                    let product: f64 = line.iter().zip(vector).map(|(m, v)| m * v).sum();
                    assert!((product - value * own).abs() < 1e-11 * n as f64);
                }
                for (j, other) in vectors.chunks(n).enumerate() {
                    let product: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                    assert!((product - f64::from(u8::from(j == k))).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn equal_values_and_nothing_at_all_have_eigenvectors_too() {
        let (values, vectors) = eigenvectors(2, &[3.0, 0.0, 0.0, 3.0]).unwrap();
        assert_eq!((values, vectors), (vec![3.0; 2], vec![1.0, 0.0, 0.0, 1.0]));
        assert_eq!(eigenvectors(2, &[0.0; 4]).unwrap().0, [0.0; 2]);
        assert!(eigenvectors(2, &[0.0; 3]).is_err());
    }
}
