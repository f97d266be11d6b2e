//! The area by its definition, and maps that cannot be measured.

use super::*;
use crate::metrics::chance;
use oddspot::maps::components;

/// A map that owns its pixels.
struct Owned {
    height: usize,
    width: usize,
    scores: Vec<f32>,
    mask: Option<Vec<bool>>,
}

impl Owned {
    /// One row: `#` is a defect.
    fn row(scores: &[f32], mask: &str) -> Self {
        Self {
            height: 1,
            width: scores.len(),
            scores: scores.to_vec(),
            mask: Some(mask.bytes().map(|b| b == b'#').collect()),
        }
    }

    fn view(&self) -> ScoredMap<'_> {
        ScoredMap {
            height: self.height,
            width: self.width,
            scores: &self.scores,
            anomalous: self.mask.as_deref(),
        }
    }
}

fn au_pro(maps: &[Owned], max_fpr: f64) -> f64 {
    let views: Vec<ScoredMap> = maps.iter().map(Owned::view).collect();
    pro(&views, max_fpr).unwrap().au_pro
}

/// Maps of several sizes, every third one good, with blobs that score a little higher.
fn random_maps(seed: u64, count: usize, levels: u64) -> Vec<Owned> {
    let mut next = chance(seed);
    (0..count)
        .map(|i| {
            let (height, width) = (8 + i % 3, 11 - i % 2);
            let mask: Vec<bool> = (0..height * width).map(|_| next(9) == 0).collect();
            let good = i % 3 == 2;
            let scores = mask
                .iter()
                .map(|&a| (next(levels) + if a && !good { levels / 4 } else { 0 }) as f32)
                .map(|score| score / levels as f32 - 0.5)
                .collect();
            Owned {
                height,
                width,
                scores,
                mask: (!good).then_some(mask),
            }
        })
        .collect()
}

/// The definition, threshold by threshold.
fn au_pro_by_definition(maps: &[Owned], max_fpr: f64) -> f64 {
    let mut thresholds: Vec<f32> = maps.iter().flat_map(|m| m.scores.clone()).collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let mut regions: Vec<Vec<f32>> = Vec::new();
    let mut normal: Vec<f32> = Vec::new();
    for map in maps {
        let none = vec![false; map.scores.len()];
        let mask = map.mask.as_ref().unwrap_or(&none);
        let found = components::label(mask, map.height, map.width);
        let first = regions.len();
        regions.resize(first + found.regions.len(), Vec::new());
        for (&label, &score) in found.labels.iter().zip(&map.scores) {
            match label {
                0 => normal.push(score),
                label => regions[first + label as usize - 1].push(score),
            }
        }
    }
    let share = |of: &[f32], threshold: f32| {
        of.iter().filter(|&&s| s >= threshold).count() as f64 / of.len() as f64
    };
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for threshold in thresholds {
        let next_x = share(&normal, threshold);
        let overlaps = regions.iter().map(|region| share(region, threshold));
        let next_y = overlaps.sum::<f64>() / regions.len() as f64;
        if next_x > max_fpr {
            let cut_y = y + (next_y - y) * (max_fpr - x) / (next_x - x);
            return (area + (max_fpr - x) * (y + cut_y) / 2.0) / max_fpr;
        }
        area += (next_x - x) * (y + next_y) / 2.0;
        (x, y) = (next_x, next_y);
    }
    area / max_fpr
}

#[test]
fn the_sort_agrees_with_the_definition_at_every_limit() {
    for (seed, levels) in [(1, 4), (2, 50), (3, 1 << 20)] {
        let maps = random_maps(seed, 7, levels);
        for max_fpr in [1e-4, 0.05, 0.3, 0.77, 1.0] {
            let (fast, slow) = (au_pro(&maps, max_fpr), au_pro_by_definition(&maps, max_fpr));
            assert!(
                (fast - slow).abs() < 1e-12,
                "{levels} {max_fpr}: {fast} {slow}"
            );
        }
    }
}

#[test]
fn a_map_that_puts_every_defect_first_scores_one_and_last_scores_zero() {
    let scores = [5.0, 9.0, 0.0, 1.0, 8.0, 2.0];
    let found = [Owned::row(&scores, "##..#.")];
    let missed = [Owned::row(&scores.map(|s| -s), "##..#.")];
    assert!((au_pro(&found, 0.3) - 1.0).abs() < 1e-12);
    assert_eq!(au_pro(&missed, 0.3), 0.0);
}

#[test]
fn equal_scores_draw_the_diagonal() {
    assert!((au_pro(&[Owned::row(&[1.0; 7], "..##..#")], 0.3) - 0.15).abs() < 1e-12);
}

#[test]
fn a_small_defect_counts_as_much_as_a_large_one() {
    // The single pixel is found at once, the block of four only after all normal pixels.
    let scores = [9.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0, 5.0];
    assert!((au_pro(&[Owned::row(&scores, "#..####.")], 0.3) - 0.5).abs() < 1e-12);
}

#[test]
fn components_do_not_join_across_maps() {
    let apart = [
        Owned::row(&[0.0, 9.0], ".#"),
        Owned::row(&[1.0, 1.0, 2.0], "##."),
    ];
    // Half of the components is found at no false alarm, the other one never below FPR 1/2.
    assert!((au_pro(&apart, 0.5) - 0.5).abs() < 1e-12);
}

#[test]
fn good_images_add_normal_pixels_and_an_empty_mask_is_a_good_image() {
    let defect = || Owned::row(&[3.0, 1.0, 2.0, 0.0], "..#.");
    let mut good = Owned::row(&[4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], ".......");
    let alone = au_pro(&[defect()], 0.5);
    let with_mask = au_pro(&[defect(), good], 0.5);
    good = Owned::row(&[4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], ".......");
    good.mask = None;
    let without_mask = au_pro(&[good, defect()], 0.5);
    assert!((alone - 1.0 / 3.0).abs() < 1e-12, "{alone}");
    assert!((with_mask - 0.6).abs() < 1e-12, "{with_mask}");
    assert_eq!(with_mask, without_mask);
}

#[test]
fn the_curve_is_thinned_ends_at_the_limit_and_keeps_its_area() {
    let maps = random_maps(5, 300, 1 << 22);
    let views: Vec<ScoredMap> = maps.iter().map(Owned::view).collect();
    let Pro { au_pro, curve } = pro(&views, 0.3).unwrap();
    assert!((500..=2002).contains(&curve.x.len()), "{}", curve.x.len());
    assert_eq!((curve.x[0], curve.y[0]), (0.0, 0.0));
    assert_eq!(curve.x.last(), Some(&0.3));
    assert!(curve.x.is_sorted() && curve.y.is_sorted());
    let area: f64 = (1..curve.x.len())
        .map(|i| (curve.x[i] - curve.x[i - 1]) * (curve.y[i] + curve.y[i - 1]) / 2.0)
        .sum();
    assert!((area / 0.3 - au_pro).abs() < 1e-3);
}

#[test]
fn unusable_maps_are_named() {
    let good = Owned::row(&[1.0, 2.0, 3.0], ".#.");
    let fails = |bad: ScoredMap, text: &str| {
        let error = pro(&[good.view(), bad], 0.3).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    let nan = Owned::row(&[0.0, f32::NAN], "..");
    fails(nan.view(), "map 1 of 1x2 has a score that is NaN");
    let short = ScoredMap {
        width: 4,
        ..good.view()
    };
    fails(short, "map 1 of 1x4 has 3 scores");
    let wide = ScoredMap {
        height: usize::MAX,
        ..good.view()
    };
    fails(wide, "has 3 scores");
    let mask = ScoredMap {
        anomalous: Some(&[true]),
        ..good.view()
    };
    fails(mask, "map 1 of 1x3 has a mask of 1 values");
}

#[test]
fn without_defects_normal_pixels_or_a_limit_there_is_no_pro() {
    let fails = |maps: &[ScoredMap], max_fpr: f64, text: &str| {
        let error = pro(maps, max_fpr).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    let mixed = Owned::row(&[1.0, 2.0], ".#");
    fails(&[], 0.3, "marks a defect");
    fails(
        &[Owned::row(&[1.0, 2.0], "..").view()],
        0.3,
        "marks a defect",
    );
    fails(
        &[Owned::row(&[1.0, 2.0], "##").view()],
        0.3,
        "no pixel is normal",
    );
    for max_fpr in [0.0, -0.1, 1.1, f64::NAN] {
        fails(&[mixed.view()], max_fpr, "limit of the false positive rate");
    }
}
