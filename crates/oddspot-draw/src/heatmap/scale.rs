//! Which score has which colour.

/// The scores at the two ends of the colour map, one pair for all pictures of a model, so that
/// a colour means the same score in each of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The score that is painted black, as is everything below it.
    pub low: f32,
    /// The score that is painted brightest, as is everything above it.
    pub high: f32,
}

impl Scale {
    /// The scale of a model's pictures: black is 0, where errors are at their means over good images or
    /// below, and the middle the threshold of the verdict.
    pub fn around(threshold: f64) -> Self {
        Self {
            low: 0.0,
            high: (2.0 * threshold).max(1e-3) as f32,
        }
    }

    /// Its ends as text, with as many decimals as tell them apart.
    pub fn ends(self) -> [String; 2] {
        let decimals = self.decimals();
        [self.low, self.high].map(|score| format!("{score:.decimals$}"))
    }

    /// A score on it as text, to a decimal more than its ends and at least two.
    pub fn text(self, score: f64) -> String {
        format!("{score:.*}", (self.decimals() + 1).max(2))
    }

    fn decimals(self) -> usize {
        let extent = (self.high - self.low).abs();
        if extent > 0.0 && extent.is_finite() {
            (1.0 - extent.log10().floor()).clamp(0.0, 6.0) as usize
        } else {
            2
        }
    }

    /// Where a score lies between `low` (0) and `high` (1), linearly, clamped; NaN stays NaN.
    /// A scale without extent (`high ≤ low`) has only its ends.
    pub fn position(self, score: f32) -> f32 {
        let extent = self.high - self.low;
        if extent > 0.0 || score.is_nan() {
            ((score - self.low) / extent).clamp(0.0, 1.0)
        } else {
            f32::from(u8::from(score > self.low))
        }
    }
}

/// The colour of a value in [0, 1] (clamped) as sRGB: matplotlib's "inferno", perceptually
/// uniform and rising in lightness from black to pale yellow, so that it survives grey
/// printing and colour blindness. NaN is a grey that the map does not hold.
pub fn colour_map(value_0_to_1: f32) -> [u8; 3] {
    if value_0_to_1.is_nan() {
        return [128; 3];
    }
    colorous::INFERNO
        .eval_continuous(f64::from(value_0_to_1.clamp(0.0, 1.0)))
        .as_array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heatmap::render;
    use oddspot::maps::ScoreMap;

    /// CIE L* of an sRGB colour, in [0, 100].
    fn lightness(colour: [u8; 3]) -> f64 {
        let linear = colour.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        let y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        if y > 216.0 / 24389.0 {
            116.0 * y.cbrt() - 16.0
        } else {
            y * 24389.0 / 27.0
        }
    }

    #[test]
    fn a_higher_score_is_never_darker_and_equal_steps_look_equal() {
        let steps: Vec<f64> = (0..=64)
            .map(|i| lightness(colour_map(i as f32 / 64.0)))
            .collect();
        for pair in steps.windows(2) {
            let step = pair[1] - pair[0];
            assert!(step > 0.0 && step < 3.5, "a step of {step} in lightness");
        }
        assert!(steps[0] < 1.0 && steps[64] > 95.0);
    }

    #[test]
    fn scores_beyond_the_scale_take_its_end_colours_and_nan_a_grey() {
        let scale = Scale {
            low: -2.0,
            high: 6.0,
        };
        assert_eq!(scale.position(2.0), 0.5);
        assert_eq!(scale.position(f32::NEG_INFINITY), 0.0);
        assert_eq!(scale.position(f32::INFINITY), 1.0);
        let map = ScoreMap {
            height: 1,
            width: 3,
            values: vec![-9.0, 99.0, f32::NAN],
        };
        let picture = render(&map, scale);
        assert_eq!(picture.get_pixel(0, 0).0, colour_map(0.0));
        assert_eq!(picture.get_pixel(1, 0).0, colour_map(1.0));
        assert_eq!(picture.get_pixel(2, 0).0, [128; 3]);
    }

    #[test]
    fn a_scale_without_extent_paints_only_its_two_ends() {
        let flat = Scale {
            low: 3.0,
            high: 3.0,
        };
        assert_eq!(
            [2.0, 3.0, 4.0].map(|score| flat.position(score)),
            [0.0, 0.0, 1.0]
        );
    }

    #[test]
    fn the_ends_of_any_scale_are_told_apart() {
        let ends = |low, high| Scale { low, high }.ends();
        assert_eq!(ends(-1.26, 12.4), ["-1", "12"]);
        assert_eq!(ends(-1.26, 2.0), ["-1.3", "2.0"]);
        assert_eq!(ends(0.0012, 0.0187), ["0.001", "0.019"]);
        assert_eq!(ends(2.0, 2.0), ["2.00", "2.00"]);
        assert_eq!(Scale::around(3.5).position(3.5), 0.5);
    }
}
