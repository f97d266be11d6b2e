//! The pictures of a file, one after the other: most have one, TIFF may have pages, WebP and PNG may be
//! animations, and a file may be several of them, one behind the other.

use std::collections::VecDeque;
use std::path::Path;

use ::image::codecs::png::PngDecoder;
use ::image::codecs::webp::WebPDecoder;
use ::image::metadata::Orientation;
use ::image::{AnimationDecoder, DynamicImage, Frames, ImageFormat, Limits as ImageLimits};

use super::bit_depth::BitDepth;
use super::deep::{self, Rows};
use super::flatten::{Picture, bits_in_use, flatten};
use super::format::{Format, format_of, saved_with_losses};
use super::image_file::{Content, read_at};
use super::kind::Kind;
use super::limits::Limits;
use super::parts::{BEGINNING, begins, ends, parts};
use super::png_file::{self, About};
use super::refusal::{contain_panics, damaged, unreadable, unsupported};
use super::samples::Samples;
use super::single::Single;
use super::tiff::TiffFile;
use super::tiff_pages::MOST_PAGES;
use crate::error::{Error, Result};

/// The pictures of a file that are not decoded yet.
pub(super) struct SamplesOfPages<'a> {
    name: &'a Path,
    count: usize,
    next: usize,
    limits: Limits,
    source: Source<'a>,
    /// As of [`Kind`](super::Kind).
    lossy: Option<bool>,
}

enum Source<'a> {
    Single(Box<Option<Single<'a>>>),
    Tiff(Box<TiffFile<'a>>),
    Frames(Animation<'a>),
    Several(Several<'a>),
}

/// The frames of an animation.
struct Animation<'a> {
    size: (u32, u32),
    /// A picture before them that is none of them.
    default: Option<Box<Single<'a>>>,
    frames: Frames<'a>,
}

/// Files in a file, one behind the other.
struct Several<'a> {
    /// The one that is read, of its pictures.
    now: Option<Box<SamplesOfPages<'a>>>,
    rest: VecDeque<&'a [u8]>,
}

impl<'a> SamplesOfPages<'a> {
    /// Reads the header of a file, and how many pictures it has.
    pub fn open(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        contain_panics(name, || Self::read(content, name, limits))
    }

    fn read(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        let parts = match content.in_memory() {
            Some(bytes) => parts(bytes, MOST_PAGES),
            None => Vec::new(),
        };
        if parts.len() < 2 {
            return Self::one(content, name, limits);
        }
        let count = |part: &&'a [u8]| match Self::one((*part).into(), name, limits) {
            Ok(one) => one.count,
            // It is told of when it is its turn.
            Err(_) => 1,
        };
        let several = Several {
            now: None,
            rest: parts.iter().copied().collect(),
        };
        Self {
            name,
            limits,
            count: parts.iter().map(count).sum(),
            next: 0,
            source: Source::Several(several),
            lossy: saved_with_losses(&content.start()?),
        }
        .checked()
    }

    /// A file that no other lies behind.
    fn one(content: Content<'a>, name: &'a Path, limits: Limits) -> Result<Self> {
        let single = |single| Source::Single(Box::new(Some(single)));
        let other = |format, bits| Single::other(content, format, bits, (name, limits));
        let (count, source) = match format_of(&content.start()?, name)? {
            Format::Jpeg => (1, single(Single::jpeg(content.whole()?, name, limits)?)),
            Format::Bmp => {
                check_last(content, name)?;
                (1, single(other(ImageFormat::Bmp, None)?))
            }
            Format::Tiff => {
                let file = TiffFile::open(content, name, limits)?;
                (file.count(), Source::Tiff(Box::new(file)))
            }
            Format::Png => {
                let About {
                    frames,
                    has_default,
                    bits,
                    end,
                } = png_file::about(content, name)?;
                check_none_behind(content, end, name)?;
                match frames.max(1) + usize::from(has_default) {
                    1 => (1, single(other(ImageFormat::Png, bits)?)),
                    count => {
                        let default = match has_default {
                            true => Some(Box::new(other(ImageFormat::Png, bits)?)),
                            false => None,
                        };
                        (count, frames_of_png(content, name, limits, default)?)
                    }
                }
            }
            Format::WebP => {
                check_last(content, name)?;
                let decoder = image_webp::WebPDecoder::new(content.reader()?)
                    .map_err(|error| damaged(name, error))?;
                let count = match decoder.is_animated() {
                    true => decoder.num_frames() as usize,
                    false => 1,
                };
                let source = match count {
                    0 | 1 => single(other(ImageFormat::WebP, None)?),
                    _ => {
                        limits.check(decoder.dimensions(), name)?;
                        let decoder = WebPDecoder::new(content.reader()?);
                        let decoder = decoder.map_err(unreadable(name))?;
                        Source::Frames(Animation {
                            size: ::image::ImageDecoder::dimensions(&decoder),
                            default: None,
                            frames: decoder.into_frames(),
                        })
                    }
                };
                (count.max(1), source)
            }
        };
        Self {
            name,
            limits,
            count,
            next: 0,
            source,
            lossy: saved_with_losses(&content.start()?),
        }
        .checked()
    }

    fn checked(self) -> Result<Self> {
        let count = self.count;
        if count <= MOST_PAGES {
            return Ok(self);
        }
        let of = match self.source {
            Source::Frames(_) => "frames",
            _ => "pictures",
        };
        Err(unsupported(
            self.name,
            format!("it has {count} {of}, more than {MOST_PAGES}"),
        ))
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
            Source::Several(_) => format!("it has {count} pictures, one behind the other"),
            Source::Frames(Animation {
                default: Some(_), ..
            }) => format!(
                "it is an animation of {} frames beside a picture of its own",
                count - 1
            ),
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
            Source::Frames(animation) => Ok(animation.size),
            Source::Several(several) => match several.ready(self.name, self.limits)? {
                Some(part) => part.dimensions(),
                None => Ok((0, 0)),
            },
        })
    }

    /// The next one in 8 bits; none behind the last.
    pub fn next_picture(&mut self, bit_depth: BitDepth) -> Option<Result<Picture>> {
        let name = self.name;
        let lossy = match &mut self.source {
            Source::Tiff(file) if self.next < self.count => {
                // What is wrong with the page is told where it is read.
                contain_panics(name, || file.is_lossy(self.next)).unwrap_or_default()
            }
            _ => self.lossy,
        };
        let told = |picture: Picture| Picture {
            kind: Kind {
                lossy,
                ..picture.kind
            },
            ..picture
        };
        let by_rows = self.by_rows(|rows, turn| deep::picture(rows, bit_depth, turn, name));
        if let Some(picture) = by_rows.transpose() {
            self.next += 1;
            return Some(picture.map(told));
        }
        let samples = self.next()?;
        Some(samples.map(|samples| told(flatten(samples, bit_depth))))
    }

    /// The bits in use of 16 of the only one; none where all are in use.
    pub fn bits_in_use(mut self) -> Result<Option<u8>> {
        let name = self.name;
        if let Some(bits) = self.by_rows(|rows, _| deep::bits_in_use(rows))? {
            return Ok(Some(bits));
        }
        let samples = (self.next()).unwrap_or_else(|| Err(damaged(name, "it has no pixels")))?;
        Ok(bits_in_use(&samples))
    }

    /// What is made of the rows of the next one, if it is better read by them than as samples.
    fn by_rows<T>(
        &mut self,
        make: impl FnOnce(&mut dyn Rows, Orientation) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.next == self.count {
            return Ok(None);
        }
        let page = self.next;
        contain_panics(self.name, || match &mut self.source {
            Source::Single(single) => match single.as_mut() {
                Some(single) => single.by_rows(make),
                None => Ok(None),
            },
            Source::Tiff(file) => {
                let rows = file.deep_page(page)?;
                rows.map(|mut rows| {
                    let turn = rows.orientation;
                    make(&mut rows, turn)
                })
                .transpose()
            }
            Source::Frames(_) | Source::Several(_) => Ok(None),
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
            Source::Several(several) => several.next(name, self.limits),
            Source::Frames(animation) => match animation.default.take() {
                Some(single) => single.decode(name),
                None => match animation.frames.next() {
                    Some(Ok(frame)) => {
                        let image = DynamicImage::ImageRgba8(frame.into_buffer());
                        Ok(Samples::new(image, None))
                    }
                    Some(Err(error)) => Err(unreadable(name)(error)),
                    None => Err(damaged(name, format!("it has fewer frames than {count}"))),
                },
            },
        });
        if decoded.is_err() && matches!(self.source, Source::Frames(..)) {
            // Each frame is drawn over the one before.
            self.next = self.count;
        }
        Some(decoded)
    }
}

impl<'a> Several<'a> {
    /// The file whose picture is next; none behind the last.
    fn ready(&mut self, name: &'a Path, limits: Limits) -> Result<Option<&mut SamplesOfPages<'a>>> {
        let is_used_up = |one: &SamplesOfPages| one.next == one.count;
        if self.now.as_ref().is_none_or(|now| is_used_up(now)) {
            self.now = None;
            if let Some(part) = self.rest.front() {
                let opened = SamplesOfPages::one((*part).into(), name, limits)?;
                self.now = Some(Box::new(opened));
                self.rest.pop_front();
            }
        }
        Ok(self.now.as_deref_mut())
    }

    fn next(&mut self, name: &'a Path, limits: Limits) -> Result<Samples> {
        let next = match self.ready(name, limits) {
            Ok(part) => part.and_then(SamplesOfPages::next),
            Err(error) => {
                // It does not hide those behind it.
                self.rest.pop_front();
                Some(Err(error))
            }
        };
        next.unwrap_or_else(|| Err(damaged(name, "it has fewer pictures")))
    }
}

fn frames_of_png<'a>(
    content: Content<'a>,
    name: &'a Path,
    limits: Limits,
    default: Option<Box<Single<'a>>>,
) -> Result<Source<'a>> {
    let mut of_decoder = ImageLimits::no_limits();
    of_decoder.max_alloc = Some(limits.decoder_bytes());
    let decoder = PngDecoder::with_limits(content.reader()?, of_decoder);
    let decoder = decoder.map_err(unreadable(name))?;
    let size = ::image::ImageDecoder::dimensions(&decoder);
    limits.check(size, name)?;
    Ok(Source::Frames(Animation {
        size,
        default,
        frames: decoder.apng().map_err(unreadable(name))?.into_frames(),
    }))
}

/// Refuses a bitmap or a WebP image that another image lies behind.
fn check_last(content: Content, name: &Path) -> Result<()> {
    let start = content.start()?;
    let mut reader = content.reader()?;
    for end in ends(&start, content.length()) {
        let behind = read_at(&mut *reader, end, BEGINNING);
        if behind.is_ok_and(|behind| begins(&behind)) {
            return Err(another_behind(name));
        }
    }
    Ok(())
}

/// Refuses a PNG on the disk that another image lies behind.
fn check_none_behind(content: Content, end: Option<u64>, name: &Path) -> Result<()> {
    let has_more = end.is_some_and(|end| end < content.length());
    if has_more && content.in_memory().is_none() {
        let bytes = content.whole()?;
        if parts(&bytes, 1).len() > 1 {
            return Err(another_behind(name));
        }
    }
    Ok(())
}

fn another_behind(name: &Path) -> Error {
    let reason = "another picture lies behind its first one: save each as a file of its own";
    Error::image(name, reason)
}
