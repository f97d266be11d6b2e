//! Whether what is seen at a place is known from elsewhere: how much of the distance from what good images
//! have there is left if the place is forgotten.
//!
//! A part in the wrong place looks like another place of good images, a scratch like none.

use oddspot_conv::Isa;
use oddspot_conv::nearest::nearest;

use crate::error::Result;
use crate::maps::quantile_between;

/// Good images that are looked at to see what is usual, at most.
const MOST_IMAGES: usize = 50;

/// The least squared steps of a query from the rows of all places, `[places, images, components]`.
pub(super) fn anywhere(isa: Isa, places: usize, rows: &[i8], query: &[i16]) -> Result<i32> {
    let queries = query.repeat(places);
    let mut squares = vec![0; places];
    nearest(isa, query.len(), rows, &queries, &mut squares)?;
    Ok(squares.into_iter().min().unwrap_or(i32::MAX))
}

/// What is usual in good images, where each is farthest from the others at the same place: the median share
/// of that distance that is left if the place is forgotten. `left_out` are the squared steps of the images
/// that are remembered, `[images][places]`.
pub(super) fn usual(
    isa: Isa,
    rows: &mut [i8],
    left_out: &[&[i32]],
    components: usize,
) -> Result<f32> {
    let images = left_out.len();
    let Some(places) = left_out.first().map(|image| image.len()) else {
        return Ok(1.0);
    };
    let stride = images * components;
    let mut shares = Vec::new();
    for image in (0..images).step_by(images.div_ceil(MOST_IMAGES)) {
        let Some((place, &here)) = (left_out[image].iter().enumerate()).max_by_key(|(_, at)| **at)
        else {
            continue;
        };
        if images < 2 || here == 0 {
            continue;
        }
        // As if the image had not been there: at every place its neighbour in its stead.
        let row = |place: usize, image: usize| place * stride + image * components;
        let other = if image > 0 { image - 1 } else { 1 };
        let own: Vec<i8> = (0..places)
            .flat_map(|place| rows[row(place, image)..][..components].to_vec())
            .collect();
        for place in 0..places {
            let from = row(place, other);
            rows.copy_within(from..from + components, row(place, image));
        }
        let query: Vec<i16> = (own[place * components..][..components].iter())
            .map(|&step| i16::from(step))
            .collect();
        let least = anywhere(isa, places, rows, &query)?;
        for (place, own) in own.chunks_exact(components).enumerate() {
            rows[row(place, image)..][..components].copy_from_slice(own);
        }
        shares.push((f64::from(least) / f64::from(here)).sqrt() as f32);
    }
    Ok(match shares.is_empty() {
        true => 1.0,
        false => quantile_between(&shares, 0.5).max(f64::from(f32::EPSILON)) as f32,
    })
}
