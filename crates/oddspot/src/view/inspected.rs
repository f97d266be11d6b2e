//! Which part of images is inspected, as the model sees them.
//!
//! What is ignored from the training on is made the same in all images, so that no network can tell them apart by it, and
//! it is no evidence. A model that knows whole images sees them whole: filled with anything else, they would be odd where
//! it begins. What is ignored later is no evidence either, nor what lies so near that it can show there.

pub(super) mod footprint;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use ::image::{Rgb, RgbImage};
use sha2::{Digest, Sha256};

use super::{Frame, Rectangle};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::digest::hex;
use crate::files::{PackedTensor, PackedTensors};
use crate::images::{ImageSize, MEAN, RegionOfInterest};
use crate::maps::ScoreMap;
use crate::net::tensors::TensorSpec;
use footprint::Footprint;

/// Name of the tensor that says what is inspected.
const INSPECT: &str = "region.inspect";
/// A tensor of earlier models that nothing asks for.
const MEAN_PICTURE: &str = "good.mean";
/// Sides of it for images in pieces, whatever their size.
pub(super) const OF_PIECES: ImageSize = ImageSize::square(1024);
/// What is ignored since after the training shows so far in what is inspected, as a share of the longer side, and in
/// pixels, at least.
const BORDER: usize = 16;
/// Times as far, where it is odd: as far as networks and smoothing carry it.
const ODD_BORDER: usize = 3;
/// Share of what is inspected that must be left beside what is odd: else it is judged all the same, so that too much is
/// called anomalous, and not too little.
const LEFT: f64 = 0.25;

/// What becomes of a part of images. Its number is that in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It has been ignored since the training, and is of one colour.
    Ignored = 0,
    /// It is inspected.
    Inspected = 1,
    /// The model knows it, and ignores it now.
    IgnoredNow = -1,
}

/// What of images is inspected.
#[derive(Clone, Debug)]
pub(super) struct Inspected {
    /// Of the grid over the image where good images lie.
    size: ImageSize,
    parts: Vec<Part>,
    /// What is inspected of an image that is looked at whole.
    now: Arc<[bool]>,
    /// What it was at the training.
    learned: Arc<[bool]>,
}

impl Inspected {
    fn of(size: ImageSize, parts: Vec<Part>) -> Self {
        Self {
            now: judged(size, &parts).into(),
            learned: (parts.iter().map(|part| *part != Part::Ignored)).collect(),
            size,
            parts,
        }
    }

    /// As it was drawn, of a grid of a size, for images of these sizes that come to it in some way; less so many cells
    /// along what is ignored.
    ///
    /// # Errors
    /// Nothing is inspected.
    pub fn new(
        region: &RegionOfInterest,
        grid: ImageSize,
        images: &HashSet<ImageSize>,
        (footprint, beside): (Footprint, usize),
    ) -> Result<Self> {
        let mut inspected = region.at(grid)?;
        for &image in images {
            let of_image = footprint.inspected((image, &region.at(image)?), grid);
            (inspected.iter_mut().zip(of_image)).for_each(|(all, this)| *all &= this);
        }
        if beside > 0 {
            let ignored: Vec<bool> = inspected.iter().map(|inspected| !inspected).collect();
            inspected = (near(&ignored, grid, beside).iter())
                .map(|near| !near)
                .collect();
        }
        if !inspected.contains(&true) {
            let reason = "what it inspects is so narrow that every pixel of the model's takes in something that is \
                          ignored: inspect more around it";
            return Err(Error::new(ErrorKind::Invalid, Subject::Region, reason));
        }
        let parts = inspected.iter().map(|inspected| match inspected {
            true => Part::Inspected,
            false => Part::Ignored,
        });
        Ok(Self::of(grid, parts.collect()))
    }

    /// All, of a model that may ignore some now.
    fn all(size: ImageSize) -> Self {
        let parts = vec![Part::Inspected; size.width * size.height];
        Self::of(size, parts)
    }

    /// From a model's tensors; None where all is inspected.
    ///
    /// # Errors
    /// Tensors of no use.
    pub fn read(tensors: &PackedTensors) -> Result<Option<Self>> {
        let Some(tensor) = tensors.get(INSPECT) else {
            return Ok(None);
        };
        let part = |value: &i8| match value {
            0 => Some(Part::Ignored),
            1 => Some(Part::Inspected),
            -1 => Some(Part::IgnoredNow),
            _ => None,
        };
        let parts: Option<Vec<Part>> = tensor.values.iter().map(part).collect();
        match (parts, &tensor.shape[..]) {
            (Some(parts), &[height, width]) if parts.contains(&Part::Inspected) => {
                let size = ImageSize { width, height };
                Ok(Some(Self::of(size, parts)))
            }
            _ => {
                let reason = "what it says of the region to inspect is of no use";
                Err(Error::new(ErrorKind::Damaged, Subject::Model, reason))
            }
        }
    }

    /// What a model inspects, or all, and of that only what was drawn; for images that the model sees at a size,
    /// whole or in pieces.
    ///
    /// # Errors
    /// Nothing is inspected then.
    pub fn restricted(
        tensors: &PackedTensors,
        region: &RegionOfInterest,
        (size, in_pieces): (ImageSize, bool),
    ) -> Result<Self> {
        let size = if in_pieces { OF_PIECES } else { size };
        let own = Self::read(tensors)?;
        let mut own = own.unwrap_or_else(|| Self::all(size));
        for (part, inspected) in own.parts.iter_mut().zip(region.at(own.size)?) {
            if *part == Part::Inspected && !inspected {
                *part = Part::IgnoredNow;
            }
        }
        if !own.parts.contains(&Part::Inspected) {
            let reason = "it leaves nothing to inspect of what the model inspects";
            return Err(Error::new(ErrorKind::Invalid, Subject::Region, reason));
        }
        Ok(Self::of(own.size, own.parts))
    }

    /// SHA-256 of it.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.size.width.to_le_bytes());
        let parts = self.parts.iter().map(|part| *part as i8 as u8);
        hash.update(parts.collect::<Vec<u8>>());
        hex(&hash.finalize())
    }

    /// What it keeps in the model.
    pub fn tensor(&self) -> (String, PackedTensor) {
        let tensor = PackedTensor {
            shape: vec![self.size.height, self.size.width],
            values: self.parts.iter().map(|part| *part as i8).collect(),
        };
        (INSPECT.to_owned(), tensor)
    }

    /// Which pixels are inspected of what a frame shows at a size.
    pub fn now(&self, frame: &Frame, size: ImageSize) -> Arc<[bool]> {
        match frame.piece {
            None => Arc::clone(&self.now),
            Some(_) => self.of_piece(frame, size, |cell| self.now[cell]).into(),
        }
    }

    /// Which pixels were inspected at the training; None where these are all that are now.
    pub fn learned(&self, frame: &Frame, size: ImageSize) -> Option<Arc<[bool]>> {
        if self.now == self.learned {
            return None;
        }
        Some(match frame.piece {
            None => Arc::clone(&self.learned),
            Some(_) => (self.of_piece(frame, size, |cell| self.learned[cell])).into(),
        })
    }

    /// Whether any pixel that a piece is responsible for is inspected.
    pub fn has_any(&self, frame: &Frame, size: ImageSize, own: Rectangle) -> bool {
        let now = self.now(frame, size);
        let mut rows = (own.top..own.bottom).map(|row| &now[row * size.width..][..size.width]);
        rows.any(|row| row[own.left..own.right].contains(&true))
    }

    /// What is inspected of what a frame shows less what lies near to where it is odd and ignored since after the
    /// training, by the map of all that was learned; None where nothing is ignored since, or nothing would be left.
    pub fn beside(
        &self,
        frame: &Frame,
        size: ImageSize,
        (map, above): (&ScoreMap, f32),
    ) -> Option<Arc<[bool]>> {
        let parts = self.parts(frame, size);
        if !parts.contains(&Part::IgnoredNow) {
            return None;
        }
        let odd = parts.iter().zip(&map.values);
        let odd: Vec<bool> = odd
            .map(|(part, value)| *part == Part::IgnoredNow && *value > above)
            .collect();
        let near = near(&odd, size, ODD_BORDER * border(size));
        let now = self.now(frame, size);
        let far: Vec<bool> = (now.iter().zip(near))
            .map(|(inspected, near)| *inspected && !near)
            .collect();
        let count = |pixels: &[bool]| pixels.iter().filter(|pixel| **pixel).count() as f64;
        let is_enough = count(&far) > LEFT * count(&now);
        is_enough.then(|| far.into())
    }

    /// What becomes of the pixels of what a frame shows.
    fn parts(&self, frame: &Frame, size: ImageSize) -> Cow<'_, [Part]> {
        match frame.piece {
            None => Cow::Borrowed(&self.parts),
            Some(_) => self.of_piece(frame, size, |cell| self.parts[cell]).into(),
        }
    }

    /// Makes what has been ignored since the training the same in all images.
    pub fn blank(&self, image: &mut RgbImage, frame: &Frame) {
        let parts = self.parts(frame, ImageSize::of(image));
        let constant = Rgb(MEAN.map(|channel| (255.0 * channel).round() as u8));
        let pixels = image.pixels_mut().zip(&*parts);
        for (pixel, _) in pixels.filter(|(_, part)| **part == Part::Ignored) {
            *pixel = constant;
        }
    }

    /// Whether a place of the image, in shares of its sides, was inspected at the training.
    pub fn was_at(&self, [x, y]: [f32; 2]) -> bool {
        let cell = |share: f32, cells: usize| ((share * cells as f32) as usize).min(cells - 1);
        let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
        inside && self.learned[self.cell([x, y], cell)]
    }

    fn cell(&self, [x, y]: [f32; 2], cell: impl Fn(f32, usize) -> usize) -> usize {
        cell(y, self.size.height) * self.size.width + cell(x, self.size.width)
    }

    /// What is known of the cells that a piece's pixels lie in.
    fn of_piece<T>(&self, frame: &Frame, size: ImageSize, of: impl Fn(usize) -> T) -> Vec<T> {
        let part = |at: usize| {
            let pixel = [at % size.width, at / size.width].map(|at| at as f32);
            let [x, y] = frame.to_image.point(pixel);
            let shares = [
                (x + 0.5) / size.width as f32,
                (y + 0.5) / size.height as f32,
            ];
            let cell = |share: f32, cells: usize| {
                ((share * cells as f32).max(0.0) as usize).min(cells - 1)
            };
            of(self.cell(shares, cell))
        };
        (0..size.width * size.height).map(part).collect()
    }
}

/// What is inspected and lies far enough from what is ignored since after the training; all that is inspected where
/// nothing does.
fn judged(size: ImageSize, parts: &[Part]) -> Vec<bool> {
    let reach = match size == OF_PIECES {
        // Over many pieces, each as fine as a whole image is elsewhere.
        true => BORDER,
        false => border(size),
    };
    let ignored: Vec<bool> = parts.iter().map(|part| *part == Part::IgnoredNow).collect();
    let near = near(&ignored, size, reach);
    let inspected = parts.iter().map(|part| *part == Part::Inspected);
    let far: Vec<bool> = (inspected.clone().zip(&near))
        .map(|(inspected, near)| inspected && !near)
        .collect();
    match far.contains(&true) {
        true => far,
        false => inspected.collect(),
    }
}

/// How far something that is not odd shows, in pixels of the model's size.
fn border(size: ImageSize) -> usize {
    (size.width.max(size.height) / BORDER).max(BORDER)
}

/// What lies within so many rows and columns of what is marked.
fn near(marked: &[bool], size: ImageSize, reach: usize) -> Vec<bool> {
    let spread = |from: &[bool], step: usize, count: usize, length: usize, across: usize| {
        let mut to = from.to_vec();
        for line in 0..count {
            for at in (0..length).filter(|&at| from[line * across + at * step]) {
                for near in at.saturating_sub(reach)..(at + reach + 1).min(length) {
                    to[line * across + near * step] = true;
                }
            }
        }
        to
    };
    let rows = spread(marked, 1, size.height, size.width, size.width);
    spread(&rows, size.width, size.width, size.height, 1)
}

/// Of a model's tensors the one that this is made of.
pub(crate) fn of_region(tensors: &PackedTensors) -> PackedTensors {
    let kept = tensors.get(INSPECT).cloned();
    kept.map(|tensor| (INSPECT.to_owned(), tensor))
        .into_iter()
        .collect()
}

/// Share of the images that a model inspects, by its tensors.
pub(crate) fn inspected_share(tensors: &PackedTensors) -> Option<f64> {
    let values = &tensors.get(INSPECT)?.values;
    let inspected = values
        .iter()
        .filter(|&&value| value == Part::Inspected as i8);
    Some(inspected.count() as f64 / values.len().max(1) as f64)
}

/// Names and shapes of what a model may keep of this, and does where `has` says so.
pub(crate) fn packed_specs(
    size: ImageSize,
    in_pieces: bool,
    has: impl Fn(&str) -> bool,
) -> Vec<TensorSpec> {
    let of_region = if in_pieces { OF_PIECES } else { size };
    let region = vec![of_region.height, of_region.width];
    let mean = vec![size.height, size.width, 3];
    [(INSPECT, region), (MEAN_PICTURE, mean)]
        .into_iter()
        .filter(|(name, _)| has(name))
        .map(|(name, shape)| TensorSpec::kept(name.to_owned(), shape))
        .collect()
}

#[cfg(test)]
mod tests;
