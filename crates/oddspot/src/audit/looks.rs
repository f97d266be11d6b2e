//! What is seen of an image file without any model: its size, its colours, and a small picture.

use image::RgbImage;

use crate::error::Result;
use crate::images::{ImageSize, Reading, Source, hash_pixels, resize};

/// The side of the small picture: a part's own texture is still seen.
pub(super) const SIDE: usize = 256;

/// What is seen of an image without any model.
pub(super) struct Looks {
    pub size: ImageSize,
    /// Bits of each of the file's samples.
    pub bits: u8,
    /// Whether all of its pixels are grey.
    pub grey: bool,
    /// Red, green and blue in the mean, in levels.
    pub mean: [f32; 3],
    /// SHA-256 of size and pixels.
    pub pixels: [u8; 32],
    /// Brightness, [`SIDE`] × [`SIDE`], row by row.
    pub small: Vec<u8>,
}

impl Looks {
    /// Of an image.
    ///
    /// # Errors
    /// A file that cannot be read or is no usable image.
    pub fn of(source: &Source, reading: Reading) -> Result<Self> {
        let (image, kind) = source.decode_with_kind(reading)?;
        let picture = resize(&image, ImageSize::square(SIDE));
        let (small, mean) = brightness(&picture);
        Ok(Self {
            size: kind.size,
            bits: kind.bits,
            grey: kind.grey,
            mean,
            pixels: hash_pixels(&image),
            small,
        })
    }
}

/// The brightness of each pixel, and the mean of each channel.
fn brightness(picture: &RgbImage) -> (Vec<u8>, [f32; 3]) {
    let mut sums = [0_u64; 3];
    let mut small = Vec::with_capacity(SIDE * SIDE);
    for pixel in picture.pixels() {
        let [red, green, blue] = pixel.0.map(u32::from);
        for (sum, level) in sums.iter_mut().zip(pixel.0) {
            *sum += u64::from(level);
        }
        // Rec. 601, in 256ths.
        small.push(((77 * red + 150 * green + 29 * blue + 128) >> 8) as u8);
    }
    let count = small.len().max(1) as f32;
    (small, sums.map(|sum| sum as f32 / count))
}
