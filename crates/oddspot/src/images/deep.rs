//! Large pictures of 16 bits a colour, row by row: whole, their samples would take twice as much memory as the
//! picture that they become.

use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, RgbImage};

use super::bit_depth::{BitDepth, used_bits};
use super::flatten::{Picture, Reach, on_black, range};
use super::hot::ButHot;
use super::kind::Kind;
use super::opacity::Veil;
use super::refusal::damaged;
use super::samples::{Depth, Samples};
use crate::error::Result;

/// Pixels of a picture whose samples are not kept: fewer take little.
const MANY: u64 = 16 << 20;

/// Whether a picture of so many pixels (width, height) is better read by rows.
pub(super) fn is_large((width, height): (u32, u32)) -> bool {
    u64::from(width) * u64::from(height) >= MANY
}

/// What the header of such a picture says.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// The (width, height), before the orientation is applied.
    pub size: (u32, u32),
    /// Colours and channels of a pixel.
    pub channels: [usize; 2],
    /// Bits in use of 16, as the file says.
    pub said: Option<u8>,
}

/// A file whose header was read.
pub(super) trait Rows {
    /// What it says.
    fn head(&self) -> Head;

    /// Shows the samples from the first row to the last, some whole rows at a time; anew each time.
    ///
    /// # Errors
    /// A damaged file.
    fn each(&mut self, with: &mut dyn FnMut(&[u16])) -> Result<()>;
}

/// The picture, turned as the file says.
///
/// # Errors
/// A damaged file.
pub(super) fn picture(
    rows: &mut dyn Rows,
    bit_depth: BitDepth,
    orientation: Orientation,
    name: &Path,
) -> Result<Picture> {
    let Head {
        size: (width, height),
        channels,
        said,
    } = rows.head();
    let [colours, of_pixel] = channels;
    let mut reach = Reach::default();
    let depth = Depth::Of16(said);
    let is_known = bit_depth != BitDepth::Auto && of_pixel == colours;
    if !is_known {
        rows.each(&mut |row| reach.add(row, channels))?;
    }
    let range_of = |reach: &Reach| range(reach, (depth, bit_depth), false, channels);
    let seen = range_of(&reach);
    let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
    let mut veil = Veil::default();
    rows.each(&mut |row| {
        if is_known {
            reach.add(row, channels);
        }
        on_black(row, seen, channels, (&mut rgb, &mut veil));
    })?;
    let image = RgbImage::from_raw(width, height, rgb)
        .ok_or_else(|| damaged(name, "its rows do not fill its size"))?;
    let samples = Samples::new(DynamicImage::ImageRgb8(image), None).upright(orientation);
    let image = samples.image.into_rgb8();
    let kind = Kind {
        says_bits: depth.says_bits(),
        cut_off: range_of(&reach).cuts_off(&reach),
        veiled: veil.hides(),
        ..Kind::of(&image, depth.bits())
    };
    Ok(Picture { image, kind })
}

/// The bits that are in use.
///
/// # Errors
/// A damaged file.
pub(super) fn bits_in_use(rows: &mut dyn Rows) -> Result<u8> {
    let mut but_hot = ButHot::default();
    let Head { channels, said, .. } = rows.head();
    rows.each(&mut |row| but_hot.add(row, channels))?;
    Ok(used_bits(but_hot.highest(), said))
}

#[cfg(test)]
pub(super) mod tests {
    use ::image::{ImageBuffer, Rgb, Rgba};

    use super::super::flatten::{bits_in_use, flatten};
    use super::*;

    /// Pictures of 12 bits in use: colours; with an opacity that is 0 everywhere, below 12 bits, and of 16.
    pub fn pictures() -> [DynamicImage; 4] {
        let level = |x: u32, y: u32, c: u32| (x * 97 + y * 41 + c * 13) as u16 % 4096;
        let rgb: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_fn(23, 17, |x, y| {
            Rgb([0, 1, 2].map(|colour| level(x, y, colour)))
        });
        let rgba = |opacity: fn(u32) -> u16| {
            DynamicImage::ImageRgba16(ImageBuffer::from_fn(23, 17, |x, y| {
                let [r, g, b] = [0, 1, 2].map(|colour| level(x, y, colour));
                Rgba([r, g, b, opacity(x)])
            }))
        };
        [
            DynamicImage::ImageRgb16(rgb),
            rgba(|_| 0),
            rgba(|x| 100 * x as u16),
            rgba(|x| 2_000 * x as u16),
        ]
    }

    /// By rows it is the picture that it is whole.
    pub fn holds(image: &DynamicImage, rows: &mut dyn Rows) {
        for bit_depth in [BitDepth::Auto, BitDepth::Of(12), BitDepth::Of(10)] {
            for orientation in [Orientation::NoTransforms, Orientation::Rotate90] {
                let samples = Samples::new(image.clone(), None).upright(orientation);
                let expected = flatten(samples, bit_depth);
                let found = picture(rows, bit_depth, orientation, Path::new("")).unwrap();
                assert!(found == expected, "{bit_depth} {orientation:?}");
            }
        }
        let samples = Samples::new(image.clone(), None);
        let found = super::bits_in_use(rows).unwrap();
        assert_eq!(Some(found), bits_in_use(&samples));
    }
}
