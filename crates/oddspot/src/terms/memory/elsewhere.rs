//! Whether what is seen at a place is known from elsewhere: how much of the distance from what good images
//! have there is left if the place is forgotten.
//!
//! A part in the wrong place looks like another place of good images, a scratch like none.

use oddspot_conv::Isa;
use oddspot_conv::nearest::nearest;

use super::among::rows_of;
use crate::error::Result;
use crate::maps::quantile_between;

/// Pieces of good images that are looked at to see what is usual, at most.
const MOST_PIECES: usize = 50;

/// The least squared steps of a query from the rows of all places, `[places, images, components]`.
pub(super) fn anywhere(isa: Isa, places: usize, rows: &[i8], query: &[i16]) -> Result<i32> {
    let queries = query.repeat(places);
    let mut squares = vec![0; places];
    nearest(isa, query.len(), rows, &queries, &mut squares)?;
    Ok(squares.into_iter().min().unwrap_or(i32::MAX))
}

/// What is usual in good images, where each is farthest from the others at the same place: the median share
/// of that distance that is left if the place is forgotten. `left_out` are the squared steps of the pieces
/// that are remembered, `[rows][places]`, and the image of each.
pub(super) fn usual(
    isa: Isa,
    rows: &mut [i8],
    (left_out, of_rows): (&[&[i32]], &[usize]),
    components: usize,
) -> Result<f32> {
    let count = left_out.len();
    let Some(places) = left_out.first().map(|piece| piece.len()) else {
        return Ok(1.0);
    };
    let stride = count * components;
    let mut shares = Vec::new();
    for at in (0..count).step_by(count.div_ceil(MOST_PIECES)) {
        let Some((place, &here)) = (left_out[at].iter().enumerate()).max_by_key(|(_, at)| **at)
        else {
            continue;
        };
        let image = rows_of(of_rows, of_rows[at]);
        if image.len() == count || here == 0 {
            continue;
        }
        // As if the image had not been there: at every place its neighbour in its stead.
        let first = |place: usize, row: usize| place * stride + row * components;
        let other = match image.start {
            0 => image.end,
            start => start - 1,
        };
        let values = image.len() * components;
        let own: Vec<i8> = (0..places)
            .flat_map(|place| rows[first(place, image.start)..][..values].to_vec())
            .collect();
        for place in 0..places {
            let from = first(place, other);
            for row in image.clone() {
                rows.copy_within(from..from + components, first(place, row));
            }
        }
        let of_query = place * values + (at - image.start) * components;
        let query: Vec<i16> = (own[of_query..][..components].iter())
            .map(|&step| i16::from(step))
            .collect();
        let least = anywhere(isa, places, rows, &query)?;
        for (place, own) in own.chunks_exact(values).enumerate() {
            rows[first(place, image.start)..][..values].copy_from_slice(own);
        }
        shares.push((f64::from(least) / f64::from(here)).sqrt() as f32);
    }
    Ok(match shares.is_empty() {
        true => 1.0,
        false => quantile_between(&shares, 0.5).max(f64::from(f32::EPSILON)) as f32,
    })
}
