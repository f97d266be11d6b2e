//! The measures against scikit-learn's and against PRO by its definition in exact fractions;
//! `oracle/metrics.py` writes the cases.
#![allow(clippy::unwrap_used)]

use oddspot_measure::metrics::{Curve, Ranking, ScoredMap, pro, roc_auc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    ranking: Vec<RankingCase>,
    pro: Vec<ProCase>,
}

#[derive(Deserialize)]
struct RankingCase {
    name: String,
    scores: Vec<f32>,
    anomalous: String,
    roc: Option<Points>,
    roc_auc: f64,
    average_precision: f64,
    f1: f64,
    threshold: f32,
    precision: f64,
    recall: f64,
}

/// Every point of the curve, those on straight stretches included.
#[derive(Deserialize)]
struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct ProCase {
    name: String,
    maps: Vec<MapCase>,
    /// Pairs of limit and area.
    au_pro: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct MapCase {
    height: usize,
    width: usize,
    scores: Vec<f32>,
    anomalous: Option<String>,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("oracle/metrics.json")).unwrap()
}

fn mask(digits: &str) -> Vec<bool> {
    digits.bytes().map(|digit| digit == b'1').collect()
}

fn assert_close(actual: f64, expected: f64, tolerance: f64, what: &str) {
    let close = (actual - expected).abs() <= tolerance;
    assert!(close, "{what}: {actual} instead of {expected}");
}

/// Whether a point lies on the polyline.
fn passes_through(curve: &Curve, x: f64, y: f64) -> bool {
    (1..curve.x.len()).any(|i| {
        let (x0, x1, y0, y1) = (curve.x[i - 1], curve.x[i], curve.y[i - 1], curve.y[i]);
        let within = x0 - 1e-9 <= x && x <= x1 + 1e-9 && y0 - 1e-9 <= y && y <= y1 + 1e-9;
        within && ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)).abs() < 1e-9
    })
}

#[test]
fn auc_ap_and_f1_equal_scikit_learn() {
    for case in cases().ranking {
        let anomalous = mask(&case.anomalous);
        let ranking = Ranking::new(&case.scores, &anomalous).unwrap();
        let auc = ranking.roc_auc().unwrap();
        assert_close(auc, case.roc_auc, 1e-9, &case.name);
        assert_eq!(auc, roc_auc(&case.scores, &anomalous).unwrap());
        let ap = ranking.average_precision().unwrap();
        assert_close(ap, case.average_precision, 1e-9, &case.name);
        let best = ranking.best_f1().unwrap();
        assert_close(best.f1, case.f1, 1e-9, &case.name);
        assert_close(best.precision, case.precision, 1e-9, &case.name);
        assert_close(best.recall, case.recall, 1e-9, &case.name);
        assert_eq!(best.threshold, case.threshold, "{}", case.name);
    }
}

#[test]
fn the_roc_curve_passes_through_every_point_of_scikit_learn() {
    let mut compared = 0;
    for case in cases().ranking {
        let Some(expected) = case.roc else { continue };
        let ranking = Ranking::new(&case.scores, &mask(&case.anomalous)).unwrap();
        let curve = ranking.roc_curve().unwrap();
        assert!(curve.x.len() <= expected.x.len());
        for (&x, &y) in expected.x.iter().zip(&expected.y) {
            assert!(passes_through(&curve, x, y), "{}: ({x}, {y})", case.name);
        }
        for (x, y) in curve.x.iter().zip(&curve.y) {
            let mut points = expected.x.iter().zip(&expected.y);
            assert!(points.any(|(ex, ey)| (x - ex).abs() + (y - ey).abs() < 1e-9));
        }
        compared += 1;
    }
    assert!(compared >= 5);
}

#[test]
fn au_pro_equals_its_definition() {
    for case in cases().pro {
        let masks: Vec<_> = case
            .maps
            .iter()
            .map(|map| map.anomalous.as_deref().map(mask))
            .collect();
        let maps: Vec<ScoredMap> = case
            .maps
            .iter()
            .zip(&masks)
            .map(|(map, mask)| ScoredMap {
                height: map.height,
                width: map.width,
                scores: &map.scores,
                anomalous: mask.as_deref(),
            })
            .collect();
        assert!(!case.au_pro.is_empty());
        for (max_fpr, expected) in case.au_pro {
            let what = format!("{} up to {max_fpr}", case.name);
            let found = pro(&maps, max_fpr).unwrap();
            assert_close(found.au_pro, expected, 1e-9, &what);
            assert_eq!(found.curve.x.last(), Some(&max_fpr));
        }
    }
}
