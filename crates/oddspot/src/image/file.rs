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

use crate::error::{Error, Result};

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
        return Err(Error::image(
            path,
            "it is larger than 1 GiB: save it compressed or smaller",
        ));
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
            return Err(Error::image(
                name,
                format!(
                    "it claims {width}x{height} pixels, more than {MAX_SIDE} on a side or {} \
                     megapixels: scale it down or cut it into parts",
                    MAX_PIXELS / 1_000_000
                ),
            ));
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
        ),
        error => damaged(name, error),
    }
}

/// 8-bit RGB of whole-number samples: grey replicated, alpha composited on black, rounded once.
fn flatten(image: DynamicImage) -> RgbImage {
    let (width, height) = (image.width(), image.height());
    let colours = if image.color().has_color() { 3 } else { 1 };
    let alpha = image.color().has_alpha();
    let rgb = match image {
        DynamicImage::ImageRgb8(rgb) => return rgb,
        DynamicImage::ImageLuma16(grey) => on_black(&grey, u16::MAX, colours, alpha),
        DynamicImage::ImageLumaA16(grey) => on_black(&grey, u16::MAX, colours, alpha),
        DynamicImage::ImageRgb16(rgb) => on_black(&rgb, u16::MAX, colours, alpha),
        DynamicImage::ImageRgba16(rgb) => on_black(&rgb, u16::MAX, colours, alpha),
        eight_bits => on_black(eight_bits.as_bytes(), u8::MAX, colours, alpha),
    };
    RgbImage::from_raw(width, height, rgb).unwrap_or_default()
}

fn on_black<S: Copy + Into<u64>>(samples: &[S], top: S, colours: usize, alpha: bool) -> Vec<u8> {
    let top = top.into();
    let channels = colours + usize::from(alpha);
    let mut rgb = Vec::with_capacity(samples.len() / channels * 3);
    for pixel in samples.chunks_exact(channels) {
        let opacity = pixel.get(colours).map_or(top, |&alpha| alpha.into());
        let eight_bits =
            |colour: u64| ((colour * opacity * 510 + top * top) / (2 * top * top)) as u8;
        rgb.extend((0..3).map(|c| eight_bits(pixel[c % colours].into())));
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{LumaA, Rgba, RgbaImage};

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A textured picture, [12, 20] pixels.
    fn picture() -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_fn(20, 12, |x, y| {
            ::image::Rgb([(x * 12) as u8, (y * 20) as u8, (x * y % 7 * 30) as u8])
        }))
    }

    const FORMATS: [ImageFormat; 5] = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ];

    #[test]
    fn sixteen_bits_and_alpha_are_rounded_once() {
        let grey = ::image::ImageBuffer::from_pixel(1, 1, LumaA([40_000_u16, 30_000]));
        let value = (40_000.0 * 30_000.0 / 65_535.0_f64 / 257.0).round() as u8;
        assert_eq!(
            flatten(DynamicImage::ImageLumaA16(grey)).into_raw(),
            [value; 3]
        );
        let rgba = RgbaImage::from_pixel(1, 1, Rgba([255, 101, 7, 128]));
        let rgb = flatten(DynamicImage::ImageRgba8(rgba)).into_raw();
        assert_eq!(rgb, [128, 51, 4]);
    }

    #[test]
    fn a_cut_file_is_an_error_or_has_lost_nothing() {
        for format in FORMATS {
            let whole = encoded(&picture(), format);
            let pixels = decode_bytes(&whole, Path::new("a")).unwrap();
            for length in 0..whole.len() {
                if let Ok(image) = decode_bytes(&whole[..length], Path::new("a")) {
                    assert!(
                        image == pixels,
                        "{format:?} cut to {length} of {}",
                        whole.len()
                    );
                    assert!(whole.len() - length <= 12, "{format:?} cut to {length}");
                }
            }
        }
    }

    #[test]
    fn flipped_bytes_never_panic() {
        for format in FORMATS {
            let whole = encoded(&picture(), format);
            for position in 0..whole.len() {
                for flip in [1, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[position] ^= flip;
                    if let Ok(image) = decode_bytes(&bytes, Path::new("a")) {
                        assert!(image.width() > 0 && image.height() > 0);
                    }
                }
            }
        }
    }

    #[test]
    fn a_file_that_claims_too_many_pixels_is_refused_by_its_claim() {
        for format in FORMATS {
            let bytes = claiming_60000(format);
            let error = decode_bytes(&bytes, Path::new("bomb"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("bomb"), "{error}");
            let claim = match format {
                // WebP's lossless header has 14 bits for a side.
                ImageFormat::WebP => "16383x16383",
                _ => "60000x60000",
            };
            assert!(error.contains(claim), "{format:?}: {error}");
        }
    }

    /// A small valid file whose header is rewritten to claim 60000x60000 pixels.
    fn claiming_60000(format: ImageFormat) -> Vec<u8> {
        let mut bytes = encoded(&picture(), format);
        match format {
            ImageFormat::Png => {
                bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
                let crc = crc32(&bytes[12..29]);
                bytes[29..33].copy_from_slice(&crc.to_be_bytes());
            }
            ImageFormat::Jpeg => {
                let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
                bytes[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
            }
            ImageFormat::Bmp => {
                bytes[18..26].copy_from_slice(&[0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0]);
            }
            ImageFormat::Tiff => {
                let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
                let directory = word(4) as usize;
                let entries = usize::from(bytes[directory]);
                for entry in (0..entries).map(|i| directory + 2 + 12 * i) {
                    let tag = u16::from_le_bytes([bytes[entry], bytes[entry + 1]]);
                    // Width, height and rows per strip, so that one strip holds it all.
                    if [256, 257, 278].contains(&tag) {
                        bytes[entry + 2] = 4; // a LONG
                        bytes[entry + 8..entry + 12].copy_from_slice(&60_000_u32.to_le_bytes());
                    }
                }
            }
            // "RIFF" size "WEBP" "VP8L" size 0x2f, then 14 bits each of width − 1 and height − 1.
            _ => {
                let sides = (16_382_u32 << 14 | 16_382).to_le_bytes();
                bytes[21..24].copy_from_slice(&sides[..3]);
                bytes[24] = (bytes[24] & 0xf0) | sides[3];
            }
        }
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
            })
        })
    }

    #[test]
    fn a_panic_while_decoding_is_a_damaged_file() {
        let error = contain_panics::<()>(Path::new("evil.png"), || panic!("in a decoder"));
        assert!(error.unwrap_err().to_string().contains("evil.png"));
    }

    #[test]
    fn extensions_count_in_any_case() {
        for name in ["a.png", "b.JPG", "c.d.Tiff", "e.webp", "f.TIF"] {
            assert!(has_image_extension(Path::new(name)), "{name}");
        }
        for name in ["png", ".png", "a.gif", "a.png.txt", "a"] {
            assert!(!has_image_extension(Path::new(name)), "{name}");
        }
    }
}
