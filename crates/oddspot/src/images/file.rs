//! Image files to RGB pixels: any format by its content, and every file treated as hostile.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage,
};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::flatten::flatten;
use crate::error::{Error, ErrorKind, Result};

/// The file name extensions of images, in lower case.
pub const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];

/// The largest image file that is read, in bytes (1 GiB).
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// The most pixels that an image may claim (100 megapixels): decoded they take 300 MB.
pub const MAX_PIXELS: u64 = 100_000_000;
/// The most pixels that an image may claim along one side.
pub const MAX_SIDE: u32 = 30_000;
/// What a decoder may allocate: 100 megapixels of 16-bit RGBA, and its work space.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 8 + (200 << 20);

/// Whether a path has one of the [`EXTENSIONS`], in any case.
pub fn has_image_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(extension)))
}

/// Reads a file whole; a folder, an empty file, and one past [`MAX_FILE_BYTES`] are errors.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let reason = "it is larger than 1 GiB: save it compressed or smaller";
        return Err(Error::image(path, reason).of_kind(ErrorKind::TooLarge));
    }
    Ok(bytes)
}

/// Decodes an image file to 8-bit RGB.
///
/// The format (PNG, JPEG, BMP, TIFF, WebP) is read from the content, whatever the file is called.
/// Grey is replicated, alpha composited on black, 16 bits are scaled to 8 and rounded, CMYK is
/// converted without a colour profile, and the EXIF orientation is applied. Any size from 1×1 to
/// [`MAX_PIXELS`] and [`MAX_SIDE`] is valid: [`resize`](super::resize) brings it to the network's.
pub fn decode(path: &Path) -> Result<RgbImage> {
    decode_bytes(&read_file(path)?, path)
}

/// Decodes the bytes of an image file as [`decode`] does; `name` is the file named in errors.
pub fn decode_bytes(bytes: &[u8], name: &Path) -> Result<RgbImage> {
    decode_dynamic(bytes, name).map(flatten)
}

/// The (width, height) in pixels that an image will have once decoded, its orientation applied,
/// from its header alone.
pub fn dimensions(path: &Path) -> Result<(u32, u32)> {
    let reader = BufReader::new(open(path)?);
    contain_panics(path, || {
        let header = Header::read(reader, path)?;
        Ok(match header.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (header.height, header.width),
            _ => (header.width, header.height),
        })
    })
}

/// Decodes to the file's own kind of samples, upright; never floats.
pub(super) fn decode_dynamic(bytes: &[u8], name: &Path) -> Result<DynamicImage> {
    contain_panics(name, || {
        let header = Header::read(Cursor::new(bytes), name)?;
        if matches!(header.decoder, Decoder::Jpeg(_)) && !reaches_jpeg_end(bytes) {
            return Err(damaged(name, "it stops before its end marker"));
        }
        let orientation = header.orientation;
        let mut image = header.decode(name)?;
        image.apply_orientation(orientation);
        Ok(image)
    })
}

/// Opens a file for reading. A folder is caught here: opening one succeeds on some systems.
fn open(path: &Path) -> Result<File> {
    if fs::metadata(path)
        .map_err(Error::io("read", path))?
        .is_dir()
    {
        return Err(Error::image(
            path,
            "it is a folder: give an image file inside it",
        ));
    }
    File::open(path).map_err(Error::io("read", path))
}

/// Decoders are other people's code fed with hostile bytes: a panic in one is a damaged file.
fn contain_panics<T>(name: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged(name, "its decoder failed on it")))
}

/// An image file whose header was read and whose claimed size is acceptable.
struct Header<'a, R: BufRead + Seek> {
    decoder: Decoder<'a, R>,
    /// Pixels, before the orientation is applied.
    width: u32,
    height: u32,
    orientation: Orientation,
}

/// JPEG has a decoder of its own because only this one can be told to be strict: the other
/// paints what is missing from a truncated file grey.
enum Decoder<'a, R: BufRead + Seek> {
    Jpeg(Box<JpegDecoder<R>>),
    Other(Box<dyn ImageDecoder + 'a>),
}

impl<'a, R: BufRead + Seek + 'a> Header<'a, R> {
    fn read(mut reader: R, name: &Path) -> Result<Self> {
        let format = format_of(&mut reader, name)?;
        let header = match format {
            ImageFormat::Jpeg => Self::read_jpeg(reader, name)?,
            _ => Self::read_other(reader, format, name)?,
        };
        let (width, height) = (header.width, header.height);
        if width == 0 || height == 0 {
            return Err(damaged(name, "it claims to have no pixels"));
        }
        if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
            let reason = format!(
                "it claims {width}x{height} pixels, more than {MAX_SIDE} on a side or {} megapixels: \
                 scale it down or cut it into parts",
                MAX_PIXELS / 1_000_000
            );
            return Err(Error::image(name, reason).of_kind(ErrorKind::TooLarge));
        }
        Ok(header)
    }

    fn read_jpeg(reader: R, name: &Path) -> Result<Self> {
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(reader, options);
        decoder
            .decode_headers()
            .map_err(|error| damaged(name, format!("{error:?}")))?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        let orientation = decoder
            .exif()
            .and_then(|exif| Orientation::from_exif_chunk(exif))
            .unwrap_or(Orientation::NoTransforms);
        Ok(Self {
            decoder: Decoder::Jpeg(Box::new(decoder)),
            width: width as u32,
            height: height as u32,
            orientation,
        })
    }

    fn read_other(reader: R, format: ImageFormat, name: &Path) -> Result<Self> {
        let mut reader = ImageReader::with_format(reader, format);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(unreadable(name))?;
        let (width, height) = decoder.dimensions();
        // Broken metadata does not spoil the pixels.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Self {
            decoder: Decoder::Other(Box::new(decoder)),
            width,
            height,
            orientation,
        })
    }

    fn decode(self, name: &Path) -> Result<DynamicImage> {
        match self.decoder {
            Decoder::Jpeg(mut decoder) => {
                let pixels = decoder
                    .decode()
                    .map_err(|error| damaged(name, format!("{error:?}")))?;
                RgbImage::from_raw(self.width, self.height, pixels)
                    .map(DynamicImage::ImageRgb8)
                    .ok_or_else(|| damaged(name, "its pixels do not fill its size"))
            }
            Decoder::Other(decoder) => {
                if matches!(decoder.color_type(), ColorType::Rgb32F | ColorType::Rgba32F) {
                    return Err(Error::image(
                        name,
                        "its samples are floating-point numbers: \
                         convert it to 8 or 16 bits per channel",
                    ));
                }
                DynamicImage::from_decoder(decoder).map_err(unreadable(name))
            }
        }
    }
}

/// The format that the first bytes of a file say, one that we read.
fn format_of(reader: &mut (impl BufRead + Seek), name: &Path) -> Result<ImageFormat> {
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(16)
        .read_to_end(&mut start)
        .and_then(|_| reader.rewind())
        .map_err(Error::io("read", name))?;
    if start.is_empty() {
        return Err(Error::image(name, "the file is empty: copy it again"));
    }
    match ::image::guess_format(&start) {
        Ok(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::Bmp
            | ImageFormat::Tiff
            | ImageFormat::WebP),
        ) => Ok(format),
        Ok(format) => Err(Error::image(
            name,
            format!(
                "{} is not supported: convert it to PNG",
                format.to_mime_type()
            ),
        )),
        Err(_) => Err(Error::image(
            name,
            "its content is not a PNG, JPEG, BMP, TIFF or WebP image: convert it to PNG",
        )),
    }
}

/// Whether a JPEG's markers lead to its end marker: the decoder, strict as it is, does not miss
/// the last few bytes.
fn reaches_jpeg_end(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (0xff, [0xd9, ..]) => return true,
            // A stuffed zero, a restart, or a fill byte within the compressed data.
            (0xff, [0x00 | 0x01 | 0xd0..=0xd7 | 0xff, ..]) => tail,
            (0xff, [_, high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                tail.get(1 + length..).unwrap_or_default()
            }
            _ => tail,
        };
    }
    false
}

fn damaged(name: &Path, detail: impl std::fmt::Display) -> Error {
    // Some decoders break their lines.
    let detail = detail.to_string();
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::image(
        name,
        format!("it is damaged or incomplete ({detail}): copy or save it again, or take it away"),
    )
    .of_kind(ErrorKind::Damaged)
}

fn unreadable(name: &Path) -> impl Fn(ImageError) -> Error {
    move |error| match error {
        ImageError::Unsupported(detail) => Error::image(
            name,
            format!("{detail}: convert it to an 8- or 16-bit grey or RGB PNG"),
        ),
        ImageError::Limits(detail) => Error::image(
            name,
            format!(
                "decoding it would take more than {} MB of memory ({detail}): scale it down",
                MAX_DECODER_BYTES / 1_000_000
            ),
        )
        .of_kind(ErrorKind::TooLarge),
        error => damaged(name, error),
    }
}

#[cfg(test)]
mod tests;
