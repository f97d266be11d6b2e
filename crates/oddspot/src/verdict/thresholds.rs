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
    /// Of images that were judged without having been learned from, in the order of their records:
    /// those trained on, if they were left out in turn, then those held out.
    pub good: Vec<f32>,
    /// The least standard deviation that is taken for theirs.
    pub least_std: f64,
    /// Of these images' pixels, the quantile that the pixel threshold is, unless it lies above
    /// the image threshold.
    pub pixel: f64,
}

/// The false-alarm rate as good images tell it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// Good images that were not learned from.
    pub images: usize,
    /// Rate that the threshold aims at.
    pub target: f64,
    /// Those of them above the threshold that the others give (leave one out, so that no image judges
    /// itself).
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
    /// Sets the thresholds from the scores of good images that were not learned from, with those of
    /// training images as a floor for the spread, and from these images' pixels.
    ///
    /// Where there are n ≥ 1/`rate` − 1 of them, the image threshold is the ⌈(n + 1)(1 − `rate`)⌉-th
    /// smallest score, above which a further good image lies at most that often (conformal). For fewer
    /// it is extrapolated: a score is the maximum of many pixels, so its distribution is close to
    /// Gumbel's, and the threshold is the (1 − `rate`) quantile of the one with the scores' mean and
    /// standard deviation. A score far above all others counts no further than [`far`](GoodScores::far).
    /// The pixel threshold is the (1 − `pixel_rate`) quantile of `pixels`, at most the image threshold,
    /// so that an image called anomalous always shows a region.
    pub fn from_good_images(
        good: &[f32],
        training: &[f32],
        pixels: &mut [f32],
        rate: f64,
        pixel_rate: f64,
    ) -> Self {
        let scores = GoodScores {
            good: good.to_vec(),
            least_std: mean_and_std(training.iter().copied()).1,
            pixel: f64::from(quantile(pixels, 1.0 - pixel_rate)),
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
                images: self.scores.good.len(),
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
        threshold_of(&self.good, self.least_std, rate)
    }

    /// The false-alarm rate of an image threshold.
    fn rate(&self, threshold: f64) -> f64 {
        let tail = Gumbel::of(bounded(&self.good).into_iter(), self.least_std).rate(threshold);
        let conformal = (self.above(threshold) + 1) as f64 / (self.good.len() + 1) as f64;
        match self.above(threshold) {
            // Beyond all of them only the tail knows how far.
            0 => tail.min(conformal),
            _ => conformal,
        }
    }

    /// Whether the threshold for a rate is one of the scores, and not extrapolated.
    pub fn is_conformal(&self, rate: f64) -> bool {
        (self.good.len() + 1) as f64 * rate >= 1.0
    }

    /// What no score counts beyond: a value that a Gumbel distribution with the scores' quartiles passes
    /// in one of twenty such sets of images. None of few scores.
    pub fn far(&self) -> Option<f64> {
        far(&self.good)
    }

    /// Places among the scores of those that lie beyond [`far`](Self::far): images to look at.
    pub fn suspicious(&self) -> Vec<usize> {
        let Some(far) = self.far() else {
            return Vec::new();
        };
        let scores = self.good.iter().enumerate();
        let beyond = scores.filter(|&(_, &score)| f64::from(score) > far);
        beyond.map(|(index, _)| index).collect()
    }

    /// What they tell of the threshold for a rate, each image against that of the others.
    fn false_alarms(&self, rate: f64) -> FalseAlarms {
        let is_alarm = |left_out: usize| {
            let others = self.good.iter().enumerate();
            let others: Vec<f32> = others
                .filter(|&(i, _)| i != left_out)
                .map(|(_, &score)| score)
                .collect();
            f64::from(self.good[left_out]) > threshold_of(&others, self.least_std, rate)
        };
        let images = self.good.len();
        FalseAlarms {
            images,
            target: rate,
            left_out_alarms: match images {
                0 | 1 => 0,
                _ => (0..images).filter(|&i| is_alarm(i)).count(),
            },
        }
    }

    /// Images whose score lies above a threshold.
    fn above(&self, threshold: f64) -> usize {
        let scores = self.good.iter();
        scores
            .filter(|&&score| f64::from(score) > threshold)
            .count()
    }

    /// Whether they can be those of so many images.
    pub(crate) fn are_usable(&self, images: usize) -> bool {
        self.good.len() == images
            && self.good.iter().all(|score| score.is_finite())
            && self.least_std.is_finite()
            && self.least_std >= 0.0
            && self.pixel.is_finite()
    }
}

/// Scores of which it can be said that one lies far above all others.
const ENOUGH_TO_BOUND: usize = 8;
/// How many of a set's images are expected beyond [`far`].
const EXPECTED_FAR: f64 = 0.05;

/// The image threshold of scores for a false-alarm rate.
fn threshold_of(scores: &[f32], least_std: f64, rate: f64) -> f64 {
    let mut scores = bounded(scores);
    let conformal = (scores.len() + 1) as f64;
    if conformal * rate < 1.0 {
        return Gumbel::of(scores.into_iter(), least_std).quantile(rate);
    }
    // Without the noise of the product: ⌈200 · 0.99⌉ is 198.
    let rank = (conformal * (1.0 - rate) - 1e-9).ceil() as usize;
    let index = rank.clamp(1, scores.len()) - 1;
    f64::from(*scores.select_nth_unstable_by(index, f32::total_cmp).1)
}

/// Scores, none beyond [`far`].
fn bounded(scores: &[f32]) -> Vec<f32> {
    let far = far(scores).unwrap_or(f64::INFINITY) as f32;
    scores.iter().map(|&score| score.min(far)).collect()
}

/// See [`GoodScores::far`].
fn far(scores: &[f32]) -> Option<f64> {
    if scores.len() < ENOUGH_TO_BOUND {
        return None;
    }
    let mut sorted: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (low, high) = (
            sorted[place.floor() as usize],
            sorted[place.ceil() as usize],
        );
        low + place.fract() * (high - low)
    };
    // Gumbel's quantile of p is μ − β ln(−ln p).
    let reduced = |p: f64| -(-p.ln()).ln();
    let scale = (at(0.75) - at(0.25)) / (reduced(0.75) - reduced(0.25));
    let rate = EXPECTED_FAR / scores.len() as f64;
    Some(at(0.5) + scale * (reduced(1.0 - rate) - reduced(0.5)))
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
mod tests;
