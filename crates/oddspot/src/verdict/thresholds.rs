//! The verdict's thresholds, from good images that training did not see.

use serde::{Deserialize, Serialize};

/// Euler–Mascheroni constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// What is said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its score is not above the threshold.
    Good,
    /// Its score is above the threshold.
    Anomalous,
}

impl Verdict {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Anomalous => "anomalous",
        }
    }

    /// Whether it is [`Verdict::Anomalous`].
    pub fn is_anomalous(self) -> bool {
        self == Self::Anomalous
    }
}

/// Thresholds and how they came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// An image is anomalous when its score lies above this.
    pub image: f64,
    /// Pixels above this make the regions that are shown.
    pub pixel: f64,
    /// How often the verdict is expected to be wrong on good images.
    pub false_alarms: FalseAlarms,
    /// The scores that the image threshold comes from.
    pub scores: GoodScores,
    /// The model's own image threshold, where another has taken its place.
    #[serde(skip)]
    pub replaced: Option<f64>,
}

/// Scores of good images, from which an image threshold follows for any false-alarm rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodScores {
    /// Of the held-out images, in the order of their records.
    pub held_out: Vec<f32>,
    /// Standard deviation of the training images' scores, the least that is taken for the held-out
    /// ones'.
    pub least_std: f64,
    /// Of the held-out images' pixels, the quantile that the pixel threshold is, unless it lies above
    /// the image threshold.
    pub pixel: f64,
}

/// The false-alarm rate as the held-out images tell it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// Held-out good images.
    pub images: usize,
    /// Rate that the threshold aims at.
    pub target: f64,
    /// Held-out images above the threshold that the other held-out images give (leave one
    /// out, so that no image judges itself).
    pub left_out_alarms: usize,
}

impl FalseAlarms {
    /// Upper end of the one-sided 95 % confidence interval of the false-alarm rate
    /// (Clopper–Pearson), by bisection on the binomial distribution.
    pub fn upper_bound(&self) -> f64 {
        let (n, k) = (self.images, self.left_out_alarms);
        if k >= n {
            return 1.0;
        }
        // In logarithms: (1 − p)ⁿ is too small for a number where n is large.
        let at_most_k = |p: f64| -> f64 {
            let mut log_term = n as f64 * (1.0 - p).ln();
            let mut sum = log_term.exp();
            for i in 0..k {
                log_term += ((n - i) as f64 / (i + 1) as f64 * p / (1.0 - p)).ln();
                sum += log_term.exp();
            }
            sum
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if at_most_k(middle) > 0.05 {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

impl Thresholds {
    /// Sets the thresholds from the scores of the held-out images, with those of the training
    /// images as a floor for the spread, and from the held-out images' pixels.
    ///
    /// A score is the maximum of many pixels, so its distribution is close to Gumbel's: the
    /// image threshold is the (1 − `rate`) quantile of the Gumbel distribution with the
    /// held-out scores' mean and standard deviation. The pixel threshold is the
    /// (1 − `pixel_rate`) quantile of `held_out_pixels`, at most the image threshold, so that
    /// an image called anomalous always shows a region.
    pub fn from_good_images(
        held_out: &[f32],
        training: &[f32],
        held_out_pixels: &mut [f32],
        rate: f64,
        pixel_rate: f64,
    ) -> Self {
        let scores = GoodScores {
            held_out: held_out.to_vec(),
            least_std: mean_and_std(training.iter().copied()).1,
            pixel: f64::from(quantile(held_out_pixels, 1.0 - pixel_rate)),
        };
        let image = scores.threshold(rate);
        Self {
            image,
            pixel: scores.pixel.min(image),
            false_alarms: scores.false_alarms(rate),
            scores,
            replaced: None,
        }
    }

    /// What is said of an image of some score.
    pub fn verdict(&self, score: f32) -> Verdict {
        match f64::from(score) > self.image {
            true => Verdict::Anomalous,
            false => Verdict::Good,
        }
    }

    /// The same for another false-alarm rate, above 0 and at most 0.5.
    #[must_use]
    pub fn at_rate(&self, rate: f64) -> Self {
        Self {
            false_alarms: self.scores.false_alarms(rate),
            ..self.at_score(self.scores.threshold(rate))
        }
    }

    /// The same with an image threshold of the user's own. The rate that it amounts to follows from the
    /// scores.
    #[must_use]
    pub fn at_score(&self, image: f64) -> Self {
        Self {
            image,
            pixel: self.scores.pixel.min(image),
            false_alarms: FalseAlarms {
                images: self.scores.held_out.len(),
                target: self.scores.rate(image),
                left_out_alarms: self.scores.above(image),
            },
            scores: self.scores.clone(),
            replaced: Some(self.replaced.unwrap_or(self.image)),
        }
    }
}

impl GoodScores {
    /// The image threshold for a false-alarm rate.
    fn threshold(&self, rate: f64) -> f64 {
        Gumbel::of(self.held_out.iter().copied(), self.least_std).quantile(rate)
    }

    /// The false-alarm rate of an image threshold.
    fn rate(&self, threshold: f64) -> f64 {
        Gumbel::of(self.held_out.iter().copied(), self.least_std).rate(threshold)
    }

    /// What they tell of the threshold for a rate, each held-out image against that of the others.
    fn false_alarms(&self, rate: f64) -> FalseAlarms {
        let is_alarm = |left_out: usize| {
            let others = self.held_out.iter().enumerate();
            let others = others
                .filter(|&(i, _)| i != left_out)
                .map(|(_, &score)| score);
            let threshold = Gumbel::of(others, self.least_std).quantile(rate);
            f64::from(self.held_out[left_out]) > threshold
        };
        let images = self.held_out.len();
        FalseAlarms {
            images,
            target: rate,
            left_out_alarms: match images {
                0 | 1 => 0,
                _ => (0..images).filter(|&i| is_alarm(i)).count(),
            },
        }
    }

    /// Held-out images whose score lies above a threshold.
    fn above(&self, threshold: f64) -> usize {
        let scores = self.held_out.iter();
        scores
            .filter(|&&score| f64::from(score) > threshold)
            .count()
    }

    /// Whether they can be those of so many held-out images.
    pub(crate) fn are_usable(&self, images: usize) -> bool {
        self.held_out.len() == images
            && self.held_out.iter().all(|score| score.is_finite())
            && self.least_std.is_finite()
            && self.least_std >= 0.0
            && self.pixel.is_finite()
    }
}

/// Gumbel's distribution, of the largest of many values.
struct Gumbel {
    location: f64,
    scale: f64,
}

impl Gumbel {
    /// With the mean of the scores, and their standard deviation or the least one.
    fn of(scores: impl Iterator<Item = f32>, least_std: f64) -> Self {
        let (mean, std) = mean_and_std(scores);
        let scale = std.max(least_std) * 6.0f64.sqrt() / std::f64::consts::PI;
        Self {
            location: mean - EULER_GAMMA * scale,
            scale,
        }
    }

    /// The value that a share `rate` of the scores lies above.
    fn quantile(&self, rate: f64) -> f64 {
        self.location - self.scale * (-(-rate).ln_1p()).ln()
    }

    /// The share of the scores that lies above a value.
    fn rate(&self, value: f64) -> f64 {
        if self.scale == 0.0 {
            return if value < self.location { 1.0 } else { 0.0 };
        }
        -(-(-(value - self.location) / self.scale).exp()).exp_m1()
    }
}

/// Mean and sample standard deviation (0 for fewer than two values).
fn mean_and_std(values: impl Iterator<Item = f32>) -> (f64, f64) {
    let values: Vec<f64> = values.map(f64::from).collect();
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// The smallest value with at least a share `q` of the values at or below it; reorders them.
fn quantile(values: &mut [f32], q: f64) -> f32 {
    if values.is_empty() {
        return f32::INFINITY;
    }
    let rank = (q * values.len() as f64).ceil() as usize;
    let index = rank.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_the_gumbel_quantile_of_the_held_out_scores() {
        // Mean 10, sample standard deviation 2: q(0.99) = 10 + 2·3.1367 (scipy.stats.gumbel_r).
        let held_out = [8.0, 10.0, 12.0];
        let found = Thresholds::from_good_images(&held_out, &[9.0], &mut [0.0], 0.01, 0.001);
        assert!((found.image - 16.273_337).abs() < 1e-4, "{}", found.image);
    }

    #[test]
    fn one_held_out_image_takes_the_spread_of_the_training_images() {
        let training = [8.0, 10.0, 12.0];
        let found = Thresholds::from_good_images(&[10.0], &training, &mut [0.0], 0.01, 0.001);
        assert!((found.image - 16.273_337).abs() < 1e-4);
        assert_eq!(found.false_alarms.left_out_alarms, 0);
    }

    #[test]
    fn an_outlier_among_the_held_out_images_is_counted_as_a_false_alarm() {
        let held_out = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 9.0];
        let found = Thresholds::from_good_images(&held_out, &[1.0, 1.1], &mut [0.0], 0.01, 0.001);
        assert_eq!(found.false_alarms.left_out_alarms, 1);
    }

    #[test]
    fn the_pixel_threshold_leaves_the_asked_share_above_it_and_never_passes_the_image_threshold() {
        let mut pixels: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0).collect();
        let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], &mut pixels, 0.01, 0.01);
        let above = pixels
            .iter()
            .filter(|&&p| f64::from(p) > found.pixel)
            .count();
        assert_eq!(above, 10);
        let mut pixels = vec![100.0; 10];
        let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], &mut pixels, 0.01, 0.01);
        assert_eq!(found.pixel, found.image);
    }

    #[test]
    fn another_rate_gives_what_training_with_it_would_have_given_and_back() {
        let held_out = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 9.0];
        let pixels = [0.5, 1.0, 2.0, 8.0];
        let made = |rate| {
            let mut pixels = pixels;
            Thresholds::from_good_images(&held_out, &[1.0, 1.1], &mut pixels, rate, 0.001)
        };
        let (strict, loose) = (made(0.01), made(0.2));
        let replaced = |by: &Thresholds, of: &Thresholds| Thresholds {
            replaced: Some(of.image),
            ..by.clone()
        };
        assert_eq!(strict.at_rate(0.2), replaced(&loose, &strict));
        assert_eq!(loose.at_rate(0.01), replaced(&strict, &loose));
        assert!(loose.image < strict.image && loose.pixel < strict.pixel);
        assert!(made(1e-300).image.is_finite());
    }

    #[test]
    fn a_threshold_of_ones_own_lies_nowhere_below_the_regions() {
        let pixels = &mut [0.5, 1.0, 2.0, 3.0];
        let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], pixels, 0.01, 0.001);
        assert_eq!((found.at_score(7.0).image, found.pixel), (7.0, 3.0));
        assert_eq!(found.at_score(2.5).pixel, 2.5);
        assert_eq!(found.at_score(2.5).at_score(7.0).pixel, 3.0);
        assert_eq!(found.at_score(2.5).replaced, Some(found.image));
        let alarms = |at| found.at_score(at).false_alarms.left_out_alarms;
        assert_eq!([4.0, 5.0, 5.5, 6.0].map(alarms), [2, 1, 1, 0]);
        let rate = found.at_score(found.image).false_alarms.target;
        assert!((rate - 0.01).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn scores_are_those_of_the_held_out_images_or_unusable() {
        let scores = |held_out: &[f32], least_std| GoodScores {
            held_out: held_out.to_vec(),
            least_std,
            pixel: 1.0,
        };
        assert!(scores(&[1.0, 2.0], 0.0).are_usable(2));
        assert!(!scores(&[1.0, 2.0], 0.0).are_usable(3));
        assert!(!scores(&[1.0, f32::NAN], 0.0).are_usable(2));
        assert!(!scores(&[1.0], -1.0).are_usable(1));
        assert!(!scores(&[1.0], f64::INFINITY).are_usable(1));
    }

    #[test]
    fn the_confidence_bound_is_clopper_pearsons() {
        let bound = |images, left_out_alarms| {
            FalseAlarms {
                images,
                target: 0.01,
                left_out_alarms,
            }
            .upper_bound()
        };
        // scipy.stats.beta.ppf(0.95, k + 1, n - k)
        assert!((bound(21, 0) - 0.132_946).abs() < 1e-5);
        assert!((bound(21, 1) - 0.206_725).abs() < 1e-4);
        assert_eq!(bound(1, 1), 1.0);
        assert!((bound(10_000, 300) - 0.032_959).abs() < 1e-5);
    }
}
