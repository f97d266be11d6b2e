//! What is usual of each term over the good images, and the thresholds from what is said of those that it
//! has not seen.

use super::finish::{Finishing, GoodErrors};
use super::judged::Fold;
use crate::judge::{self, Judging, TermErrors};
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
        let fuse = |piece: usize, errors: &TermErrors, statistics: &[TermStatistics]| {
            let maps = judging.fuse(&judging.at_pixels(errors), statistics);
            maps.within(&self.evidence(piece))
        };
        let training_scores: Vec<f32> = match self.folds {
            [] => {
                // A term that is trained reaches less in the images that it has learned from; the others
                // say the same of all.
                let of_seen = self.in_units(&statistics, |at, kind| {
                    let peak = |(piece, errors): (usize, &TermErrors)| {
                        let error = judging.term_at_pixels(at, &errors[at]);
                        self.peak(piece, judging.term_map(at, &error, &moments[at]))
                    };
                    let peaks = || good.seen.iter().enumerate().map(peak);
                    (!kind.closed_form).then(|| self.by_image(0, peaks()))
                });
                let seen = good.seen.iter().enumerate();
                let scores = seen.map(|(piece, errors)| fuse(piece, errors, &of_seen).score());
                self.by_image(0, scores)
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
        let unseen = good.unseen.iter().enumerate().map(|(piece, errors)| {
            let maps = fuse(first_unseen + piece, errors, &statistics);
            let of_piece = judge::pixels(self.frame(first_unseen + piece), size, &maps);
            pixels.extend(of_piece.into_iter().step_by(every.max(1)));
            maps.score()
        });
        scores.extend(self.by_image(first_unseen, unseen));
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
            let of_fold = (fold.pieces.iter().enumerate()).filter(|(_, piece)| **piece < count);
            for (index, &piece) in of_fold {
                let mut statistics = statistics.to_vec();
                let mut trained = 0;
                let errors: Vec<ScoreMap> = (kinds.iter().enumerate())
                    .map(|(at, kind)| {
                        if kind.closed_form {
                            return judging.term_at_pixels(at, &good.seen[piece][at]);
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
                scores[piece] = maps.within(&self.evidence(piece)).score();
            }
        }
        self.by_image(0, scores.into_iter())
    }

    /// The maxima of a term's map, in standard deviations, in images that it was not fitted to: those left
    /// out, or those held out. One an image, whatever its pieces.
    fn unseen_peaks(
        &self,
        judging: &Judging,
        good: &GoodErrors,
        moments: &[TermStatistics],
        (at, kind): (usize, &Kind),
    ) -> Option<Vec<f32>> {
        let peak = |piece: usize, error: &ScoreMap, moments: &TermStatistics| {
            self.peak(piece, judging.term_map(at, error, moments))
        };
        let of_errors = |(piece, errors): (usize, &Vec<ScoreMap>)| {
            peak(piece, &judging.term_at_pixels(at, errors), &moments[at])
        };
        if let Some(left_out) = self.closed_form.left_out.get(kind.name) {
            let peaks = left_out.iter().enumerate().map(of_errors);
            return Some(self.by_image(0, peaks));
        }
        let first_unseen = self.first_unseen(good);
        let held_out = (good.unseen.iter().enumerate())
            .map(|(piece, errors)| of_errors((first_unseen + piece, &errors[at])));
        let mut peaks = self.by_image(first_unseen, held_out);
        let mut trained = terms::used(self.settings).filter(|kind| !kind.closed_form);
        let term = trained.position(|other| other == kind)?;
        for fold in self.folds {
            let of_fold = (fold.pieces.iter().enumerate()).map(|(index, &piece)| {
                let found = peak(piece, &fold.error(index, term), &fold.statistics()[term]);
                (piece, found)
            });
            peaks.extend(self.by_image_of(of_fold));
        }
        Some(peaks)
    }

    /// The maximum of a good image's piece's map, where it is evidence.
    fn peak(&self, piece: usize, map: ScoreMap) -> f32 {
        self.evidence(piece).of(map).peak().0
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
