//! What is usual of each term over the good images, and the thresholds from what is said of those that it
//! has not seen.

use std::collections::BTreeMap;

use super::finish::Finishing;
use super::good_errors::GoodErrors;
use super::judged::Fold;
use crate::judge::{self, Judging, TermErrors};
use crate::maps::{ScoreMap, quantile_between};
use crate::settings::Units;
use crate::terms::{self, Kind};
use crate::verdict::{AnomalyMaps, Rates, TermStatistics, Thresholds};

/// Pixels of good images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;
/// The share of images whose maximum a term's unit is not below.
const UNIT_QUANTILE: f64 = 0.75;
/// The least unit: that of a term which finds next to nothing in any good image.
const LEAST_UNIT: f64 = 0.1;
/// The least trust, so that a unit stays a number.
const LEAST_TRUST: f64 = 1e-3;

/// What a good image's map reaches.
#[derive(Clone, Copy, Default)]
struct Reached {
    /// Its maximum.
    score: f32,
    /// What it is nearly everywhere.
    nearly_everywhere: f32,
}

impl Reached {
    fn of(maps: &AnomalyMaps) -> Self {
        Self {
            score: maps.score(),
            nearly_everywhere: maps.nearly_everywhere(),
        }
    }
}

fn scores(reached: &[Reached]) -> Vec<f32> {
    reached.iter().map(|reached| reached.score).collect()
}

impl Finishing<'_> {
    /// What is usual of each term's error, and of images' levels in it.
    pub(super) fn moments(&self, judging: &Judging, good: &GoodErrors) -> Vec<TermStatistics> {
        let settings = self.settings;
        let kinds = terms::used(settings).zip(&good.sums).enumerate();
        kinds
            .map(|(at, (kind, sums))| TermStatistics {
                term: kind.name.to_owned(),
                moments: (sums.error.finish()).with_least_std(judging.step(at)),
                image_level: (kind.fusing)(settings)
                    .levelled
                    .then(|| sums.levels.finish()),
                unit: None,
            })
            .collect()
    }

    /// What is usual of each term, the thresholds, and how unlike the others each image is that was judged
    /// without having been learned from.
    pub(super) fn usual(
        &self,
        judging: &Judging,
        good: GoodErrors,
    ) -> (Vec<TermStatistics>, Thresholds, Vec<f32>) {
        let settings = self.settings;
        let moments = self.moments(judging, &good);
        let first_unseen = self.first_unseen(&good);
        let peaks =
            |at: usize, kind: &Kind| self.unseen_peaks(judging, &good, &moments, (at, kind));
        let statistics = self.in_units(&moments, peaks);
        let fuse = |piece: usize, errors: &TermErrors, statistics: &[TermStatistics]| {
            let evidence = self.evidence(piece);
            let errors = judging.at_pixels(errors);
            let maps = judging.fuse(&errors, statistics, evidence.inspected());
            maps.within(&evidence)
        };
        let training: Vec<Reached> = match self.folds {
            [] => {
                // A term that is trained reaches less in the images that it has learned from; the others
                // say the same of all.
                let of_seen = self.in_units(&statistics, |at, kind| {
                    let peak = |(piece, errors): &(usize, TermErrors)| {
                        let error = judging.term_at_pixels(at, &errors[at]);
                        let peak = self.peak(*piece, judging, (at, &error, &moments[at]));
                        (*piece, peak)
                    };
                    let peaks = || good.seen.iter().map(peak);
                    (!kind.closed_form).then(|| self.by_image(peaks()))
                });
                let reached = (good.seen.iter())
                    .map(|(piece, errors)| (*piece, Reached::of(&fuse(*piece, errors, &of_seen))));
                self.reached_by_image(reached)
            }
            folds => self.scores_of_folds(judging, &good, &statistics, folds),
        };
        // Where no term judges a training image as if it had been left out, they only floor the spread.
        let (mut left_out, floor) =
            match self.closed_form.left_out.is_empty() && self.folds.is_empty() {
                true => (Vec::new(), training),
                false => (training, Vec::new()),
            };
        let mut pixels = Vec::new();
        let size = settings.image_size;
        let every = (size.width * size.height * good.unseen.len()).div_ceil(MOST_PIXELS);
        let unseen = good.unseen.iter().enumerate().map(|(piece, errors)| {
            let piece = first_unseen + piece;
            let maps = fuse(piece, errors, &statistics);
            let of_piece = judge::pixels(self.frame(piece), size, &maps);
            pixels.extend(of_piece.into_iter().step_by(every.max(1)));
            (piece, Reached::of(&maps))
        });
        left_out.extend(self.reached_by_image(unseen));
        let thresholds = Thresholds::from_good_images(
            &scores(&left_out),
            &scores(&floor),
            (&mut pixels, settings.detection.pixel_false_alarm_rate),
            Rates::from(&settings.detection),
        );
        let unlike = left_out
            .iter()
            .map(|reached| reached.nearly_everywhere)
            .collect();
        (statistics, thresholds, unlike)
    }

    /// The greatest of each value of each image, of those of pieces.
    fn reached_by_image(&self, of_pieces: impl Iterator<Item = (usize, Reached)>) -> Vec<Reached> {
        let of_pieces: Vec<(usize, Reached)> = of_pieces.collect();
        let scores = of_pieces
            .iter()
            .map(|(piece, reached)| (*piece, reached.score));
        let others = of_pieces
            .iter()
            .map(|(piece, reached)| (*piece, reached.nearly_everywhere));
        let both = (self.by_image(scores).into_iter()).zip(self.by_image(others));
        both.map(|(score, nearly_everywhere)| Reached {
            score,
            nearly_everywhere,
        })
        .collect()
    }

    /// Scores of the training images that count, each by the fold that left it out.
    fn scores_of_folds(
        &self,
        judging: &Judging,
        good: &GoodErrors,
        statistics: &[TermStatistics],
        folds: &[Fold],
    ) -> Vec<Reached> {
        let kinds: Vec<&Kind> = terms::used(self.settings).collect();
        let mut reached: BTreeMap<usize, Reached> = BTreeMap::new();
        for fold in folds {
            for (index, &piece) in fold.pieces.iter().enumerate() {
                let seen = good.seen.binary_search_by_key(&piece, |(piece, _)| *piece);
                let Ok(seen) = seen else { continue };
                let seen = &good.seen[seen].1;
                let mut statistics = statistics.to_vec();
                let mut trained = 0;
                let errors: Vec<ScoreMap> = (kinds.iter().enumerate())
                    .map(|(at, kind)| {
                        if kind.closed_form {
                            return judging.term_at_pixels(at, &seen[at]);
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
                let evidence = self.evidence(piece);
                let maps = judging.fuse(&errors, &statistics, evidence.inspected());
                reached.insert(piece, Reached::of(&maps.within(&evidence)));
            }
        }
        self.reached_by_image(reached.into_iter())
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
            self.peak(piece, judging, (at, error, moments))
        };
        let of_errors = |(piece, errors): (usize, &Vec<ScoreMap>)| {
            let error = judging.term_at_pixels(at, errors);
            (piece, peak(piece, &error, &moments[at]))
        };
        if let Some(left_out) = self.closed_form.left_out.get(kind.name) {
            let peaks = left_out.iter().enumerate().map(of_errors);
            return Some(self.by_image(peaks));
        }
        let first_unseen = self.first_unseen(good);
        let held_out = (good.unseen.iter().enumerate())
            .map(|(piece, errors)| of_errors((first_unseen + piece, &errors[at])));
        let mut peaks = self.by_image(held_out);
        let mut trained = terms::used(self.settings).filter(|kind| !kind.closed_form);
        let term = trained.position(|other| other == kind)?;
        for fold in self.folds {
            let of_fold = (fold.pieces.iter().enumerate()).map(|(index, &piece)| {
                let found = peak(piece, &fold.error(index, term), &fold.statistics()[term]);
                (piece, found)
            });
            peaks.extend(self.by_image(of_fold));
        }
        Some(peaks)
    }

    /// The maximum of a term's map of a good image's piece, where it is evidence.
    fn peak(
        &self,
        piece: usize,
        judging: &Judging,
        (at, error, moments): (usize, &ScoreMap, &TermStatistics),
    ) -> f32 {
        let evidence = self.evidence(piece);
        let map = judging.term_map(at, error, moments, evidence.inspected());
        evidence.of(map).peak().0
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
