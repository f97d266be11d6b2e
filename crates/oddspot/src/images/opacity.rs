//! The opacity of an image's pixels: whether it is any transparency, and whether it hides what there is.

/// Share of opaque, as a power of two, that hardly any pixel exceeds where an alpha is none: label planes, and what is
/// left of a channel that nobody set.
const FAINT: u32 = 4;
/// Pixels of which one may be beyond that.
const STRAY_OF: usize = 10_000;
/// Levels below which a pixel looks black.
const BLACK: u8 = 16;

/// The opacity of pixels that were looked at.
pub(super) struct Opacity {
    pixels: usize,
    lowest: u16,
    highest: u16,
    /// How many have a highest bit so far up.
    of_bits: [usize; 17],
}

impl Default for Opacity {
    fn default() -> Self {
        Self {
            pixels: 0,
            lowest: u16::MAX,
            highest: 0,
            of_bits: [0; 17],
        }
    }
}

impl Opacity {
    /// Looks at one more pixel.
    pub fn add(&mut self, opacity: u16) {
        self.pixels += 1;
        self.lowest = self.lowest.min(opacity);
        self.highest = self.highest.max(opacity);
        self.of_bits[bits(opacity)] += 1;
    }

    /// The highest of all.
    pub fn highest(&self) -> u16 {
        self.highest
    }

    /// Whether it is no transparency, where this is opaque: it is the same everywhere, or hardly any pixel rises above
    /// a sixteenth of that.
    pub fn says_nothing(&self, opaque: u16) -> bool {
        let seen: usize = (self.of_bits.iter().skip(bits(opaque >> FAINT) + 1)).sum();
        self.lowest >= self.highest || seen.saturating_mul(STRAY_OF) <= self.pixels
    }
}

/// Bits that a number needs.
fn bits(number: u16) -> usize {
    (u16::BITS - number.leading_zeros()) as usize
}

/// Pixels laid on black, and how many of them looked black before too.
#[derive(Default)]
pub(super) struct Veil {
    pixels: usize,
    black: usize,
    black_beneath: usize,
}

impl Veil {
    /// Looks at the levels of one more, and at those of its colours without the opacity.
    pub fn add(&mut self, laid: &[u8], beneath: &[u8]) {
        let is_black = |levels: &[u8]| levels.iter().all(|&level| level < BLACK);
        self.pixels += 1;
        self.black += usize::from(is_black(laid));
        self.black_beneath += usize::from(is_black(beneath));
    }

    /// Whether the opacity alone makes nearly all of them black.
    pub fn hides(&self) -> bool {
        self.pixels > 0
            && 100 * self.black >= 99 * self.pixels
            && 2 * self.black_beneath <= self.pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(alphas: impl IntoIterator<Item = u16>) -> Opacity {
        let mut opacity = Opacity::default();
        alphas.into_iter().for_each(|alpha| opacity.add(alpha));
        opacity
    }

    #[test]
    fn an_alpha_that_is_constant_or_hardly_rises_is_none() {
        for (alpha, opaque) in [(0, 255), (1, 255), (128, 255), (255, 255), (300, 4095)] {
            assert!(of([alpha; 50]).says_nothing(opaque), "{alpha} of {opaque}");
        }
        // A plane of labels, and the brightest that is none.
        assert!(of((0..50).map(|at| at % 2)).says_nothing(255));
        assert!(of((0..50).map(|at| at % 16)).says_nothing(255));
        assert!(!of((0..50).map(|at| at % 17)).says_nothing(255));
        assert!(of((0..50).map(|at| 5 * at)).says_nothing(4095));
        assert!(!of((0..50).map(|at| 6 * at)).says_nothing(4095));
        // One pixel of many, and two of them.
        let seen = |seen: usize| of((0..10_000).map(|at| 255 * u16::from(at < seen)));
        assert!(seen(1).says_nothing(255));
        assert!(!seen(2).says_nothing(255));
    }

    #[test]
    fn a_veil_hides_colours_and_not_what_is_black_anyhow() {
        let veil = |laid: u8, beneath: u8| {
            let mut veil = Veil::default();
            (0..50).for_each(|_| veil.add(&[laid, 0, 0], &[beneath; 3]));
            veil.hides()
        };
        assert!(veil(15, 90));
        assert!(!veil(16, 90));
        assert!(!veil(15, 15));
        assert!(!Veil::default().hides());
    }
}
