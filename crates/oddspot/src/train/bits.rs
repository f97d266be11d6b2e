//! The bits in use of good images whose files have 16 bits a sample.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::error::Result;
use crate::images::{BitDepth, Source, batches};
use crate::settings::Settings;

/// Good images of which one may reach far beyond the others, and fewest of which one may: a glare, a stamp, or a file that
/// another program has scaled.
const STRAY_OF: usize = 10;
const FEWEST: usize = 4;
/// Bits that this is: no lamp makes a picture 16 times as bright, but four times it may.
pub(super) const FAR: u8 = 4;

/// What bits good images use.
pub struct InUse {
    /// The settings, with the bits that nearly all of them need.
    pub settings: Settings,
    /// Those that each needs alone; none of one that has no 16 bits a sample, and none at all where the settings say it.
    pub of_images: Vec<Option<u8>>,
}

/// The settings with the bits that are in use in good images, if they leave that to these and any image has
/// 16 bits a sample. The brightest shows how far a camera reaches, but for some hot pixels, and for a few images that
/// reach far beyond all others. None if told to stop.
///
/// # Errors
/// An unreadable image.
pub fn with_bits_in_use<'a>(
    mut settings: Settings,
    images: impl Iterator<Item = &'a Source>,
    mut progress: impl FnMut() -> ControlFlow<()>,
) -> Result<Option<InUse>> {
    let mut of_images = Vec::new();
    if !settings.bit_depth.is_auto() {
        return Ok(Some(InUse {
            settings,
            of_images,
        }));
    }
    let reading = settings.reading();
    let images: Vec<&Source> = images.collect();
    for now in batches(&images, 2 * rayon::current_num_threads()) {
        let found = now.par_iter().map(|source| source.bits_in_use(reading));
        of_images.extend(found.collect::<Result<Vec<_>>>()?);
        if progress().is_break() {
            return Ok(None);
        }
    }
    if let Some(bits) = of_nearly_all(of_images.iter().flatten().copied().collect()) {
        settings.bit_depth = BitDepth::Of(bits);
    }
    Ok(Some(InUse {
        settings,
        of_images,
    }))
}

/// The most that any needs, or that all others need if it lies far below.
fn of_nearly_all(mut bits: Vec<u8>) -> Option<u8> {
    bits.sort_unstable_by(|one, other| other.cmp(one));
    let most = *bits.first()?;
    let strays = match bits.len() < FEWEST {
        true => 0,
        false => (bits.len() / STRAY_OF).max(1),
    };
    let of_others = *bits.get(strays)?;
    Some(match most - of_others >= FAR {
        true => of_others,
        false => most,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ::image::{DynamicImage, ImageBuffer, Luma};

    use super::*;

    #[test]
    fn few_images_that_reach_far_beyond_the_others_do_not_count() {
        let of = |most: (usize, u8), others: (usize, u8)| {
            let bits = [vec![most.1; most.0], vec![others.1; others.0]].concat();
            of_nearly_all(bits).unwrap()
        };
        assert_eq!(of((1, 16), (11, 12)), 12);
        assert_eq!(of((1, 16), (3, 12)), 12);
        assert_eq!(of((2, 16), (18, 10)), 10);
        // Too many of them, too few others, and a camera whose brightest picture shows how far it reaches.
        assert_eq!(of((2, 16), (10, 12)), 16);
        assert_eq!(of((1, 16), (2, 12)), 16);
        assert_eq!(of((1, 12), (11, 10)), 12);
        assert_eq!(of((0, 0), (5, 14)), 14);
        assert_eq!(of_nearly_all(Vec::new()), None);
    }

    #[test]
    fn each_image_says_what_it_needs_unless_the_settings_do() {
        let image = |highest: u16| {
            let level = |x: u32, _| Luma([(u32::from(highest) * (x + 1) / 8) as u16]);
            let grey: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_fn(8, 8, level);
            Source::Samples {
                name: highest.to_string(),
                samples: Arc::new(DynamicImage::ImageLuma16(grey)),
            }
        };
        let mut images: Vec<Source> = (0..5).map(|_| image(4000)).collect();
        images.push(image(60_000));
        images.push(DynamicImage::new_rgb8(8, 8).into_rgb8().into());
        let go_on = || ControlFlow::Continue(());
        let found = with_bits_in_use(Settings::default(), images.iter(), go_on);
        let found = found.unwrap().unwrap();
        assert_eq!(found.settings.bit_depth, BitDepth::Of(12));
        let of_12 = [Some(12); 5];
        assert_eq!(found.of_images, [&of_12[..], &[Some(16), None]].concat());
        let asked = Settings {
            bit_depth: BitDepth::Of(14),
            ..Settings::default()
        };
        let found = with_bits_in_use(asked, images.iter(), go_on);
        let found = found.unwrap().unwrap();
        assert_eq!(found.settings.bit_depth, BitDepth::Of(14));
        assert!(found.of_images.is_empty());
        let stop = || ControlFlow::Break(());
        let found = with_bits_in_use(Settings::default(), images.iter(), stop);
        assert!(found.unwrap().is_none());
    }
}
