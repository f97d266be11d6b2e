//! Where in an image that lies which is seen of it, and where it is evidence.

use super::{Move, Piece, Rectangle};
use crate::images::ImageSize;
use crate::maps::ScoreMap;

/// Where in an image that lies which is seen of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// From its pixels to those of the image resized to the same size as it is.
    pub to_image: Move,
    /// Which piece it is; none where all of the image is seen.
    pub piece: Option<Piece>,
}

/// Where what is seen is evidence, of pixels of the model's size.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
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

    /// Where it is evidence, seen at a size.
    pub fn evidence(&self, size: ImageSize) -> Evidence {
        match &self.piece {
            Some(piece) => Evidence::Inside(piece.own(size)),
            None => match self.to_image.evidence(size) {
                Some(shares) => Evidence::Shares(shares),
                None => Evidence::Everywhere,
            },
        }
    }
}

impl Evidence {
    /// A map as far as it is evidence: times its shares, and −∞ where another piece judges, which is no more
    /// than anything.
    #[must_use]
    pub fn of(&self, map: ScoreMap) -> ScoreMap {
        match self {
            Self::Everywhere => map,
            Self::Shares(shares) => map.times(shares),
            Self::Inside(inside) => inside.or_else(map, f32::NEG_INFINITY),
        }
    }

    /// A map where it is evidence at all, and NaN elsewhere.
    #[must_use]
    pub fn only(&self, map: ScoreMap) -> ScoreMap {
        match self {
            Self::Everywhere => map,
            Self::Shares(shares) => map.where_above_0(shares),
            Self::Inside(inside) => inside.or_else(map, f32::NAN),
        }
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
