//! What is remembered, and how far each good image lies from the nearest other.

use oddspot_conv::nearest::{nearest, nearest_others};
use oddspot_conv::{Isa, Workspace};
use rayon::prelude::*;

use super::elsewhere::usual;
use super::projection::projection;
use super::{Fitted, Memory};
use crate::error::Result;
use crate::terms::places::{GoodFeatures, single};

/// Steps that 8 bits hold.
const MOST_STEPS: i16 = 127;

/// The row of an image, if it is kept: those are spread evenly over the images, which come in the order of
/// their names.
fn row_of(image: usize, images: usize, kept: usize) -> Option<usize> {
    let index = (image * kept).div_ceil(images.max(1));
    (index < kept && index * images / kept == image).then_some(index)
}

/// What is remembered of the good images, and each image's least squared steps from the others':
/// `[image][place]`.
pub(super) fn fit(term: &Memory, good: &mut dyn GoodFeatures) -> Result<(Fitted, Vec<Vec<i32>>)> {
    let (images, places, components) = (good.images(), term.grid.places(), term.components);
    let projection = projection(&term.grid, components, good)?;
    let kept = images.min(term.most);
    let place_of = |image: usize| row_of(image, images, kept);
    let mut rows = vec![0i8; places * kept * components];
    let mut others: Vec<(usize, Vec<i16>)> = Vec::new();
    let (mut workspace, mut buffer, mut features) = (Workspace::new(), Vec::new(), Vec::new());
    for image in 0..images {
        single(good.image(image)?, &mut features);
        let memory = (&mut workspace, &mut buffer);
        let steps = projection.steps(&features, MOST_STEPS, memory)?;
        let Some(index) = place_of(image) else {
            others.push((image, steps));
            continue;
        };
        for (place, steps) in steps.chunks_exact(components).enumerate() {
            let to = &mut rows[(place * kept + index) * components..][..components];
            to.iter_mut()
                .zip(steps)
                .for_each(|(to, &step)| *to = step as i8);
        }
    }
    let isa = workspace.isa();
    let among = among(isa, components, kept, &rows)?;
    let mut left_out = vec![vec![0; places]; images];
    for (image, of_image) in left_out.iter_mut().enumerate() {
        if let Some(index) = place_of(image) {
            of_image
                .iter_mut()
                .zip(&among)
                .for_each(|(to, squares)| *to = squares[index]);
        }
    }
    for (image, steps) in others {
        nearest(isa, components, &rows, &steps, &mut left_out[image])?;
    }
    let remembered: Vec<&[i32]> = (left_out.iter().enumerate())
        .filter(|(image, _)| place_of(*image).is_some())
        .map(|(_, squares)| &squares[..])
        .collect();
    let elsewhere = usual(isa, &mut rows, &remembered, components)?;
    let fitted = Fitted {
        projection,
        rows,
        elsewhere,
    };
    Ok((fitted, left_out))
}

/// What is remembered after more good images have come to `known` ones, and these images' least squared steps
/// from all others. The projection stays, or earlier distances would not compare.
pub(super) fn extend(
    term: &Memory,
    fitted: Fitted,
    good: &mut dyn GoodFeatures,
    known: usize,
) -> Result<(Fitted, Vec<Vec<i32>>)> {
    let (images, places, components) = (good.images(), term.grid.places(), term.components);
    let Fitted {
        projection,
        rows,
        elsewhere,
    } = fitted;
    let before = rows.len() / (places * components).max(1);
    let all = before + images;
    let mut together = vec![0i8; places * all * components];
    let stride = (all * components).max(1);
    for (to, from) in
        (together.chunks_exact_mut(stride)).zip(rows.chunks_exact((before * components).max(1)))
    {
        to[..from.len()].copy_from_slice(from);
    }
    let (mut workspace, mut buffer, mut features) = (Workspace::new(), Vec::new(), Vec::new());
    for image in 0..images {
        single(good.image(image)?, &mut features);
        let memory = (&mut workspace, &mut buffer);
        let steps = projection.steps(&features, MOST_STEPS, memory)?;
        let of_places = together.chunks_exact_mut(stride);
        for (to, steps) in of_places.zip(steps.chunks_exact(components)) {
            let to = &mut to[(before + image) * components..][..components];
            (to.iter_mut().zip(steps)).for_each(|(to, &step)| *to = step as i8);
        }
    }
    let among = among(workspace.isa(), components, all, &together)?;
    let left_out = (before..all)
        .map(|index| among.iter().map(|squares| squares[index]).collect())
        .collect();
    let kept = (known + images).min(term.most).min(all);
    let mut rows = Vec::with_capacity(places * kept * components);
    for of_place in together.chunks_exact(stride) {
        for index in 0..kept {
            // Spread evenly over those before and those that came.
            let from = index * all / kept.max(1);
            rows.extend_from_slice(&of_place[from * components..][..components]);
        }
    }
    let fitted = Fitted {
        projection,
        rows,
        elsewhere,
    };
    Ok((fitted, left_out))
}

/// At each place the least squared steps of each of `images` rows from the others.
fn among(isa: Isa, components: usize, images: usize, rows: &[i8]) -> Result<Vec<Vec<i32>>> {
    rows.par_chunks_exact((images * components).max(1))
        .map(|rows| {
            let mut squares = vec![0; images];
            nearest_others(isa, components, rows, &mut squares)?;
            Ok(squares)
        })
        .collect()
}

/// Each image's second least squared steps from the others', `[image][place]`; None of one that is not kept,
/// and of all where there is no second.
pub(super) fn seconds(term: &Memory, rows: &[i8], images: usize) -> Vec<Option<Vec<i32>>> {
    let (places, components) = (term.grid.places(), term.components);
    let kept = images.min(term.most);
    if kept < 3 {
        return Vec::new();
    }
    let of_places: Vec<Vec<i32>> = rows
        .par_chunks_exact(kept * components)
        .map(|rows| seconds_of_place(rows, components))
        .collect();
    let of_row = |row: usize| (0..places).map(|place| of_places[place][row]).collect();
    (0..images)
        .map(|image| row_of(image, images, kept).map(of_row))
        .collect()
}

/// The second least squared distance of each row of one place from the others.
fn seconds_of_place(rows: &[i8], components: usize) -> Vec<i32> {
    let rows: Vec<&[i8]> = rows.chunks_exact(components).collect();
    let mut least = vec![[i32::MAX; 2]; rows.len()];
    for (i, one) in rows.iter().enumerate() {
        for (j, other) in rows.iter().enumerate().skip(i + 1) {
            let pairs = one.iter().zip(*other);
            let square = pairs
                .map(|(&a, &b)| {
                    let away = i32::from(i16::from(a) - i16::from(b));
                    away * away
                })
                .sum();
            for at in [i, j] {
                let [first, second] = &mut least[at];
                if square < *first {
                    *second = std::mem::replace(first, square);
                } else if square < *second {
                    *second = square;
                }
            }
        }
    }
    least.into_iter().map(|[_, second]| second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_nearest_of_rows_is_found() {
        let rows = [0, 0, 1, 0, 0, 3, 10, 0];
        assert_eq!(seconds_of_place(&rows, 2), [9, 10, 10, 100]);
    }

    #[test]
    fn kept_images_have_each_a_row_and_are_spread() {
        let rows: Vec<_> = (0..10).filter_map(|image| row_of(image, 10, 4)).collect();
        assert_eq!(rows, [0, 1, 2, 3]);
        assert_eq!(row_of(7, 10, 10), Some(7));
    }
}
