//! How image files are read: how large they may be, and which of their bits are in use.

use std::path::Path;

use ::image::{ColorType, DynamicImage};

use super::bit_depth::BitDepth;
use super::flatten::{Picture, flatten};
use super::image_file::{Content, ImageFile};
use super::limits::Limits;
use super::pages::SamplesOfPages;
use super::refusal::damaged;
use super::samples::Samples;
use crate::error::{Error, Result};

/// How image files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// How large they may be.
    pub limits: Limits,
    /// Bits in use where a sample has 16.
    pub bit_depth: BitDepth,
}

impl Reading {
    /// Decodes an image file, which must have one picture alone.
    ///
    /// The format (PNG, JPEG, BMP, TIFF, WebP) is read from the content, whatever the file is called.
    /// Grey is replicated, alpha composited on black unless it is constant or 0 nearly everywhere, 16 bits
    /// are scaled to 8 and rounded, CMYK is converted without a colour profile, and the EXIF orientation is applied. Any size from
    /// 1×1 to the limits is valid: [`resize`](super::resize) brings it to the network's.
    ///
    /// # Errors
    /// A file that cannot be read or is no usable image, or that has several pages or frames.
    pub fn decode(&self, path: &Path) -> Result<Picture> {
        self.decode_content(&ImageFile::open(path)?, path)
    }

    /// Decodes the bytes of an image file as [`decode`](Self::decode) does; `name` is the file named in errors.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_bytes(&self, bytes: &[u8], name: &Path) -> Result<Picture> {
        self.decode_content(bytes, name)
    }

    /// Decodes an image file as [`decode`](Self::decode) does; `name` is the file named in errors.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_content<'a>(
        &self,
        content: impl Into<Content<'a>>,
        name: &Path,
    ) -> Result<Picture> {
        let mut only = SamplesOfPages::open(content.into(), name, self.limits)?.only()?;
        only.next_picture(self.bit_depth)
            .unwrap_or_else(|| Err(damaged(name, "it has no pixels")))
    }

    /// The pages of a file, or the frames of an animation, each decoded when it is asked for; of most files
    /// one.
    ///
    /// # Errors
    /// A file that is no usable image.
    pub fn pages<'a>(&self, content: impl Into<Content<'a>>, name: &'a Path) -> Result<Pages<'a>> {
        Ok(Pages {
            samples: SamplesOfPages::open(content.into(), name, self.limits)?,
            bit_depth: self.bit_depth,
        })
    }

    /// Samples in memory as the picture that a file of them would be: grey replicated, opacity on black, 16 bits
    /// brought to 8; `name` is what they are called in errors.
    ///
    /// # Errors
    /// Samples that are floats, that are none, or that are too many.
    pub fn picture(&self, samples: DynamicImage, name: &Path) -> Result<Picture> {
        self.limits
            .check((samples.width(), samples.height()), name)?;
        match samples.color() {
            ColorType::Rgb32F | ColorType::Rgba32F => Err(Error::image(
                name,
                "its samples are floats: give whole numbers of 8 or 16 bits",
            )),
            _ => Ok(flatten(Samples::new(samples, None), self.bit_depth)),
        }
    }

    /// The bits that are in use in a file of 16 bits a sample; none of another.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn bits_in_use<'a>(
        &self,
        content: impl Into<Content<'a>>,
        name: &Path,
    ) -> Result<Option<u8>> {
        SamplesOfPages::open(content.into(), name, self.limits)?
            .only()?
            .bits_in_use()
    }
}

/// The pictures of a file, one after the other.
pub struct Pages<'a> {
    samples: SamplesOfPages<'a>,
    bit_depth: BitDepth,
}

impl Pages<'_> {
    /// How many the file has.
    pub fn total(&self) -> usize {
        self.samples.count()
    }

    /// How many pixels the next one has, by its head; 0 of one that cannot be read, or of none.
    pub fn next_pixels(&mut self) -> u64 {
        let (width, height) = self.samples.dimensions().unwrap_or_default();
        u64::from(width) * u64::from(height)
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Picture, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.samples.next_picture(self.bit_depth)
    }
}

/// The samples of a file of one picture.
pub(super) fn samples(content: Content, name: &Path, limits: Limits) -> Result<Samples> {
    let mut only = SamplesOfPages::open(content, name, limits)?.only()?;
    only.next()
        .unwrap_or_else(|| Err(damaged(name, "it has no pixels")))
}

/// The (width, height) in pixels that an image will have once decoded, its orientation applied,
/// from its header alone.
///
/// # Errors
/// A file that cannot be read or is no usable image, or that has several pages or frames.
pub fn dimensions(path: &Path) -> Result<(u32, u32)> {
    dimensions_within(path, Limits::default())
}

/// The same of a file that may be of other sizes.
pub(crate) fn dimensions_within(path: &Path, limits: Limits) -> Result<(u32, u32)> {
    let file = ImageFile::open(path)?;
    dimensions_of((&file).into(), path, limits)
}

/// The same of the bytes of a file.
pub(super) fn dimensions_of(content: Content, name: &Path, limits: Limits) -> Result<(u32, u32)> {
    SamplesOfPages::open(content, name, limits)?
        .only()?
        .dimensions()
}

/// The pixels of an image file, read as [`Reading::decode`] does by default.
///
/// # Errors
/// As [`Reading::decode`].
pub fn decode(path: &Path) -> Result<::image::RgbImage> {
    Ok(Reading::default().decode(path)?.image)
}

/// The pixels of an image file's bytes, read likewise; `name` is the file named in errors.
///
/// # Errors
/// As [`Reading::decode`].
pub fn decode_bytes(bytes: &[u8], name: &Path) -> Result<::image::RgbImage> {
    Ok(Reading::default().decode_bytes(bytes, name)?.image)
}

#[cfg(test)]
mod tests;
