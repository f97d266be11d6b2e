//! The nearest of many features at the same place, in whole numbers: the same on every processor.

use rayon::prelude::*;

use crate::mahalanobis::check_bytes;
use crate::shape::{Result, ShapeError, count};
use crate::simd::{Isa, Kernel, Vector};

/// What a query lies beyond this counts no further: so far from rows of 8 bits, sums of
/// [`MOST_DIMENSIONS`] squares still fit.
pub const FARTHEST: i16 = 1270;

/// Dimensions of a feature, at most.
pub const MOST_DIMENSIONS: usize = 1024;

/// `squares[p]`, the least squared distance of `queries[p]` from the rows of its place; `rows` `[places,
/// count, dimensions]`, `queries` `[places, dimensions]`, within ± [`FARTHEST`].
///
/// # Errors
/// Slices of other lengths, or more dimensions than [`MOST_DIMENSIONS`].
pub fn nearest(
    isa: Isa,
    dimensions: usize,
    rows: &[i8],
    queries: &[i16],
    squares: &mut [i32],
) -> Result<()> {
    let places = count("the places", &[squares.len()])?;
    let count = rows.len() / (places * checked(dimensions)?);
    check_bytes("the rows", places * count * dimensions, rows)?;
    if queries.len() != places * dimensions {
        return Err(ShapeError::Length {
            what: "the queries",
            needed: places * dimensions,
            found: queries.len(),
        });
    }
    if count == 0 {
        squares.fill(i32::MAX);
        return Ok(());
    }
    squares
        .par_iter_mut()
        .zip(queries.par_chunks_exact(dimensions))
        .zip(rows.par_chunks_exact(count * dimensions))
        .with_min_len(16)
        .for_each(|((square, query), rows)| {
            isa.run(Nearest {
                query,
                rows,
                square,
            })
        });
    Ok(())
}

/// `squares[i]`, the least squared distance of row i from the other rows of one place; `rows` `[count,
/// dimensions]`.
///
/// # Errors
/// As [`nearest`].
pub fn nearest_others(isa: Isa, dimensions: usize, rows: &[i8], squares: &mut [i32]) -> Result<()> {
    check_bytes("the rows", squares.len() * checked(dimensions)?, rows)?;
    let mut query = vec![0; dimensions];
    for (i, least) in squares.iter_mut().enumerate() {
        let (before, rest) = rows.split_at(i * dimensions);
        let (own, after) = rest.split_at(dimensions);
        for (to, &value) in query.iter_mut().zip(own) {
            *to = i16::from(value);
        }
        *least = i32::MAX;
        for rows in [before, after] {
            let mut square = i32::MAX;
            isa.run(Nearest {
                query: &query,
                rows,
                square: &mut square,
            });
            *least = square.min(*least);
        }
    }
    Ok(())
}

fn checked(dimensions: usize) -> Result<usize> {
    match (1..=MOST_DIMENSIONS).contains(&dimensions) {
        true => Ok(dimensions),
        false => Err(ShapeError::Length {
            what: "the dimensions",
            needed: MOST_DIMENSIONS,
            found: dimensions,
        }),
    }
}

struct Nearest<'a> {
    query: &'a [i16],
    rows: &'a [i8],
    square: &'a mut i32,
}

impl Kernel for Nearest<'_> {
    // Plain loops, which the compiler turns into each set's own whole-number vectors.
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let mut least = i32::MAX;
        for row in self.rows.chunks_exact(self.query.len()) {
            let mut sum = 0i32;
            for (&query, &value) in self.query.iter().zip(row) {
                let difference = i32::from(query - i16::from(value));
                sum += difference * difference;
            }
            least = least.min(sum);
        }
        *self.square = least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_the_plain_one_on_every_set() {
        for (places, count, dimensions) in [(1, 1, 1), (3, 5, 7), (40, 9, 64)] {
            let total = places * count * dimensions;
            let rows: Vec<i8> = (0..total).map(|i| (i * 91 % 251) as u8 as i8).collect();
            let query = |i: usize| ((i * 7919 % 2541) as i16) - FARTHEST;
            let queries: Vec<i16> = (0..places * dimensions).map(query).collect();
            for isa in Isa::available() {
                let mut found = vec![0; places];
                nearest(isa, dimensions, &rows, &queries, &mut found).unwrap();
                for (place, &found) in found.iter().enumerate() {
                    let query = &queries[place * dimensions..][..dimensions];
                    let rows = &rows[place * count * dimensions..][..count * dimensions];
                    let squares = rows.chunks(dimensions).map(|row| -> i64 {
                        let pairs = row.iter().zip(query);
                        pairs
                            .map(|(&r, &q)| (i64::from(q) - i64::from(r)).pow(2))
                            .sum()
                    });
                    assert_eq!(i64::from(found), squares.min().unwrap(), "{isa:?}");
                }
            }
        }
    }

    #[test]
    fn rows_are_compared_with_the_others() {
        let rows = [0, 0, 3, 4, 0, 1];
        for isa in Isa::available() {
            let mut squares = [0; 3];
            nearest_others(isa, 2, &rows, &mut squares).unwrap();
            assert_eq!(squares, [1, 18, 1]);
            let mut alone = [0];
            nearest_others(isa, 2, &rows[..2], &mut alone).unwrap();
            assert_eq!(alone, [i32::MAX]);
        }
    }

    #[test]
    fn nothing_is_near_where_there_are_no_rows_and_other_lengths_are_refused() {
        let mut squares = [0; 2];
        nearest(Isa::PORTABLE, 3, &[], &[0; 6], &mut squares).unwrap();
        assert_eq!(squares, [i32::MAX; 2]);
        assert!(nearest(Isa::PORTABLE, 3, &[0; 5], &[0; 6], &mut squares).is_err());
        assert!(nearest(Isa::PORTABLE, 3, &[0; 6], &[0; 5], &mut squares).is_err());
        assert!(nearest(Isa::PORTABLE, 0, &[], &[], &mut squares).is_err());
    }
}
