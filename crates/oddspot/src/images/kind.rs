//! What an image is as a file, apart from what it shows; and how a new one differs from good ones.

use ::image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{Differing, ImageSize};

/// Channels of a grey picture differ by no more, in levels.
const GREY: u8 = 2;
/// Levels of a channel that a picture of a single colour differs by, at most: a dark frame has some noise.
const FLAT: u8 = 3;
/// How far beyond good images' sizes an image may lie where these differ.
const ROOM: f64 = 1.1;
/// Widths over heights that are of one shape differ by no more.
const SHAPE: f64 = 1.02;

/// What an image is as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its own size.
    pub size: ImageSize,
    /// Bits of each sample of its file; 8 of an image in memory.
    pub bits: u8,
    /// Whether all of its pixels are grey.
    pub grey: bool,
    /// Whether all of its pixels are of one colour, or nearly.
    pub flat: bool,
    /// Whether the file says which bits of its samples are in use.
    pub says_bits: bool,
    /// Whether samples lay above the bits in use, and were cut off there.
    pub cut_off: bool,
    /// Whether its alpha makes nearly all of it black, and its colours are not.
    pub veiled: bool,
    /// Whether its file was saved with losses, as JPEG does; None where the file does not tell, as a TIFF, and of an image
    /// in memory.
    pub lossy: Option<bool>,
}

impl Kind {
    /// Of pixels that came from samples of so many bits.
    pub fn of(image: &RgbImage, bits: u8) -> Self {
        let pixels = image.as_raw().as_chunks::<3>().0;
        Self {
            size: ImageSize::of(image),
            bits,
            grey: pixels
                .iter()
                .all(|[red, green, blue]| red.abs_diff(*green).max(blue.abs_diff(*green)) <= GREY),
            flat: is_flat(pixels),
            says_bits: false,
            cut_off: false,
            veiled: false,
            lossy: None,
        }
    }
}

/// What good images are as files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kinds {
    /// Images.
    pub images: usize,
    /// The least and the greatest of their widths.
    pub width: [usize; 2],
    /// The same of their heights.
    pub height: [usize; 2],
    /// The same of width over height.
    pub aspect: [f64; 2],
    /// The same of the bits of a sample.
    pub bits: [u8; 2],
    /// How many of them are grey.
    pub grey: usize,
    /// How many were saved with losses, as JPEG does; 0 too in a model from before it was kept.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lossy: usize,
    /// How many were saved without, likewise.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lossless: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Kinds {
    /// Of images; none of no image.
    pub fn of<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> Option<Self> {
        let mut all: Option<Self> = None;
        for kind in kinds {
            match &mut all {
                Some(all) => all.add(kind),
                None => all = Some(Self::first(kind)),
            }
        }
        all
    }

    fn first(kind: &Kind) -> Self {
        let ImageSize { width, height } = kind.size;
        Self {
            images: 1,
            width: [width; 2],
            height: [height; 2],
            aspect: [aspect(kind.size); 2],
            bits: [kind.bits; 2],
            grey: usize::from(kind.grey),
            lossy: usize::from(kind.lossy == Some(true)),
            lossless: usize::from(kind.lossy == Some(false)),
        }
    }

    /// Takes one more into account.
    pub fn add(&mut self, kind: &Kind) {
        let one = Self::first(kind);
        self.images += 1;
        self.grey += one.grey;
        self.lossy += one.lossy;
        self.lossless += one.lossless;
        self.width = spanned(self.width, one.width);
        self.height = spanned(self.height, one.height);
        self.bits = spanned(self.bits, one.bits);
        self.aspect = [
            self.aspect[0].min(one.aspect[0]),
            self.aspect[1].max(one.aspect[1]),
        ];
    }

    /// Whether it can be what images are: something read from a file may be anything.
    pub(crate) fn is_usable(&self) -> bool {
        let ordered = |[least, most]: [usize; 2]| 1 <= least && least <= most;
        let [least, most] = self.aspect;
        ordered(self.width)
            && ordered(self.height)
            && ordered(self.bits.map(usize::from))
            && least.is_finite()
            && most.is_finite()
            && 0.0 < least
            && least <= most
            && self.grey <= self.images
            && (self.lossy.checked_add(self.lossless)).is_some_and(|told| told <= self.images)
    }

    /// In what an image differs from all of them.
    pub(super) fn differing(&self, kind: &Kind) -> Vec<Differing> {
        let mut found = Vec::new();
        let shape = self.one_shape().map_or(SHAPE, |_| SHAPE * ROOM);
        if !within(aspect(kind.size), self.aspect, shape) {
            found.push(Differing::Shape);
        } else if !self.holds(kind.size) {
            found.push(Differing::Size);
        }
        if !(self.bits[0]..=self.bits[1]).contains(&kind.bits) {
            found.push(Differing::Depth);
        }
        if kind.cut_off {
            found.push(Differing::Range);
        }
        if kind.veiled {
            found.push(Differing::Veiled);
        }
        match (kind.grey, self.grey) {
            (true, 0) => found.push(Differing::Grey),
            (false, grey) if grey == self.images => found.push(Differing::Coloured),
            _ => {}
        }
        match kind.lossy {
            Some(true) if self.lossless == self.images => found.push(Differing::Lossy),
            Some(false) if self.lossy == self.images => found.push(Differing::Lossless),
            _ => {}
        }
        found
    }

    /// Their one size; none where they differ.
    pub fn one_size(&self) -> Option<ImageSize> {
        let ([width, widest], [height, highest]) = (self.width, self.height);
        (width == widest && height == highest).then_some(ImageSize { width, height })
    }

    fn one_shape(&self) -> Option<f64> {
        let [least, most] = self.aspect;
        (most > least * SHAPE).then_some(least)
    }

    /// Whether a size lies among theirs.
    fn holds(&self, size: ImageSize) -> bool {
        if let Some(one) = self.one_size() {
            return one == size;
        }
        let holds = |side: usize, [least, most]: [usize; 2]| {
            within(side as f64, [least as f64, most as f64], ROOM)
        };
        holds(size.width, self.width) && holds(size.height, self.height)
    }
}

/// Whether pixels are of one colour, or nearly.
fn is_flat(pixels: &[[u8; 3]]) -> bool {
    let mut spans = [(u8::MAX, 0); 3];
    // Of most pictures the first few tell.
    pixels.iter().all(|pixel| {
        spans.iter_mut().zip(pixel).all(|((least, most), &level)| {
            (*least, *most) = (level.min(*least), level.max(*most));
            *most - *least <= FLAT
        })
    })
}

fn aspect(size: ImageSize) -> f64 {
    size.width as f64 / size.height.max(1) as f64
}

fn spanned<N: Ord + Copy>([least, most]: [N; 2], [also, too]: [N; 2]) -> [N; 2] {
    [least.min(also), most.max(too)]
}

/// Whether a value lies between two, or so many times beyond them.
fn within(value: f64, [least, most]: [f64; 2], times: f64) -> bool {
    (least / times..=most * times).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_frame_with_a_little_noise_is_of_a_single_colour() {
        let flat = |levels: u32| {
            let level = |x, y| (x * 7 + y * 5) % levels;
            let image = RgbImage::from_fn(9, 8, |x, y| ::image::Rgb([level(x, y) as u8; 3]));
            Kind::of(&image, 8).flat
        };
        assert!(flat(1) && flat(2) && flat(4));
        assert!(!flat(5) && !flat(200));
    }
}
