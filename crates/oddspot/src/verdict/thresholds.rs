//! The verdict and its thresholds, from good images that are judged as if training had not seen them.

use serde::{Deserialize, Serialize};

use super::good_scores::{FalseAlarms, GoodScores};
use crate::error::{Error, Result};
use crate::maps::quantile;
use crate::settings::DetectionSettings;

/// What is said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its score is above neither threshold.
    Good,
    /// Its score is above the lower threshold alone: somebody must look.
    Check,
    /// Its score is above the upper threshold.
    Anomalous,
    /// Its light, focus or colours lie beyond those of all good images: its score says nothing.
    Untrusted,
}

impl Verdict {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Good, Self::Check, Self::Anomalous, Self::Untrusted];

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Check => "check",
            Self::Anomalous => "anomalous",
            Self::Untrusted => "untrusted",
        }
    }

    /// How a score lies to the thresholds of anomalous images and of those to be checked, in words: the verdict need
    /// not follow from it.
    pub fn relation(
        self,
        score: f32,
        [image, check]: [f64; 2],
        number: impl Fn(f64) -> String,
    ) -> String {
        let relation = match f64::from(score) {
            score if score > image => return format!("above {}", number(image)),
            score if score > check => {
                format!("between {} and {}", number(check), number(image))
            }
            _ => format!("not above {}", number(check)),
        };
        match self {
            // Of another light a part that is missing may not be seen.
            Self::Untrusted => relation + ", but not to be trusted",
            _ => relation,
        }
    }

    /// Whether it is [`Verdict::Good`].
    pub fn is_good(self) -> bool {
        self == Self::Good
    }

    /// Whether it is [`Verdict::Anomalous`].
    pub fn is_anomalous(self) -> bool {
        self == Self::Anomalous
    }
}

/// The shares of good images that may lie above the image thresholds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of images that are called anomalous.
    pub anomalous: f64,
    /// Of images that are called anomalous or to be checked.
    pub check: f64,
}

/// Times the one rate that the other follows it by, at most.
const MOST_TIMES: f64 = 5.0;
/// What a rate may be, at most.
const MOST_RATE: f64 = 0.5;

impl Rates {
    /// These with others in their place, above 0 and at most 0.5 each. The share that is to be looked at is never below
    /// that of anomalous images: where the latter alone is given and reaches it, it follows in the proportion of before,
    /// five times at most. What is to be checked can only be done without by two equal rates.
    ///
    /// # Errors
    /// A check rate that is given, and lies below the other.
    pub fn with(self, anomalous: Option<f64>, check: Option<f64>) -> Result<Self> {
        let now = anomalous.unwrap_or(self.anomalous);
        match check {
            Some(check) if check < now => Err(Error::setting(
                "detection.check_rate",
                format!(
                    "{check}: it counts anomalous images too, and is below their rate of {now}; give {now} or more, or a \
                     lower false-alarm rate",
                ),
            )),
            Some(check) => Ok(Self {
                anomalous: now,
                check,
            }),
            None => Ok(Self {
                anomalous: now,
                check: match anomalous {
                    Some(_) if now >= self.check => self.following(now),
                    _ => self.check.max(now),
                },
            }),
        }
    }

    /// The check rate that goes with another rate of anomalous images.
    fn following(self, anomalous: f64) -> f64 {
        let times = match self.anomalous > 0.0 {
            true => (self.check / self.anomalous).clamp(1.0, MOST_TIMES),
            false => 1.0,
        };
        (times * anomalous).min(MOST_RATE).max(anomalous)
    }
}

impl From<&DetectionSettings> for Rates {
    fn from(settings: &DetectionSettings) -> Self {
        Self {
            anomalous: settings.false_alarm_rate,
            check: settings.check_rate,
        }
    }
}

/// Thresholds and how they came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// An image is anomalous when its score lies above this.
    pub image: f64,
    /// An image is to be checked when its score lies above this; never above `image`.
    pub check: f64,
    /// Pixels above this make the regions that are shown.
    pub pixel: f64,
    /// How often good images are expected to be called anomalous.
    pub false_alarms: FalseAlarms,
    /// How often good images are expected to be called anomalous or to be checked.
    pub checks: FalseAlarms,
    /// The scores that the image thresholds come from.
    pub scores: GoodScores,
    /// The model's own image threshold, where another has taken its place.
    #[serde(skip)]
    pub replaced: Option<f64>,
}

impl Thresholds {
    /// Sets the thresholds from the scores of good images that were not learned from, with those of
    /// training images as a floor for the spread, and from these images' pixels.
    ///
    /// Where there are n ≥ 1/rate − 1 of them, an image threshold is the ⌈(n + 1)(1 − rate)⌉-th
    /// smallest score, above which a further good image lies at most that often (conformal). For fewer
    /// it is extrapolated: a score is the maximum of many pixels, so its distribution is close to
    /// Gumbel's, and the threshold is the (1 − rate) quantile of the one with the scores' mean and
    /// standard deviation. A score far above all others counts no further than [`far`](GoodScores::far); where only such
    /// a one could keep the rate, the threshold is extrapolated too, and lies not below the others.
    /// The pixel threshold is the (1 − `pixel_rate`) quantile of `pixels`, at most the image threshold,
    /// so that an image called anomalous always shows a region.
    pub fn from_good_images(
        good: &[f32],
        training: &[f32],
        (pixels, pixel_rate): (&mut [f32], f64),
        rates: Rates,
    ) -> Self {
        let pixel = f64::from(quantile(pixels, 1.0 - pixel_rate));
        Self::of(GoodScores::new(good, training, pixel), rates)
    }

    /// From scores.
    pub fn of(scores: GoodScores, rates: Rates) -> Self {
        let image = scores.threshold(rates.anomalous);
        let check = scores.threshold(rates.check).min(image);
        Self {
            image,
            check,
            pixel: scores.pixel.min(image),
            false_alarms: scores.false_alarms(rates.anomalous),
            checks: scores.false_alarms(rates.check.max(rates.anomalous)),
            scores,
            replaced: None,
        }
    }

    /// What is said of an image of some score.
    pub fn verdict(&self, score: f32) -> Verdict {
        match f64::from(score) {
            score if score > self.image => Verdict::Anomalous,
            score if score > self.check => Verdict::Check,
            _ => Verdict::Good,
        }
    }

    /// The rates that the thresholds aim at.
    pub fn rates(&self) -> Rates {
        Rates {
            anomalous: self.false_alarms.target,
            check: self.checks.target,
        }
    }

    /// The same for other rates of anomalous images, and of anomalous ones and those to be checked: above
    /// 0 and at most 0.5 each. One that is not given stays, or [follows](Rates::with).
    ///
    /// # Errors
    /// As [`Rates::with`].
    pub fn at_rates(&self, anomalous: Option<f64>, check: Option<f64>) -> Result<Self> {
        let rates = self.rates().with(anomalous, check)?;
        let mut found = Self::of(self.scores.clone(), rates);
        if anomalous.is_none() {
            // It may be of the user's own.
            found = found.with_image_threshold(self.image);
        }
        Ok(Self {
            replaced: Some(self.replaced.unwrap_or(self.image)),
            ..found
        })
    }

    /// The same with image thresholds of the user's own; one that is not given stays, but that of images to be
    /// checked never above the other. The rates that they amount to follow from the scores.
    #[must_use]
    pub fn at_scores(&self, anomalous: Option<f64>, check: Option<f64>) -> Self {
        let mut found = self.clone();
        if let Some(check) = check {
            found.check = check;
            found.checks = found.scores.at(check);
        }
        let image = anomalous.unwrap_or(self.image);
        found = found.with_image_threshold(image);
        found.replaced = Some(self.replaced.unwrap_or(self.image));
        found
    }

    /// The same as a model's own, whatever they were before.
    #[must_use]
    pub fn as_own(self) -> Self {
        Self {
            replaced: None,
            ..self
        }
    }

    fn with_image_threshold(mut self, image: f64) -> Self {
        if image != self.image {
            self.image = image;
            self.false_alarms = self.scores.at(image);
        }
        if self.check > image {
            self.check = image;
            self.checks = self.false_alarms;
        }
        self.pixel = self.scores.pixel.min(image);
        self
    }
}

#[cfg(test)]
mod tests;
