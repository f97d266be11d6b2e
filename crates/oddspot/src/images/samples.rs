//! An image as its file has it, before it is brought to 8 bits.

use ::image::DynamicImage;
use ::image::metadata::Orientation;

use super::turn::turn;

/// The pixels of a page, upright; never floats.
pub(super) struct Samples {
    pub image: DynamicImage,
    pub depth: Depth,
    /// Whether 0 is white: samples are turned once it is known which of them is black.
    pub is_white_zero: bool,
}

/// What is known of the range of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The file has so many bits a sample and uses them all.
    Whole(u8),
    /// It has 16, of which fewer may be in use: it may say how many.
    Of16(Option<u8>),
}

impl Depth {
    /// Bits of each of the file's samples.
    pub fn bits(self) -> u8 {
        match self {
            Self::Whole(bits) => bits,
            Self::Of16(_) => 16,
        }
    }

    /// Whether the file says how many of 16 bits are in use: all of them say nothing.
    pub fn says_bits(self) -> bool {
        matches!(self, Self::Of16(Some(8..=15)))
    }
}

impl Samples {
    /// Pixels of a decoder that gives all samples in 8 or in 16 bits, of which the file says how many are
    /// in use.
    pub fn new(image: DynamicImage, said: Option<u8>) -> Self {
        let channels = u16::from(image.color().channel_count().max(1));
        let depth = match image.color().bits_per_pixel() / channels {
            16 => Depth::Of16(said),
            _ => Depth::Whole(8),
        };
        Self {
            image,
            depth,
            is_white_zero: false,
        }
    }

    /// The same, turned as the file says.
    pub fn upright(mut self, orientation: Orientation) -> Self {
        self.image = match self.image {
            DynamicImage::ImageRgb8(rgb) => DynamicImage::ImageRgb8(turn(rgb, orientation)),
            mut other => {
                other.apply_orientation(orientation);
                other
            }
        };
        self
    }
}

/// The (width, height) of an image once it is turned.
pub(super) fn turned((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        _ => (width, height),
    }
}
