//! Files of one picture: PNG, JPEG, BMP and WebP.

use std::borrow::Cow;
use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{
    DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Limits as ImageLimits,
    RgbImage,
};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::deep::Rows;
use super::deep_png::DeepPng;
use super::image_file::Content;
use super::jpeg;
use super::limits::Limits;
use super::refusal::{damaged, unreadable};
use super::samples::{Samples, turned};
use crate::error::Result;

/// An image whose header was read and whose claimed size is allowed.
pub(super) struct Single<'a> {
    decoder: Decoder<'a>,
    /// Pixels, before the orientation is applied.
    size: (u32, u32),
    orientation: Orientation,
    /// Bits in use of 16, as the file says.
    said: Option<u8>,
    /// The same file, if it is better read row by row.
    by_rows: Option<DeepPng<'a>>,
}

/// JPEG has a decoder of its own because only this one can be told to be strict: the other
/// paints what is missing from a truncated file grey.
enum Decoder<'a> {
    Jpeg(Box<JpegDecoder<ZCursor<Cow<'a, [u8]>>>>),
    Other(Box<dyn ImageDecoder + 'a>),
}

impl<'a> Single<'a> {
    /// Reads the header of a JPEG.
    pub fn jpeg(bytes: Cow<'a, [u8]>, name: &Path, limits: Limits) -> Result<Self> {
        let bytes = match bytes {
            Cow::Borrowed(bytes) => jpeg::mended(bytes, name)?,
            Cow::Owned(bytes) => match jpeg::mended(&bytes, name)? {
                Cow::Owned(mended) => Cow::Owned(mended),
                Cow::Borrowed(_) => Cow::Owned(bytes),
            },
        };
        let is_whole = jpeg::end_of(&bytes).whole;
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder
            .decode_headers()
            .map_err(|error| damaged(name, format!("{error:?}")))?;
        if decoder.input_colorspace() == Some(ColorSpace::Luma) {
            // Grey of a large picture becomes colours where it lies.
            decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::Luma));
        }
        let (width, height) = decoder.dimensions().unwrap_or_default();
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let orientation = decoder
            .exif()
            .and_then(|exif| Orientation::from_exif_chunk(exif))
            .unwrap_or(Orientation::NoTransforms);
        let single = Self {
            decoder: Decoder::Jpeg(Box::new(decoder)),
            size: (side(width), side(height)),
            orientation,
            said: None,
            by_rows: None,
        };
        limits.check(single.size, name)?;
        match is_whole {
            true => Ok(single),
            false => Err(damaged(name, "it stops before its end marker")),
        }
    }

    /// Reads the header of another format; a PNG may say how many bits are in use.
    pub fn other(
        content: Content<'a>,
        format: ImageFormat,
        said: Option<u8>,
        (name, limits): (&'a Path, Limits),
    ) -> Result<Self> {
        let mut reader = ImageReader::with_format(content.reader()?, format);
        let mut of_decoder = ImageLimits::no_limits();
        of_decoder.max_alloc = Some(limits.decoder_bytes());
        reader.limits(of_decoder);
        let mut decoder = reader.into_decoder().map_err(unreadable(name))?;
        let size = decoder.dimensions();
        limits.check(size, name)?;
        // Broken metadata does not spoil the pixels.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Self {
            decoder: Decoder::Other(Box::new(decoder)),
            size,
            orientation,
            said,
            by_rows: match format {
                ImageFormat::Png => DeepPng::of(content, size, said, (name, limits)),
                _ => None,
            },
        })
    }

    /// What is made of its rows and how they are turned, if it is better read by them than as samples.
    pub fn by_rows<T>(
        &mut self,
        make: impl FnOnce(&mut dyn Rows, Orientation) -> Result<T>,
    ) -> Result<Option<T>> {
        let orientation = self.orientation;
        let rows = self.by_rows.as_mut();
        rows.map(|rows| make(rows, orientation)).transpose()
    }

    /// The (width, height) that it will have.
    pub fn dimensions(&self) -> (u32, u32) {
        turned(self.size, self.orientation)
    }

    /// Its pixels.
    pub fn decode(self, name: &Path) -> Result<Samples> {
        let image = match self.decoder {
            Decoder::Jpeg(mut decoder) => {
                let pixels = decoder
                    .decode()
                    .map_err(|error| damaged(name, format!("{error:?}")))?;
                let (width, height) = self.size;
                let image = match decoder.output_colorspace() {
                    Some(ColorSpace::Luma) => {
                        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
                    }
                    _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
                };
                image.ok_or_else(|| damaged(name, "its pixels do not fill its size"))?
            }
            Decoder::Other(decoder) => {
                DynamicImage::from_decoder(decoder).map_err(unreadable(name))?
            }
        };
        Ok(Samples::new(image, self.said).upright(self.orientation))
    }
}
