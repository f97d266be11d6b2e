//! Samples of any kind to 8-bit RGB.

use ::image::{DynamicImage, RgbImage};

use super::bit_depth::{BitDepth, used_bits};
use super::kind::Kind;
use super::samples::{Depth, Samples};

/// A decoded image, and what it was as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its pixels.
    pub image: RgbImage,
    /// What it was.
    pub kind: Kind,
}

/// Pixels of an image of which one may be hot.
const HOT_OF: usize = 100_000;
/// Pixels that may be hot of a smaller one.
const HOT: usize = 4;
/// Pixels for each of these.
const ENOUGH: usize = 1_000;

/// Which samples are black, white and opaque.
#[derive(Clone, Copy)]
struct Range {
    white: u64,
    opaque: u64,
    /// Whether 0 is white instead, and white is black.
    is_white_zero: bool,
}

/// 8-bit RGB of whole-number samples: grey replicated, alpha composited on black, rounded once. Of 16 bits
/// those count that are in use. An alpha that is 0 everywhere is none: the colours are all there is.
pub(super) fn flatten(samples: Samples, bit_depth: BitDepth) -> Picture {
    let Samples {
        image,
        depth,
        is_white_zero,
    } = samples;
    let (width, height) = (image.width(), image.height());
    let colours = if image.color().has_color() { 3 } else { 1 };
    let channels = usize::from(image.color().channel_count());
    let mut cut_off = false;
    let mut of_16 = |samples: &[u16]| {
        let [highest, opaque] = highest(samples, [colours, channels]);
        let white = match depth {
            Depth::Whole(_) => u16::MAX,
            Depth::Of16(said) => bit_depth.white(highest, said),
        };
        cut_off = highest > white;
        let opaque = if opaque > white { u16::MAX } else { white };
        let range = Range {
            white: white.into(),
            opaque: opaque.into(),
            is_white_zero,
        };
        on_black(samples, range, [colours, channels])
    };
    let rgb = match image {
        DynamicImage::ImageRgb8(rgb) => rgb.into_raw(),
        DynamicImage::ImageLuma16(grey) => {
            let eight_bits = of_16(&grey);
            // Of a large image there is no room for all three.
            drop(grey);
            rgb_in_place(eight_bits, [1, 1])
        }
        DynamicImage::ImageLumaA16(grey) => {
            let eight_bits = of_16(&grey);
            drop(grey);
            rgb_in_place(eight_bits, [1, 1])
        }
        DynamicImage::ImageRgb16(rgb) => of_16(&rgb),
        DynamicImage::ImageRgba16(rgb) => of_16(&rgb),
        eight_bits => rgb_in_place(eight_bits.into_bytes(), [colours, channels]),
    };
    let image = RgbImage::from_raw(width, height, rgb).unwrap_or_default();
    let kind = Kind {
        cut_off,
        ..Kind::of(&image, depth.bits())
    };
    Picture { image, kind }
}

/// The same samples with 0 as black.
pub(super) fn black_is_zero(mut samples: Samples) -> Samples {
    if !samples.is_white_zero {
        return samples;
    }
    let bits = bits_in_use(&samples).unwrap_or(16);
    let white = BitDepth::Of(bits).white(0, None);
    if let DynamicImage::ImageLuma16(grey) = &mut samples.image {
        grey.iter_mut()
            .for_each(|sample| *sample = white - (*sample).min(white));
        samples.is_white_zero = false;
    }
    samples
}

/// The bits that are in use in samples from memory; none where they have 8.
pub(super) fn bits_of(image: &DynamicImage) -> Option<u8> {
    bits_in_use_of(image, None)
}

/// The bits that are in use of 16; none of samples that use all of theirs.
pub(super) fn bits_in_use(samples: &Samples) -> Option<u8> {
    let Depth::Of16(said) = samples.depth else {
        return None;
    };
    bits_in_use_of(&samples.image, said)
}

fn bits_in_use_of(image: &DynamicImage, said: Option<u8>) -> Option<u8> {
    let color = image.color();
    let colours = if color.has_color() { 3 } else { 1 };
    let channels = [colours, usize::from(color.channel_count())];
    let highest = match image {
        DynamicImage::ImageLuma16(grey) => highest_but_hot(grey, channels),
        DynamicImage::ImageLumaA16(grey) => highest_but_hot(grey, channels),
        DynamicImage::ImageRgb16(rgb) => highest_but_hot(rgb, channels),
        DynamicImage::ImageRgba16(rgb) => highest_but_hot(rgb, channels),
        _ => return None,
    };
    Some(used_bits(highest, said))
}

/// The highest sample of the colours, but for some pixels that reach further than all others: cameras have hot ones, and
/// one of them must not make white sixteen times as bright.
fn highest_but_hot(samples: &[u16], [colours, channels]: [usize; 2]) -> u16 {
    let pixels = samples.len() / channels;
    let hot = (pixels / HOT_OF).max(HOT.min(pixels / ENOUGH));
    let mut highest = [0; 17];
    let mut reach = [0; 17];
    for pixel in samples.chunks_exact(channels) {
        let brightest = pixel[..colours].iter().copied().fold(0, u16::max);
        let bits = usize::from(used_bits(brightest, None));
        highest[bits] = brightest.max(highest[bits]);
        reach[bits] += 1;
    }
    let mut beyond = 0;
    for bits in (0..highest.len()).rev() {
        beyond += reach[bits];
        if beyond > hot {
            return highest[bits];
        }
    }
    0
}

/// The highest sample of the colours, and of the opacity.
fn highest(samples: &[u16], [colours, channels]: [usize; 2]) -> [u16; 2] {
    let pixels = samples.chunks_exact(channels);
    pixels.fold([0, 0], |[colour, opacity], pixel| {
        let (of_colours, of_opacity) = pixel.split_at(colours);
        [
            of_colours.iter().copied().fold(colour, u16::max),
            of_opacity.iter().copied().fold(opacity, u16::max),
        ]
    })
}

/// The same of samples of 8 bits, in the memory that they lie in: of a large image there is no room for both.
fn rgb_in_place(mut samples: Vec<u8>, [colours, channels]: [usize; 2]) -> Vec<u8> {
    let pixels = samples.len() / channels;
    let opacity = |pixel: &[u8]| pixel.get(colours).copied().unwrap_or(u8::MAX);
    let sees_nothing = (samples.chunks_exact(channels)).all(|pixel| opacity(pixel) == 0);
    let lay = |samples: &mut [u8], at: usize| {
        let pixel = &samples[channels * at..][..channels];
        let opacity = match sees_nothing {
            true => 255,
            false => u32::from(opacity(pixel)),
        };
        let rgb: [u8; 3] = std::array::from_fn(|c| {
            // Rounded once.
            let colour = u32::from(pixel[c % colours]);
            ((colour * opacity * 2 + 255) / 510) as u8
        });
        samples[3 * at..][..3].copy_from_slice(&rgb);
    };
    if channels > 3 {
        // A pixel is laid where it or those before it lay.
        (0..pixels).for_each(|at| lay(&mut samples, at));
        samples.truncate(3 * pixels);
        samples.shrink_to_fit();
    } else {
        samples.reserve_exact((3 * pixels).saturating_sub(samples.len()));
        samples.resize(3 * pixels, 0);
        (0..pixels).rev().for_each(|at| lay(&mut samples, at));
    }
    samples
}

/// The colours in 8 bits of samples of 16: grey, or red, green and blue.
fn on_black(
    samples: &[u16],
    Range {
        white,
        opaque,
        is_white_zero,
    }: Range,
    [colours, channels]: [usize; 2],
) -> Vec<u8> {
    let pixels = samples.chunks_exact(channels);
    let opacity = |pixel: &[u16]| pixel.get(colours).map_or(opaque, |&alpha| alpha.into());
    let sees_nothing = pixels.clone().all(|pixel| opacity(pixel) == 0);
    let whole = white * opaque;
    let mut flat = Vec::with_capacity(samples.len() / channels * colours);
    for pixel in pixels {
        let opacity = match sees_nothing {
            true => opaque,
            false => opacity(pixel).min(opaque),
        };
        let eight_bits = |colour: u64| {
            let colour = match is_white_zero {
                true => white.saturating_sub(colour),
                false => colour.min(white),
            };
            ((colour * opacity * 510 + whole) / (2 * whole)) as u8
        };
        flat.extend(
            pixel[..colours]
                .iter()
                .map(|&colour| eight_bits(colour.into())),
        );
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{ImageBuffer, Luma, LumaA, Rgba, RgbaImage};

    fn flattened(image: DynamicImage, bit_depth: BitDepth) -> Picture {
        flatten(Samples::new(image, None), bit_depth)
    }

    #[test]
    fn sixteen_bits_and_alpha_are_rounded_once() {
        let grey = ImageBuffer::from_pixel(1, 1, LumaA([40_000_u16, 30_000]));
        let value = (40_000.0 * 30_000.0 / 65_535.0_f64 / 257.0).round() as u8;
        let picture = flattened(DynamicImage::ImageLumaA16(grey), BitDepth::Auto);
        assert_eq!(picture.image.into_raw(), [value; 3]);
        let rgba = RgbaImage::from_pixel(1, 1, Rgba([255, 101, 7, 128]));
        let picture = flattened(DynamicImage::ImageRgba8(rgba), BitDepth::Auto);
        assert_eq!(picture.image.into_raw(), [128, 51, 4]);
    }

    #[test]
    fn an_alpha_that_is_0_everywhere_is_none() {
        let pixels = [[9, 8, 7, 0], [1, 2, 3, 0]];
        let frame = |pixels: [[u8; 4]; 2]| {
            let image = RgbaImage::from_raw(2, 1, pixels.concat()).unwrap();
            flattened(DynamicImage::ImageRgba8(image), BitDepth::Auto).image
        };
        assert_eq!(frame(pixels).into_raw(), [9, 8, 7, 1, 2, 3]);
        let seen = [[9, 8, 7, 0], [1, 2, 3, 255]];
        assert_eq!(frame(seen).into_raw(), [0, 0, 0, 1, 2, 3]);
        let deep = ImageBuffer::from_pixel(1, 1, LumaA([65_535_u16, 0]));
        let picture = flattened(DynamicImage::ImageLumaA16(deep), BitDepth::Auto);
        assert_eq!(picture.image.into_raw(), [255; 3]);
    }

    #[test]
    fn the_bits_in_use_make_white() {
        let grey = |samples: [u16; 2]| {
            let image = ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, samples.to_vec()).unwrap();
            DynamicImage::ImageLuma16(image)
        };
        let levels = |samples, depth| {
            let picture = flattened(grey(samples), depth);
            (picture.image.as_raw()[0], picture.image.as_raw()[3])
        };
        assert_eq!(levels([4095, 2048], BitDepth::Of(12)), (255, 128));
        assert_eq!(levels([4095, 2048], BitDepth::Auto), (255, 128));
        assert_eq!(levels([1023, 0], BitDepth::Auto), (255, 0));
        assert_eq!(levels([1023, 0], BitDepth::Of(12)), (64, 0));
        assert_eq!(levels([4095, 65_535], BitDepth::Auto), (16, 255));
        let negative = Samples {
            is_white_zero: true,
            ..Samples::new(grey([0, 4095]), None)
        };
        assert_eq!(bits_in_use(&negative), Some(12));
        let picture = flatten(negative, BitDepth::Auto);
        assert_eq!(picture.image.into_raw(), [255, 255, 255, 0, 0, 0]);
        let negative = Samples {
            is_white_zero: true,
            ..Samples::new(grey([0, 4095]), None)
        };
        let positive = black_is_zero(negative);
        assert!(!positive.is_white_zero);
        assert_eq!(positive.image.into_luma16().into_raw(), [4095, 0]);
        // A camera of 12 bits with two hot pixels, and one of 16.
        let mut samples = vec![4000; 64 * 64];
        samples[70..72].fill(u16::MAX);
        let of = |samples: &[u16]| {
            let image = ImageBuffer::<Luma<u16>, _>::from_raw(64, 64, samples.to_vec()).unwrap();
            bits_in_use(&Samples::new(DynamicImage::ImageLuma16(image), None))
        };
        assert_eq!(of(&samples), Some(12));
        samples[100..110].fill(u16::MAX);
        assert_eq!(of(&samples), Some(16));
        let above = flattened(grey([5000, 1]), BitDepth::Of(12));
        assert!(above.kind.cut_off && above.image.as_raw()[0] == 255);
        assert_eq!(
            bits_in_use(&Samples::new(grey([700, 0]), Some(12))),
            Some(12)
        );
    }
}
