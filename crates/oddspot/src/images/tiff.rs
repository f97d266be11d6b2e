//! TIFF, classic and big: every page, in strips or tiles, by pixel or by plane, and samples of any
//! whole number of bits up to 16.

use std::path::Path;

use ::image::{DynamicImage, ImageBuffer};
use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};
use ::tiff::tags::{CompressionMethod, IfdPointer, PlanarConfiguration, SampleFormat, Tag};

use super::image_file::{Content, Seekable, read_at};
use super::limits::Limits;
use super::packed::unpack;
use super::redirected::Redirected;
use super::refusal::{damaged, refused, too_much, unsupported};
use super::samples::{Depth, Samples, turned};
use super::tiff_colours::{Layout, rgb_of_cmyk, rgb_of_ycbcr};
use super::tiff_pages::Directories;
use crate::error::Result;
use planes::by_pixel;

mod about;
mod chunk;
mod planes;
mod rows;

/// A TIFF file and its pages.
pub(super) struct TiffFile<'a> {
    decoder: Decoder<Box<dyn Seekable + 'a>>,
    content: Content<'a>,
    name: &'a Path,
    limits: Limits,
    /// Where the directories of its pages lie.
    pages: Vec<IfdPointer>,
    /// The one that the decoder stands at.
    at: Option<IfdPointer>,
}

impl<'a> TiffFile<'a> {
    /// Reads which pages it has.
    pub fn open(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        let mut decoder = decoder_of(content.reader()?, name, limits)?;
        let pages = Directories {
            decoder: &mut decoder,
            length: content.length(),
            name,
        }
        .pages()?;
        Ok(Self {
            at: decoder.ifd_pointer(),
            decoder,
            content,
            name,
            limits,
            pages,
        })
    }

    /// How many pages it has.
    pub fn count(&self) -> usize {
        self.pages.len()
    }

    /// The size of a page once it is upright, of a size that is allowed.
    pub fn dimensions(&mut self, page: usize) -> Result<(u32, u32)> {
        self.go_to(page)?;
        let size = self.decoder.dimensions().map_err(refused(self.name))?;
        self.limits.check(size, self.name)?;
        Ok(turned(size, self.orientation()))
    }

    /// Lets the decoder stand at a page, which may lie within another.
    fn go_to(&mut self, page: usize) -> Result<()> {
        let Some(&at) = self.pages.get(page) else {
            return Err(damaged(self.name, "it has fewer pages"));
        };
        let mut directories = Directories {
            decoder: &mut self.decoder,
            length: self.content.length(),
            name: self.name,
        };
        directories.check_developed(at)?;
        if self.at == Some(at) {
            return Ok(());
        }
        // What fails from here on leaves it nowhere.
        self.at = None;
        let begins = header_to(&self.content.start()?, at);
        let reader = Redirected::new(begins, self.content.reader()?);
        self.decoder = decoder_of(Box::new(reader), self.name, self.limits)?;
        self.at = Some(at);
        Ok(())
    }

    /// The pixels of a page.
    pub fn page(&mut self, page: usize) -> Result<Samples> {
        self.dimensions(page)?;
        let orientation = self.orientation();
        Ok(self.samples()?.upright(orientation))
    }

    fn samples(&mut self) -> Result<Samples> {
        self.check_whole()?;
        self.check_whole_numbers()?;
        let colour = self.decoder.colortype().map_err(refused(self.name))?;
        let (width, height) = self.decoder.dimensions().map_err(refused(self.name))?;
        let bits = colour.bit_depth();
        let image = match (bits, colour) {
            (9..=15, _) => return self.packed(colour),
            (1 | 2 | 4, ColorType::Gray(_)) => {
                let rows = self.chunky(colour)?;
                let DecodingResult::U8(rows) = rows else {
                    return Err(self.strange(colour));
                };
                let grey = unpack(&rows, width as usize, bits)
                    .map(|sample| (u32::from(sample) * 255 / u32::from(white(bits))) as u8);
                gathered(width, height, grey.collect()).map(DynamicImage::ImageLuma8)
            }
            _ => self.whole(colour, (width, height))?,
        };
        let mut image =
            image.ok_or_else(|| damaged(self.name, "its pixels do not fill its size"))?;
        let mut is_white_zero = false;
        if let (DynamicImage::ImageLuma16(grey), true) = (&mut image, self.is_white_zero()?) {
            // The decoder has turned all 16 bits, of which fewer may be in use.
            grey.iter_mut().for_each(|sample| *sample = !*sample);
            is_white_zero = true;
        }
        Ok(Samples {
            is_white_zero,
            ..Samples::new(image, self.said()?)
        })
    }

    /// Samples of 8 or 16 bits.
    fn whole(
        &mut self,
        colour: ColorType,
        (width, height): (u32, u32),
    ) -> Result<Option<DynamicImage>> {
        let Some(layout) = Layout::of(colour, self.behind()?) else {
            return Err(self.strange(colour));
        };
        Ok(match self.chunky(colour)? {
            DecodingResult::U8(samples) => match colour {
                ColorType::CMYK(_) | ColorType::CMYKA(_) => {
                    let rgb = rgb_of_cmyk(&samples, layout.channels, u8::MAX);
                    gathered(width, height, rgb).map(DynamicImage::ImageRgb8)
                }
                ColorType::YCbCr(_) => {
                    let rgb = rgb_of_ycbcr(&samples);
                    gathered(width, height, rgb).map(DynamicImage::ImageRgb8)
                }
                _ => {
                    let samples = layout.kept(samples);
                    match layout.kept {
                        1 => gathered(width, height, samples).map(DynamicImage::ImageLuma8),
                        2 => gathered(width, height, samples).map(DynamicImage::ImageLumaA8),
                        3 => gathered(width, height, samples).map(DynamicImage::ImageRgb8),
                        _ => gathered(width, height, samples).map(DynamicImage::ImageRgba8),
                    }
                }
            },
            DecodingResult::U16(samples) => match colour {
                ColorType::CMYK(_) | ColorType::CMYKA(_) => {
                    let rgb = rgb_of_cmyk(&samples, layout.channels, u16::MAX);
                    gathered(width, height, rgb).map(DynamicImage::ImageRgb16)
                }
                ColorType::YCbCr(_) => return Err(self.strange(colour)),
                _ => {
                    let samples = layout.kept(samples);
                    match layout.kept {
                        1 => gathered(width, height, samples).map(DynamicImage::ImageLuma16),
                        2 => gathered(width, height, samples).map(DynamicImage::ImageLumaA16),
                        3 => gathered(width, height, samples).map(DynamicImage::ImageRgb16),
                        _ => gathered(width, height, samples).map(DynamicImage::ImageRgba16),
                    }
                }
            },
            _ => return Err(self.strange(colour)),
        })
    }

    /// All samples, pixel by pixel.
    fn chunky(&mut self, colour: ColorType) -> Result<DecodingResult> {
        if let Some(samples) = self.by_planes_of_tiles(colour)? {
            return Ok(samples);
        }
        let mut samples = DecodingResult::U8(Vec::new());
        let layout =
            (self.decoder.read_image_to_buffer(&mut samples)).map_err(refused(self.name))?;
        if samples.as_buffer(0).byte_len() < layout.complete_len {
            return Err(too_much(self.name, "all its planes"));
        }
        if layout.planes <= 1 {
            return Ok(samples);
        }
        // Planes behind those of the colours are none of the image.
        let planes = [layout.planes, usize::from(colour.num_samples())];
        match samples {
            DecodingResult::U8(planar) => Ok(DecodingResult::U8(by_pixel(&planar, planes))),
            DecodingResult::U16(planar) => Ok(DecodingResult::U16(by_pixel(&planar, planes))),
            _ => Err(self.strange(colour)),
        }
    }

    /// Samples of 9 to 15 bits, packed without gaps; brought to 16.
    fn packed(&mut self, colour: ColorType) -> Result<Samples> {
        let bits = colour.bit_depth();
        let (width, height) = self.decoder.dimensions().map_err(refused(self.name))?;
        let of_bits = |what: &str| format!("its samples of {bits} bits are {what}");
        let plain = CompressionMethod::None.to_u16();
        if self.number(Tag::Compression)?.unwrap_or(plain.into()) != u32::from(plain) {
            return Err(unsupported(self.name, of_bits("compressed")));
        }
        if self.number(Tag::FillOrder)?.unwrap_or(1) != 1 {
            return Err(unsupported(self.name, of_bits("in reversed order")));
        }
        let chunky = PlanarConfiguration::Chunky.to_u16();
        let planes = self.number(Tag::PlanarConfiguration)?;
        let channels = match colour {
            ColorType::Gray(_) => 1,
            ColorType::RGB(_) => 3,
            _ => return Err(self.strange(colour)),
        };
        if channels > 1 && planes.unwrap_or(chunky.into()) != u32::from(chunky) {
            return Err(unsupported(self.name, of_bits("by plane")));
        }
        let samples_of_row = width as usize * channels;
        let bytes_of_row = (samples_of_row * usize::from(bits)).div_ceil(8);
        let mut rows = Vec::with_capacity(bytes_of_row * height as usize);
        for (offset, length) in self.chunks(Tag::StripOffsets, Tag::StripByteCounts)? {
            let strip = read_at(&mut **self.decoder.inner(), offset as u64, length);
            rows.extend(strip.map_err(|error| damaged(self.name, error))?);
        }
        if rows.len() != bytes_of_row * height as usize {
            return Err(unsupported(
                self.name,
                of_bits("in tiles or in rows with gaps"),
            ));
        }
        let top = u64::from(white(bits));
        let whole = |sample: u16| ((u64::from(sample) * 65_535 + top / 2) / top) as u16;
        let samples = unpack(&rows, samples_of_row, bits).map(whole).collect();
        let image = match channels {
            1 => gathered(width, height, samples).map(DynamicImage::ImageLuma16),
            _ => gathered(width, height, samples).map(DynamicImage::ImageRgb16),
        };
        Ok(Samples {
            image: image.ok_or_else(|| damaged(self.name, "its pixels do not fill its size"))?,
            depth: Depth::Whole(bits),
            is_white_zero: self.is_white_zero()?,
        })
    }

    /// Where strips or tiles lie in the file; none of another kind.
    fn chunks(&mut self, offsets: Tag, counts: Tag) -> Result<Vec<(usize, usize)>> {
        let mut numbers = |tag| {
            let found = self.decoder.find_tag_unsigned_vec::<u64>(tag);
            found
                .map(Option::unwrap_or_default)
                .map_err(refused(self.name))
        };
        let (offsets, counts) = (numbers(offsets)?, numbers(counts)?);
        let place = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let chunks = offsets.into_iter().map(place);
        Ok(chunks.zip(counts.into_iter().map(place)).collect())
    }

    /// Refuses a file that ends before its pixels do: some decompressors paint grey what is missing.
    fn check_whole(&mut self) -> Result<()> {
        for (offsets, counts) in [
            (Tag::StripOffsets, Tag::StripByteCounts),
            (Tag::TileOffsets, Tag::TileByteCounts),
        ] {
            let chunks = self.chunks(offsets, counts)?;
            let end = |(offset, length): (usize, usize)| offset.saturating_add(length);
            if chunks
                .into_iter()
                .any(|chunk| end(chunk) as u64 > self.content.length())
            {
                return Err(damaged(self.name, "it stops before its last pixel"));
            }
        }
        Ok(())
    }

    fn check_whole_numbers(&mut self) -> Result<()> {
        let formats = self.decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat);
        let formats = formats.map_err(refused(self.name))?.unwrap_or_default();
        let kind = |format: u16| SampleFormat::from_u16_exhaustive(format);
        let what = match formats
            .into_iter()
            .map(kind)
            .find(|kind| *kind != SampleFormat::Uint)
        {
            None => return Ok(()),
            Some(SampleFormat::IEEEFP) => "floating-point numbers",
            Some(SampleFormat::Int) => "numbers below zero too",
            Some(_) => "no whole numbers",
        };
        Err(unsupported(self.name, format!("its samples are {what}")))
    }
}

/// The highest sample of so many bits.
fn white(bits: u8) -> u16 {
    u16::MAX >> (16 - bits.clamp(1, 16))
}

/// An image of samples; none if there are too few.
fn gathered<P: ::image::Pixel>(
    width: u32,
    height: u32,
    samples: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    ImageBuffer::from_raw(width, height, samples)
}

/// The first bytes of a file whose first directory would be another one.
fn header_to(start: &[u8], at: IfdPointer) -> Vec<u8> {
    let is_big = matches!(start.get(2..4), Some([43, 0] | [0, 43]));
    let length = if is_big { 8 } else { 4 };
    let offset = match start.starts_with(b"MM") {
        true => at.0.to_be_bytes()[8 - length..].to_vec(),
        false => at.0.to_le_bytes()[..length].to_vec(),
    };
    [start.get(..length).unwrap_or_default(), &offset].concat()
}

fn decoder_of<'a>(
    reader: Box<dyn Seekable + 'a>,
    name: &Path,
    limits: Limits,
) -> Result<Decoder<Box<dyn Seekable + 'a>>> {
    let most = usize::try_from(limits.decoder_bytes()).unwrap_or(usize::MAX);
    let mut of_decoder = TiffLimits::default();
    of_decoder.decoding_buffer_size = most;
    of_decoder.intermediate_buffer_size = most;
    let decoder = Decoder::new(reader).map_err(refused(name))?;
    Ok(decoder.with_limits(of_decoder))
}
