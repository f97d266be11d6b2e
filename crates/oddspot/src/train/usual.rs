//! What is usual of each term over the good images, and the thresholds from what is said of those that it
//! has not seen.

use super::finish::{Finishing, GoodErrors};
use super::judged::Fold;
use crate::judge::{Judging, TermErrors};
use crate::maps::{ScoreMap, quantile_between};
use crate::settings::Units;
use crate::terms::{self, Kind};
use crate::verdict::{Rates, TermStatistics, Thresholds};

/// Pixels of good images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;
/// The share of images whose maximum a term's unit is not below.
const UNIT_QUANTILE: f64 = 0.75;
/// The least unit: that of a term which finds next to nothing in any good image.
const LEAST_UNIT: f64 = 0.1;
/// The least trust, so that a unit stays a number.
const LEAST_TRUST: f64 = 1e-3;

impl Finishing<'_> {
    /// What is usual of each term's error, and of images' levels in it.
    pub(super) fn moments(&self, good: &GoodErrors) -> Vec<TermStatistics> {
        let settings = self.settings;
        let kinds = terms::used(settings).zip(&good.sums);
        kinds
            .map(|(kind, sums)| TermStatistics {
                term: kind.name.to_owned(),
                moments: sums.error.finish(),
                image_level: (kind.fusing)(settings)
                    .levelled
                    .then(|| sums.levels.finish()),
                unit: None,
            })
            .collect()
    }

    /// What is usual of each term, and the thresholds.
    pub(super) fn usual(
        &self,
        judging: &Judging,
        good: GoodErrors,
    ) -> (Vec<TermStatistics>, Thresholds) {
        let settings = self.settings;
        let moments = self.moments(&good);
        let first_unseen = self.first_unseen(&good);
        let peaks =
            |at: usize, kind: &Kind| self.unseen_peaks(judging, &good, &moments, (at, kind));
        let statistics = self.in_units(&moments, peaks);
        let fuse = |image: usize, errors: &TermErrors, statistics: &[TermStatistics]| {
            let maps = judging.fuse(&judging.at_pixels(errors), statistics);
            maps.within(self.evidence(image).as_ref())
        };
        let training_scores: Vec<f32> = match self.folds {
            [] => {
                // A term that is trained reaches less in the images that it has learned from; the others
                // say the same of all.
                let of_seen = self.in_units(&statistics, |at, kind| {
                    let peak = |(image, errors): (usize, &TermErrors)| {
                        let error = judging.term_at_pixels(at, &errors[at]);
                        self.peak(image, judging.term_map(at, &error, &moments[at]))
                    };
                    (!kind.closed_form).then(|| good.seen.iter().enumerate().map(peak).collect())
                });
                let seen = good.seen.iter().enumerate();
                seen.map(|(image, errors)| fuse(image, errors, &of_seen).score())
                    .collect()
            }
            folds => self.scores_of_folds(judging, &good, &statistics, folds),
        };
        // Where no term judges a training image as if it had been left out, they only floor the spread.
        let mut scores = match self.closed_form.left_out.is_empty() && self.folds.is_empty() {
            true => Vec::new(),
            false => training_scores.clone(),
        };
        let mut pixels = Vec::new();
        let size = settings.image_size;
        let every = (size.width * size.height * good.unseen.len()).div_ceil(MOST_PIXELS);
        for (image, errors) in good.unseen.iter().enumerate() {
            let maps = fuse(first_unseen + image, errors, &statistics);
            scores.push(maps.score());
            pixels.extend(maps.total.values.iter().step_by(every.max(1)));
        }
        let thresholds = Thresholds::from_good_images(
            &scores,
            &training_scores,
            (&mut pixels, settings.detection.pixel_false_alarm_rate),
            Rates::from(&settings.detection),
        );
        (statistics, thresholds)
    }

    /// Scores of the training images that are among the first, each by the fold that left it out.
    fn scores_of_folds(
        &self,
        judging: &Judging,
        good: &GoodErrors,
        statistics: &[TermStatistics],
        folds: &[Fold],
    ) -> Vec<f32> {
        let kinds: Vec<&Kind> = terms::used(self.settings).collect();
        let count = good.seen.len();
        let mut scores = vec![0.0; count];
        for fold in folds {
            let of_fold = (fold.images.iter().enumerate()).filter(|(_, image)| **image < count);
            for (index, &image) in of_fold {
                let mut statistics = statistics.to_vec();
                let mut trained = 0;
                let errors: Vec<ScoreMap> = (kinds.iter().enumerate())
                    .map(|(at, kind)| {
                        if kind.closed_form {
                            return judging.term_at_pixels(at, &good.seen[image][at]);
                        }
                        let unit = statistics[at].unit;
                        statistics[at] = TermStatistics {
                            unit,
                            ..fold.statistics()[trained].clone()
                        };
                        trained += 1;
                        fold.error(index, trained - 1)
                    })
                    .collect();
                let maps = judging.fuse(&errors, &statistics);
                scores[image] = maps.within(self.evidence(image).as_ref()).score();
            }
        }
        scores
    }

    /// The maxima of a term's map, in standard deviations, in images that it was not fitted to: those left
    /// out, or those held out.
    fn unseen_peaks(
        &self,
        judging: &Judging,
        good: &GoodErrors,
        moments: &[TermStatistics],
        (at, kind): (usize, &Kind),
    ) -> Option<Vec<f32>> {
        let peak = |image: usize, error: &ScoreMap, moments: &TermStatistics| {
            self.peak(image, judging.term_map(at, error, moments))
        };
        let of_errors = |(image, errors): (usize, &Vec<ScoreMap>)| {
            peak(image, &judging.term_at_pixels(at, errors), &moments[at])
        };
        if let Some(left_out) = self.closed_form.left_out.get(kind.name) {
            return Some(left_out.iter().enumerate().map(of_errors).collect());
        }
        let first_unseen = self.first_unseen(good);
        let held_out = (good.unseen.iter().enumerate())
            .map(|(image, errors)| of_errors((first_unseen + image, &errors[at])));
        let mut trained = terms::used(self.settings).filter(|kind| !kind.closed_form);
        let term = trained.position(|other| other == kind)?;
        let in_folds = self.folds.iter().flat_map(|fold| {
            (fold.images.iter().enumerate()).map(move |(index, &image)| {
                peak(image, &fold.error(index, term), &fold.statistics()[term])
            })
        });
        Some(held_out.chain(in_folds).collect())
    }

    /// The maximum of a good image's map, where it is evidence.
    fn peak(&self, image: usize, map: ScoreMap) -> f32 {
        match self.evidence(image) {
            Some(evidence) => map.times(&evidence).peak().0,
            None => map.peak().0,
        }
    }

    /// Statistics with the unit of each term of which `peaks` gives some: what it reaches in these.
    fn in_units(
        &self,
        statistics: &[TermStatistics],
        peaks: impl Fn(usize, &'static Kind) -> Option<Vec<f32>>,
    ) -> Vec<TermStatistics> {
        let mut found = statistics.to_vec();
        if self.settings.detection.units == Units::Deviations {
            return found;
        }
        let kinds = terms::used(self.settings).zip(&mut found).enumerate();
        for (at, (kind, statistics)) in kinds {
            let Some(peaks) = peaks(at, kind) else {
                continue;
            };
            let weight = (kind.fusing)(self.settings).weight.max(f64::MIN_POSITIVE);
            let reached = (quantile_between(&peaks, UNIT_QUANTILE) / weight).max(LEAST_UNIT);
            let trust = (kind.trust)(&statistics.moments).max(LEAST_TRUST);
            statistics.unit = Some(reached / trust);
        }
        found
    }
}
