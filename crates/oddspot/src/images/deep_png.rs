//! The rows of large PNGs of 16 bits a colour.

use std::path::Path;

use super::deep::{Head, Rows, is_large};
use super::image_file::Content;
use super::limits::Limits;
use super::refusal::damaged;
use crate::error::Result;

/// Such a file, whose header was read.
#[derive(Clone, Copy)]
pub(super) struct DeepPng<'a> {
    content: Content<'a>,
    name: &'a Path,
    head: Head,
    limits: Limits,
}

impl<'a> DeepPng<'a> {
    /// A file of many pixels; None of any other.
    pub fn of(
        content: Content<'a>,
        size: (u32, u32),
        said: Option<u8>,
        (name, limits): (&'a Path, Limits),
    ) -> Option<Self> {
        is_large(size).then(|| Self::of_any_size(content, said, (name, limits)))?
    }

    fn of_any_size(
        content: Content<'a>,
        said: Option<u8>,
        (name, limits): (&'a Path, Limits),
    ) -> Option<Self> {
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
            name,
            head: Head {
                size: (info.width, info.height),
                channels,
                said,
            },
            limits,
        })
    }
}

impl Rows for DeepPng<'_> {
    fn head(&self) -> Head {
        self.head
    }

    fn each(&mut self, with: &mut dyn FnMut(&[u16])) -> Result<()> {
        let refused = |error: png::DecodingError| damaged(self.name, error);
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

    use ::image::metadata::Orientation;
    use ::image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};

    use super::super::bit_depth::BitDepth;
    use super::super::deep::picture;
    use super::super::deep::tests::{holds, pictures};
    use super::*;

    fn png_of(image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn deep(bytes: &[u8]) -> Option<DeepPng<'_>> {
        DeepPng::of_any_size(bytes.into(), None, (Path::new("a.png"), Limits::default()))
    }

    #[test]
    fn by_rows_it_is_the_picture_that_it_is_whole() {
        for image in pictures() {
            holds(&image, &mut deep(&png_of(&image)).unwrap());
        }
    }

    #[test]
    fn what_is_not_deep_or_not_whole_is_left_or_refused() {
        assert!(deep(&png_of(&DynamicImage::new_rgb8(4, 4))).is_none());
        assert!(deep(&png_of(&DynamicImage::new_luma16(4, 4))).is_none());
        let noise = |x: u32, y: u32| Rgb([(x * 7_919 + y * 104_729) as u16; 3]);
        let image: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_fn(64, 64, noise);
        let mut bytes = png_of(&DynamicImage::ImageRgb16(image));
        let name = Path::new("a.png");
        let of = (name, Limits::default());
        assert!(DeepPng::of((&bytes).into(), (64, 64), None, of).is_none());
        bytes.truncate(bytes.len() / 2);
        let mut cut = deep(&bytes).unwrap();
        let cut = picture(&mut cut, BitDepth::Auto, Orientation::NoTransforms, name);
        assert!(
            cut.unwrap_err()
                .to_string()
                .contains("damaged or incomplete")
        );
    }
}
