//! How far what is remembered lies from what is remembered of other images.

use std::borrow::Cow;
use std::ops::Range;

use oddspot_conv::Isa;
use oddspot_conv::nearest::{nearest, nearest_others};
use rayon::prelude::*;

use crate::error::Result;

/// The image of each row, where `kept` of so many pieces are, of which the images are given.
pub(super) fn of_rows(images: &[usize], kept: usize) -> Vec<usize> {
    (0..kept)
        .map(|row| images[row * images.len() / kept])
        .collect()
}

/// The rows of an image, which stand one after the other.
pub(super) fn rows_of(of_rows: &[usize], image: usize) -> Range<usize> {
    let start = of_rows.partition_point(|&other| other < image);
    start..of_rows.partition_point(|&other| other <= image)
}

/// Rows `[places, rows, components]`, `stride` values a place, without some of each place, unless these are all.
pub(super) fn without(
    rows: &[i8],
    left_out: Range<usize>,
    stride: usize,
    components: usize,
) -> Cow<'_, [i8]> {
    if left_out.is_empty() || left_out.len() * components == stride {
        return Cow::Borrowed(rows);
    }
    let [from, to] = [left_out.start, left_out.end].map(|row| row * components);
    let of_places = rows.chunks_exact(stride.max(1));
    Cow::Owned(
        of_places
            .flat_map(|rows| rows[..from].iter().chain(&rows[to..]).copied())
            .collect(),
    )
}

/// At each place the least squared steps of each row from those of other images.
pub(super) fn among(
    isa: Isa,
    components: usize,
    of_rows: &[usize],
    rows: &[i8],
) -> Result<Vec<Vec<i32>>> {
    let count = of_rows.len();
    let whole = of_rows.windows(2).all(|two| two[0] != two[1]);
    rows.par_chunks_exact((count * components).max(1))
        .map(|rows| {
            let mut squares = vec![0; count];
            match whole {
                true => nearest_others(isa, components, rows, &mut squares)?,
                false => nearest_of_others(isa, components, of_rows, rows, &mut squares)?,
            }
            Ok(squares)
        })
        .collect()
}

/// The least squared steps of each row of one place from those of other images; from the other rows of its own,
/// where there are no others.
fn nearest_of_others(
    isa: Isa,
    components: usize,
    of_rows: &[usize],
    rows: &[i8],
    squares: &mut [i32],
) -> Result<()> {
    for (row, least) in squares.iter_mut().enumerate() {
        let mut own = rows_of(of_rows, of_rows[row]);
        if own.len() == of_rows.len() {
            own = row..row + 1;
        }
        let query: Vec<i16> = (rows[row * components..][..components].iter())
            .map(|&step| i16::from(step))
            .collect();
        *least = i32::MAX;
        for others in [
            &rows[..own.start * components],
            &rows[own.end * components..],
        ] {
            let mut square = [i32::MAX];
            nearest(isa, components, others, &query, &mut square)?;
            *least = square[0].min(*least);
        }
    }
    Ok(())
}

/// The second least squared distance of each row of one place from those of other images, of which each counts
/// once.
pub(super) fn seconds_of_place(rows: &[i8], of_rows: &[usize], components: usize) -> Vec<i32> {
    let rows: Vec<&[i8]> = rows.chunks_exact(components).collect();
    // The least two, and the image of the first.
    let mut least = vec![([i32::MAX; 2], usize::MAX); rows.len()];
    for (i, one) in rows.iter().enumerate() {
        for (j, other) in rows.iter().enumerate().skip(i + 1) {
            if of_rows[i] == of_rows[j] {
                continue;
            }
            let pairs = one.iter().zip(*other);
            let square = pairs
                .map(|(&a, &b)| {
                    let away = i32::from(i16::from(a) - i16::from(b));
                    away * away
                })
                .sum();
            for (at, from) in [(i, of_rows[j]), (j, of_rows[i])] {
                let ([first, second], image) = &mut least[at];
                if square < *first {
                    if *image != from {
                        *second = *first;
                    }
                    (*first, *image) = (square, from);
                } else if square < *second && *image != from {
                    *second = square;
                }
            }
        }
    }
    least.into_iter().map(|([_, second], _)| second).collect()
}
