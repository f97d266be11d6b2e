//! How far the samples of a picture reach, but for what is none of the camera's: hot pixels, and stamps of full white.

use super::bit_depth::used_bits;

/// Pixels of an image of which one may be hot.
const HOT_OF: usize = 100_000;
/// Pixels that may be hot of a smaller one.
const HOT: usize = 4;
/// Pixels for each of these.
const ENOUGH: usize = 1_000;
/// From here on a sample is as white as 16 bits have it, to a thirtieth.
const FULL: u16 = 0xf800;
/// Pixels of which one may be so: a time stamp, or what was painted over a glare.
const FULL_OF: usize = 20;

/// The highest sample of the colours of pixels that were looked at, but for some that reach further than all others:
/// cameras have hot pixels, and one of them must not make white sixteen times as bright.
#[derive(Default)]
pub(super) struct ButHot {
    pixels: usize,
    /// Those that are as white as 16 bits have it.
    full: usize,
    /// The highest of those that need so many bits, and how many these are.
    of_bits: [(u16, usize); 17],
}

impl ButHot {
    /// Looks at more pixels.
    pub fn add(&mut self, samples: &[u16], [colours, channels]: [usize; 2]) {
        self.pixels += samples.len() / channels;
        for pixel in samples.chunks_exact(channels) {
            let brightest = pixel[..colours].iter().copied().fold(0, u16::max);
            let bits = usize::from(used_bits(brightest, None));
            let (highest, count) = &mut self.of_bits[bits];
            *highest = brightest.max(*highest);
            *count += 1;
            self.full += usize::from(brightest >= FULL);
        }
    }

    /// That sample.
    pub fn highest(&self) -> u16 {
        let hot = (self.pixels / HOT_OF).max(HOT.min(self.pixels / ENOUGH));
        // A camera that reaches so far leaves no gap below.
        let between = self.of_bits[16].1 - self.full;
        let is_stamp = between <= hot && self.full.saturating_mul(FULL_OF) <= self.pixels;
        let mut allowed = if is_stamp { hot + self.full } else { hot };
        for (highest, count) in self.of_bits.into_iter().rev() {
            match allowed.checked_sub(count) {
                Some(left) => allowed = left,
                None => return highest,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The highest of pixels of grey of which some are others.
    fn highest(pixels: usize, grey: u16, others: &[(usize, u16)]) -> u16 {
        let mut samples = vec![grey; pixels];
        let mut at = 0;
        for &(count, sample) in others {
            samples[at..at + count].fill(sample);
            at += count;
        }
        let mut but_hot = ButHot::default();
        but_hot.add(&samples, [1, 1]);
        but_hot.highest()
    }

    #[test]
    fn hot_pixels_do_not_count_whatever_they_are() {
        assert_eq!(highest(4096, 4000, &[(4, 30_000)]), 4000);
        assert_eq!(highest(4096, 4000, &[(5, 30_000)]), 30_000);
        assert_eq!(highest(4096, 900, &[(4, 4000)]), 900);
    }

    #[test]
    fn a_stamp_of_full_white_does_not_count_where_nothing_lies_between() {
        assert_eq!(highest(4096, 4000, &[(200, u16::MAX)]), 4000);
        assert_eq!(highest(4096, 16_000, &[(200, u16::MAX)]), 16_000);
        assert_eq!(highest(4096, 4000, &[(200, u16::MAX), (2, 30_000)]), 4000);
        // What shades into it, what is a large part, and what is not white.
        assert_eq!(
            highest(4096, 4000, &[(200, u16::MAX), (5, 30_000)]),
            u16::MAX
        );
        assert_eq!(highest(4096, 4000, &[(210, u16::MAX)]), u16::MAX);
        assert_eq!(highest(4096, 4000, &[(200, 60_000)]), 60_000);
        // Few pixels of which each counts.
        assert_eq!(highest(2, 4000, &[(1, u16::MAX)]), u16::MAX);
    }
}
