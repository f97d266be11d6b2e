//! The maps of an image's pieces, put together at a quarter of their scale.

use crate::images::ImageSize;
use crate::maps::ScoreMap;
use crate::verdict::{AnomalyMaps, TermMap};
use crate::view::{Frame, Piece};

/// Pixels along a side of a cell.
const CELL: usize = 4;

/// Maps over a whole image: each cell holds all maps' values at the pixel where the total is greatest, so that
/// the total's maximum is that of the pieces, and the total the sum of its parts.
pub(super) struct Mosaic {
    size: ImageSize,
    maps: AnomalyMaps,
}

impl Mosaic {
    /// Of the image that a piece is of, seen at a size; `like` has the terms.
    pub fn new(piece: &Piece, size: ImageSize, like: &AnomalyMaps) -> Self {
        let cells = |side: f64| ((side / CELL as f64).round() as usize).max(1);
        let [width, height] = piece.of_image(size).map(cells);
        let map = |value: f32| ScoreMap::filled(height, width, value);
        let terms = like.terms.iter().map(|term| TermMap {
            kind: term.kind,
            map: map(0.0),
        });
        Self {
            size,
            maps: AnomalyMaps {
                terms: terms.collect(),
                total: map(f32::NEG_INFINITY),
            },
        }
    }

    /// Lays a piece where it belongs.
    pub fn lay(&mut self, piece: &Piece, maps: &AnomalyMaps) {
        let AnomalyMaps { total, terms } = &mut self.maps;
        let grid = [total.height, total.width];
        piece.into_grid(self.size, grid, |pixel, cell| {
            let value = maps.total.values[pixel];
            if value > total.values[cell] {
                total.values[cell] = value;
                for (to, from) in terms.iter_mut().zip(&maps.terms) {
                    to.map.values[cell] = from.map.values[pixel];
                }
            }
        });
    }

    /// The maps of the whole image.
    pub fn finish(self) -> AnomalyMaps {
        self.maps
    }
}

/// The values of an image's map that its regions are made of, as far as a frame is evidence: pixels, and of a
/// piece the greatest of each cell.
pub(crate) fn pixels(frame: &Frame, size: ImageSize, maps: &AnomalyMaps) -> Vec<f32> {
    let map = &maps.total;
    let Some(piece) = &frame.piece else {
        let inspected = map
            .values
            .iter()
            .filter(|value| **value != f32::NEG_INFINITY);
        return inspected.copied().collect();
    };
    let own = piece.own(size);
    let greatest = |top: usize, left: usize| {
        let rows = top..(top + CELL).min(own.bottom);
        let columns = left..(left + CELL).min(own.right);
        rows.flat_map(|row| columns.clone().map(move |column| map.at(row, column)))
            .fold(f32::NEG_INFINITY, f32::max)
    };
    (own.top..own.bottom)
        .step_by(CELL)
        .flat_map(|top| {
            let lefts = (own.left..own.right).step_by(CELL);
            lefts.map(move |left| greatest(top, left))
        })
        .filter(|value| *value != f32::NEG_INFINITY)
        .collect()
}
