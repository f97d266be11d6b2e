//! The panels that pictures of an image and its maps are made of: all of one size.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::heatmap::{self, Scale};
use oddspot::maps::ScoreMap;

/// What is shown of an image or a map without pixels.
const PAPER: Rgb<u8> = Rgb([255; 3]);

/// A panel's size in pixels.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Size {
    /// Of the image's proportions, its longer side as given.
    pub(crate) fn of(image: &RgbImage, longer: usize) -> Self {
        let (width, height) = (image.width().max(1) as f64, image.height().max(1) as f64);
        let scale = longer as f64 / width.max(height);
        let scaled = |side: f64| ((side * scale).round() as usize).clamp(1, longer);
        Self {
            height: scaled(height),
            width: scaled(width),
        }
    }
}

/// Shows the pixels of an icon as they are, and smooths what is nearer the panel's size.
pub(crate) fn image(image: &RgbImage, size: Size) -> RgbImage {
    if image.width() == 0 || image.height() == 0 {
        return RgbImage::from_pixel(size.width as u32, size.height as u32, PAPER);
    }
    let longer = size.width.max(size.height);
    let filter = if image.width().max(image.height()) as usize * 4 <= longer {
        FilterType::Nearest
    } else {
        FilterType::CatmullRom
    };
    imageops::resize(image, size.width as u32, size.height as u32, filter)
}

/// A panel's pixel is masked where any pixel of the image that it covers is: no region is lost.
pub(crate) fn mask(image: &RgbImage, mask: &[bool], size: Size) -> Vec<bool> {
    let (height, width) = (image.height() as usize, image.width() as usize);
    let covered = |target: usize, length: usize, from: usize| {
        let first = target * from / length;
        first..((target + 1) * from).div_ceil(length).min(from)
    };
    let mut resized = Vec::with_capacity(size.height * size.width);
    for row in 0..size.height {
        for column in 0..size.width {
            resized.push(covered(row, size.height, height).any(|y| {
                covered(column, size.width, width)
                    .any(|x| mask.get(y * width + x).copied().unwrap_or(false))
            }));
        }
    }
    resized
}

/// Enlarged between scores, shrunk as a picture: that averages what a panel's pixel covers.
pub(crate) fn map(map: &ScoreMap, scale: Scale, size: Size) -> RgbImage {
    let (width, height) = (size.width as u32, size.height as u32);
    if map.values.is_empty() {
        return RgbImage::from_pixel(width, height, PAPER);
    }
    let enlarged = map.resize_bilinear(map.height.max(size.height), map.width.max(size.width));
    let picture = heatmap::render(&enlarged, scale);
    if picture.dimensions() == (width, height) {
        return picture;
    }
    imageops::resize(&picture, width, height, FilterType::Triangle)
}
