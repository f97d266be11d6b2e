//! Ground truth: which pixels of an image are odd.

use std::path::{Path, PathBuf};

use ::image::DynamicImage;

use super::ImageSize;
use super::file::{decode_dynamic, read_file};
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

/// Decodes a mask file of any supported format and depth, its EXIF orientation applied: a pixel
/// is anomalous where any colour channel is not zero. Alpha does not count.
pub fn decode_mask(path: &Path) -> Result<Mask> {
    let image = decode_dynamic(&read_file(path)?, path)?;
    Ok(Mask::of_non_zero(&image))
}

/// What any of an image's mask files marks; None if there are none.
///
/// # Errors
/// A file that cannot be decoded, or of another size than the first.
pub fn decode_masks(paths: &[PathBuf]) -> Result<Option<Mask>> {
    let mut all: Option<Mask> = None;
    for path in paths {
        let mask = decode_mask(path)?;
        match &mut all {
            None => all = Some(mask),
            Some(all) if (all.height, all.width) == (mask.height, mask.width) => {
                for (sum, anomalous) in all.anomalous.iter_mut().zip(mask.anomalous) {
                    *sum |= anomalous;
                }
            }
            Some(all) => {
                let reason = format!(
                    "it is {}x{}, but another mask of the same image {}x{}",
                    mask.width, mask.height, all.width, all.height
                );
                return Err(Error::image(path, reason));
            }
        }
    }
    Ok(all)
}

impl Mask {
    /// Anomalous where any colour channel of the samples as stored is not zero.
    fn of_non_zero(image: &DynamicImage) -> Self {
        let pixel = usize::from(image.color().bytes_per_pixel());
        let alpha = usize::from(image.color().has_alpha());
        let colours = pixel - alpha * pixel / usize::from(image.color().channel_count());
        Self {
            height: image.height() as usize,
            width: image.width() as usize,
            // A whole-number sample of any depth is zero when all of its bytes are.
            anomalous: image
                .as_bytes()
                .chunks_exact(pixel)
                .map(|bytes| bytes.iter().take(colours).any(|&byte| byte != 0))
                .collect(),
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

    #[test]
    fn masks_of_one_image_add_up_and_must_agree_in_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, width: u32, at: u32| {
            let path = folder.path().join(name);
            let level = |x, _| ::image::Luma([u8::from(x == at)]);
            ::image::GrayImage::from_fn(width, 2, level)
                .save(&path)
                .unwrap();
            path
        };
        let [first, second, wide] =
            [("a.png", 3, 0), ("b.png", 3, 2), ("c.png", 4, 0)].map(|(n, w, at)| file(n, w, at));
        assert_eq!(decode_masks(&[]).unwrap(), None);
        let both = decode_masks(&[first.clone(), second]).unwrap().unwrap();
        assert_eq!(both.anomalous, [true, false, true].repeat(2));
        let error = decode_masks(&[first, wide]).unwrap_err().to_string();
        assert!(error.contains("c.png") && error.contains("4x2"), "{error}");
    }

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
        let faint = Mask::of_non_zero(&DynamicImage::ImageRgb16(faint));
        assert_eq!(faint.anomalous, [false, true]);
        let opaque = ImageBuffer::from_fn(2, 1, |x, _| LumaA([x as u8, 255]));
        let opaque = Mask::of_non_zero(&DynamicImage::ImageLumaA8(opaque));
        assert_eq!(opaque.anomalous, [false, true]);
    }
}
