//! Lines on pictures: their colours, and how they cover what is below.

use image::Rgb;

/// The contour's line and its edges: cyan is not on the colour map, and the pair stands out
/// from dark and light parts alike.
pub(crate) const LINE: Rgb<u8> = Rgb([0, 229, 255]);
pub(crate) const EDGE: Rgb<u8> = Rgb([8, 16, 24]);

/// Covers a pixel with a share (clamped to [0, 1]) of another colour.
pub(crate) fn blend(pixel: &mut Rgb<u8>, colour: Rgb<u8>, share: f32) {
    let share = share.clamp(0.0, 1.0);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        let mixed = f32::from(*below) * (1.0 - share) + f32::from(above) * share;
        *below = mixed.round() as u8;
    }
}
