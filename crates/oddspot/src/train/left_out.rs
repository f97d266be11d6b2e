//! What the closed-form terms say of each good image, as if it had not been among the good ones.

use rayon::prelude::*;

use super::alone::Alone;
use super::closed_form::ClosedForm;
use super::pieces::Pieces;
use crate::error::Result;
use crate::images::ImageSize;
use crate::judge::{Judging, TermErrors};
use crate::maps::{MomentSums, ScoreMap};
use crate::model::Model;
use crate::net::engine::Engine;
use crate::net::learned::Learned;
use crate::verdict::TermStatistics;
use crate::view::{Frame, Move, View};

/// The longer side of a kept map: a region that counts is wider than an image's 64th part.
const SIDE: usize = 64;

/// A good image as if it had not been among those that the closed-form terms were fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// Its score: the maximum of its map.
    pub score: f32,
    /// Its map over the whole image, of 64 cells along the longer side at most: the maximum of each.
    pub map: ScoreMap,
    /// The same of the terms that can leave out, at each place, the image most like it too: two alike faults
    /// do not excuse each other. None where no term can.
    pub alone: Option<ScoreMap>,
    /// From the cells of these maps, which lie alike in all images, to those of the image as it lies.
    pub to_image: Move,
}

impl LeftOut {
    /// What is said of it, with the image most like it left out too where that can be said.
    pub fn strictest(&self) -> &ScoreMap {
        self.alone.as_ref().unwrap_or(&self.map)
    }

    /// The same as it lies in the image.
    pub fn shown(self) -> ScoreMap {
        self.to_image.back(self.strictest())
    }

    /// Where a row and a column of the map lie in the image, all as shares.
    pub fn in_image(&self, [row, column]: [f32; 2]) -> [f32; 2] {
        let sides = [self.map.height, self.map.width].map(|side| side.max(1) as f32);
        let [column, row] = self
            .to_image
            .point([column * sides[1] - 0.5, row * sides[0] - 0.5]);
        [(row + 0.5) / sides[0], (column + 0.5) / sides[1]]
    }
}

/// Those of all good images, in the order of the model's records, by a model of these terms alone.
///
/// # Errors
/// Terms that cannot be made ready.
pub(super) fn left_out(
    engine: &dyn Engine,
    model: &Model,
    learned: &Learned,
    (closed_form, alone): (&ClosedForm, &[Alone]),
    ([set, held_out], view): ([&Pieces; 2], &View),
) -> Result<Vec<LeftOut>> {
    let settings = &model.header.settings;
    let tensors = (&model.tensors, &model.packed);
    let judging = Judging::new(engine, settings, learned, tensors, &model.statistics)?;
    let of_terms: Vec<&Vec<Vec<ScoreMap>>> = (model.header.terms.iter())
        .filter_map(|term| closed_form.left_out.get(term.term.as_str()))
        .collect();
    let held_out_images =
        (0..held_out.count()).map(|piece| set.images() + held_out.image_of(piece));
    let images: Vec<usize> = (0..set.count())
        .map(|piece| set.image_of(piece))
        .chain(held_out_images)
        .collect();
    let frames: Vec<&Frame> = set.frames.iter().chain(&held_out.frames).collect();
    let statistics = &model.header.terms;
    let usual: Vec<TermStatistics> = (alone.iter())
        .map(|one| usual_alone(one, &statistics[one.at], (&frames, view)))
        .collect();
    let alone = |piece: usize| {
        let mut sum: Option<ScoreMap> = None;
        for (one, usual) in alone.iter().zip(&usual) {
            let Some(errors) = one.errors.get(piece) else {
                continue;
            };
            let evidence = view.evidence(frames[piece]);
            let error = one.term.at_pixels(errors);
            let map = judging.term_map(one.at, &error, usual, evidence.inspected());
            match &mut sum {
                None => sum = Some(map),
                Some(sum) => map.add_resized(sum),
            }
        }
        sum
    };
    let size = settings.image_size;
    let grid = frames.first().and_then(|frame| grid(frame, size));
    let of_image = |pieces: &[usize]| {
        let mut score = f32::NEG_INFINITY;
        let mut maps: [Option<ScoreMap>; 2] = [None, None];
        for &piece in pieces {
            let errors: TermErrors = of_terms.iter().map(|term| term[piece].clone()).collect();
            let evidence = view.evidence(frames[piece]);
            let errors = judging.at_pixels(&errors);
            let found = judging.fuse(&errors, statistics, evidence.inspected());
            let found = found.within(&evidence);
            score = score.max(found.score());
            let alone = alone(piece).map(|map| evidence.of(map).grounded());
            let (found, _) = found.grounded();
            for (to, from) in maps.iter_mut().zip([Some(found.total), alone]) {
                let Some(from) = from else { continue };
                lay(to, &from, (frames[piece], size), grid);
            }
        }
        let [map, alone] = maps;
        LeftOut {
            score,
            map: map.unwrap_or_else(|| ScoreMap::filled(0, 0, 0.0)),
            alone,
            to_image: match frames[pieces[0]] {
                Frame { piece: Some(_), .. } => Move::NONE,
                whole => whole.to_image.of_cells(cell(size)),
            },
        }
    };
    let pieces: Vec<usize> = (0..images.len()).collect();
    let groups: Vec<&[usize]> = pieces.chunk_by(|a, b| images[*a] == images[*b]).collect();
    Ok(groups.into_par_iter().map(of_image).collect())
}

/// What is usual of a term without the image most like each, in the unit of the model's own.
fn usual_alone(
    one: &Alone,
    of_model: &TermStatistics,
    (frames, view): (&[&Frame], &View),
) -> TermStatistics {
    let mut sums = MomentSums::default();
    for (errors, frame) in one.errors.iter().zip(frames) {
        sums.add(&view.evidence(frame).only(one.term.at_pixels(errors)));
    }
    TermStatistics {
        moments: sums.finish().with_least_std(one.term.step()),
        ..of_model.clone()
    }
}

/// Height and width of the maps of images in pieces, the same for all: by the proportions of the first image, and
/// of two pixels of a piece a cell at least, so that the smallest image fills them.
fn grid(frame: &Frame, size: ImageSize) -> Option<[usize; 2]> {
    let [width, height] = frame.piece?.of_image(size);
    let most = [size.width, size.height].map(|side| (side / 2).max(1));
    let longer = SIDE.min(most[0].max(most[1])) as f64;
    let scale = longer / width.max(height);
    let cells = |side: f64, most: usize| ((scale * side).round() as usize).clamp(1, most);
    Some([cells(height, most[1]), cells(width, most[0])])
}

/// Lays what is said of a piece into an image's coarse map, or makes it.
fn lay(
    to: &mut Option<ScoreMap>,
    map: &ScoreMap,
    (frame, size): (&Frame, ImageSize),
    grid: Option<[usize; 2]>,
) {
    let (Some(piece), Some([height, width])) = (&frame.piece, grid) else {
        *to = Some(coarse(map));
        return;
    };
    let to = to.get_or_insert_with(|| ScoreMap::filled(height, width, f32::NEG_INFINITY));
    piece.into_grid(size, [height, width], |pixel, cell| {
        to.values[cell] = to.values[cell].max(map.values[pixel]);
    });
}

/// Pixels along the side of a cell.
fn cell(size: ImageSize) -> usize {
    size.width.max(size.height).div_ceil(SIDE).max(1)
}

/// A map of cells, each the maximum of what it covers.
fn coarse(map: &ScoreMap) -> ScoreMap {
    let cell = cell(ImageSize {
        width: map.width,
        height: map.height,
    });
    let (height, width) = (map.height.div_ceil(cell), map.width.div_ceil(cell));
    let mut coarse = ScoreMap::filled(height, width, f32::NEG_INFINITY);
    for row in 0..map.height {
        for column in 0..map.width {
            let to = &mut coarse.values[row / cell * width + column / cell];
            *to = to.max(map.at(row, column));
        }
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_map_keeps_the_peak_and_its_place() {
        let mut map = ScoreMap::filled(100, 256, 0.0);
        map.values[61 * 256 + 200] = 3.0;
        let coarse = coarse(&map);
        assert_eq!((coarse.height, coarse.width), (25, 64));
        assert_eq!(coarse.peak(), (3.0, (15, 50)));
    }
}
