//! Measures of a ranking by score: ROC curve and area, average precision, best F1.

use rayon::slice::ParallelSliceMut;

use super::{Curve, descending_key, score_of, undefined};
use crate::error::Result;

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
pub(super) struct Threshold {
    key: u32,
    pub(super) true_positives: usize,
    pub(super) false_positives: usize,
}

impl Ranking {
    /// Ranks samples: `anomalous[i]` says what the sample with `scores[i]` is.
    pub fn new(scores: &[f32], anomalous: &[bool]) -> Result<Self> {
        Self::of("AUC, AP and F1", scores, anomalous)
    }

    fn of(measure: &'static str, scores: &[f32], anomalous: &[bool]) -> Result<Self> {
        if scores.len() != anomalous.len() {
            let (scores, labels) = (scores.len(), anomalous.len());
            return Err(undefined(
                measure,
                format!("there are {scores} scores but {labels} labels; give one label per score"),
            ));
        }
        if let Some(at) = scores.iter().position(|score| score.is_nan()) {
            return Err(undefined(
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

    /// From keys that are already in ascending order, that is, of descending scores.
    pub(super) fn of_sorted(anomalous: Vec<u32>, normal: Vec<u32>) -> Self {
        Self { anomalous, normal }
    }

    /// The counts at every distinct score, from the largest score to the smallest.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = Threshold> {
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
        let mut corners = vec![(0, 0)];
        for at in self.thresholds() {
            let point = (at.false_positives, at.true_positives);
            if let [.., a, b] = corners[..]
                && collinear(a, b, point)
            {
                corners.pop();
            }
            corners.push(point);
        }
        let mut curve = Curve::default();
        for (fp, tp) in corners {
            curve.push(
                fp as f64 / self.normal.len() as f64,
                tp as f64 / self.anomalous.len() as f64,
            );
        }
        Ok(curve)
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
            let reason = "nothing is labelled normal; add good images or pixels";
            return Err(undefined(measure, reason));
        }
        self.require_anomalous(measure)
    }

    fn require_anomalous(&self, measure: &'static str) -> Result<()> {
        if self.anomalous.is_empty() {
            let reason = "nothing is labelled anomalous; add images of defects";
            return Err(undefined(measure, reason));
        }
        Ok(())
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
mod tests {
    use super::*;

    /// Scores on a grid of `levels` values, so that small grids tie heavily, and labels.
    fn samples(seed: u64, n: usize, levels: u64) -> (Vec<f32>, Vec<bool>) {
        let mut state = seed;
        let mut next = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            state >> 33
        };
        (0..n)
            .map(|i| {
                let anomalous = i < 2 || i % 4 == 0;
                let shift = if anomalous { levels / 5 } else { 0 };
                ((next() % levels + shift) as f32 - 3.0, anomalous && i != 1)
            })
            .unzip()
    }

    /// The definition: wins of anomalous over normal among all pairs, a tie counting one half.
    fn auc_by_pairs(scores: &[f32], anomalous: &[bool]) -> f64 {
        let (mut wins, mut pairs) = (0.0, 0.0);
        for (&a, _) in scores.iter().zip(anomalous).filter(|(_, a)| **a) {
            for (&n, _) in scores.iter().zip(anomalous).filter(|(_, a)| !**a) {
                wins += if a > n { 1.0 } else { 0.0 } + if a == n { 0.5 } else { 0.0 };
                pairs += 1.0;
            }
        }
        wins / pairs
    }

    fn trapezoid(curve: &Curve) -> f64 {
        let widths = curve.x.windows(2).map(|x| x[1] - x[0]);
        let heights = curve.y.windows(2).map(|y| (y[0] + y[1]) / 2.0);
        widths.zip(heights).map(|(w, h)| w * h).sum()
    }

    fn reason<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn auc_is_the_share_of_pairs_won_and_the_area_under_the_curve() {
        for (seed, levels) in [(1, 3), (2, 12), (3, 100_000)] {
            let (scores, anomalous) = samples(seed, 200, levels);
            let auc = roc_auc(&scores, &anomalous).unwrap();
            assert!((auc - auc_by_pairs(&scores, &anomalous)).abs() < 1e-12);
            let curve = roc_curve(&scores, &anomalous).unwrap();
            assert!((auc - trapezoid(&curve)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_monotone_map_of_the_scores_changes_no_measure() {
        let (scores, anomalous) = samples(7, 300, 40);
        let warped: Vec<f32> = scores.iter().map(|s| s * s * s / 8.0 - 5.0).collect();
        let (before, after) = (
            Ranking::new(&scores, &anomalous).unwrap(),
            Ranking::new(&warped, &anomalous).unwrap(),
        );
        assert_eq!(before.roc_curve().unwrap(), after.roc_curve().unwrap());
        assert_eq!(before.roc_auc().unwrap(), after.roc_auc().unwrap());
        assert_eq!(
            before.average_precision().unwrap(),
            after.average_precision().unwrap()
        );
        assert_eq!(before.best_f1().unwrap().f1, after.best_f1().unwrap().f1);
    }

    #[test]
    fn negated_scores_and_swapped_labels_both_turn_auc_into_its_complement() {
        let (scores, anomalous) = samples(8, 300, 25);
        let auc = roc_auc(&scores, &anomalous).unwrap();
        let negated: Vec<f32> = scores.iter().map(|s| -s).collect();
        let swapped: Vec<bool> = anomalous.iter().map(|a| !a).collect();
        assert!((roc_auc(&negated, &anomalous).unwrap() - (1.0 - auc)).abs() < 1e-12);
        assert!((roc_auc(&scores, &swapped).unwrap() - (1.0 - auc)).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_the_samples_does_not_matter() {
        let (mut scores, mut anomalous) = samples(9, 100, 10);
        let before = Ranking::new(&scores, &anomalous).unwrap();
        scores.reverse();
        anomalous.reverse();
        let after = Ranking::new(&scores, &anomalous).unwrap();
        assert_eq!(before.roc_auc().unwrap(), after.roc_auc().unwrap());
        assert_eq!(before.best_f1().unwrap(), after.best_f1().unwrap());
    }

    #[test]
    fn equal_scores_rank_nothing() {
        let anomalous = [true, false, false, true, false];
        let ranking = Ranking::new(&[4.0; 5], &anomalous).unwrap();
        assert_eq!(ranking.roc_auc().unwrap(), 0.5);
        assert_eq!(ranking.average_precision().unwrap(), 0.4);
        let curve = ranking.roc_curve().unwrap();
        assert_eq!((curve.x, curve.y), (vec![0.0, 1.0], vec![0.0, 1.0]));
    }

    #[test]
    fn zero_and_minus_zero_tie() {
        assert_eq!(roc_auc(&[0.0, -0.0], &[true, false]).unwrap(), 0.5);
    }

    #[test]
    fn infinite_scores_take_their_rank() {
        let scores = [f32::INFINITY, f32::MAX, f32::NEG_INFINITY];
        assert_eq!(roc_auc(&scores, &[true, false, false]).unwrap(), 1.0);
    }

    #[test]
    fn perfect_separation_has_a_curve_of_three_points() {
        let scores = [1.0, 2.0, 3.0, 8.0, 9.0];
        let anomalous = [false, false, false, true, true];
        let curve = roc_curve(&scores, &anomalous).unwrap();
        assert_eq!(curve.x, [0.0, 0.0, 1.0]);
        assert_eq!(curve.y, [0.0, 1.0, 1.0]);
    }

    #[test]
    fn best_f1_holds_for_the_decision_it_describes() {
        let (scores, anomalous) = samples(11, 500, 60);
        let best = best_f1(&scores, &anomalous).unwrap();
        let count = |of: fn(bool, bool) -> bool| {
            scores
                .iter()
                .zip(&anomalous)
                .filter(|&(&score, &label)| of(score >= best.threshold, label))
                .count() as f64
        };
        let hits = count(|called, label| called && label);
        assert_eq!(best.precision, hits / count(|called, _| called));
        assert_eq!(best.recall, hits / count(|_, label| label));
        let harmonic = 2.0 * best.precision * best.recall / (best.precision + best.recall);
        assert!((best.f1 - harmonic).abs() < 1e-12);
    }

    #[test]
    fn among_equally_good_thresholds_the_largest_is_chosen() {
        // F1 is 2/3 at 3 (one of two found, no false alarm) and at 1 (both found, two of them).
        let best = best_f1(&[3.0, 2.0, 1.5, 1.0], &[true, false, false, true]).unwrap();
        assert_eq!((best.f1, best.threshold), (2.0 / 3.0, 3.0));
    }

    #[test]
    fn one_kind_alone_is_an_error_where_the_measure_is_undefined() {
        let scores = [1.0, 2.0];
        let normal = reason(roc_auc(&scores, &[false, false]));
        assert!(normal.contains("ROC AUC") && normal.contains("nothing is labelled anomalous"));
        assert!(reason(roc_curve(&scores, &[true, true])).contains("nothing is labelled normal"));
        assert!(average_precision(&scores, &[false, false]).is_err());
        assert!(best_f1(&[], &[]).is_err());
        assert_eq!(average_precision(&scores, &[true, true]).unwrap(), 1.0);
        assert_eq!(best_f1(&scores, &[true, true]).unwrap().threshold, 1.0);
    }

    #[test]
    fn nan_and_unequal_lengths_are_errors() {
        let nan = reason(best_f1(&[0.0, f32::NAN], &[true, false]));
        assert!(nan.contains("score 1 is NaN"), "{nan}");
        let lengths = reason(roc_auc(&[0.0, 1.0], &[true]));
        assert!(lengths.contains("2 scores but 1 labels"), "{lengths}");
    }
}
