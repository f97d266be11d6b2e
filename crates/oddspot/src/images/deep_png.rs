//! Large PNGs of 16 bits a colour, row by row: whole, their samples would take twice as much memory as the
//! picture that they become.

use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, RgbImage};

use super::bit_depth::{BitDepth, used_bits};
use super::flatten::{ButHot, Picture, Reach, on_black, range};
use super::image_file::Content;
use super::kind::Kind;
use super::limits::Limits;
use super::refusal::damaged;
use super::samples::{Depth, Samples};
use crate::error::Result;

/// Pixels of an image whose samples are not kept: fewer take little.
const MANY: u64 = 16 << 20;

/// Such a file, whose header was read.
#[derive(Clone, Copy)]
pub(super) struct DeepPng<'a> {
    content: Content<'a>,
    size: (u32, u32),
    /// Colours and channels of a pixel.
    channels: [usize; 2],
    /// Bits in use of 16, as the file says.
    said: Option<u8>,
    limits: Limits,
}

impl<'a> DeepPng<'a> {
    /// A file of many pixels; None of any other.
    pub fn of(
        content: Content<'a>,
        (width, height): (u32, u32),
        said: Option<u8>,
        limits: Limits,
    ) -> Option<Self> {
        let is_large = u64::from(width) * u64::from(height) >= MANY;
        is_large.then(|| Self::of_any_size(content, said, limits))?
    }

    fn of_any_size(content: Content<'a>, said: Option<u8>, limits: Limits) -> Option<Self> {
        let reader = png::Decoder::new(content.reader().ok()?).read_info().ok()?;
        let info = reader.info();
        let channels = match info.color_type {
            png::ColorType::Rgb => [3, 3],
            png::ColorType::Rgba => [3, 4],
            _ => return None,
        };
        let by_rows = !info.interlaced && info.trns.is_none();
        let is_deep = info.bit_depth == png::BitDepth::Sixteen;
        (by_rows && is_deep).then_some(Self {
            content,
            size: (info.width, info.height),
            channels,
            said,
            limits,
        })
    }

    /// The picture, turned as the file says.
    ///
    /// # Errors
    /// A damaged file.
    pub fn picture(
        &self,
        bit_depth: BitDepth,
        orientation: Orientation,
        name: &Path,
    ) -> Result<Picture> {
        let [colours, of_pixel] = self.channels;
        let mut reach = Reach::default();
        let depth = Depth::Of16(self.said);
        let is_known = bit_depth != BitDepth::Auto && of_pixel == colours;
        if !is_known {
            self.each_row(name, |row| reach.add(row, self.channels))?;
        }
        let range_of = |reach: &Reach| range(reach, (depth, bit_depth), false, self.channels);
        let seen = range_of(&reach);
        let (width, height) = self.size;
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        self.each_row(name, |row| {
            if is_known {
                reach.add(row, self.channels);
            }
            on_black(row, seen, self.channels, &mut rgb);
        })?;
        let image = RgbImage::from_raw(width, height, rgb)
            .ok_or_else(|| damaged(name, "its rows do not fill its size"))?;
        let samples = Samples::new(DynamicImage::ImageRgb8(image), None).upright(orientation);
        let image = samples.image.into_rgb8();
        let kind = Kind {
            says_bits: depth.says_bits(),
            cut_off: range_of(&reach).cuts_off(&reach),
            ..Kind::of(&image, depth.bits())
        };
        Ok(Picture { image, kind })
    }

    /// The bits that are in use.
    ///
    /// # Errors
    /// A damaged file.
    pub fn bits_in_use(&self, name: &Path) -> Result<u8> {
        let mut but_hot = ButHot::default();
        self.each_row(name, |row| but_hot.add(row, self.channels))?;
        Ok(used_bits(but_hot.highest(), self.said))
    }

    fn each_row(&self, name: &Path, mut with: impl FnMut(&[u16])) -> Result<()> {
        let refused = |error: png::DecodingError| damaged(name, error);
        let limits = png::Limits {
            bytes: usize::try_from(self.limits.decoder_bytes()).unwrap_or(usize::MAX),
        };
        let decoder = png::Decoder::new_with_limits(self.content.reader()?, limits);
        let mut reader = decoder.read_info().map_err(refused)?;
        let mut samples = Vec::new();
        while let Some(row) = reader.next_row().map_err(refused)? {
            let pairs = row.data().as_chunks::<2>().0;
            samples.clear();
            samples.extend(pairs.iter().map(|&pair| u16::from_be_bytes(pair)));
            with(&samples);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ::image::{ImageBuffer, ImageFormat, Rgb, Rgba};

    use super::super::flatten::{bits_in_use, flatten};
    use super::*;

    fn png_of(image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn deep(bytes: &[u8]) -> Option<DeepPng<'_>> {
        DeepPng::of_any_size(bytes.into(), None, Limits::default())
    }

    #[test]
    fn by_rows_it_is_the_picture_that_it_is_whole() {
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
        let whole = [
            DynamicImage::ImageRgb16(rgb),
            rgba(|_| 0),
            rgba(|x| 100 * x as u16),
            rgba(|x| 2_000 * x as u16),
        ];
        for image in whole {
            let bytes = png_of(&image);
            let deep = deep(&bytes).unwrap();
            for bit_depth in [BitDepth::Auto, BitDepth::Of(12), BitDepth::Of(10)] {
                for orientation in [Orientation::NoTransforms, Orientation::Rotate90] {
                    let samples = Samples::new(image.clone(), None).upright(orientation);
                    let expected = flatten(samples, bit_depth);
                    let found = deep.picture(bit_depth, orientation, Path::new("")).unwrap();
                    assert!(found == expected, "{bit_depth} {orientation:?}");
                }
            }
            let samples = Samples::new(image, None);
            let found = deep.bits_in_use(Path::new("")).unwrap();
            assert_eq!(Some(found), bits_in_use(&samples));
        }
    }

    #[test]
    fn what_is_not_deep_or_not_whole_is_left_or_refused() {
        assert!(deep(&png_of(&DynamicImage::new_rgb8(4, 4))).is_none());
        assert!(deep(&png_of(&DynamicImage::new_luma16(4, 4))).is_none());
        let noise = |x: u32, y: u32| Rgb([(x * 7_919 + y * 104_729) as u16; 3]);
        let image: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_fn(64, 64, noise);
        let mut bytes = png_of(&DynamicImage::ImageRgb16(image));
        assert!(DeepPng::of((&bytes).into(), (64, 64), None, Limits::default()).is_none());
        bytes.truncate(bytes.len() / 2);
        let cut = deep(&bytes).unwrap();
        let cut = cut.picture(
            BitDepth::Auto,
            Orientation::NoTransforms,
            Path::new("a.png"),
        );
        assert!(
            cut.unwrap_err()
                .to_string()
                .contains("damaged or incomplete")
        );
    }
}
