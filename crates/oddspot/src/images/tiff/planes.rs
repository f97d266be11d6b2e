//! Pages whose samples lie plane by plane.

use ::tiff::ColorType;
use ::tiff::decoder::{ChunkType, DecodingResult};
use ::tiff::tags::{PlanarConfiguration, Tag};

use super::super::refusal::{damaged, refused};
use super::TiffFile;
use crate::error::Result;

impl TiffFile<'_> {
    /// All samples pixel by pixel of a page in tiles, of which each has one plane; None of any other. The decoder
    /// puts such tiles together only where they fill the page.
    pub(super) fn by_planes_of_tiles(
        &mut self,
        colour: ColorType,
    ) -> Result<Option<DecodingResult>> {
        let planar = u32::from(PlanarConfiguration::Planar.to_u16());
        let is_planar = self.number(Tag::PlanarConfiguration)? == Some(planar);
        let planes = usize::from(colour.num_samples());
        if !is_planar || planes < 2 || self.decoder.get_chunk_type() != ChunkType::Tile {
            return Ok(None);
        }
        let (width, height) = self.decoder.dimensions().map_err(refused(self.name))?;
        let size = [width as usize, height as usize];
        Ok(Some(match colour.bit_depth() {
            8 => DecodingResult::U8(self.tiles(size, planes, |tile| match tile {
                DecodingResult::U8(samples) => Some(samples),
                _ => None,
            })?),
            16 => DecodingResult::U16(self.tiles(size, planes, |tile| match tile {
                DecodingResult::U16(samples) => Some(samples),
                _ => None,
            })?),
            _ => return Err(self.strange(colour)),
        }))
    }

    /// The tiles of all planes, each of them put where it lies.
    fn tiles<S: Copy + Default>(
        &mut self,
        [width, height]: [usize; 2],
        planes: usize,
        samples_of: impl Fn(DecodingResult) -> Option<Vec<S>>,
    ) -> Result<Vec<S>> {
        let (across, down) = self.decoder.chunk_dimensions();
        let columns = width.div_ceil(across.max(1) as usize);
        let of_plane = columns * height.div_ceil(down.max(1) as usize);
        let mut samples = vec![S::default(); width * height * planes];
        for at in 0..of_plane * planes {
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            let tile = self
                .decoder
                .read_chunk(number)
                .map_err(refused(self.name))?;
            let (tile_width, tile_height) = self.decoder.chunk_data_dimensions(number);
            let tile = samples_of(tile)
                .filter(|tile| tile.len() >= tile_width as usize * tile_height as usize)
                .ok_or_else(|| damaged(self.name, "its tiles are of several kinds"))?;
            let (plane, place) = (at / of_plane, at % of_plane);
            let left = place % columns * across as usize;
            let top = place / columns * down as usize;
            let rows = tile.chunks_exact(tile_width.max(1) as usize);
            // The decoder cuts off what lies beyond the page in the first plane alone.
            for (row, values) in rows.take(height - top).enumerate() {
                for (column, value) in values.iter().take(width - left).enumerate() {
                    samples[((top + row) * width + left + column) * planes + plane] = *value;
                }
            }
        }
        Ok(samples)
    }
}

/// Samples that lie plane by plane, pixel by pixel: of so many planes, the first ones.
pub(super) fn by_pixel<S: Copy>(planar: &[S], [planes, kept]: [usize; 2]) -> Vec<S> {
    let pixels = planar.len() / planes;
    let kept = kept.min(planes);
    let mut samples = Vec::with_capacity(pixels * kept);
    for pixel in 0..pixels {
        samples.extend((0..kept).map(|plane| planar[plane * pixels + pixel]));
    }
    samples
}
