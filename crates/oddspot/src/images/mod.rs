//! Images on their way to the network: decoded to RGB, resized with antialiasing, normalised;
//! and the masks that say where they are odd.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ::image::{RgbImage, imageops};
use fast_image_resize::images::{Image as Canvas, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result, Subject};

mod batches;
mod bit_depth;
mod content;
mod deep;
mod deep_png;
mod differing;
mod file;
mod flatten;
mod format;
mod hot;
mod image_file;
mod interest;
mod jpeg;
mod kind;
mod limits;
mod mask;
mod mpf;
mod opacity;
mod packed;
mod pages;
mod parts;
mod png_file;
mod reading;
mod redirected;
mod refusal;
mod samples;
mod single;
mod sound;
mod source;
mod tiff;
mod tiff_colours;
mod tiff_pages;
mod turn;

pub(crate) use batches::PIXELS_AT_A_TIME;
pub use batches::batches;
pub use bit_depth::BitDepth;
pub use content::begins_like_an_image;
pub use differing::{Difference, Differing};
pub use file::{EXTENSIONS, MAX_FILE_BYTES, has_image_extension, read_file};
pub use flatten::Picture;
pub use image_file::{Content, ImageFile};
pub use interest::RegionOfInterest;
pub use kind::{Kind, Kinds};
pub use limits::{Limits, MAX_PIXELS, MAX_SIDE};
pub(crate) use mask::like_a_photograph;
pub use mask::{Mask, MaskFile, decode_mask, decode_masks, read_mask};
pub(crate) use reading::dimensions_within;
pub use reading::{Pages, Reading, decode, decode_bytes, dimensions};
pub use sound::{check_all, check_each};
pub use source::Source;
pub use source::UNNAMED;
pub(crate) use source::hash_pixels;

/// Mean of ImageNet's red, green and blue, of values in [0, 1].
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's red, green and blue, of values in [0, 1].
pub const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The size of an image in pixels. As text it is WIDTHxHEIGHT: "320x256" is 320 wide and 256
/// high, and a single number is a square: "256" is 256x256. Files spell it so too, or as
/// `{ width = 320, height = 256 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Spelling")]
pub struct ImageSize {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl ImageSize {
    /// Of an image.
    pub fn of(image: &RgbImage) -> Self {
        Self {
            width: image.width() as usize,
            height: image.height() as usize,
        }
    }

    /// A square of the given side.
    pub const fn square(side: usize) -> Self {
        Self {
            width: side,
            height: side,
        }
    }
}

/// How a file may spell an [`ImageSize`].
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a size: 256, \"320x256\" or { width = 320, height = 256 }"
)]
enum Spelling {
    Side(usize),
    Text(String),
    Sides { width: usize, height: usize },
}

impl TryFrom<Spelling> for ImageSize {
    type Error = Error;

    fn try_from(spelling: Spelling) -> Result<Self> {
        match spelling {
            Spelling::Side(side) => Ok(Self::square(side)),
            Spelling::Text(text) => text.parse(),
            Spelling::Sides { width, height } => Ok(Self { width, height }),
        }
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for ImageSize {
    type Err = Error;

    /// Reads "256" or "320x256" (WIDTHxHEIGHT), each side from 1 to [`MAX_SIDE`].
    fn from_str(text: &str) -> Result<Self> {
        let side = |digits: &str| {
            let digits = digits.trim();
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            let side = digits.parse::<usize>().ok().filter(|_| plain);
            side.filter(|side| (1..=MAX_SIDE as usize).contains(side))
        };
        let (width, height) = text.split_once('x').unwrap_or((text, text));
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height }),
            _ => Err(Error::setting(
                "image_size",
                format!(
                    "'{text}' is not a size: write one side of a square, as 256, \
                     or WIDTHxHEIGHT, as 320x256, each from 1 to {MAX_SIDE}"
                ),
            )),
        }
    }
}

/// Refuses an image without pixels.
///
/// # Errors
/// No columns or no rows.
pub fn check_pixels(image: &RgbImage) -> Result<()> {
    match image.width().min(image.height()) {
        0 => Err(Error::new(
            ErrorKind::Invalid,
            Subject::Image,
            "it has no pixels",
        )),
        _ => Ok(()),
    }
}

/// Resizes bilinearly with antialiasing: when shrinking, the triangle filter widens to cover
/// every source pixel (Pillow's `Image.resize(size, BILINEAR)`, to one grey level).
pub fn resize(image: &RgbImage, size: ImageSize) -> RgbImage {
    let (width, height) = (size.width as u32, size.height as u32);
    if image.dimensions() == (width, height) {
        return image.clone();
    }
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    resized(image, size, &options)
}

/// An image that is larger than `side` along a side, shrunk to it as [`resize`] does; another one as it is.
pub fn at_most(image: &RgbImage, side: usize) -> Cow<'_, RgbImage> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let longer = width.max(height);
    if longer <= side {
        return Cow::Borrowed(image);
    }
    let scaled = |of: usize| ((2 * of * side + longer) / (2 * longer)).max(1);
    Cow::Owned(resize(
        image,
        ImageSize {
            width: scaled(width),
            height: scaled(height),
        },
    ))
}

fn resized(image: &RgbImage, size: ImageSize, options: &ResizeOptions) -> RgbImage {
    let (width, height) = (size.width as u32, size.height as u32);
    let mut resized = Canvas::new(width, height, PixelType::U8x3);
    ImageRef::new(image.width(), image.height(), image, PixelType::U8x3)
        .ok()
        .and_then(|source| Resizer::new().resize(&source, &mut resized, options).ok())
        .and_then(|()| RgbImage::from_raw(width, height, resized.into_vec()))
        // Both buffers are whole RGB images, and a part lies inside: all that the resizer asks for.
        .unwrap_or_else(|| unreachable!("a resizer takes whole images"))
}

/// The same of a part of an image: its upper left corner and its sides (columns, rows), in the image's pixels.
pub fn resize_part(
    image: &RgbImage,
    (corner, sides): ([f64; 2], [f64; 2]),
    size: ImageSize,
) -> RgbImage {
    let (width, height) = (size.width as u32, size.height as u32);
    let is_as_it_is = |of: [f64; 2]| of.iter().all(|value| value.fract() == 0.0);
    if sides == [f64::from(width), f64::from(height)] && is_as_it_is(corner) {
        let [left, top] = corner.map(|at| at as u32);
        return imageops::crop_imm(image, left, top, width, height).to_image();
    }
    let ends = [f64::from(image.width()), f64::from(image.height())];
    let sides: [f64; 2] =
        std::array::from_fn(|axis| match corner[axis] + sides[axis] > ends[axis] {
            // What lies beyond the end is rounding's.
            true => (ends[axis] - corner[axis]) * (1.0 - 1e-9),
            false => sides[axis],
        });
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .crop(corner[0], corner[1], sides[0], sides[1]);
    resized(image, size, &options)
}

/// Normalises to `[height, width, 3]`, channels last, row by row: `(x / 255 − mean) / std`
/// with ImageNet's [`MEAN`] and [`STD`]; values lie in [−2.12, 2.64].
pub fn normalise(image: &RgbImage) -> Vec<f32> {
    let mut values = vec![0.0; image.len()];
    normalise_into(image, &mut values);
    values
}

/// As [`normalise`], into as many values as the image has bytes.
pub fn normalise_into(image: &RgbImage, values: &mut [f32]) {
    // 256 possible values a channel: a table is faster than the division.
    let table: [[f32; 256]; 3] = std::array::from_fn(|channel| {
        std::array::from_fn(|value| (value as f32 / 255.0 - MEAN[channel]) / STD[channel])
    });
    let pixels = image.as_raw().as_chunks::<3>().0;
    for (pixel, to) in pixels.iter().zip(values.as_chunks_mut::<3>().0) {
        for channel in 0..3 {
            to[channel] = table[channel][usize::from(pixel[channel])];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_as_it_prints_width_first() {
        let size: ImageSize = "320x256".parse().unwrap();
        assert_eq!((size.width, size.height), (320, 256));
        assert_eq!(size.to_string(), "320x256");
        assert_eq!("64".parse::<ImageSize>().unwrap(), ImageSize::square(64));
        let json = serde_json::to_string(&size).unwrap();
        assert_eq!(serde_json::from_str::<ImageSize>(&json).unwrap(), size);
    }

    #[test]
    fn what_is_not_a_size_is_refused_with_an_example() {
        for text in [
            "", "x", "0", "256x", "x256", "+8", "8x8x8", "-8", "30001", "1e2", "8 x",
        ] {
            let message = text.parse::<ImageSize>().unwrap_err().to_string();
            assert!(message.contains("320x256"), "{text}: {message}");
        }
    }

    #[test]
    fn normalised_values_are_rgb_in_reading_order() {
        let image = RgbImage::from_raw(2, 1, vec![0, 0, 0, 255, 255, 255]).unwrap();
        let expected = [
            -0.485 / 0.229,
            -0.456 / 0.224,
            -0.406 / 0.225,
            0.515 / 0.229,
            0.544 / 0.224,
            0.594 / 0.225,
        ];
        for (value, expected) in normalise(&image).into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6);
        }
        assert_eq!(normalise(&image).len(), 6);
    }

    #[test]
    fn a_large_image_is_shrunk_to_a_side_and_a_small_one_stays() {
        let image = RgbImage::new(40, 10);
        assert!(matches!(at_most(&image, 40), Cow::Borrowed(_)));
        assert_eq!(at_most(&image, 16).dimensions(), (16, 4));
        assert_eq!(at_most(&image, 2).dimensions(), (2, 1));
    }

    #[test]
    fn resizing_keeps_a_flat_colour_and_the_same_size() {
        let flat = RgbImage::from_pixel(7, 5, ::image::Rgb([10, 200, 31]));
        let size = "16x3".parse().unwrap();
        let resized = resize(&flat, size);
        assert_eq!(resized.dimensions(), (16, 3));
        assert!(resized.pixels().all(|p| p.0 == [10, 200, 31]));
        assert_eq!(resize(&RgbImage::new(1, 1), size).dimensions(), (16, 3));
    }
}
