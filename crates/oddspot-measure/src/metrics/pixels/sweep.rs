//! All measures at once, from the largest score to the smallest.

use super::slots::Slots;
use super::{Asked, Known};
use crate::metrics::pro::{Pro, ProSum};
use crate::metrics::ranking::{Corners, no_anomalous, no_normal};
use crate::metrics::{BestF1, Curve, score_of};
use oddspot::Result;

/// What is measured of pixels; of each the reason where it is undefined.
#[derive(Debug)]
pub struct PixelMeasures {
    /// Area under the ROC curve.
    pub auc: Result<f64>,
    /// Average precision.
    pub ap: Result<f64>,
    /// The best F1.
    pub best_f1: Result<BestF1>,
    /// Per-region overlap.
    pub pro: Result<Pro>,
    /// The ROC curve, if curves were asked for.
    pub roc_curve: Result<Curve>,
}

/// The measures as far as scores were seen.
pub(super) struct Sweep {
    /// Of all pixels.
    normal: u64,
    anomalous: u64,
    /// Of those that were seen.
    false_positives: u64,
    true_positives: u64,
    /// Twice the area under the ROC curve in pairs: an integer, so nothing is rounded before the division.
    doubled: u128,
    precisions: f64,
    best: BestF1,
    corners: Option<Corners>,
    overlap: Result<ProSum>,
}

impl Sweep {
    pub fn new(asked: Asked, known: &Known) -> Self {
        Self {
            normal: known.normal,
            anomalous: known.anomalous as u64,
            false_positives: 0,
            true_positives: 0,
            doubled: 0,
            precisions: 0.0,
            best: BestF1 {
                f1: f64::NEG_INFINITY,
                threshold: f32::NAN,
                precision: 0.0,
                recall: 0.0,
            },
            corners: asked.curves.then(Corners::default),
            overlap: ProSum::new(asked.max_fpr, known.normal, known.shares.len()),
        }
    }

    /// The scores of a part, all below those before.
    pub fn add(&mut self, slots: &Slots) {
        for ((key, [before, ties]), &(anomalous, overlap)) in slots.scores().zip(&slots.found) {
            self.normal_alone(before);
            self.step(ties, anomalous.into(), overlap);
            self.offer(key);
        }
        self.normal_alone(slots.behind());
    }

    fn normal_alone(&mut self, pixels: u64) {
        if pixels > 0 {
            self.step(pixels, 0, 0.0);
        }
    }

    fn step(&mut self, normal: u64, anomalous: u64, overlap: f64) {
        let before = self.true_positives;
        self.false_positives += normal;
        self.true_positives += anomalous;
        self.doubled += u128::from(normal) * u128::from(before + self.true_positives);
        if anomalous > 0 {
            let called = (self.true_positives + self.false_positives) as f64;
            self.precisions += anomalous as f64 * (self.true_positives as f64 / called);
        }
        if let Some(corners) = &mut self.corners {
            corners.push((self.false_positives as usize, self.true_positives as usize));
        }
        if let Ok(sum) = &mut self.overlap {
            sum.step(self.false_positives as f64, overlap);
        }
    }

    /// A score of anomalous pixels as the threshold; at one of normal pixels alone the F1 is less than before.
    fn offer(&mut self, key: u32) {
        let found = self.true_positives as f64;
        let called = (self.true_positives + self.false_positives) as f64;
        let f1 = 2.0 * found / (called + self.anomalous as f64);
        if f1 > self.best.f1 {
            self.best = BestF1 {
                f1,
                threshold: score_of(key),
                precision: found / called,
                recall: found / self.anomalous as f64,
            };
        }
    }

    pub fn finish(self) -> PixelMeasures {
        let some = |measure: &'static str| match self.anomalous {
            0 => Err(no_anomalous(measure)),
            _ => Ok(()),
        };
        let both = |measure: &'static str| match self.normal {
            0 => Err(no_normal(measure)),
            _ => some(measure),
        };
        let pairs = 2.0 * self.anomalous as f64 * self.normal as f64;
        PixelMeasures {
            auc: both("ROC AUC").map(|()| self.doubled as f64 / pairs),
            ap: some("average precision").map(|()| self.precisions / self.anomalous as f64),
            best_f1: some("best F1").map(|()| self.best),
            roc_curve: both("ROC curve").map(|()| {
                let all = [self.normal as f64, self.anomalous as f64];
                self.corners.unwrap_or_default().curve(all)
            }),
            pro: self.overlap.map(ProSum::finish),
        }
    }
}
