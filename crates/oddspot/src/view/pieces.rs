//! How an image is cut into pieces of its own scale, so that what is small in it is not lost.
//!
//! Pieces overlap. What lies in two of them is judged by the one in whose middle it lies more nearly: each is
//! responsible for a rectangle, and these leave no pixel out and hold none twice.

use std::collections::HashSet;

use ::image::RgbImage;

use super::frame::Frame;
use super::{Move, Sight};
use crate::images::{ImageSize, resize_part};
use crate::settings::{Settings, Tile};

/// How images are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    tile: ImageSize,
    /// Pixels that neighbours share, along each axis at least.
    overlap: usize,
    /// What each piece is resized to.
    size: ImageSize,
}

/// A piece of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Along the columns and the rows.
    axes: [Along; 2],
}

/// A piece along an axis, in pixels of the image; of the enlarged one, if it is smaller than a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Along {
    /// Pixels of the image.
    length: usize,
    /// Pixels of the piece, and the first of them.
    tile: usize,
    start: usize,
    /// What it is responsible for, the end excluded.
    own: [usize; 2],
}

/// Columns and rows of a piece's pixels, the ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Column behind the last.
    pub right: usize,
    /// Row behind the last.
    pub bottom: usize,
}

impl Cut {
    /// By the settings; None where images are looked at whole.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        match settings.tile {
            Tile::None => None,
            Tile::Of(tile) => Some(Self {
                tile,
                overlap: settings.tile_overlap,
                size: settings.image_size,
            }),
        }
    }

    /// The pieces of an image of a size, row by row.
    pub(super) fn pieces(&self, image: ImageSize) -> Vec<Piece> {
        let Self { tile, overlap, .. } = *self;
        let whole = enlarged(image, tile);
        let across = along(whole.width, tile.width, overlap);
        let down = along(whole.height, tile.height, overlap);
        (down.iter())
            .flat_map(|&down| across.iter().map(move |&across| [across, down]))
            .map(|axes| Piece { axes })
            .collect()
    }

    /// How many pixels of images of these sizes a pixel of a piece takes in on each side of its own, along each axis.
    pub(super) fn reach(&self, images: &HashSet<ImageSize>) -> [usize; 2] {
        let Self { tile, size, .. } = *self;
        // Of an image's own scale a pixel is one of its pixels.
        let own = tile == size && images.iter().all(|&image| enlarged(image, tile) == image);
        let sides = [[tile.width, size.width], [tile.height, size.height]];
        sides.map(|[tile, size]| match own {
            true => 0,
            false => tile.div_ceil(size),
        })
    }

    /// A piece of an image as the model is to see it.
    pub(super) fn sight(&self, image: &RgbImage, piece: Piece) -> Sight {
        let [across, down] = piece.axes;
        let scale = [
            f64::from(image.width()) / across.length as f64,
            f64::from(image.height()) / down.length as f64,
        ];
        let corner = [scale[0] * across.start as f64, scale[1] * down.start as f64];
        let sides = [scale[0] * across.tile as f64, scale[1] * down.tile as f64];
        Sight {
            image: resize_part(image, (corner, sides), self.size),
            frame: self.frame(piece),
            aligned: None,
        }
    }

    /// Where a piece lies in its image.
    pub(super) fn frame(&self, piece: Piece) -> Frame {
        Frame {
            to_image: piece.to_image(self.size),
            piece: Some(piece),
        }
    }
}

impl Piece {
    /// From the pixels of a piece of the model's size to those of the image resized to that size.
    fn to_image(self, size: ImageSize) -> Move {
        let [across, down] = self.axes;
        Move::of_axes([
            across.to_image(size.width as f32),
            down.to_image(size.height as f32),
        ])
    }

    /// What it is responsible for, in pixels of the model's size.
    pub fn own(&self, size: ImageSize) -> Rectangle {
        let [across, down] = self.axes;
        let [left, right] = across.own_of(size.width);
        let [top, bottom] = down.own_of(size.height);
        Rectangle {
            left,
            top,
            right,
            bottom,
        }
    }

    /// Sides of the image that it was cut out of, in pixels of the size of its pieces.
    pub fn of_image(&self, size: ImageSize) -> [f64; 2] {
        let [across, down] = self.axes;
        [across.scale(size.width), down.scale(size.height)]
    }

    /// Lays the pixels that it is responsible for, of the model's size, into a grid over the whole image (height,
    /// width): tells of each its index among the piece's, and that of its cell.
    pub fn into_grid(
        &self,
        size: ImageSize,
        [height, width]: [usize; 2],
        mut each: impl FnMut(usize, usize),
    ) {
        let [across, down] = self.axes;
        let own = self.own(size);
        let cell = |share: f64, cells: usize| ((share * cells as f64) as usize).min(cells - 1);
        let columns: Vec<usize> = (own.left..own.right)
            .map(|column| cell(across.share(size.width, column), width))
            .collect();
        for row in own.top..own.bottom {
            let first = width * cell(down.share(size.height, row), height);
            for (column, cell) in (own.left..).zip(&columns) {
                each(row * size.width + column, first + cell);
            }
        }
    }
}

impl Along {
    /// Pixels of the image, of the scale of pieces of `side` pixels.
    fn scale(&self, side: usize) -> f64 {
        (self.length * side) as f64 / self.tile as f64
    }

    /// Where the middle of a piece's pixel lies in the image, of pieces of `side` pixels, in pixels.
    fn middle(&self, side: usize, at: usize) -> f64 {
        self.start as f64 + (at as f64 + 0.5) * self.tile as f64 / side as f64
    }

    fn share(&self, side: usize, at: usize) -> f64 {
        self.middle(side, at) / self.length as f64
    }

    /// The pixels of a piece of `side` of them whose middles lie in what it is responsible for.
    fn own_of(&self, side: usize) -> [usize; 2] {
        self.own.map(|end| {
            let before = |at: &usize| self.middle(side, *at) < end as f64;
            (0..side).take_while(before).count()
        })
    }

    /// What a piece's pixel is multiplied by, and what is added, to be one of the image of `side` pixels.
    fn to_image(self, side: f32) -> [f32; 2] {
        let [tile, start, length] = [self.tile, self.start, self.length].map(|at| at as f32);
        let scale = tile / length;
        [scale, start / length * side + 0.5 * (scale - 1.0)]
    }
}

/// The size of an image, enlarged until it covers a tile.
fn enlarged(image: ImageSize, tile: ImageSize) -> ImageSize {
    let scale = (tile.width as f64 / image.width as f64)
        .max(tile.height as f64 / image.height as f64)
        .max(1.0);
    let side = |side: usize, least: usize| ((side as f64 * scale).round() as usize).max(least);
    ImageSize {
        width: side(image.width, tile.width),
        height: side(image.height, tile.height),
    }
}

/// As many pieces as it takes, spread evenly, each cut from its neighbours in the middle of what they share.
fn along(length: usize, tile: usize, overlap: usize) -> Vec<Along> {
    let count = match length <= tile {
        true => 1,
        false => (length - overlap).div_ceil(tile - overlap),
    };
    let start = |at: usize| match count {
        1 => 0,
        _ => (at * (length - tile) + (count - 1) / 2) / (count - 1),
    };
    // Between a piece and the one before.
    let seam = |at: usize| match at {
        0 => 0,
        at if at == count => length,
        at => (start(at) + start(at - 1) + tile) / 2,
    };
    (0..count)
        .map(|at| Along {
            length,
            tile,
            start: start(at),
            own: [seam(at), seam(at + 1)],
        })
        .collect()
}

#[cfg(test)]
mod tests;
