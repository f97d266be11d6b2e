//! A map as a picture: alone, over its image, or as an outline of what is odd; and the two
//! file formats maps are saved in.

mod contour;
mod file;
mod ignored;
mod scale;

use image::{Rgb, RgbImage};
use oddspot::maps::ScoreMap;

pub use contour::contour;
pub(crate) use contour::contour_in;
pub use file::{write_png, write_tiff_f32};
pub use ignored::veil;
pub use scale::{Scale, colour_map};

use crate::ink::blend;

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
        let blacks = picture.pixels().filter(|pixel| pixel.0 == colour_map(0.0));
        assert_eq!(blacks.count(), 5);
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
    fn an_empty_map_shows_nothing() {
        let image = RgbImage::from_pixel(20, 10, Rgb([90; 3]));
        let no_map = ScoreMap::filled(0, 0, 0.0);
        assert_eq!(overlay(&image, &no_map, UNIT, 1.0), image);
        assert_eq!(render(&no_map, UNIT), RgbImage::new(0, 0));
    }
}
