//! Scores of good images that were judged as if they had not been learned from, and what they say of a threshold.

use serde::{Deserialize, Serialize};

use super::binomial::upper_bound;
use super::gumbel::{Gumbel, mean_and_std};
use crate::maps::between;

/// Scores of good images, from which an image threshold follows for any false-alarm rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodScores {
    /// Of images in the order of their records: those trained on, if terms judge them as left out, those held out,
    /// those added later. Of those trained on, networks without folds have seen each; their part is rescaled.
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
    /// Good images whose scores the threshold comes from.
    pub images: usize,
    /// Rate that the threshold aims at.
    pub target: f64,
    /// Those of them above the threshold that the others give (leave one out, so that no image judges
    /// itself).
    pub left_out_alarms: usize,
}

impl FalseAlarms {
    /// Upper end of the one-sided 95 % confidence interval of the false-alarm rate
    /// (Clopper–Pearson).
    pub fn upper_bound(&self) -> f64 {
        upper_bound(self.left_out_alarms, self.images, 0.05)
    }
}

impl GoodScores {
    /// Scores of good images that were not learned from; those of training images that are not among them are a
    /// floor for their spread. `pixel` is the quantile of the images' pixels that the pixel threshold is.
    pub fn new(good: &[f32], training: &[f32], pixel: f64) -> Self {
        Self {
            good: good.to_vec(),
            least_std: mean_and_std(bounded(training).into_iter()).1,
            pixel,
        }
    }

    /// Their standard deviation, at least the least one: the least of scores that take their place.
    pub(crate) fn std(&self) -> f64 {
        let (_, std) = mean_and_std(bounded(&self.good).into_iter());
        std.max(self.least_std)
    }

    /// The image threshold for a false-alarm rate.
    pub fn threshold(&self, rate: f64) -> f64 {
        Without::none(&self.good, &self.ascending()).threshold(self.least_std, rate)
    }

    /// The false-alarm rate of an image threshold.
    pub fn rate(&self, threshold: f64) -> f64 {
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
        Without::none(&self.good, &self.ascending())
            .conformal(rate)
            .is_some()
    }

    /// What no score counts beyond: a value that a Gumbel distribution with the scores' quartiles passes
    /// in one of twenty such sets of images. None of few scores.
    pub fn far(&self) -> Option<f64> {
        Without::none(&self.good, &self.ascending()).far()
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

    /// What they tell of a threshold that does not come from them.
    pub(super) fn at(&self, threshold: f64) -> FalseAlarms {
        FalseAlarms {
            images: self.good.len(),
            target: self.rate(threshold),
            left_out_alarms: self.above(threshold),
        }
    }

    /// What they tell of the threshold for a rate, each image against that of the others.
    pub(super) fn false_alarms(&self, rate: f64) -> FalseAlarms {
        let ascending = self.ascending();
        let is_alarm = |&(rank, &left_out): &(usize, &usize)| {
            let others = Without {
                rank: Some(rank),
                ..Without::none(&self.good, &ascending)
            };
            f64::from(self.good[left_out]) > others.threshold(self.least_std, rate)
        };
        let images = self.good.len();
        FalseAlarms {
            images,
            target: rate,
            left_out_alarms: match images {
                0 | 1 => 0,
                _ => ascending.iter().enumerate().filter(is_alarm).count(),
            },
        }
    }

    /// Places of the scores, the lowest first.
    fn ascending(&self) -> Vec<usize> {
        ascending(&self.good)
    }

    /// Images whose score lies above a threshold.
    pub fn above(&self, threshold: f64) -> usize {
        let scores = self.good.iter();
        scores
            .filter(|&&score| f64::from(score) > threshold)
            .count()
    }

    /// Whether they are numbers that thresholds can follow from.
    pub(crate) fn are_usable(&self) -> bool {
        self.good.iter().all(|score| score.is_finite())
            && self.least_std.is_finite()
            && self.least_std >= 0.0
            && self.pixel.is_finite()
    }
}

/// Scores of which it can be said that one lies far above all others.
const ENOUGH_TO_BOUND: usize = 8;
/// How many of a set's images are expected beyond [`far`].
const EXPECTED_FAR: f64 = 0.05;

/// Scores, sorted once, of which one may be left out.
#[derive(Clone, Copy)]
struct Without<'a> {
    scores: &'a [f32],
    /// Places of the scores, the lowest first.
    ascending: &'a [usize],
    /// Place of the one that is left out, in that order.
    rank: Option<usize>,
}

impl<'a> Without<'a> {
    /// All of them.
    fn none(scores: &'a [f32], ascending: &'a [usize]) -> Self {
        Self {
            scores,
            ascending,
            rank: None,
        }
    }

    fn len(&self) -> usize {
        self.scores.len() - usize::from(self.rank.is_some())
    }

    /// The score of so many that lie below it.
    fn at(&self, rank: usize) -> f32 {
        let left_out = self.rank.is_some_and(|left_out| left_out <= rank);
        self.scores[self.ascending[rank + usize::from(left_out)]]
    }

    /// The image threshold for a false-alarm rate.
    fn threshold(&self, least_std: f64, rate: f64) -> f64 {
        let conformal = self.conformal(rate).map(f64::from);
        conformal.unwrap_or_else(|| self.beyond(least_std, rate))
    }

    /// The score above which a further one lies at most that often; None where there are too few, or where it lies far
    /// above all others.
    fn conformal(&self, rate: f64) -> Option<f32> {
        let all = (self.len() + 1) as f64;
        if all * rate < 1.0 {
            return None;
        }
        // Without the noise of the product: ⌈200 · 0.99⌉ is 198.
        let rank = (all * (1.0 - rate) - 1e-9).ceil() as usize;
        let score = self.at(rank.clamp(1, self.len()) - 1);
        self.far()
            .is_none_or(|far| f64::from(score) <= far)
            .then_some(score)
    }

    /// The image threshold for a rate that none of the scores can keep, but those far above all others: extrapolated
    /// from the others, and not below them, so that a lower rate never gives a lower threshold.
    fn beyond(&self, least_std: f64, rate: f64) -> f64 {
        let far = self.far().unwrap_or(f64::INFINITY) as f32;
        let left_out = self.rank.map(|rank| self.ascending[rank]);
        let scores = self.scores.iter().enumerate();
        let others = scores.filter(|&(place, _)| Some(place) != left_out);
        let tail = Gumbel::of(others.map(|(_, score)| score.min(far)), least_std);
        let mut usual = (0..self.len()).rev().map(|rank| self.at(rank));
        let highest = usual.find(|score| *score <= far);
        let highest = highest.map_or(f64::NEG_INFINITY, f64::from);
        tail.quantile(rate).max(highest)
    }

    /// See [`GoodScores::far`].
    fn far(&self) -> Option<f64> {
        if self.len() < ENOUGH_TO_BOUND {
            return None;
        }
        let at = |share: f64| between(self.len(), share, |rank| self.at(rank));
        // Gumbel's quantile of p is μ − β ln(−ln p).
        let reduced = |p: f64| -(-p.ln()).ln();
        let scale = (at(0.75) - at(0.25)) / (reduced(0.75) - reduced(0.25));
        let rate = EXPECTED_FAR / self.len() as f64;
        Some(at(0.5) + scale * (reduced(1.0 - rate) - reduced(0.5)))
    }
}

/// Scores, none beyond [`GoodScores::far`].
fn bounded(scores: &[f32]) -> Vec<f32> {
    let far = Without::none(scores, &ascending(scores)).far();
    let far = far.unwrap_or(f64::INFINITY) as f32;
    scores.iter().map(|&score| score.min(far)).collect()
}

/// Places of scores, the lowest first.
fn ascending(scores: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_rate_never_gives_a_lower_threshold() {
        // By their quartiles these are nearly equal, and the tail ends below the highest.
        let scores: Vec<f32> = (0..36_u8).map(|i| 2.0 + 0.01 * f32::from(i)).collect();
        for highest in [2.4, 2.8, 90.0] {
            let mut scores = scores.clone();
            scores[35] = highest;
            let all = GoodScores::new(&scores, &[], 0.0);
            let thresholds = [0.5, 0.1, 0.05, 0.03, 0.026, 0.02, 0.01, 0.001];
            let thresholds = thresholds.map(|rate| all.threshold(rate));
            assert!(thresholds.is_sorted(), "{highest}: {thresholds:?}");
        }
    }

    #[test]
    fn each_image_is_held_against_the_threshold_of_the_others() {
        let scores = |count: u32| -> Vec<f32> {
            let spread = |i: u32| 1.0 + (i * 7919 % 1009) as f32 / 1009.0;
            // One far above all others, and some that are equal.
            let of = |i: u32| if i == 3 { 90.0 } else { spread(i / 2) };
            (0..count).map(of).collect()
        };
        for (count, rate) in [
            (2, 0.03),
            (7, 0.3),
            (22, 0.03),
            (40, 0.03),
            (41, 0.2),
            (300, 0.002),
        ] {
            let all = GoodScores::new(&scores(count), &[], 0.0);
            let is_alarm = |left_out: usize| {
                let mut others = all.clone();
                let score = others.good.remove(left_out);
                f64::from(score) > others.threshold(rate)
            };
            let alarms = (0..count as usize).filter(|&i| is_alarm(i)).count();
            assert_eq!(
                all.false_alarms(rate).left_out_alarms,
                alarms,
                "{count} {rate}"
            );
            assert!(alarms > 0 || count == 2);
        }
    }
}
