//! What is ignored of an image, as pictures show it.

use image::{Rgb, RgbImage};

use crate::ink::blend;

/// What covers what is ignored, and how much of it.
const VEIL: Rgb<u8> = Rgb([128; 3]);
const SHARE: f32 = 0.6;

/// Veils what is not inspected, `[height, width]` of the picture, row by row; nothing where all is.
pub fn veil(picture: &mut RgbImage, inspected: Option<&[bool]>) {
    let pixels = picture.pixels_mut().zip(inspected.into_iter().flatten());
    for (pixel, _) in pixels.filter(|(_, inspected)| !**inspected) {
        blend(pixel, VEIL, SHARE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_veiled_and_what_is_inspected_stays() {
        let mut picture = RgbImage::from_pixel(2, 1, Rgb([0, 255, 128]));
        veil(&mut picture, None);
        assert_eq!(picture.get_pixel(1, 0), &Rgb([0, 255, 128]));
        veil(&mut picture, Some(&[true, false]));
        assert_eq!(picture.get_pixel(0, 0), &Rgb([0, 255, 128]));
        assert_eq!(picture.get_pixel(1, 0), &Rgb([77, 179, 128]));
    }
}
