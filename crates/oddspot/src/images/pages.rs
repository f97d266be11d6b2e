//! The pictures of a file, one after the other: most have one, TIFF may have pages, WebP and PNG may be
//! animations.

use std::path::Path;

use ::image::codecs::png::PngDecoder;
use ::image::codecs::webp::WebPDecoder;
use ::image::{AnimationDecoder, DynamicImage, Frames, ImageFormat, Limits as ImageLimits};

use super::format::{Format, format_of};
use super::image_file::Content;
use super::limits::Limits;
use super::refusal::{contain_panics, damaged, unreadable, unsupported};
use super::samples::Samples;
use super::single::Single;
use super::tiff::{MOST_PAGES, TiffFile};
use crate::error::{Error, Result};

/// The pictures of a file that are not decoded yet.
pub(super) struct SamplesOfPages<'a> {
    name: &'a Path,
    count: usize,
    next: usize,
    source: Source<'a>,
}

enum Source<'a> {
    Single(Box<Option<Single<'a>>>),
    Tiff(Box<TiffFile<'a>>),
    Frames((u32, u32), Frames<'a>),
}

impl<'a> SamplesOfPages<'a> {
    /// Reads the header of a file, and how many pictures it has.
    pub fn open(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        contain_panics(name, || Self::read(content, name, limits))
    }

    fn read(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        let single = |single| Source::Single(Box::new(Some(single)));
        let (count, source) = match format_of(&content.start()?, name)? {
            Format::Jpeg => (1, single(Single::jpeg(content.whole()?, name, limits)?)),
            Format::Bmp => {
                let about = (name, limits);
                (
                    1,
                    single(Single::other(content, ImageFormat::Bmp, None, about)?),
                )
            }
            Format::Tiff => {
                let file = TiffFile::open(content, name, limits)?;
                (file.count(), Source::Tiff(Box::new(file)))
            }
            Format::Png => {
                let about = said_by_png(content);
                let count = about.frames.max(1);
                let source = match count {
                    1 => {
                        let about = (about.bits, (name, limits));
                        single(Single::other(content, ImageFormat::Png, about.0, about.1)?)
                    }
                    _ => frames_of_png(content, name, limits)?,
                };
                (count, source)
            }
            Format::WebP => {
                let decoder = image_webp::WebPDecoder::new(content.reader()?)
                    .map_err(|error| damaged(name, error))?;
                let count = match decoder.is_animated() {
                    true => decoder.num_frames() as usize,
                    false => 1,
                };
                let source = match count {
                    0 | 1 => single(Single::other(
                        content,
                        ImageFormat::WebP,
                        None,
                        (name, limits),
                    )?),
                    _ => {
                        limits.check(decoder.dimensions(), name)?;
                        let decoder = WebPDecoder::new(content.reader()?);
                        let decoder = decoder.map_err(unreadable(name))?;
                        let size = ::image::ImageDecoder::dimensions(&decoder);
                        Source::Frames(size, decoder.into_frames())
                    }
                };
                (count.max(1), source)
            }
        };
        if count > MOST_PAGES {
            return Err(unsupported(
                name,
                format!("it has {count} frames, more than {MOST_PAGES}"),
            ));
        }
        Ok(Self {
            name,
            count,
            next: 0,
            source,
        })
    }

    /// How many pictures the file has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The same file, if it has one picture alone.
    pub fn only(self) -> Result<Self> {
        let count = self.count;
        let what = match &self.source {
            _ if count == 1 => return Ok(self),
            Source::Tiff(_) => format!("it has {count} pages"),
            _ => format!("it is an animation of {count} frames"),
        };
        Err(Error::image(
            self.name,
            format!("{what}, where one picture is needed: save each as a file of its own"),
        ))
    }

    /// The (width, height) of the next one.
    pub fn dimensions(&mut self) -> Result<(u32, u32)> {
        contain_panics(self.name, || match &mut self.source {
            Source::Single(single) => {
                Ok(single.as_ref().as_ref().map_or((0, 0), Single::dimensions))
            }
            Source::Tiff(file) => file.dimensions(self.next),
            Source::Frames(size, _) => Ok(*size),
        })
    }

    /// The pixels of the next one; none behind the last.
    pub fn next(&mut self) -> Option<Result<Samples>> {
        if self.next == self.count {
            return None;
        }
        let page = self.next;
        self.next += 1;
        let (name, count) = (self.name, self.count);
        let decoded = contain_panics(name, || match &mut self.source {
            Source::Single(single) => match single.take() {
                Some(single) => single.decode(name),
                None => Err(damaged(name, "it has no pixels")),
            },
            Source::Tiff(file) => file.page(page),
            Source::Frames(_, frames) => match frames.next() {
                Some(Ok(frame)) => {
                    let image = DynamicImage::ImageRgba8(frame.into_buffer());
                    Ok(Samples::new(image, None))
                }
                Some(Err(error)) => Err(unreadable(name)(error)),
                None => Err(damaged(name, format!("it has fewer frames than {count}"))),
            },
        });
        if decoded.is_err() && matches!(self.source, Source::Frames(..)) {
            // Each frame is drawn over the one before.
            self.next = self.count;
        }
        Some(decoded)
    }
}

/// What a PNG says of itself beside its size.
#[derive(Default)]
struct SaidByPng {
    /// Pictures of an animation; 0 of none.
    frames: usize,
    /// Bits in use of each sample.
    bits: Option<u8>,
}

/// A header that cannot be read is left to the decoder, which tells it.
fn said_by_png(content: Content) -> SaidByPng {
    let reader = content.reader().ok();
    let reader = reader.and_then(|reader| png::Decoder::new(reader).read_info().ok());
    let Some(reader) = reader else {
        return SaidByPng::default();
    };
    let info = reader.info();
    SaidByPng {
        frames: info
            .animation_control
            .map_or(0, |one| one.num_frames as usize),
        bits: (info.sbit.as_ref()).and_then(|bits| bits.iter().copied().max()),
    }
}

fn frames_of_png<'a>(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Source<'a>> {
    let mut of_decoder = ImageLimits::no_limits();
    of_decoder.max_alloc = Some(limits.decoder_bytes());
    let decoder = PngDecoder::with_limits(content.reader()?, of_decoder);
    let decoder = decoder.map_err(unreadable(name))?;
    let size = ::image::ImageDecoder::dimensions(&decoder);
    limits.check(size, name)?;
    let frames = decoder.apng().map_err(unreadable(name))?.into_frames();
    Ok(Source::Frames(size, frames))
}
