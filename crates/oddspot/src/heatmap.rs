//! A map as a picture: alone, over its image, or as an outline of what is odd; and the two
//! file formats maps are saved in.

use std::io::{self, Cursor};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, Rgb, RgbImage};
use tiff::TiffError;
use tiff::encoder::{TiffEncoder, colortype::Gray32Float};

use crate::atomic;
use crate::error::Result;
use crate::map::ScoreMap;

/// The contour's line and its edges: cyan is not on the colour map, and the pair stands out
/// from dark and light parts alike.
pub(crate) const LINE: Rgb<u8> = Rgb([0, 229, 255]);
pub(crate) const EDGE: Rgb<u8> = Rgb([8, 16, 24]);

/// The scores at the two ends of the colour map, one pair for all pictures of a model, so that
/// a colour means the same score in each of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The score that is painted black, as is everything below it.
    pub low: f32,
    /// The score that is painted brightest, as is everything above it.
    pub high: f32,
}

impl Scale {
    /// The scale of a model's pictures: black is 0, where errors are at their means over good images or
    /// below, and the middle the threshold of the verdict.
    pub fn around(threshold: f64) -> Self {
        Self {
            low: 0.0,
            high: (2.0 * threshold).max(1e-3) as f32,
        }
    }

    /// Its ends as text, with as many decimals as tell them apart.
    pub fn ends(self) -> [String; 2] {
        let decimals = self.decimals();
        [self.low, self.high].map(|score| format!("{score:.decimals$}"))
    }

    /// A score on it as text, to a decimal more than its ends and at least two.
    pub fn text(self, score: f64) -> String {
        format!("{score:.*}", (self.decimals() + 1).max(2))
    }

    fn decimals(self) -> usize {
        let extent = (self.high - self.low).abs();
        if extent > 0.0 && extent.is_finite() {
            (1.0 - extent.log10().floor()).clamp(0.0, 6.0) as usize
        } else {
            2
        }
    }

    /// Where a score lies between `low` (0) and `high` (1), linearly, clamped; NaN stays NaN.
    /// A scale without extent (`high ≤ low`) has only its ends.
    pub fn position(self, score: f32) -> f32 {
        let extent = self.high - self.low;
        if extent > 0.0 || score.is_nan() {
            ((score - self.low) / extent).clamp(0.0, 1.0)
        } else {
            f32::from(u8::from(score > self.low))
        }
    }
}

/// The colour of a value in [0, 1] (clamped) as sRGB: matplotlib's "inferno", perceptually
/// uniform and rising in lightness from black to pale yellow, so that it survives grey
/// printing and colour blindness. NaN is a grey that the map does not hold.
pub fn colour_map(value_0_to_1: f32) -> [u8; 3] {
    if value_0_to_1.is_nan() {
        return [128; 3];
    }
    colorous::INFERNO
        .eval_continuous(f64::from(value_0_to_1.clamp(0.0, 1.0)))
        .as_array()
}

/// The map alone, one pixel per value.
pub fn render(map: &ScoreMap, scale: Scale) -> RgbImage {
    let mut picture = RgbImage::new(pixels(map.width), pixels(map.height));
    for (pixel, &score) in picture.pixels_mut().zip(&map.values) {
        *pixel = Rgb(colour_map(scale.position(score)));
    }
    picture
}

/// The map over its image, of the image's size (the map is resized bilinearly).
///
/// A pixel is covered by `opacity` (in [0, 1]) from the middle of the scale upwards, and ever
/// less below: what is odd glows, what is good stays as it was photographed.
pub fn overlay(image: &RgbImage, map: &ScoreMap, scale: Scale, opacity: f32) -> RgbImage {
    let mut picture = image.clone();
    if map.values.is_empty() {
        return picture;
    }
    let map = map.resize_bilinear(image.height() as usize, image.width() as usize);
    for (pixel, &score) in picture.pixels_mut().zip(&map.values) {
        let position = scale.position(score);
        let share = (2.0 * position).min(1.0).powi(2); // 1 for NaN, too
        blend(pixel, Rgb(colour_map(position)), opacity * share);
    }
    picture
}

/// The image with the masked regions outlined: a bright line between dark edges, as thick as
/// suits the image's size.
///
/// `mask` is `[height, width]` of the image, row-major (pixels that it lacks count as
/// unmasked). The outline runs just outside each region, which stays visible down to a single
/// pixel; where a region meets the border of the image the outline runs along the border.
pub fn contour(image: &RgbImage, mask: &[bool]) -> RgbImage {
    contour_in(image, mask, LINE)
}

/// As [`contour`], in a bright colour of its own.
pub(crate) fn contour_in(image: &RgbImage, mask: &[bool], colour: Rgb<u8>) -> RgbImage {
    let mut picture = image.clone();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let longer = width.max(height) as f32;
    // On a tiny image edges would cover more than they set off.
    let (line, edge) = if longer < 64.0 {
        (1.0, 0.0)
    } else {
        let line = (longer / 250.0).max(2.0);
        (line, line / 2.0)
    };
    let half = line / 2.0 + edge;
    let centre = half + 0.5;
    let away = distance_outwards(mask, height, width, 2.0 * half + 1.0);
    for (pixel, &away) in picture.pixels_mut().zip(&away) {
        let off = (away - centre).abs();
        blend(pixel, EDGE, half + 0.5 - off);
        blend(pixel, colour, line / 2.0 + 0.5 - off);
    }
    picture
}

/// For each pixel outside the mask its distance to the nearest masked pixel, infinite beyond
/// `reach`; for each pixel inside, its distance to the first pixel beyond the image's border.
fn distance_outwards(mask: &[bool], height: usize, width: usize, reach: f32) -> Vec<f32> {
    let masked = |row: usize, column: usize| {
        row < height && column < width && mask.get(row * width + column).copied().unwrap_or(false)
    };
    let window = reach.ceil() as usize;
    let mut away = vec![f32::INFINITY; height * width];
    for row in 0..height {
        for column in 0..width {
            if !masked(row, column) {
                continue;
            }
            let to_border = (row + 1)
                .min(column + 1)
                .min(height - row)
                .min(width - column);
            away[row * width + column] = to_border as f32;
            // Only a pixel with an unmasked neighbour is the nearest to any pixel outside.
            let inner = masked(row.wrapping_sub(1), column)
                && masked(row + 1, column)
                && masked(row, column.wrapping_sub(1))
                && masked(row, column + 1);
            if inner {
                continue;
            }
            for y in row.saturating_sub(window)..(row + window + 1).min(height) {
                for x in column.saturating_sub(window)..(column + window + 1).min(width) {
                    if !masked(y, x) {
                        let (down, across) = (y.abs_diff(row), x.abs_diff(column));
                        let distance = ((down * down + across * across) as f32).sqrt();
                        let nearest = &mut away[y * width + x];
                        *nearest = nearest.min(distance);
                    }
                }
            }
        }
    }
    away
}

/// Covers a pixel with a share (clamped to [0, 1]) of another colour.
pub(crate) fn blend(pixel: &mut Rgb<u8>, colour: Rgb<u8>, share: f32) {
    let share = share.clamp(0.0, 1.0);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        let mixed = f32::from(*below) * (1.0 - share) + f32::from(above) * share;
        *below = mixed.round() as u8;
    }
}

/// Writes a picture as PNG; the file appears whole or not at all ([`atomic::write()`]).
pub fn write_png(path: impl AsRef<Path>, picture: &RgbImage) -> Result<()> {
    atomic::write(path, |file| {
        PngEncoder::new(file)
            .write_image(
                picture.as_raw(),
                picture.width(),
                picture.height(),
                ExtendedColorType::Rgb8,
            )
            .map_err(|error| match error {
                ImageError::IoError(error) => error,
                other => io::Error::other(other),
            })
    })
}

/// Writes a map's scores unchanged as a grey TIFF of 32-bit floats, one page, uncompressed;
/// the file appears whole or not at all ([`atomic::write()`]).
pub fn write_tiff_f32(path: impl AsRef<Path>, map: &ScoreMap) -> Result<()> {
    atomic::write(path, |file| {
        let mut encoded = Cursor::new(Vec::new()); // the encoder must seek, a pipe cannot
        TiffEncoder::new(&mut encoded)
            .and_then(|mut tiff| {
                let (width, height) = (pixels(map.width), pixels(map.height));
                tiff.write_image::<Gray32Float>(width, height, &map.values)
            })
            .map_err(|error| match error {
                TiffError::IoError(error) => error,
                other => io::Error::other(other),
            })?;
        file.write_all(encoded.get_ref())
    })
}

/// A size as the image formats hold it; no map that fits in memory comes near the limit.
fn pixels(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Scale = Scale {
        low: 0.0,
        high: 1.0,
    };

    /// CIE L* of an sRGB colour, in [0, 100].
    fn lightness(colour: [u8; 3]) -> f64 {
        let linear = colour.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        let y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        if y > 216.0 / 24389.0 {
            116.0 * y.cbrt() - 16.0
        } else {
            y * 24389.0 / 27.0
        }
    }

    fn count(picture: &RgbImage, colour: Rgb<u8>) -> usize {
        picture.pixels().filter(|&&pixel| pixel == colour).count()
    }

    #[test]
    fn a_higher_score_is_never_darker_and_equal_steps_look_equal() {
        let steps: Vec<f64> = (0..=64)
            .map(|i| lightness(colour_map(i as f32 / 64.0)))
            .collect();
        for pair in steps.windows(2) {
            let step = pair[1] - pair[0];
            assert!(step > 0.0 && step < 3.5, "a step of {step} in lightness");
        }
        assert!(steps[0] < 1.0 && steps[64] > 95.0);
    }

    #[test]
    fn scores_beyond_the_scale_take_its_end_colours_and_nan_a_grey() {
        let scale = Scale {
            low: -2.0,
            high: 6.0,
        };
        assert_eq!(scale.position(2.0), 0.5);
        assert_eq!(scale.position(f32::NEG_INFINITY), 0.0);
        assert_eq!(scale.position(f32::INFINITY), 1.0);
        let map = ScoreMap {
            height: 1,
            width: 3,
            values: vec![-9.0, 99.0, f32::NAN],
        };
        let picture = render(&map, scale);
        assert_eq!(picture.get_pixel(0, 0).0, colour_map(0.0));
        assert_eq!(picture.get_pixel(1, 0).0, colour_map(1.0));
        assert_eq!(picture.get_pixel(2, 0).0, [128; 3]);
    }

    #[test]
    fn a_scale_without_extent_paints_only_its_two_ends() {
        let flat = Scale {
            low: 3.0,
            high: 3.0,
        };
        assert_eq!(
            [2.0, 3.0, 4.0].map(|score| flat.position(score)),
            [0.0, 0.0, 1.0]
        );
    }

    #[test]
    fn the_ends_of_any_scale_are_told_apart() {
        let ends = |low, high| Scale { low, high }.ends();
        assert_eq!(ends(-1.26, 12.4), ["-1", "12"]);
        assert_eq!(ends(-1.26, 2.0), ["-1.3", "2.0"]);
        assert_eq!(ends(0.0012, 0.0187), ["0.001", "0.019"]);
        assert_eq!(ends(2.0, 2.0), ["2.00", "2.00"]);
        assert_eq!(Scale::around(3.5).position(3.5), 0.5);
    }

    #[test]
    fn a_picture_has_the_maps_rows_and_columns_in_order() {
        let map = ScoreMap {
            height: 2,
            width: 3,
            values: vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        };
        let picture = render(&map, UNIT);
        assert_eq!(picture.dimensions(), (3, 2));
        assert_eq!(picture.get_pixel(2, 1).0, colour_map(1.0));
        assert_eq!(count(&picture, Rgb(colour_map(0.0))), 5);
    }

    #[test]
    fn an_overlay_leaves_good_pixels_alone_and_covers_odd_ones_by_its_opacity() {
        let image = RgbImage::from_pixel(8, 4, Rgb([10, 200, 60]));
        let map = ScoreMap {
            height: 1,
            width: 8,
            values: vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        };
        let picture = overlay(&image, &map, UNIT, 1.0);
        assert_eq!(picture.dimensions(), (8, 4));
        assert_eq!(picture.get_pixel(0, 3).0, [10, 200, 60]);
        assert_eq!(picture.get_pixel(7, 3).0, colour_map(1.0));
        assert_eq!(overlay(&image, &map, UNIT, 0.0), image);
    }

    #[test]
    fn a_contour_surrounds_its_region_without_covering_it() {
        for grey in [0, 128, 255] {
            let image = RgbImage::from_pixel(300, 200, Rgb([grey; 3]));
            let mut mask = vec![false; 300 * 200];
            for row in 80..120 {
                mask[row * 300 + 100..row * 300 + 140].fill(true);
            }
            let picture = contour(&image, &mask);
            let outside_box = |x: u32, y: u32| !(100..140).contains(&x) || !(80..120).contains(&y);
            for (x, y, pixel) in picture.enumerate_pixels() {
                if !outside_box(x, y) || x.abs_diff(120) > 26 || y.abs_diff(100) > 26 {
                    assert_eq!(pixel.0, [grey; 3], "({x}, {y}) is not the outline's");
                }
            }
            // Each side of the box crosses the line once.
            for (dx, dy) in [(0, 1), (1, 0)] {
                let crossed = (0..200u32)
                    .map(|i| picture.get_pixel(120 * dy + i * dx, 100 * dx + i * dy))
                    .filter(|pixel| pixel.0[1] > 150 && pixel.0[0] < 100)
                    .count();
                assert!(crossed >= 2, "{crossed} line pixels on grey {grey}");
            }
        }
    }

    #[test]
    fn a_region_at_the_border_is_outlined_along_the_border() {
        let image = RgbImage::from_pixel(16, 16, Rgb([90; 3]));
        let picture = contour(&image, &[true; 256]);
        assert_eq!(count(&picture, LINE), 60);
        assert_eq!(count(&picture, Rgb([90; 3])), 14 * 14);
    }

    #[test]
    fn no_mask_is_no_outline_and_empty_pictures_stay_empty() {
        let image = RgbImage::from_pixel(20, 10, Rgb([90; 3]));
        assert_eq!(contour(&image, &[false; 200]), image);
        assert_eq!(contour(&image, &[]), image);
        let nothing = RgbImage::new(0, 0);
        assert_eq!(contour(&nothing, &[]), nothing);
        let no_map = ScoreMap::filled(0, 0, 0.0);
        assert_eq!(overlay(&image, &no_map, UNIT, 1.0), image);
        assert_eq!(render(&no_map, UNIT), nothing);
    }

    #[test]
    fn a_png_reads_back_as_the_same_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.png");
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8, y as u8, 200]));
        write_png(&path, &picture).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
    }

    #[test]
    fn a_tiff_reads_back_as_the_same_scores_bit_for_bit() {
        use tiff::decoder::{Decoder, DecodingResult};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.tiff");
        let map = ScoreMap {
            height: 2,
            width: 3,
            values: vec![-1.5, 0.1, f32::INFINITY, 1e-30, 7.0, -0.0],
        };
        write_tiff_f32(&path, &map).unwrap();
        let mut decoder = Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (3, 2));
        let DecodingResult::F32(values) = decoder.read_image().unwrap() else {
            panic!("not 32-bit floats");
        };
        assert_eq!(values, map.values);
    }

    #[test]
    fn a_picture_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.png");
        assert!(write_png(&path, &RgbImage::new(0, 0)).is_err());
        assert!(write_tiff_f32(&path, &ScoreMap::filled(0, 3, 0.0)).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
