//! What the tags of a TIFF page say of its samples.

use ::image::metadata::Orientation;
use ::tiff::ColorType;
use ::tiff::tags::{CompressionMethod, PhotometricInterpretation, Tag};

use super::super::refusal::{refused, unsupported};
use super::super::tiff_colours::{Behind, words};
use super::TiffFile;
use crate::error::{Error, Result};

impl TiffFile<'_> {
    /// Whether a page is saved with losses; None where its method does not tell.
    pub fn is_lossy(&mut self, page: usize) -> Result<Option<bool>> {
        self.go_to(page)?;
        let plain = CompressionMethod::None.to_u16();
        let method = self.number(Tag::Compression)?.unwrap_or(plain.into());
        let method = u16::try_from(method).unwrap_or(u16::MAX);
        Ok(match CompressionMethod::from_u16_exhaustive(method) {
            CompressionMethod::JPEG | CompressionMethod::ModernJPEG => Some(true),
            CompressionMethod::None
            | CompressionMethod::LZW
            | CompressionMethod::Deflate
            | CompressionMethod::OldDeflate
            | CompressionMethod::PackBits => Some(false),
            _ => None,
        })
    }

    /// Whether 0 is white.
    pub(super) fn is_white_zero(&mut self) -> Result<bool> {
        let white_is_zero = u32::from(PhotometricInterpretation::WhiteIsZero.to_u16());
        Ok(self.number(Tag::PhotometricInterpretation)? == Some(white_is_zero))
    }

    /// Bits in use, as `MaxSampleValue` says.
    pub(super) fn said(&mut self) -> Result<Option<u8>> {
        let highest = self.number(Tag::MaxSampleValue)?;
        Ok(highest.map(|value| (u32::BITS - value.leading_zeros()) as u8))
    }

    /// What the first sample behind the colours is.
    pub(super) fn behind(&mut self) -> Result<Behind> {
        Ok(match self.number(Tag::ExtraSamples)? {
            Some(1) => Behind::Laid,
            Some(2) => Behind::Opacity,
            _ => Behind::Unsaid,
        })
    }

    pub(super) fn orientation(&mut self) -> Orientation {
        // Broken metadata does not spoil the pixels.
        let value = self.number(Tag::Orientation).unwrap_or_default();
        value
            .and_then(|value| Orientation::from_exif(u8::try_from(value).ok()?))
            .unwrap_or(Orientation::NoTransforms)
    }

    /// The first number of a tag.
    pub(super) fn number(&mut self, tag: Tag) -> Result<Option<u32>> {
        let numbers = self.decoder.find_tag_unsigned_vec::<u32>(tag);
        let numbers = numbers.map_err(refused(self.name))?;
        Ok(numbers.and_then(|numbers| numbers.first().copied()))
    }

    pub(super) fn strange(&self, colour: ColorType) -> Error {
        unsupported(self.name, format!("its pixels are {}", words(colour)))
    }
}
