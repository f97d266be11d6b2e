//! Strips and tiles of 16 bits a sample, decompressed as they are read: one alone may hold a whole picture.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, SeekFrom};

use ::tiff::tags::CompressionMethod;
use flate2::bufread::ZlibDecoder;
use weezl::{BitOrder, LzwStatus, decode};

use super::super::image_file::Seekable;

/// Bytes that are read at once of a chunk.
const AT_ONCE: usize = 1 << 16;

/// A file that several chunks are read from in turn.
pub(super) type Shared<'a> = RefCell<Box<dyn Seekable + 'a>>;

/// How chunks are compressed.
#[derive(Clone, Copy)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    Lzw,
    Deflate,
    PackBits,
}

impl Packing {
    /// By the number in the file; None of one that is not decompressed piece by piece.
    pub fn of(method: u32) -> Option<Self> {
        let method = u16::try_from(method).ok()?;
        Some(match CompressionMethod::from_u16_exhaustive(method) {
            CompressionMethod::None => Self::Plain,
            CompressionMethod::LZW => Self::Lzw,
            CompressionMethod::Deflate | CompressionMethod::OldDeflate => Self::Deflate,
            CompressionMethod::PackBits => Self::PackBits,
            _ => return None,
        })
    }

    /// The bytes of a chunk that lies at a place and has so many before they are decompressed.
    fn opened<'r>(self, file: &'r Shared<'_>, (at, bytes): (usize, usize)) -> Box<dyn Read + 'r> {
        let (at, bytes) = (at as u64, bytes as u64);
        let buffered = bytes.clamp(1, AT_ONCE as u64) as usize;
        let part = |left| BufReader::with_capacity(buffered, Part { file, at, left });
        match self {
            // Some writers count too few: the pixels say how many there are.
            Self::Plain => Box::new(part(u64::MAX)),
            Self::Deflate => Box::new(ZlibDecoder::new(part(u64::MAX))),
            Self::Lzw => Box::new(Lzw {
                from: part(bytes),
                decoder: decode::Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
                    .with_yield_on_full_buffer(true)
                    .build(),
            }),
            Self::PackBits => Box::new(PackBits {
                from: part(bytes),
                left: 0,
                repeated: None,
            }),
        }
    }
}

/// How the samples of all chunks of a page lie in them.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub packing: Packing,
    pub is_big_endian: bool,
    /// Whether each sample is the difference to the one before.
    pub are_differences: bool,
    /// Samples of a pixel in a chunk, and how many of them are kept, from the first.
    pub of_pixel: usize,
    pub kept: usize,
}

/// Which part of each row a chunk has.
pub(super) struct Share {
    /// The first sample of the row that it has.
    pub first: usize,
    /// Samples from one pixel of the row to the next.
    pub step: usize,
    /// Pixels that it has of the row, and more that lie beyond the page.
    pub pixels: usize,
    pub beyond: usize,
}

/// The rows of a chunk, from the first one on.
pub(super) struct Chunk<'r> {
    bytes: Box<dyn Read + 'r>,
    form: Form,
    share: Share,
}

impl<'r> Chunk<'r> {
    pub fn new(file: &'r Shared<'_>, at: (usize, usize), form: Form, share: Share) -> Self {
        Self {
            bytes: form.packing.opened(file, at),
            form,
            share,
        }
    }

    /// Puts its next row where it lies in a row of the page; `scratch` is any buffer.
    ///
    /// # Errors
    /// A file that ends, and damaged ones.
    pub fn put_next(&mut self, row: &mut [u16], scratch: &mut Scratch) -> io::Result<()> {
        let (form, share) = (self.form, &self.share);
        let Scratch { bytes, samples } = scratch;
        bytes.resize(2 * form.of_pixel * share.pixels, 0);
        self.bytes.read_exact(bytes)?;
        let beyond = 2 * (form.of_pixel * share.beyond) as u64;
        if beyond > 0 {
            io::copy(&mut self.bytes.by_ref().take(beyond), &mut io::sink())?;
        }
        samples.clear();
        let pairs = bytes.as_chunks::<2>().0.iter();
        match form.is_big_endian {
            true => samples.extend(pairs.map(|pair| u16::from_be_bytes(*pair))),
            false => samples.extend(pairs.map(|pair| u16::from_le_bytes(*pair))),
        }
        if form.are_differences {
            for at in form.of_pixel..samples.len() {
                samples[at] = samples[at].wrapping_add(samples[at - form.of_pixel]);
            }
        }
        let places = row[share.first..].chunks_mut(share.step);
        for (place, pixel) in places.zip(samples.chunks_exact(form.of_pixel)) {
            place[..form.kept].copy_from_slice(&pixel[..form.kept]);
        }
        Ok(())
    }
}

/// Room for a row of a chunk.
#[derive(Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    samples: Vec<u16>,
}

/// A part of a file, from a place on.
struct Part<'r, 'a> {
    file: &'r Shared<'a>,
    at: u64,
    left: u64,
}

impl Read for Part<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut into[..most])?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

struct Lzw<R> {
    from: R,
    decoder: decode::Decoder,
}

impl<R: BufRead> Read for Lzw<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut is_stuck = false;
        loop {
            let done = self.decoder.decode_bytes(self.from.fill_buf()?, into);
            self.from.consume(done.consumed_in);
            match done.status {
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
                Ok(_) if done.consumed_out > 0 => return Ok(done.consumed_out),
                Ok(LzwStatus::Done) => return Ok(0),
                // It says so too after a code that it had read before and that gives no byte.
                Ok(LzwStatus::NoProgress) if is_stuck => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(LzwStatus::NoProgress) => is_stuck = true,
                Ok(LzwStatus::Ok) => {}
            }
        }
    }
}

struct PackBits<R> {
    from: R,
    /// Bytes left of the run.
    left: usize,
    /// What they are, if all are the same.
    repeated: Option<u8>,
}

impl<R: Read> Read for PackBits<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut byte = [0];
        while self.left == 0 {
            if self.from.read(&mut byte)? == 0 {
                return Ok(0);
            }
            let head = i8::from_ne_bytes(byte);
            // This one says nothing.
            if head == i8::MIN {
                continue;
            }
            self.left = usize::from(head.unsigned_abs()) + 1;
            self.repeated = None;
            if head < 0 {
                self.from.read_exact(&mut byte)?;
                self.repeated = Some(byte[0]);
            }
        }
        let most = into.len().min(self.left);
        let read = match self.repeated {
            Some(value) => {
                into[..most].fill(value);
                most
            }
            None => self.from.read(&mut into[..most])?,
        };
        self.left -= read;
        Ok(read)
    }
}
