//! Samples of any kind to 8-bit RGB.

use ::image::{DynamicImage, RgbImage};

use super::bit_depth::{BitDepth, used_bits};
use super::hot::ButHot;
use super::kind::Kind;
use super::opacity::{Opacity, Veil};
use super::samples::{Depth, Samples};

/// A decoded image, and what it was as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its pixels.
    pub image: RgbImage,
    /// What it was.
    pub kind: Kind,
}

/// Which samples are black, white and opaque.
#[derive(Clone, Copy)]
pub(super) struct Range {
    white: u64,
    opaque: u64,
    /// Whether 0 is white instead, and white is black.
    is_white_zero: bool,
    /// Whether the opacity is no transparency: the colours are all there is.
    sees_nothing: bool,
}

impl Range {
    /// Whether some samples lie above white.
    pub fn cuts_off(self, reach: &Reach) -> bool {
        u64::from(reach.colour) > self.white
    }
}

/// The highest sample of the colours, and the opacity, of pixels that were looked at.
#[derive(Default)]
pub(super) struct Reach {
    colour: u16,
    opacity: Opacity,
}

impl Reach {
    /// Looks at more pixels.
    pub fn add(&mut self, samples: &[u16], [colours, channels]: [usize; 2]) {
        for pixel in samples.chunks_exact(channels) {
            let (of_colours, of_opacity) = pixel.split_at(colours);
            self.colour = of_colours.iter().copied().fold(self.colour, u16::max);
            if let Some(&opacity) = of_opacity.first() {
                self.opacity.add(opacity);
            }
        }
    }
}

/// What is black, white and opaque in samples of 16 bits that reach so far.
pub(super) fn range(
    reach: &Reach,
    (depth, bit_depth): (Depth, BitDepth),
    is_white_zero: bool,
    [colours, channels]: [usize; 2],
) -> Range {
    let white = match depth {
        Depth::Whole(_) => u16::MAX,
        Depth::Of16(said) => bit_depth.white(reach.colour, said),
    };
    let opaque = if reach.opacity.highest() > white {
        u16::MAX
    } else {
        white
    };
    Range {
        white: white.into(),
        opaque: opaque.into(),
        is_white_zero,
        sees_nothing: channels > colours && reach.opacity.says_nothing(opaque),
    }
}

/// 8-bit RGB of whole-number samples: grey replicated, alpha composited on black, rounded once. Of 16 bits
/// those count that are in use. An alpha that is constant, or 0 nearly everywhere, is none: the colours are all there is.
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
    let mut veil = Veil::default();
    let mut of_16 = |samples: &[u16]| {
        let of_pixel = [colours, channels];
        let mut reach = Reach::default();
        reach.add(samples, of_pixel);
        let range = range(&reach, (depth, bit_depth), is_white_zero, of_pixel);
        cut_off = range.cuts_off(&reach);
        let mut flat = Vec::with_capacity(samples.len() / channels * colours);
        on_black(samples, range, of_pixel, (&mut flat, &mut veil));
        flat
    };
    let rgb = match image {
        DynamicImage::ImageRgb8(rgb) => rgb.into_raw(),
        DynamicImage::ImageLuma16(grey) => {
            let eight_bits = of_16(&grey);
            // Of a large image there is no room for all three.
            drop(grey);
            rgb_in_place(eight_bits, [1, 1], &mut Veil::default())
        }
        DynamicImage::ImageLumaA16(grey) => {
            let eight_bits = of_16(&grey);
            drop(grey);
            rgb_in_place(eight_bits, [1, 1], &mut Veil::default())
        }
        DynamicImage::ImageRgb16(rgb) => of_16(&rgb),
        DynamicImage::ImageRgba16(rgb) => of_16(&rgb),
        eight_bits => rgb_in_place(eight_bits.into_bytes(), [colours, channels], &mut veil),
    };
    let image = RgbImage::from_raw(width, height, rgb).unwrap_or_default();
    let kind = Kind {
        says_bits: depth.says_bits(),
        cut_off,
        veiled: veil.hides(),
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
    let mut but_hot = ButHot::default();
    match image {
        DynamicImage::ImageLuma16(grey) => but_hot.add(grey, channels),
        DynamicImage::ImageLumaA16(grey) => but_hot.add(grey, channels),
        DynamicImage::ImageRgb16(rgb) => but_hot.add(rgb, channels),
        DynamicImage::ImageRgba16(rgb) => but_hot.add(rgb, channels),
        _ => return None,
    }
    Some(used_bits(but_hot.highest(), said))
}

/// The same of samples of 8 bits, in the memory that they lie in: of a large image there is no room for both.
fn rgb_in_place(mut samples: Vec<u8>, [colours, channels]: [usize; 2], veil: &mut Veil) -> Vec<u8> {
    let pixels = samples.len() / channels;
    let mut all = Opacity::default();
    if channels > colours {
        let alphas = samples.iter().skip(colours).step_by(channels);
        alphas.for_each(|&alpha| all.add(alpha.into()));
    }
    let is_seen_through = channels > colours && !all.says_nothing(u8::MAX.into());
    let mut lay = |samples: &mut [u8], at: usize| {
        let pixel = &samples[channels * at..][..channels];
        let beneath: [u8; 3] = std::array::from_fn(|c| pixel[c % colours]);
        let mut rgb = beneath;
        if is_seen_through {
            let opacity = u32::from(pixel[colours]);
            // Rounded once.
            rgb = beneath.map(|colour| ((u32::from(colour) * opacity * 2 + 255) / 510) as u8);
            veil.add(&rgb, &beneath);
        }
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

/// Appends the colours in 8 bits of samples of 16: grey, or red, green and blue; and looks whether the opacity hides them.
pub(super) fn on_black(
    samples: &[u16],
    Range {
        white,
        opaque,
        is_white_zero,
        sees_nothing,
    }: Range,
    [colours, channels]: [usize; 2],
    (flat, veil): (&mut Vec<u8>, &mut Veil),
) {
    let is_seen_through = channels > colours && !sees_nothing;
    let whole = white * opaque;
    let eight_bits = |colour: u16, opacity: u64| {
        let colour = u64::from(colour);
        let colour = match is_white_zero {
            true => white.saturating_sub(colour),
            false => colour.min(white),
        };
        ((colour * opacity * 510 + whole) / (2 * whole)) as u8
    };
    for pixel in samples.chunks_exact(channels) {
        let (of_colours, of_opacity) = pixel.split_at(colours);
        let opacity = match of_opacity {
            [opacity, ..] if is_seen_through => u64::from(*opacity).min(opaque),
            _ => opaque,
        };
        let laid = flat.len();
        flat.extend(of_colours.iter().map(|&colour| eight_bits(colour, opacity)));
        if is_seen_through {
            let mut beneath = [0; 3];
            for (level, &colour) in beneath.iter_mut().zip(of_colours) {
                *level = eight_bits(colour, opaque);
            }
            veil.add(&flat[laid..], &beneath);
        }
    }
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
        let samples = vec![40_000_u16, 30_000, 0, 65_535];
        let grey = ImageBuffer::<LumaA<u16>, _>::from_raw(2, 1, samples).unwrap();
        let value = (40_000.0 * 30_000.0 / 65_535.0_f64 / 257.0).round() as u8;
        let picture = flattened(DynamicImage::ImageLumaA16(grey), BitDepth::Auto);
        assert_eq!(picture.image.into_raw()[..3], [value; 3]);
        let rgba = RgbaImage::from_raw(2, 1, vec![255, 101, 7, 128, 9, 8, 7, 255]).unwrap();
        let picture = flattened(DynamicImage::ImageRgba8(rgba), BitDepth::Auto);
        assert_eq!(picture.image.into_raw(), [128, 51, 4, 9, 8, 7]);
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
    fn an_alpha_that_is_constant_or_a_plane_of_labels_is_none() {
        let colours = |at: u32| [[90, 8, 7], [1, 200, 3]][at as usize % 2];
        let of_8 = |alpha: fn(u32) -> u8| {
            let rgba = RgbaImage::from_fn(20, 1, |x, _| {
                let [red, green, blue] = colours(x);
                Rgba([red, green, blue, alpha(x)])
            });
            flattened(DynamicImage::ImageRgba8(rgba), BitDepth::Auto)
        };
        let of_16 = |alpha: fn(u32) -> u16| {
            let rgba: ImageBuffer<Rgba<u16>, _> = ImageBuffer::from_fn(20, 1, |x, _| {
                let [red, green, blue] = colours(x).map(|level| 257 * u16::from(level));
                Rgba([red, green, blue, alpha(x)])
            });
            flattened(DynamicImage::ImageRgba16(rgba), BitDepth::Of(16))
        };
        let plain = of_8(|_| 255);
        assert_eq!(plain.image.as_raw()[..6], [90, 8, 7, 1, 200, 3]);
        for picture in [
            of_8(|_| 1),
            of_8(|_| 128),
            of_8(|x| u8::from(x > 4)),
            of_16(|_| 1),
            of_16(|_| 30_000),
            of_16(|x| u16::from(x > 4)),
        ] {
            assert_eq!(picture.image, plain.image);
            assert!(!picture.kind.veiled);
        }
        // A faint one that is used leaves next to nothing, and a cut-out shows what it shows.
        for picture in [
            of_8(|x| 15 + x as u8 % 5),
            of_16(|x| 257 * (15 + x as u16 % 5)),
        ] {
            assert!(picture.kind.veiled && picture.image != plain.image);
        }
        assert!(!of_8(|x| 255 * u8::from(x == 3)).kind.veiled);
        assert!(!of_16(|x| 65_535 * u16::from(x == 3)).kind.veiled);
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
        samples[100..110].fill(30_000);
        assert_eq!(of(&samples), Some(16));
        let above = flattened(grey([5000, 1]), BitDepth::Of(12));
        assert!(above.kind.cut_off && above.image.as_raw()[0] == 255);
        assert_eq!(
            bits_in_use(&Samples::new(grey([700, 0]), Some(12))),
            Some(12)
        );
    }
}
