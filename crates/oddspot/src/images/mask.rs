//! Ground truth: which pixels of an image are odd.

use std::path::{Path, PathBuf};

use ::image::DynamicImage;

use super::ImageSize;
use super::file::read_file;
use super::flatten::black_is_zero;
use super::limits::Limits;
use super::reading::samples;
use crate::error::{Error, Result};

/// Which pixels are anomalous, `[height, width]`, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height · width` flags, row-major.
    pub anomalous: Vec<bool>,
}

/// A mask file's mask, and how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskFile {
    /// What it marks.
    pub mask: Mask,
    /// Whether it has shades between, as lossy files leave them, and was cut at half of its brightest.
    pub cut: bool,
    /// How many percent of it are neither black nor as bright as its brightest, where it was cut.
    pub grey: u8,
}

impl MaskFile {
    /// Whether it looks like a photograph, perhaps with the defect drawn into it: soft edges, and what lossy files make
    /// of hard ones, take less of a mask.
    pub fn looks_like_a_photograph(&self) -> bool {
        self.grey > MOST_GREY
    }
}

/// Percent of a mask that may be neither black nor bright.
const MOST_GREY: u8 = 20;
/// Different shades that a file has which marks by shades: what has more is a picture of a mask.
const MOST_SHADES: usize = 16;
/// What JPEG files begin with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
/// Share of an inverted mask's border that is marked, at least.
const BORDER: f64 = 0.9;
/// Share of an image beyond which a mask marks nearly all of it.
const NEARLY_ALL: f64 = 0.8;

/// Decodes a mask file of any supported format and depth, its EXIF orientation applied: a pixel
/// is anomalous where any colour channel is not zero. Alpha does not count. A lossy file has other shades
/// around what it marks: that of JPEG, and one of many shades up to the brightest, is cut at half.
///
/// # Errors
/// A file that cannot be decoded, or that is larger than the limits.
pub fn read_mask(path: &Path, limits: Limits) -> Result<MaskFile> {
    let bytes = read_file(path)?;
    let samples = black_is_zero(samples((&bytes).into(), path, limits)?);
    Ok(Mask::of(&samples.image, bytes.starts_with(&JPEG)))
}

/// What a mask file marks, within the usual limits; see [`read_mask`].
///
/// # Errors
/// A file that cannot be decoded, or that looks like a photograph.
pub fn decode_mask(path: &Path) -> Result<Mask> {
    mask_of(path, Limits::default())
}

/// What a mask file marks.
fn mask_of(path: &Path, limits: Limits) -> Result<Mask> {
    let file = read_mask(path, limits)?;
    match file.looks_like_a_photograph() {
        true => Err(Error::image(path, like_a_photograph(file.grey))),
        false => Ok(file.mask),
    }
}

/// What is said of a mask that looks like a photograph.
pub(crate) fn like_a_photograph(grey: u8) -> String {
    format!(
        "{grey} % of it is neither black nor white: it looks like a photograph, and not like a mask; paint white what is \
         anomalous, and black what is not"
    )
}

/// What any of an image's mask files marks, or leaves unmarked where they are inverted, at the image's size;
/// None if there are none.
///
/// # Errors
/// A file that cannot be decoded, or that looks like a photograph.
pub fn decode_masks(
    (paths, limits): (&[PathBuf], Limits),
    size: ImageSize,
    inverted: bool,
) -> Result<Option<Mask>> {
    let mut all: Option<Mask> = None;
    for path in paths {
        let mut mask = mask_of(path, limits)?;
        if inverted {
            mask.invert();
        }
        if (mask.width, mask.height) != (size.width, size.height) {
            mask = mask.shrink(size);
        }
        match &mut all {
            None => all = Some(mask),
            Some(all) => {
                for (sum, anomalous) in all.anomalous.iter_mut().zip(mask.anomalous) {
                    *sum |= anomalous;
                }
            }
        }
    }
    Ok(all)
}

impl Mask {
    /// Anomalous where any colour channel of the samples as stored is not zero, or reaches half of the
    /// brightest of all if the file is lossy, or looks so.
    fn of(image: &DynamicImage, lossy: bool) -> MaskFile {
        let pixel = usize::from(image.color().bytes_per_pixel());
        let channels = usize::from(image.color().channel_count());
        let depth = pixel / channels;
        let colours = pixel - depth * usize::from(image.color().has_alpha());
        let level = |bytes: &[u8]| -> u16 {
            let samples = bytes[..colours]
                .chunks_exact(depth)
                .map(|sample| match *sample {
                    [low, high] => u16::from_ne_bytes([low, high]),
                    [byte] => u16::from(byte),
                    _ => 0,
                });
            samples.max().unwrap_or(0)
        };
        // Looked at more than once rather than kept: of a large mask they would take more than it does.
        let levels = || image.as_bytes().chunks_exact(pixel).map(level);
        let brightest = levels().max().unwrap_or(0);
        let half_of_all = if depth == 1 { 1 << 7 } else { 1 << 15 };
        let shades = shades(levels());
        let cut = shades > 1 && (lossy || shades > MOST_SHADES && brightest >= half_of_all);
        let least = match cut {
            true => brightest.div_ceil(2),
            false => 1,
        };
        let mask = Self {
            height: image.height() as usize,
            width: image.width() as usize,
            anomalous: levels().map(|level| level >= least).collect(),
        };
        // Numbers of many things are shades too, but dark ones.
        let grey = match cut && shades > MOST_SHADES {
            true => {
                let (brightest, all) = (u32::from(brightest), mask.anomalous.len().max(1));
                let between = brightest..3 * brightest;
                let grey = levels().filter(|&level| between.contains(&(4 * u32::from(level))));
                (100 * grey.count() / all) as u8
            }
            false => 0,
        };
        MaskFile { mask, cut, grey }
    }

    /// Whether it looks as if it marked what is good: more than half of the image and nearly all of its
    /// border, but not all.
    pub fn looks_inverted(&self) -> bool {
        let marked = self.anomalous.iter().filter(|&&odd| odd).count();
        let all = self.anomalous.len();
        if 2 * marked <= all || marked == all {
            return false;
        }
        let (last_row, last_column) = (self.height - 1, self.width - 1);
        let is_border = |&(at, _): &(usize, &bool)| {
            let (row, column) = (at / self.width, at % self.width);
            row == 0 || row == last_row || column == 0 || column == last_column
        };
        let border = self.anomalous.iter().enumerate().filter(is_border);
        let (count, odd) = border.fold((0_usize, 0_usize), |(count, odd), (_, &is_odd)| {
            (count + 1, odd + usize::from(is_odd))
        });
        odd as f64 >= BORDER * count as f64
    }

    /// Whether it marks nearly all of the image, or all: few defects are so large.
    pub fn marks_nearly_all(&self) -> bool {
        let marked = self.anomalous.iter().filter(|&&odd| odd).count();
        marked as f64 >= NEARLY_ALL * self.anomalous.len() as f64
    }

    /// Whether it has the proportions of an image of this size, to a pixel.
    pub fn is_like(&self, width: usize, height: usize) -> bool {
        let difference = (self.width * height).abs_diff(self.height * width);
        2 * difference <= (self.width + self.height).max(width + height)
    }

    /// Marks what was not marked, and nothing else.
    pub fn invert(&mut self) {
        for odd in &mut self.anomalous {
            *odd = !*odd;
        }
    }

    /// Whether any pixel is anomalous.
    pub fn any(&self) -> bool {
        self.anomalous.contains(&true)
    }

    /// The mask at another size, by area averaging: a target pixel is anomalous where at least
    /// half of the source area under it is. Fractional coverage is exact, in whole numbers, so
    /// any ratio will do; enlarging repeats the nearest pixels.
    pub fn shrink(&self, size: ImageSize) -> Self {
        let rows = coverage(self.height, size.height);
        let columns = coverage(self.width, size.width);
        let mut anomalous = Vec::with_capacity(size.width * size.height);
        for row_taps in &rows {
            // The anomalous share of each source column within this band of rows.
            let mut band = vec![0; self.width];
            for &(row, weight) in row_taps {
                let line = self.anomalous.chunks_exact(self.width).nth(row);
                for (sum, &odd) in band.iter_mut().zip(line.unwrap_or_default()) {
                    *sum += weight * u64::from(odd);
                }
            }
            for column_taps in &columns {
                let area: u64 = column_taps
                    .iter()
                    .map(|&(column, w)| band[column] * w)
                    .sum();
                anomalous.push(2 * area >= (self.height * self.width) as u64);
            }
        }
        Self {
            height: size.height,
            width: size.width,
            anomalous,
        }
    }
}

/// How many different shades there are but black; counted no farther than it matters.
fn shades(levels: impl Iterator<Item = u16>) -> usize {
    let mut found: Vec<u16> = Vec::with_capacity(MOST_SHADES + 1);
    for level in levels {
        if level != 0 && found.len() <= MOST_SHADES && !found.contains(&level) {
            found.push(level);
        }
    }
    found.len()
}

/// For each of `target` equal parts of a line of `source` pixels: the pixels under it and how
/// much of each, in units of 1/`target` of a pixel. Each part's weights sum to `source`.
fn coverage(source: usize, target: usize) -> Vec<Vec<(usize, u64)>> {
    (0..target)
        .map(|part| {
            let (start, end) = (part * source, (part + 1) * source);
            (start / target..end.div_ceil(target))
                .map(|pixel| {
                    let overlap = end.min((pixel + 1) * target) - start.max(pixel * target);
                    (pixel, overlap as u64)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests;
