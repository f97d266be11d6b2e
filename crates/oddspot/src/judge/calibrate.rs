//! Thresholds set anew on images of the user's own, which the model has not learned from.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;

use super::detector::Detector;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::digest::hex;
use crate::health::Health;
use crate::images::{Source, batches, hash_pixels};
use crate::maps::quantile;
use crate::model::{Calibration, Header, ImageRecord};
use crate::settings::Settings;
use crate::verdict::{Doubt, Doubts, GoodScores, Rates, Thresholds};

/// Pixels that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;
/// Times that a threshold may rise without a word.
const STEEP: f64 = 2.0;

/// An image and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Its name and hash.
    pub record: ImageRecord,
    /// Its score.
    pub score: f32,
    /// Its light, focus and colours.
    pub health: Health,
    /// Of its map, so many pixels that those of all images are not too many.
    pub pixels: Vec<f32>,
}

impl Detector {
    /// Scores of images, in their order, named below a folder; those that the model has learned from, and
    /// those that are the same file as one before, are left out. Tells after some how many of how many are done.
    ///
    /// # Errors
    /// An unreadable image; [`Cancelled`](ErrorKind::Cancelled) if told to stop.
    pub fn scores(
        &self,
        images: &[Source],
        root: &Path,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()> + Send,
    ) -> Result<Vec<Scored>> {
        let learned = self.header().learned_images();
        let known: HashSet<&str> = learned.map(|record| record.sha256.as_str()).collect();
        let score = |source: &Source| -> Result<Option<Scored>> {
            let (image, _, sha256) = source.decode_and_hash(self.reading())?;
            // Images that were in memory at the training are known by their pixels.
            let is_known = |sha256: &str| known.contains(sha256);
            if is_known(&sha256) || is_known(&hex(&hash_pixels(&image))) {
                return Ok(None);
            }
            let detection = self.detect(&image)?;
            let every = (detection.maps.total.values.len() * images.len()).div_ceil(MOST_PIXELS);
            let inspected = detection.inspected.unwrap_or_default();
            let inspected = inspected.into_iter().chain(std::iter::repeat(true));
            let pixels = (detection.maps.total.values.into_iter().zip(inspected))
                .filter_map(|(value, inspected)| inspected.then_some(value));
            Ok(Some(Scored {
                record: ImageRecord::of(&source.name(), root, sha256),
                score: detection.score,
                health: detection.health,
                pixels: pixels.step_by(every.max(1)).collect(),
            }))
        };
        self.pool.install(|| {
            let mut found = Vec::new();
            let mut done = 0;
            let mut counted = HashSet::new();
            for now in batches(images, 2 * rayon::current_num_threads()) {
                let of_now = now.par_iter().map(score).collect::<Result<Vec<_>>>()?;
                let new = (of_now.into_iter().flatten())
                    .filter(|scored| counted.insert(scored.record.sha256.clone()));
                found.extend(new);
                done += now.len();
                if progress(done, images.len()).is_break() {
                    return Err(Error::cancelled("before the model was changed"));
                }
            }
            Ok(found)
        })
    }
}

impl Header {
    /// Thresholds by the scores of good images that the model has not learned from, at the rates that it aims at
    /// now.
    ///
    /// # Errors
    /// Fewer than two images.
    pub fn thresholds_by(&self, good: &[Scored]) -> Result<Thresholds> {
        if good.len() < 2 {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Dataset,
                format!(
                    "it has {} good images that the model has not learned from: two are the least that \
                     thresholds can be set by, and fifty do it well",
                    good.len()
                ),
            ));
        }
        let detection = &self.settings.detection;
        let scores = GoodScores {
            good: good.iter().map(|image| image.score).collect(),
            // Of the training's scores, whatever images set the thresholds since.
            least_std: match self.calibration {
                None => self.thresholds.scores.std(),
                Some(_) => self.thresholds.scores.least_std,
            },
            pixel: {
                let mut pixels: Vec<f32> = (good.iter())
                    .flat_map(|image| image.pixels.iter().copied())
                    .collect();
                f64::from(quantile(
                    &mut pixels,
                    1.0 - detection.pixel_false_alarm_rate,
                ))
            },
        };
        Ok(Thresholds::of(scores, self.aim()))
    }

    /// What makes it unlikely that good images are of the part that the model knows, if they set this threshold.
    pub fn doubts(&self, good: &[Scored], threshold: f64) -> Doubts {
        let mut all = Vec::new();
        let untrusted: Vec<&Scored> = (good.iter())
            .filter(|image| !image.health.is_trusted())
            .collect();
        let mut beyond = untrusted.iter().map(|image| image.health.beyond.first());
        if let Some(why) = beyond.find_map(|beyond| beyond.cloned()) {
            all.push(Doubt::Untrusted {
                images: untrusted.len(),
                of: good.len(),
                why,
            });
        }
        let before = self.thresholds.image;
        let is_steep = threshold > STEEP * before && before > 0.0;
        if is_steep {
            let times = threshold / before;
            all.push(Doubt::Steep { times });
        }
        Doubts {
            all,
            are_grave: is_steep || 2 * untrusted.len() > good.len(),
        }
    }

    /// The rates that the thresholds aim at; those of the settings where a threshold was given as a score.
    fn aim(&self) -> Rates {
        let (settings, now) = (
            Rates::from(&self.settings.detection),
            self.thresholds.rates(),
        );
        let given = self.given_thresholds();
        Rates {
            anomalous: if given[0] {
                settings.anomalous
            } else {
                now.anomalous
            },
            check: if given[1] { settings.check } else { now.check },
        }
    }

    /// The settings of the training, with the rates in the place of its own that thresholds were set by since: so the
    /// same would be trained again.
    pub fn settings_in_force(&self) -> Settings {
        let mut settings = self.settings.clone();
        if self.calibration.is_some() {
            let Rates { anomalous, check } = self.aim();
            settings.detection.false_alarm_rate = anomalous;
            settings.detection.check_rate = check;
        }
        settings
    }

    /// Takes thresholds that were set by images, and notes by which; the good ones say what light, focus and
    /// colours are usual too. `given` says of the image threshold, and of that of images to be checked, whether it does
    /// not follow from a rate.
    pub fn calibrate(
        &mut self,
        thresholds: Thresholds,
        given: [bool; 2],
        good: &[Scored],
        bad: &[Scored],
    ) {
        let records = |images: &[Scored]| images.iter().map(|image| image.record.clone()).collect();
        self.calibration = Some(Calibration {
            good_images: records(good),
            bad_images: records(bad),
            before: [self.thresholds.image, self.thresholds.check],
            given: given[0],
            check_given: given[1],
        });
        self.health
            .add_judged(good.iter().map(|image| &image.health));
        self.thresholds = thresholds.as_own();
    }

    /// Takes thresholds that were given as scores, by somebody who was told what they make of `bad` images; what is
    /// known of good ones stays.
    pub fn give_thresholds(&mut self, thresholds: Thresholds, bad: Vec<ImageRecord>) {
        let least_std = match self.calibration {
            None => self.thresholds.scores.std(),
            Some(_) => self.thresholds.scores.least_std,
        };
        self.calibration = Some(Calibration {
            good_images: self.scored_images().into_iter().cloned().collect(),
            bad_images: bad,
            before: [self.thresholds.image, self.thresholds.check],
            given: true,
            check_given: true,
        });
        self.thresholds = thresholds.as_own();
        self.thresholds.scores.least_std = least_std;
    }
}
