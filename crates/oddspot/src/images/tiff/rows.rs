//! The rows of large pages of 16 bits a colour, whatever strips, tiles or planes they lie in.

use std::cell::RefCell;

use ::image::metadata::Orientation;
use ::tiff::ColorType;
use ::tiff::decoder::ChunkType;
use ::tiff::tags::{ByteOrder, CompressionMethod, PlanarConfiguration, Tag};

use super::super::deep::{Head, Rows, is_large};
use super::super::refusal::{damaged, refused};
use super::super::tiff_colours::Behind;
use super::TiffFile;
use super::chunk::{Chunk, Form, Packing, Scratch, Share, Shared};
use crate::error::Result;

/// Chunks side by side that are read row by row, at most: each of them keeps some 100 kB.
const MOST_BESIDE: usize = 512;
/// Pixels that a tile may reach beyond the page: they are decompressed for nothing.
const MOST_BEYOND: usize = 4096;

/// Such a page, at which the decoder stands.
pub(in super::super) struct DeepPage<'f, 'a> {
    file: &'f mut TiffFile<'a>,
    head: Head,
    chunks: Chunks,
    /// How it is turned.
    pub orientation: Orientation,
}

/// The strips or tiles of a page.
struct Chunks {
    /// Where each lies in the file, and its bytes there: plane by plane, each of them row by row.
    places: Vec<(usize, usize)>,
    /// Pixels of each (width, height); those at the edges may reach beyond the page.
    size: [usize; 2],
    form: Form,
    /// Planes that are read; one where chunks hold whole pixels.
    planes: usize,
    /// Planes of the file.
    all_planes: usize,
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
            ColorType::RGBA(16) if self.behind()? == Behind::Laid => [3, 3],
            ColorType::RGBA(16) => [3, 4],
            _ => return Ok(None),
        };
        self.check_whole()?;
        self.check_whole_numbers()?;
        let Some(chunks) = self.deep_chunks(channels[1], size.0 as usize)? else {
            return Ok(None);
        };
        let (said, orientation) = (self.said()?, self.orientation());
        Ok(Some(DeepPage {
            file: self,
            head: Head {
                size,
                channels,
                said,
            },
            chunks,
            orientation,
        }))
    }

    /// The chunks of a page of so many channels of 16 bits and so many pixels across; None of such as are not read row by row:
    /// of unknown kinds, very many side by side, which are all open at once, and such as reach far beyond the page.
    fn deep_chunks(&mut self, channels: usize, width: usize) -> Result<Option<Chunks>> {
        let plain = CompressionMethod::None.to_u16();
        let packing = Packing::of(self.number(Tag::Compression)?.unwrap_or(plain.into()));
        let predictor = self.number(Tag::Predictor)?.unwrap_or(1);
        let samples = self.number(Tag::SamplesPerPixel)?.unwrap_or(1) as usize;
        let (Some(packing), 1 | 2, true) = (packing, predictor, samples >= channels) else {
            return Ok(None);
        };
        let chunky = u32::from(PlanarConfiguration::Chunky.to_u16());
        let is_planar = self.number(Tag::PlanarConfiguration)?.unwrap_or(chunky) != chunky;
        let [kept, of_pixel, planes, all_planes] = match is_planar {
            true => [1, 1, channels, samples],
            false => [channels, samples, 1, 1],
        };
        let places = match self.decoder.get_chunk_type() {
            ChunkType::Strip => self.chunks(Tag::StripOffsets, Tag::StripByteCounts)?,
            ChunkType::Tile => self.chunks(Tag::TileOffsets, Tag::TileByteCounts)?,
        };
        let (across, down) = self.decoder.chunk_dimensions();
        let size = [across, down].map(|side| side.max(1) as usize);
        let beside = width.div_ceil(size[0]).saturating_mul(planes);
        if beside > MOST_BESIDE || size[0] > width.saturating_add(MOST_BEYOND) {
            return Ok(None);
        }
        Ok(Some(Chunks {
            places,
            size,
            form: Form {
                packing,
                is_big_endian: self.decoder.byte_order() == ByteOrder::BigEndian,
                are_differences: predictor == 2,
                of_pixel,
                kept,
            },
            planes,
            all_planes,
        }))
    }
}

impl Chunks {
    /// Those that lie side by side in a row of them, of a page so many pixels wide; None if some are not there.
    fn beside<'r>(
        &self,
        file: &'r Shared<'_>,
        band: usize,
        width: usize,
    ) -> Option<Vec<Chunk<'r>>> {
        let across = self.size[0];
        let columns = width.div_ceil(across);
        let of_plane = self.places.len() / self.all_planes;
        let step = self.planes * self.form.kept;
        let all = (0..self.planes).flat_map(|plane| (0..columns).map(move |at| (plane, at)));
        all.map(|(plane, column)| {
            let at = *self
                .places
                .get(plane * of_plane + band * columns + column)?;
            let left = column * across;
            let pixels = across.min(width - left);
            let share = Share {
                first: left * step + plane,
                step,
                pixels,
                beyond: across - pixels,
            };
            Some(Chunk::new(file, at, self.form, share))
        })
        .collect()
    }
}

impl Rows for DeepPage<'_, '_> {
    fn head(&self) -> Head {
        self.head
    }

    fn each(&mut self, with: &mut dyn FnMut(&[u16])) -> Result<()> {
        let (width, height) = self.head.size;
        let (width, height) = (width as usize, height as usize);
        let name = self.file.name;
        let file = RefCell::new(self.file.content.reader()?);
        let mut row = vec![0; width * self.head.channels[1]];
        let mut scratch = Scratch::default();
        let down = self.chunks.size[1];
        for band in 0..height.div_ceil(down) {
            let mut beside = (self.chunks.beside(&file, band, width))
                .ok_or_else(|| damaged(name, "it has fewer strips or tiles"))?;
            for _ in 0..down.min(height - band * down) {
                for chunk in &mut beside {
                    let put = chunk.put_next(&mut row, &mut scratch);
                    put.map_err(|error| damaged(name, error))?;
                }
                with(&row);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
