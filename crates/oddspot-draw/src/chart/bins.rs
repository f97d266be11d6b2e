//! A histogram of scores whose bars stand on one side of the threshold each.

/// Bars of the histogram.
const BINS: usize = 32;

/// Bins of equal width, each with its upper edge; the threshold is an edge, so that every bar
/// stands on one side of it.
pub(super) struct Bins {
    pub(super) low: f64,
    pub(super) high: f64,
    width: f64,
    /// An edge, exactly, and the number of bins below it.
    anchor: f64,
    below: f64,
}

impl Bins {
    /// Covers all finite scores and the threshold, with a margin on either side.
    pub(super) fn around(scores: &[f32], threshold: Option<f64>) -> Self {
        let finite = scores.iter().map(|&score| f64::from(score));
        let (low, high) = (finite.chain(threshold))
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // Equal scores still need a range that differs from them in floating point.
        let margin = (0.04 * (high - low)).max(1e-3 * low.abs()).max(1e-6);
        let (low, high) = (low - margin, high + margin);
        let width = (high - low) / (BINS - 1) as f64; // one to spare, for the shift to the anchor
        let anchor = threshold.unwrap_or(low);
        let below = ((anchor - low) / width).ceil();
        let low = anchor - below * width;
        Self {
            low,
            high: low + BINS as f64 * width,
            width,
            anchor,
            below,
        }
    }

    pub(super) fn edge(&self, bin: usize) -> f64 {
        self.anchor + (bin as f64 - self.below) * self.width
    }

    pub(super) fn count(&self, scores: &[f32]) -> Vec<i32> {
        let mut counts = vec![0; BINS];
        for &score in scores.iter().filter(|score| score.is_finite()) {
            let above = ((f64::from(score) - self.anchor) / self.width).ceil();
            if let Some(count) = counts.get_mut((self.below + above - 1.0) as usize) {
                *count += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_score_falls_into_a_bin() {
        for scores in [
            vec![-3.0, 0.0, 12.5],
            vec![4.0; 3],
            vec![0.0; 3],
            vec![1e8, 1e8, 1e8],
            vec![f32::MIN, 0.0, f32::MAX],
        ] {
            let bins = Bins::around(&scores, None);
            assert_eq!(bins.count(&scores).iter().sum::<i32>(), 3, "{scores:?}");
        }
        let bins = Bins::around(&[1.0, f32::NAN, f32::INFINITY], Some(9.0));
        assert!(bins.low < 1.0 && bins.high > 9.0 && bins.high < 10.0);
    }

    #[test]
    fn a_score_at_the_threshold_stands_on_its_good_side() {
        for threshold in [0.0, 0.3, 4.7, 1e6] {
            let scores = [threshold - 1.0, threshold, threshold + 2.0];
            let bins = Bins::around(&scores, Some(f64::from(threshold)));
            let counts = bins.count(&scores);
            let good = (0..BINS).filter(|&bin| bins.edge(bin + 1) <= f64::from(threshold));
            assert_eq!(good.map(|bin| counts[bin]).sum::<i32>(), 2, "{threshold}");
            assert_eq!(counts.iter().sum::<i32>(), 3);
        }
    }
}
