//! What is remembered, and how far each good image lies from the nearest other.

use oddspot_conv::Workspace;
use oddspot_conv::nearest::nearest;
use rayon::prelude::*;

use super::among::{among, of_rows, rows_of, seconds_of_place, without};
use super::elsewhere::usual;
use super::projection::{parts, projection};
use super::scale::of_good;
use super::{Fitted, Memory};
use crate::error::Result;
use crate::terms::places::{GoodFeatures, images_of};

/// Steps that 8 bits hold.
const MOST_STEPS: i16 = 127;

/// The row of a piece, if it is kept: those are spread evenly over the pieces, which come in the order of their
/// images' names.
fn row_of(piece: usize, pieces: usize, kept: usize) -> Option<usize> {
    let index = (piece * kept).div_ceil(pieces.max(1));
    (index < kept && index * pieces / kept == piece).then_some(index)
}

/// What is remembered of the good images, and each piece's least squared steps from those of other images:
/// `[piece][place]`.
pub(super) fn fit(term: &Memory, good: &mut dyn GoodFeatures) -> Result<(Fitted, Vec<Vec<i32>>)> {
    let (places, components) = (term.grid.places(), term.components);
    let images = images_of(good);
    let pieces = images.len();
    let how = (term.scale, &term.grid);
    let projection = projection(how, components, good)?;
    let kept = pieces.min(term.most);
    let place_of = |piece: usize| row_of(piece, pieces, kept);
    let of_rows = of_rows(&images, kept);
    let mut rows = vec![0i8; places * kept * components];
    let mut others: Vec<(usize, Vec<i16>)> = Vec::new();
    let (mut workspace, mut buffer, mut features) = (Workspace::new(), Vec::new(), Vec::new());
    for piece in 0..pieces {
        of_good(how, good, piece, &mut features)?;
        let memory = (&mut workspace, &mut buffer);
        let steps = projection.steps(&features, MOST_STEPS, memory)?;
        good.fitted(pieces + piece + 1, parts(pieces))?;
        let Some(index) = place_of(piece) else {
            others.push((piece, steps));
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
    let among = among(isa, components, &of_rows, &rows)?;
    let mut left_out = vec![vec![0; places]; pieces];
    for (piece, of_piece) in left_out.iter_mut().enumerate() {
        if let Some(index) = place_of(piece) {
            of_piece
                .iter_mut()
                .zip(&among)
                .for_each(|(to, squares)| *to = squares[index]);
        }
    }
    good.fitted(2 * pieces + kept, parts(pieces))?;
    for (at, (piece, steps)) in others.into_iter().enumerate() {
        let own = rows_of(&of_rows, images[piece]);
        let without = without(&rows, own, kept * components, components);
        nearest(isa, components, &without, &steps, &mut left_out[piece])?;
        good.fitted(2 * pieces + kept + at + 1, parts(pieces))?;
    }
    let remembered: Vec<&[i32]> = (left_out.iter().enumerate())
        .filter(|(piece, _)| place_of(*piece).is_some())
        .map(|(_, squares)| &squares[..])
        .collect();
    let elsewhere = usual(isa, &mut rows, (&remembered, &of_rows), components)?;
    good.fitted(parts(pieces), parts(pieces))?;
    let fitted = Fitted {
        projection,
        rows,
        elsewhere,
    };
    Ok((fitted, left_out))
}

/// What is remembered after more good images have come to `known` pieces of others, and the new pieces' least
/// squared steps from all other images. The projection stays, or earlier distances would not compare.
pub(super) fn extend(
    term: &Memory,
    fitted: Fitted,
    good: &mut dyn GoodFeatures,
    known: usize,
) -> Result<(Fitted, Vec<Vec<i32>>)> {
    let (pieces, places, components) = (good.pieces(), term.grid.places(), term.components);
    let how = (term.scale, &term.grid);
    let Fitted {
        projection,
        rows,
        elsewhere,
    } = fitted;
    let before = rows.len() / (places * components).max(1);
    let all = before + pieces;
    let mut together = vec![0i8; places * all * components];
    let stride = (all * components).max(1);
    for (to, from) in
        (together.chunks_exact_mut(stride)).zip(rows.chunks_exact((before * components).max(1)))
    {
        to[..from.len()].copy_from_slice(from);
    }
    let (mut workspace, mut buffer, mut features) = (Workspace::new(), Vec::new(), Vec::new());
    for piece in 0..pieces {
        of_good(how, good, piece, &mut features)?;
        let memory = (&mut workspace, &mut buffer);
        let steps = projection.steps(&features, MOST_STEPS, memory)?;
        let of_places = together.chunks_exact_mut(stride);
        for (to, steps) in of_places.zip(steps.chunks_exact(components)) {
            let to = &mut to[(before + piece) * components..][..components];
            (to.iter_mut().zip(steps)).for_each(|(to, &step)| *to = step as i8);
        }
    }
    // Those before are of other images, whichever.
    let new = images_of(good).into_iter().map(|image| before + image);
    let of_rows: Vec<usize> = (0..before).chain(new).collect();
    let among = among(workspace.isa(), components, &of_rows, &together)?;
    let left_out = (before..all)
        .map(|index| among.iter().map(|squares| squares[index]).collect())
        .collect();
    let kept = (known + pieces).min(term.most).min(all);
    let from = rows_kept(kept, (before, known), pieces);
    let mut rows = Vec::with_capacity(places * kept * components);
    for of_place in together.chunks_exact(stride) {
        for from in &from {
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

/// The rows that stay, of those before, which stand for `known` pieces, and of as many that came as there are new
/// pieces: each piece counts as much as any other, and both kinds are spread evenly.
fn rows_kept(kept: usize, (before, known): (usize, usize), came: usize) -> Vec<usize> {
    let all = (known + came).max(1);
    let new = (kept * came + all / 2) / all;
    let new = new.max(kept.saturating_sub(before)).min(came.min(kept));
    let old = kept - new;
    let of_before = (0..old).map(|index| index * before / old);
    let of_came = (0..new).map(|index| before + index * came / new);
    of_before.chain(of_came).collect()
}

/// Each piece's second least squared steps, of all other images' the second nearest, `[piece][place]`; None of
/// one that is not kept, and of all where there is no second. `images` are those of the pieces.
pub(super) fn seconds(term: &Memory, rows: &[i8], images: &[usize]) -> Vec<Option<Vec<i32>>> {
    let (places, components) = (term.grid.places(), term.components);
    let kept = images.len().min(term.most);
    let of_rows = of_rows(images, kept);
    let mut distinct = of_rows.clone();
    distinct.dedup();
    if distinct.len() < 3 {
        return Vec::new();
    }
    let of_places: Vec<Vec<i32>> = rows
        .par_chunks_exact(kept * components)
        .map(|rows| seconds_of_place(rows, &of_rows, components))
        .collect();
    let of_row = |row: usize| (0..places).map(|place| of_places[place][row]).collect();
    (0..images.len())
        .map(|piece| row_of(piece, images.len(), kept).map(of_row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_nearest_of_rows_is_found() {
        let rows = [0, 0, 1, 0, 0, 3, 10, 0];
        assert_eq!(seconds_of_place(&rows, &[0, 1, 2, 3], 2), [9, 10, 10, 100]);
        // The first two are of one image, which excuses neither and counts once.
        assert_eq!(
            seconds_of_place(&rows, &[0, 0, 2, 3], 2),
            [100, 81, 109, 109]
        );
    }

    #[test]
    fn of_those_that_came_as_many_stay_as_are_their_share_of_all() {
        let new = |kept, before, known, came| {
            let rows = rows_kept(kept, (before, known), came);
            assert_eq!(rows.len(), kept);
            assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
            rows.iter().filter(|&&row| row >= before).count()
        };
        assert_eq!(new(400, 400, 1000, 100), 36);
        assert_eq!(new(400, 400, 400, 400), 200);
        assert_eq!(new(9, 5, 5, 4), 4);
        assert_eq!(new(6, 5, 5, 4), 3);
        assert_eq!(rows_kept(9, (5, 5), 4), (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn kept_images_have_each_a_row_and_are_spread() {
        let rows: Vec<_> = (0..10).filter_map(|image| row_of(image, 10, 4)).collect();
        assert_eq!(rows, [0, 1, 2, 3]);
        assert_eq!(row_of(7, 10, 10), Some(7));
    }
}
