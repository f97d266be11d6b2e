//! Where in an image that lies which is seen of it, and where it is evidence.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Move, Piece, Rectangle};
use crate::images::ImageSize;
use crate::maps::ScoreMap;

/// How far an image lies from where good images do, and whether that is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aligned {
    /// Columns that what the image shows in its middle lies to the right, in pixels of the image.
    pub dx: f32,
    /// Rows that it lies lower.
    pub dy: f32,
    /// Degrees that it is turned clockwise, in [−180, 180].
    pub degrees: f32,
    /// Correlation of its edges with those of good images, in [−1, 1].
    pub correlation: f32,
    /// Whether the correlation is one that good images reach; else it could not be aligned.
    pub trusted: bool,
}

/// Where in an image that lies which is seen of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// From its pixels to those of the image resized to the same size as it is.
    pub to_image: Move,
    /// Which piece it is; none where all of the image is seen.
    pub piece: Option<Piece>,
}

/// Where what is seen is evidence, of pixels of the model's size: where it is seen and inspected.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    seen: Seen,
    /// Row by row; all where there is none.
    inspected: Option<Arc<[bool]>>,
}

/// Where something is seen.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    /// Everywhere.
    Everywhere,
    /// As far as each pixel says, in [0, 1].
    Shares(ScoreMap),
    /// Inside alone; other pieces judge the rest.
    Inside(Rectangle),
}

impl Frame {
    /// All of an image, resized and not moved.
    pub const WHOLE: Self = Self {
        to_image: Move::NONE,
        piece: None,
    };

    /// Where it is evidence, seen at a size, if these pixels are inspected; all if none are given.
    pub(super) fn evidence(&self, size: ImageSize, inspected: Option<Arc<[bool]>>) -> Evidence {
        let seen = match &self.piece {
            Some(piece) => Seen::Inside(piece.own(size)),
            None => match self.to_image.evidence(size) {
                Some(shares) => Seen::Shares(shares),
                None => Seen::Everywhere,
            },
        };
        Evidence { seen, inspected }
    }
}

impl Evidence {
    /// Everywhere.
    pub const EVERYWHERE: Self = Self {
        seen: Seen::Everywhere,
        inspected: None,
    };

    /// Which pixels are inspected, row by row; None where all are.
    pub fn inspected(&self) -> Option<&[bool]> {
        self.inspected.as_deref()
    }

    /// A map as far as it is evidence: drawn to the least that it says anywhere, which is no more than any
    /// pixel that was seen says; −∞ where another piece judges or nothing is inspected.
    #[must_use]
    pub fn of(&self, map: ScoreMap) -> ScoreMap {
        let map = match &self.seen {
            Seen::Everywhere => map,
            Seen::Shares(shares) => map.drawn_to(map.least(), shares),
            Seen::Inside(inside) => inside.or_else(map, f32::NEG_INFINITY),
        };
        self.or_else(map, f32::NEG_INFINITY)
    }

    /// A map where it is evidence at all, and NaN elsewhere.
    #[must_use]
    pub fn only(&self, map: ScoreMap) -> ScoreMap {
        let map = match &self.seen {
            Seen::Everywhere => map,
            Seen::Shares(shares) => map.where_above_0(shares),
            Seen::Inside(inside) => inside.or_else(map, f32::NAN),
        };
        self.or_else(map, f32::NAN)
    }

    /// A map with another value where nothing is inspected.
    fn or_else(&self, mut map: ScoreMap, otherwise: f32) -> ScoreMap {
        for (value, inspected) in map
            .values
            .iter_mut()
            .zip(self.inspected.iter().flat_map(|i| i.iter()))
        {
            if !inspected {
                *value = otherwise;
            }
        }
        map
    }
}

impl Rectangle {
    /// A map with another value outside.
    fn or_else(&self, mut map: ScoreMap, outside: f32) -> ScoreMap {
        for (row, values) in map.values.chunks_exact_mut(map.width.max(1)).enumerate() {
            if !(self.top..self.bottom).contains(&row) {
                values.fill(outside);
                continue;
            }
            let left = self.left.min(values.len());
            values[..left].fill(outside);
            let right = self.right.min(values.len());
            values[right..].fill(outside);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_ranks_below_all_that_was() {
        let map = |values: [f32; 4]| ScoreMap {
            height: 2,
            width: 2,
            values: values.to_vec(),
        };
        let shares = Evidence {
            seen: Seen::Shares(map([1.0, 0.5, 0.0, 1.0])),
            inspected: None,
        };
        let seen = shares.of(map([-1.0, 3.0, 9.0, -2.0]));
        assert_eq!(seen.values, [-1.0, 0.5, -2.0, -2.0]);
        assert_eq!(Evidence::EVERYWHERE.of(seen.clone()), seen);
    }
}
