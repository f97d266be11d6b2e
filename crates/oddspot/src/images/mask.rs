//! Ground truth: which pixels of an image are odd.

use std::path::{Path, PathBuf};

use ::image::DynamicImage;

use super::ImageSize;
use super::file::read_file;
use super::flatten::black_is_zero;
use super::limits::Limits;
use super::reading::samples;
use crate::error::Result;

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
}

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
/// A file that cannot be decoded.
pub fn decode_mask(path: &Path) -> Result<Mask> {
    Ok(read_mask(path, Limits::default())?.mask)
}

/// What any of an image's mask files marks, or leaves unmarked where they are inverted, at the image's size;
/// None if there are none.
///
/// # Errors
/// A file that cannot be decoded.
pub fn decode_masks(
    (paths, limits): (&[PathBuf], Limits),
    size: ImageSize,
    inverted: bool,
) -> Result<Option<Mask>> {
    let mut all: Option<Mask> = None;
    for path in paths {
        let mut mask = read_mask(path, limits)?.mask;
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
        MaskFile { mask, cut }
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
mod tests {
    use super::*;
    use ::image::{ImageBuffer, LumaA, Rgb};

    fn mask(height: usize, width: usize, odd: impl Fn(usize, usize) -> bool) -> Mask {
        let at = |i: usize| odd(i / width, i % width);
        Mask {
            height,
            width,
            anomalous: (0..height * width).map(at).collect(),
        }
    }

    /// The obvious way: repeat every pixel target times on each axis, then count in whole boxes.
    fn shrink_by_counting(mask: &Mask, size: ImageSize) -> Vec<bool> {
        let mut anomalous = Vec::new();
        for row in 0..size.height {
            for column in 0..size.width {
                let mut odd = 0;
                for y in row * mask.height..(row + 1) * mask.height {
                    for x in column * mask.width..(column + 1) * mask.width {
                        let at = y / size.height * mask.width + x / size.width;
                        odd += usize::from(mask.anomalous[at]);
                    }
                }
                anomalous.push(odd * 2 >= mask.height * mask.width);
            }
        }
        anomalous
    }

    #[test]
    fn half_of_the_area_is_anomalous_and_less_is_not() {
        let half = mask(2, 4, |row, column| column < 2 && row == 0);
        let shrunk = half.shrink(ImageSize {
            width: 2,
            height: 1,
        });
        assert_eq!(shrunk.anomalous, [true, false]);
        let quarter = mask(2, 2, |row, column| row + column == 0);
        assert!(!quarter.shrink(ImageSize::square(1)).any());
    }

    #[test]
    fn every_ratio_equals_counting_on_a_finer_grid() {
        let odd = mask(7, 10, |row, column| (row * row + 3 * column) % 5 < 2);
        for height in 1..16 {
            for width in 1..16 {
                let size = ImageSize { width, height };
                assert_eq!(
                    odd.shrink(size).anomalous,
                    shrink_by_counting(&odd, size),
                    "{size}"
                );
            }
        }
        let same = odd.shrink(ImageSize {
            width: 10,
            height: 7,
        });
        assert_eq!(same, odd);
    }

    #[test]
    fn the_faintest_colour_counts_and_alpha_does_not() {
        let faint = ImageBuffer::from_fn(2, 1, |x, _| Rgb([0, 0, x as u16]));
        let faint = Mask::of(&DynamicImage::ImageRgb16(faint), false).mask;
        assert_eq!(faint.anomalous, [false, true]);
        let opaque = ImageBuffer::from_fn(2, 1, |x, _| LumaA([x as u8, 255]));
        let opaque = Mask::of(&DynamicImage::ImageLumaA8(opaque), false).mask;
        assert_eq!(opaque.anomalous, [false, true]);
    }

    #[test]
    fn a_lossy_mask_is_cut_at_half_and_labels_are_not() {
        let ramp = |most: u32| {
            let levels = ImageBuffer::from_fn(40, 1, |x, _| ::image::Luma([(x * most / 39) as u8]));
            DynamicImage::ImageLuma8(levels)
        };
        let marked = |image: &DynamicImage, lossy: bool| {
            let MaskFile { mask, cut } = Mask::of(image, lossy);
            (mask.anomalous.iter().filter(|&&odd| odd).count(), cut)
        };
        assert_eq!(marked(&ramp(255), false), (20, true));
        assert_eq!(marked(&ramp(255), true), (20, true));
        // Numbers of instances, and two labels.
        assert_eq!(marked(&ramp(39), false), (39, false));
        assert_eq!(marked(&ramp(39), true), (20, true));
        let labels = ImageBuffer::from_fn(3, 1, |x, _| ::image::Luma([(x * 127) as u8]));
        assert_eq!(marked(&DynamicImage::ImageLuma8(labels), false), (2, false));
        let white = ImageBuffer::from_pixel(3, 1, ::image::Luma([255_u8]));
        assert_eq!(marked(&DynamicImage::ImageLuma8(white), true), (3, false));
    }

    #[test]
    fn a_mask_that_marks_what_is_good_is_told_from_a_large_one() {
        let inside = |row: usize, column: usize| (2..5).contains(&row) && (3..6).contains(&column);
        let odd = mask(8, 10, inside);
        let mut turned = odd.clone();
        turned.invert();
        assert!(turned.looks_inverted() && !odd.looks_inverted());
        assert!(!mask(8, 10, |_, _| true).looks_inverted());
        assert!(!mask(8, 10, |row, _| row > 2).looks_inverted());
        assert!(odd.is_like(20, 16) && odd.is_like(5, 4) && odd.is_like(21, 17));
        assert!(!odd.is_like(8, 10) && !odd.is_like(20, 20));
    }

    #[test]
    fn masks_of_an_image_are_brought_to_its_size_and_added() {
        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str, image: ::image::GrayImage| {
            let path = folder.path().join(name);
            image.save(&path).unwrap();
            path
        };
        let left =
            ::image::GrayImage::from_fn(2, 1, |x, _| ::image::Luma([255 * u8::from(x == 0)]));
        let top = ::image::GrayImage::from_fn(4, 2, |_, y| ::image::Luma([255 * u8::from(y == 0)]));
        let paths = [save("left.png", left), save("top.png", top)];
        let size = ImageSize {
            width: 4,
            height: 2,
        };
        let both = decode_masks((&paths, Limits::default()), size, false)
            .unwrap()
            .unwrap();
        assert_eq!(
            both.anomalous,
            [true, true, true, true, true, true, false, false]
        );
        let turned = decode_masks((&paths[..1], Limits::default()), size, true)
            .unwrap()
            .unwrap();
        assert_eq!(
            turned.anomalous,
            [false, false, true, true, false, false, true, true]
        );
        assert_eq!(
            decode_masks((&[], Limits::default()), size, false).unwrap(),
            None
        );
    }
}
