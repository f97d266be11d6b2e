//! Samples of any kind to 8-bit RGB.

use ::image::{DynamicImage, RgbImage};

/// 8-bit RGB of whole-number samples: grey replicated, alpha composited on black, rounded once.
pub(super) fn flatten(image: DynamicImage) -> RgbImage {
    let (width, height) = (image.width(), image.height());
    let colours = if image.color().has_color() { 3 } else { 1 };
    let alpha = image.color().has_alpha();
    let rgb = match image {
        DynamicImage::ImageRgb8(rgb) => return rgb,
        DynamicImage::ImageLuma16(grey) => on_black(&grey, u16::MAX, colours, alpha),
        DynamicImage::ImageLumaA16(grey) => on_black(&grey, u16::MAX, colours, alpha),
        DynamicImage::ImageRgb16(rgb) => on_black(&rgb, u16::MAX, colours, alpha),
        DynamicImage::ImageRgba16(rgb) => on_black(&rgb, u16::MAX, colours, alpha),
        eight_bits => on_black(eight_bits.as_bytes(), u8::MAX, colours, alpha),
    };
    RgbImage::from_raw(width, height, rgb).unwrap_or_default()
}

fn on_black<S: Copy + Into<u64>>(samples: &[S], top: S, colours: usize, alpha: bool) -> Vec<u8> {
    let top = top.into();
    let channels = colours + usize::from(alpha);
    let mut rgb = Vec::with_capacity(samples.len() / channels * 3);
    for pixel in samples.chunks_exact(channels) {
        let opacity = pixel.get(colours).map_or(top, |&alpha| alpha.into());
        let eight_bits =
            |colour: u64| ((colour * opacity * 510 + top * top) / (2 * top * top)) as u8;
        rgb.extend((0..3).map(|c| eight_bits(pixel[c % colours].into())));
    }
    rgb
}
