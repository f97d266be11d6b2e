//! The rows of large pages of 16 bits a colour, strip by strip.

use ::image::metadata::Orientation;
use ::tiff::ColorType;
use ::tiff::decoder::{ChunkType, DecodingResult};
use ::tiff::tags::{ByteOrder, CompressionMethod, PlanarConfiguration, Tag};

use super::super::deep::{Head, Rows, is_large};
use super::super::image_file::read_at;
use super::super::refusal::{damaged, refused};
use super::TiffFile;
use crate::error::Result;

/// Bytes of a strip that is decompressed at once.
const MOST_OF_STRIP: usize = 64 << 20;
/// Bytes that are read at once of a strip that is not compressed.
const AT_ONCE: usize = 1 << 20;

/// Such a page, at which the decoder stands.
pub(in super::super) struct DeepPage<'f, 'a> {
    file: &'f mut TiffFile<'a>,
    head: Head,
    strips: Strips,
    /// How it is turned.
    pub orientation: Orientation,
}

enum Strips {
    /// As the samples are, each at a place of the file and with so many bytes.
    Plain(Vec<(usize, usize)>),
    /// So many, to be decompressed.
    Compressed(u32),
}

impl<'a> TiffFile<'a> {
    /// A page of many pixels; None of any other.
    ///
    /// # Errors
    /// A damaged file, and a size that is not allowed.
    pub fn deep_page(&mut self, page: usize) -> Result<Option<DeepPage<'_, 'a>>> {
        self.dimensions(page)?;
        let size = self.decoder.dimensions().map_err(refused(self.name))?;
        match is_large(size) {
            true => self.deep_page_of_any_size(size),
            false => Ok(None),
        }
    }

    fn deep_page_of_any_size(&mut self, size: (u32, u32)) -> Result<Option<DeepPage<'_, 'a>>> {
        let channels = match self.decoder.colortype().map_err(refused(self.name))? {
            ColorType::RGB(16) => [3, 3],
            ColorType::RGBA(16) => [3, 4],
            _ => return Ok(None),
        };
        let chunky = u32::from(PlanarConfiguration::Chunky.to_u16());
        let planes = self.number(Tag::PlanarConfiguration)?.unwrap_or(chunky);
        if planes != chunky || self.decoder.get_chunk_type() != ChunkType::Strip {
            return Ok(None);
        }
        self.check_whole()?;
        self.check_whole_numbers()?;
        let plain = u32::from(CompressionMethod::None.to_u16());
        let is_plain = self.number(Tag::Compression)?.unwrap_or(plain) == plain
            && self.number(Tag::Predictor)?.unwrap_or(1) == 1;
        let strips = if is_plain {
            Strips::Plain(self.chunks(Tag::StripOffsets, Tag::StripByteCounts)?)
        } else {
            let (width, rows) = self.decoder.chunk_dimensions();
            let samples = (width as usize).saturating_mul(rows.min(size.1) as usize);
            if samples.saturating_mul(2 * channels[1]) > MOST_OF_STRIP {
                return Ok(None);
            }
            Strips::Compressed(self.decoder.strip_count().map_err(refused(self.name))?)
        };
        let (said, orientation) = (self.said()?, self.orientation());
        Ok(Some(DeepPage {
            file: self,
            head: Head {
                size,
                channels,
                said,
            },
            strips,
            orientation,
        }))
    }
}

impl Rows for DeepPage<'_, '_> {
    fn head(&self) -> Head {
        self.head
    }

    fn each(&mut self, with: &mut dyn FnMut(&[u16])) -> Result<()> {
        let (width, height) = self.head.size;
        let of_row = width as usize * self.head.channels[1];
        let name = self.file.name;
        let decoder = &mut self.file.decoder;
        match &self.strips {
            Strips::Compressed(count) => {
                for strip in 0..*count {
                    match decoder.read_chunk(strip).map_err(refused(name))? {
                        DecodingResult::U16(samples) => with(&samples),
                        _ => return Err(damaged(name, "its strips are of several kinds")),
                    }
                }
            }
            Strips::Plain(strips) => {
                let is_big_endian = decoder.byte_order() == ByteOrder::BigEndian;
                let sample = |pair: &[u8; 2]| match is_big_endian {
                    true => u16::from_be_bytes(*pair),
                    false => u16::from_le_bytes(*pair),
                };
                let (mut rows_left, mut samples) = (height as usize, Vec::new());
                let rows_at_once = (AT_ONCE / (2 * of_row)).max(1);
                for &(offset, length) in strips {
                    let mut at = offset as u64;
                    let mut rows_of_strip = (length / (2 * of_row)).min(rows_left);
                    rows_left -= rows_of_strip;
                    while rows_of_strip > 0 {
                        let rows = rows_of_strip.min(rows_at_once);
                        let bytes = read_at(&mut **decoder.inner(), at, rows * 2 * of_row)
                            .map_err(|error| damaged(name, error))?;
                        samples.clear();
                        samples.extend(bytes.as_chunks::<2>().0.iter().map(sample));
                        with(&samples);
                        at += bytes.len() as u64;
                        rows_of_strip -= rows;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use ::image::{DynamicImage, ImageFormat};
    use ::tiff::encoder::{Compression, TiffEncoder, colortype};

    use super::super::super::bit_depth::BitDepth;
    use super::super::super::deep::picture;
    use super::super::super::deep::tests::{holds, pictures};
    use super::*;
    use crate::images::Limits;

    /// A file of an image in strips of so many rows.
    fn tiff_of(image: &DynamicImage, rows: u32, compression: Compression) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes)
            .unwrap()
            .with_compression(compression);
        let (width, height) = (image.width(), image.height());
        match image {
            DynamicImage::ImageRgb16(rgb) => {
                let mut page = encoder
                    .new_image::<colortype::RGB16>(width, height)
                    .unwrap();
                page.rows_per_strip(rows).unwrap();
                page.write_data(rgb).unwrap();
            }
            DynamicImage::ImageRgba16(rgba) => {
                let mut page = encoder
                    .new_image::<colortype::RGBA16>(width, height)
                    .unwrap();
                page.rows_per_strip(rows).unwrap();
                page.write_data(rgba).unwrap();
            }
            _ => unreachable!(),
        }
        bytes.into_inner()
    }

    #[test]
    fn by_strips_it_is_the_picture_that_it_is_whole() {
        for image in pictures() {
            for (rows, compression) in [
                (1, Compression::Uncompressed),
                (5, Compression::Uncompressed),
                (17, Compression::Uncompressed),
                (4, Compression::Lzw),
                (17, Compression::Packbits),
            ] {
                let bytes = tiff_of(&image, rows, compression);
                let mut file =
                    TiffFile::open((&bytes).into(), Path::new("a.tif"), Limits::default()).unwrap();
                assert!(file.deep_page(0).unwrap().is_none());
                let mut page = file.deep_page_of_any_size((23, 17)).unwrap().unwrap();
                holds(&image, &mut page);
            }
        }
    }

    #[test]
    fn what_is_not_deep_is_left_and_what_is_cut_refused() {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(4, 4)
            .write_to(&mut bytes, ImageFormat::Tiff)
            .unwrap();
        let bytes = bytes.into_inner();
        let name = Path::new("a.tif");
        let mut file = TiffFile::open((&bytes).into(), name, Limits::default()).unwrap();
        file.dimensions(0).unwrap();
        assert!(file.deep_page_of_any_size((4, 4)).unwrap().is_none());
        let mut bytes = tiff_of(&pictures()[0], 5, Compression::Lzw);
        bytes[16..400].fill(0xff);
        let mut file = TiffFile::open((&bytes).into(), name, Limits::default()).unwrap();
        file.dimensions(0).unwrap();
        let mut page = file.deep_page_of_any_size((23, 17)).unwrap().unwrap();
        let damaged = picture(&mut page, BitDepth::Auto, Orientation::NoTransforms, name);
        let reason = damaged.unwrap_err().to_string();
        assert!(reason.contains("damaged or incomplete"), "{reason}");
    }
}
