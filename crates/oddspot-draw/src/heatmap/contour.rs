//! An outline of what is odd.

use image::{Rgb, RgbImage};

use crate::ink::{EDGE, LINE, blend};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn count(picture: &RgbImage, colour: Rgb<u8>) -> usize {
        picture.pixels().filter(|&&pixel| pixel == colour).count()
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
    fn no_mask_is_no_outline_and_an_empty_image_stays_empty() {
        let image = RgbImage::from_pixel(20, 10, Rgb([90; 3]));
        assert_eq!(contour(&image, &[false; 200]), image);
        assert_eq!(contour(&image, &[]), image);
        let nothing = RgbImage::new(0, 0);
        assert_eq!(contour(&nothing, &[]), nothing);
    }
}
