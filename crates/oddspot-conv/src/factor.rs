//! Cholesky factors in single precision, many of them and fast: what a Gaussian at each place of an
//! image needs.

use crate::shape::{Result, check_length, count};
use crate::simd::{Isa, Kernel, Vector};

/// Turns a symmetric matrix A `[n, n]` into its lower factor L with `A = L Lᵀ` in place. Only A's lower
/// half is read, and only L's lower half means anything. False, and the matrix means nothing, if it is
/// not positive definite or not of finite numbers.
///
/// # Errors
/// A slice of another length.
pub fn factor(isa: Isa, n: usize, matrix: &mut [f32]) -> Result<bool> {
    check_length("the matrix", count("the matrix", &[n, n])?, matrix)?;
    let mut positive = true;
    isa.run(Factor {
        n,
        matrix,
        positive: &mut positive,
    });
    Ok(positive)
}

/// The inverse of a lower factor `[n, n]`, row by row without what lies above the diagonal: row i has
/// i + 1 values.
///
/// # Errors
/// A slice of another length.
pub fn invert_factor(isa: Isa, n: usize, lower: &[f32], inverse: &mut [f32]) -> Result<()> {
    check_length("the factor", count("the factor", &[n, n])?, lower)?;
    check_length("the inverse", triangle(n), inverse)?;
    isa.run(Invert { n, lower, inverse });
    Ok(())
}

/// Turns each row of `values` `[rows, n]` into `L⁻¹ x`, and tells its length.
///
/// # Errors
/// Slices of other lengths.
pub fn solve_lengths(
    isa: Isa,
    n: usize,
    lower: &[f32],
    values: &mut [f32],
    lengths: &mut [f32],
) -> Result<()> {
    check_length("the factor", count("the factor", &[n, n])?, lower)?;
    check_length("the values", lengths.len() * n, values)?;
    for (row, length) in values.chunks_exact_mut(n).zip(lengths) {
        isa.run(Solve {
            n,
            lower,
            row,
            length,
        });
    }
    Ok(())
}

/// Values of a lower triangle with its diagonal.
pub const fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Rows that are multiplied with another at a time.
const ROWS: usize = 4;

/// The products of `first` with some rows, `count` values each.
///
/// # Safety
/// The processor has the instruction set, and all pointers may be read for `count` floats.
#[inline(always)]
unsafe fn dots<V: Vector>(
    first: *const f32,
    rows: [*const f32; ROWS],
    count: usize,
) -> [f32; ROWS] {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::splat(0.0); ROWS];
        let whole = count - count % V::LANES;
        let mut at = 0;
        while at < whole {
            let x = V::load(first.add(at));
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = V::load(row.add(at)).mul_add(x, *sum);
            }
            at += V::LANES;
        }
        let mut found = sums.map(|sum| total::<V>(sum));
        while at < count {
            for (sum, row) in found.iter_mut().zip(rows) {
                *sum += *row.add(at) * *first.add(at);
            }
            at += 1;
        }
        found
    }
}

/// The sum of all lanes.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
pub(crate) unsafe fn total<V: Vector>(sum: V) -> f32 {
    let mut lanes = [0.0; crate::simd::MAX_LANES];
    // SAFETY: the array holds every lane.
    unsafe { sum.store(lanes.as_mut_ptr()) };
    let mut count = V::LANES;
    while count > 1 {
        count /= 2;
        let (low, high) = lanes.split_at_mut(count);
        low.iter_mut()
            .zip(high)
            .for_each(|(low, high)| *low += *high);
    }
    lanes[0]
}

struct Factor<'a> {
    n: usize,
    matrix: &'a mut [f32],
    positive: &'a mut bool,
}

impl Kernel for Factor<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let n = self.n;
        let matrix = self.matrix.as_mut_ptr();
        for i in 0..n {
            // SAFETY: rows i and j ≤ i of an `[n, n]` matrix, of which the first j values are read.
            unsafe {
                let row = matrix.add(i * n);
                let mut j = 0;
                while j < i {
                    // Rows j to j + 3 as far as all have their values: the rest of each is short.
                    let many = (i - j).min(ROWS);
                    let others =
                        std::array::from_fn(|k| matrix.add((j + k.min(many - 1)) * n).cast_const());
                    let sums = dots::<V>(row, others, j);
                    for (k, product) in sums.into_iter().enumerate().take(many) {
                        let other = matrix.add((j + k) * n);
                        let mut sum = *row.add(j + k) - product;
                        for at in j..j + k {
                            sum -= *row.add(at) * *other.add(at);
                        }
                        *row.add(j + k) = sum / *other.add(j + k);
                    }
                    j += many;
                }
                let [square, ..] = dots::<V>(row, [row; ROWS], i);
                let rest = *row.add(i) - square;
                // NaN is not above 0 either.
                if !(rest > 0.0 && rest.is_finite()) {
                    *self.positive = false;
                    return;
                }
                *row.add(i) = rest.sqrt();
            }
        }
    }
}

struct Invert<'a> {
    n: usize,
    lower: &'a [f32],
    inverse: &'a mut [f32],
}

impl Kernel for Invert<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for i in 0..self.n {
            let (above, row) = self.inverse.split_at_mut(triangle(i));
            let row = &mut row[..=i];
            row.fill(0.0);
            let factors = &self.lower[i * self.n..][..=i];
            for (k, &factor) in factors[..i].iter().enumerate() {
                let above = &above[triangle(k)..][..=k];
                // SAFETY: both have k + 1 values.
                unsafe {
                    let factor = V::splat(factor);
                    let mut at = 0;
                    while at <= k {
                        let lanes = (k + 1 - at).min(V::LANES);
                        let to = row.as_mut_ptr().add(at);
                        let value = V::load_first(above.as_ptr().add(at), lanes);
                        let sum = value.mul_sub_from(factor, V::load_first(to, lanes));
                        sum.store_first(to, lanes);
                        at += lanes;
                    }
                }
            }
            row[i] = 1.0;
            let diagonal = factors[i];
            row.iter_mut().for_each(|value| *value /= diagonal);
        }
    }
}

struct Solve<'a> {
    n: usize,
    lower: &'a [f32],
    row: &'a mut [f32],
    length: &'a mut f32,
}

impl Kernel for Solve<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let n = self.n;
        let (lower, row) = (self.lower.as_ptr(), self.row.as_mut_ptr());
        let mut squares = 0.0;
        let mut i = 0;
        while i < n {
            let many = (n - i).min(ROWS);
            // SAFETY: row i + k of an `[n, n]` matrix, of which the first i + k + 1 values are read.
            unsafe {
                let others = std::array::from_fn(|k| lower.add((i + k.min(many - 1)) * n));
                let sums = dots::<V>(row, others, i);
                for (k, product) in sums.into_iter().enumerate().take(many) {
                    let other = lower.add((i + k) * n);
                    let mut rest = *row.add(i + k) - product;
                    for at in i..i + k {
                        rest -= *other.add(at) * *row.add(at);
                    }
                    rest /= *other.add(i + k);
                    *row.add(i + k) = rest;
                    squares += rest * rest;
                }
            }
            i += many;
        }
        *self.length = squares.sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triangular::tests::positive;
    use crate::triangular::{cholesky, invert_lower};

    #[test]
    fn factors_inverses_and_solutions_are_the_plain_ones_on_every_set() {
        for isa in Isa::available() {
            for n in [1, 2, 5, 8, 17, 96, 131] {
                let matrix = positive(n);
                let mut plain = matrix.clone();
                assert!(cholesky(n, &mut plain).unwrap());
                let inverse = invert_lower(n, &plain).unwrap();
                let mut lower: Vec<f32> = matrix.iter().map(|&v| v as f32).collect();
                assert!(factor(isa, n, &mut lower).unwrap());
                let mut found = vec![f32::NAN; triangle(n)];
                invert_factor(isa, n, &lower, &mut found).unwrap();
                let x: Vec<f32> = (0..2 * n).map(|i| (i as f32 * 0.7).sin()).collect();
                let (mut solved, mut lengths) = (x.clone(), [0.0; 2]);
                solve_lengths(isa, n, &lower, &mut solved, &mut lengths).unwrap();
                for i in 0..n {
                    for j in 0..=i {
                        let close = |a: f32, b: f64| (f64::from(a) - b).abs() < 2e-4;
                        assert!(close(lower[i * n + j], plain[i * n + j]), "{isa:?} {n}");
                        assert!(close(found[triangle(i) + j], inverse[i * n + j]));
                    }
                }
                for (row, (x, length)) in x.chunks(n).zip(lengths).enumerate() {
                    let mut square = 0.0;
                    for i in 0..n {
                        let z = (0..=i).map(|j| inverse[i * n + j] * f64::from(x[j]));
                        let z: f64 = z.sum();
                        assert!((f64::from(solved[row * n + i]) - z).abs() < 1e-3);
                        square += z * z;
                    }
                    assert!((f64::from(length) - square.sqrt()).abs() <= 1e-3 * square.sqrt());
                }
            }
        }
    }

    #[test]
    fn what_is_not_positive_or_not_finite_has_no_factor() {
        for matrix in [
            [1.0, 2.0, 2.0, 1.0],
            [0.0; 4],
            [f32::NAN, 0.0, 0.0, 1.0],
            [f32::INFINITY, 0.0, 0.0, 1.0],
        ] {
            assert!(!factor(Isa::PORTABLE, 2, &mut matrix.clone()).unwrap());
        }
        assert!(factor(Isa::PORTABLE, 2, &mut [1.0; 3]).is_err());
        assert!(invert_factor(Isa::PORTABLE, 2, &[1.0; 4], &mut [0.0; 4]).is_err());
        assert!(solve_lengths(Isa::PORTABLE, 2, &[1.0; 4], &mut [0.0; 3], &mut [0.0]).is_err());
    }
}
