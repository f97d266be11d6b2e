//! The measures by their definitions, and scores that cannot be ranked.

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
