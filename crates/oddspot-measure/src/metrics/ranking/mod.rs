//! Measures of a ranking by score: ROC curve and area, average precision, best F1.

use rayon::slice::ParallelSliceMut;

use super::{Curve, descending_key, score_of};
use oddspot::{Error, Result};

/// The scores of anomalous and of normal samples (images or pixels), each sorted, from which
/// every measure follows in one linear pass.
///
/// Build it once when several measures of the same scores are wanted: the sort is nearly all of
/// the work. It takes time O(n log n) on all cores and holds 4 bytes per sample, which is also
/// the peak; 105 million pixels (100 maps of 1024×1024) need 420 MB.
#[derive(Clone, Debug)]
pub struct Ranking {
    anomalous: Vec<u32>,
    normal: Vec<u32>,
}

/// The decision "anomalous if and only if score ≥ threshold" that has the largest F1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestF1 {
    /// `2 · precision · recall / (precision + recall)`, in 0..=1.
    pub f1: f64,
    /// One of the scores; the largest among equally good ones.
    pub threshold: f32,
    /// Share of true ones among those called anomalous, in 0..=1.
    pub precision: f64,
    /// Share of the anomalous ones that are called so, in 0..=1.
    pub recall: f64,
}

/// The counts at one threshold: how many samples score at least `key`'s score.
#[derive(Clone, Copy, Debug)]
struct Threshold {
    key: u32,
    true_positives: usize,
    false_positives: usize,
}

impl Ranking {
    /// Ranks samples: `anomalous[i]` says what the sample with `scores[i]` is.
    pub fn new(scores: &[f32], anomalous: &[bool]) -> Result<Self> {
        Self::of("AUC, AP and F1", scores, anomalous)
    }

    fn of(measure: &'static str, scores: &[f32], anomalous: &[bool]) -> Result<Self> {
        if scores.len() != anomalous.len() {
            let (scores, labels) = (scores.len(), anomalous.len());
            return Err(Error::measure(
                measure,
                format!("there are {scores} scores but {labels} labels; give one label per score"),
            ));
        }
        if let Some(at) = scores.iter().position(|score| score.is_nan()) {
            return Err(Error::measure(
                measure,
                format!("score {at} is NaN (not a number); check the model and its input"),
            ));
        }
        let positives = anomalous.iter().filter(|&&a| a).count();
        let mut sides = [
            Vec::with_capacity(scores.len() - positives),
            Vec::with_capacity(positives),
        ];
        for (&score, &anomalous) in scores.iter().zip(anomalous) {
            sides[usize::from(anomalous)].push(descending_key(score));
        }
        let [mut normal, mut anomalous] = sides;
        normal.par_sort_unstable();
        anomalous.par_sort_unstable();
        Ok(Self { anomalous, normal })
    }

    /// The counts at every distinct score, from the largest score to the smallest.
    fn thresholds(&self) -> impl Iterator<Item = Threshold> {
        let (mut tp, mut fp) = (0, 0);
        std::iter::from_fn(move || {
            let key = match (self.anomalous.get(tp), self.normal.get(fp)) {
                (Some(&a), Some(&n)) => a.min(n),
                (Some(&key), None) | (None, Some(&key)) => key,
                (None, None) => return None,
            };
            tp = end_of_run(&self.anomalous, tp, key);
            fp = end_of_run(&self.normal, fp, key);
            Some(Threshold {
                key,
                true_positives: tp,
                false_positives: fp,
            })
        })
    }

    /// See [`roc_curve`].
    pub fn roc_curve(&self) -> Result<Curve> {
        self.require_both("ROC curve")?;
        let mut corners = Corners::default();
        for at in self.thresholds() {
            corners.push((at.false_positives, at.true_positives));
        }
        Ok(corners.curve([self.normal.len() as f64, self.anomalous.len() as f64]))
    }

    /// See [`roc_auc`].
    pub fn roc_auc(&self) -> Result<f64> {
        self.require_both("ROC AUC")?;
        let (mut tp, mut fp) = (0, 0);
        // Twice the area in pairs: an integer, so nothing is rounded before the division.
        let mut doubled: u128 = 0;
        for at in self.thresholds() {
            doubled += (at.false_positives - fp) as u128 * (at.true_positives + tp) as u128;
            (tp, fp) = (at.true_positives, at.false_positives);
        }
        Ok(doubled as f64 / (2.0 * self.anomalous.len() as f64 * self.normal.len() as f64))
    }

    /// See [`average_precision`].
    pub fn average_precision(&self) -> Result<f64> {
        self.require_anomalous("average precision")?;
        let (mut tp, mut sum) = (0, 0.0);
        for at in self.thresholds() {
            sum += (at.true_positives - tp) as f64 * at.precision();
            tp = at.true_positives;
        }
        Ok(sum / self.anomalous.len() as f64)
    }

    /// See [`best_f1`].
    pub fn best_f1(&self) -> Result<BestF1> {
        self.require_anomalous("best F1")?;
        let positives = self.anomalous.len() as f64;
        // Every threshold beats this start, and with a positive there is one.
        let mut best = BestF1 {
            f1: f64::NEG_INFINITY,
            threshold: f32::NAN,
            precision: 0.0,
            recall: 0.0,
        };
        for at in self.thresholds() {
            let called = (at.true_positives + at.false_positives) as f64;
            let f1 = 2.0 * at.true_positives as f64 / (called + positives);
            if f1 > best.f1 {
                best = BestF1 {
                    f1,
                    threshold: score_of(at.key),
                    precision: at.precision(),
                    recall: at.true_positives as f64 / positives,
                };
            }
        }
        Ok(best)
    }

    fn require_both(&self, measure: &'static str) -> Result<()> {
        if self.normal.is_empty() {
            return Err(no_normal(measure));
        }
        self.require_anomalous(measure)
    }

    fn require_anomalous(&self, measure: &'static str) -> Result<()> {
        if self.anomalous.is_empty() {
            return Err(no_anomalous(measure));
        }
        Ok(())
    }
}

/// Why a measure is undefined where nothing is normal.
pub(super) fn no_normal(measure: &'static str) -> Error {
    let reason = "nothing is labelled normal; add good images or pixels";
    Error::measure(measure, reason)
}

/// Why it is where nothing is anomalous.
pub(super) fn no_anomalous(measure: &'static str) -> Error {
    let reason = "nothing is labelled anomalous; add images of defects";
    Error::measure(measure, reason)
}

/// The corners of a ROC curve, as counts of false and true positives.
pub(super) struct Corners(Vec<(usize, usize)>);

impl Default for Corners {
    fn default() -> Self {
        Self(vec![(0, 0)])
    }
}

impl Corners {
    /// The next point; what lies in a straight stretch is left out.
    pub fn push(&mut self, point: (usize, usize)) {
        if let [.., a, b] = self.0[..]
            && collinear(a, b, point)
        {
            self.0.pop();
        }
        self.0.push(point);
    }

    /// Of so many normal and anomalous ones.
    pub fn curve(self, [normal, anomalous]: [f64; 2]) -> Curve {
        let mut curve = Curve::default();
        for (fp, tp) in self.0 {
            curve.push(fp as f64 / normal, tp as f64 / anomalous);
        }
        curve
    }
}

impl Threshold {
    fn precision(self) -> f64 {
        self.true_positives as f64 / (self.true_positives + self.false_positives) as f64
    }
}

/// The ROC curve: true positive rate (`y`) over false positive rate (`x`), from (0, 0) to (1, 1).
///
/// Equal scores make one point. Points inside a straight stretch are left out, which changes
/// neither the line nor its area and bounds the curve by twice the number of anomalous samples,
/// however many normal pixels there are.
pub fn roc_curve(scores: &[f32], anomalous: &[bool]) -> Result<Curve> {
    Ranking::of("ROC curve", scores, anomalous)?.roc_curve()
}

/// The area under the ROC curve, in 0..=1: the probability that an anomalous sample scores above
/// a normal one, a tie counting one half.
pub fn roc_auc(scores: &[f32], anomalous: &[bool]) -> Result<f64> {
    Ranking::of("ROC AUC", scores, anomalous)?.roc_auc()
}

/// Average precision, in 0..=1: `Σ_k (R_k − R_(k−1)) P_k` over the distinct scores in descending
/// order, with precision `P_k` and recall `R_k` of "score ≥ the k-th" (no interpolation).
pub fn average_precision(scores: &[f32], anomalous: &[bool]) -> Result<f64> {
    Ranking::of("average precision", scores, anomalous)?.average_precision()
}

/// The largest F1 over all thresholds, and where it is reached.
pub fn best_f1(scores: &[f32], anomalous: &[bool]) -> Result<BestF1> {
    Ranking::of("best F1", scores, anomalous)?.best_f1()
}

/// The end of the run of `key` that starts at `from`, or `from` where there is none.
fn end_of_run(sorted: &[u32], from: usize, key: u32) -> usize {
    let run = sorted[from..].iter().take_while(|&&k| k == key).count();
    from + run
}

/// Whether `b` lies on the line from `a` to `c`; coordinates do not decrease from one to the next.
fn collinear(a: (usize, usize), b: (usize, usize), c: (usize, usize)) -> bool {
    let ((ax, ay), (bx, by), (cx, cy)) = (a, b, c);
    (bx - ax) as u128 * (cy - by) as u128 == (cx - bx) as u128 * (by - ay) as u128
}

#[cfg(test)]
mod tests;
