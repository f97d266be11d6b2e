//! The same as of all pixels sorted.

use super::*;
use crate::metrics::{Ranking, ScoredMap, chance};

/// Maps of several sizes with defects, every third one good, of few or of many different scores.
fn random(seed: u64, levels: u64) -> Vec<(usize, Vec<f32>, Vec<bool>)> {
    let mut next = chance(seed);
    (0..9)
        .map(|image| {
            let (height, width) = (30 + image % 4, 41 - image % 3);
            let odd: Vec<bool> = (0..height * width)
                .map(|_| image % 3 > 0 && next(7) == 0)
                .collect();
            let score = |odd: &bool| {
                let more = if *odd { levels / 3 } else { 0 };
                (next(levels) + more) as f32 / levels as f32 - 0.5
            };
            let scores = odd.iter().map(score).collect();
            (width, scores, odd)
        })
        .collect()
}

fn views(maps: &[(usize, Vec<f32>, Vec<bool>)]) -> Vec<ScoredMap<'_>> {
    maps.iter()
        .map(|(width, scores, odd)| ScoredMap {
            height: scores.len() / width,
            width: *width,
            scores,
            anomalous: odd.contains(&true).then_some(odd),
        })
        .collect()
}

const ASKED: Asked = Asked {
    max_fpr: 0.3,
    curves: true,
};

#[test]
fn it_equals_the_ranking_of_all_pixels_whatever_the_parts() {
    for (seed, levels) in [(1, 3), (2, 40), (3, 5000), (4, 1 << 22)] {
        let maps = random(seed, levels);
        let scores: Vec<f32> = maps.iter().flat_map(|map| map.1.clone()).collect();
        let odd: Vec<bool> = maps.iter().flat_map(|map| map.2.clone()).collect();
        let ranking = Ranking::new(&scores, &odd).unwrap();
        let views = views(&maps);
        let whole = measure_in_parts(&views[..], ASKED, MOST).unwrap();
        for most in [1, 50, 700, MOST] {
            let found = measure_in_parts(&views[..], ASKED, most).unwrap();
            let same = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{levels} {most}: {a} {b}");
            same(found.auc.unwrap(), ranking.roc_auc().unwrap());
            same(found.ap.unwrap(), ranking.average_precision().unwrap());
            assert_eq!(found.best_f1.unwrap(), ranking.best_f1().unwrap());
            assert_eq!(found.roc_curve.unwrap(), ranking.roc_curve().unwrap());
            let [pro, of_whole] = [&found.pro, &whole.pro].map(|pro| pro.as_ref().unwrap());
            same(pro.au_pro, of_whole.au_pro);
        }
    }
}

#[test]
fn parts_follow_on_each_other_and_have_few_pixels() {
    let maps = random(7, 1 << 22);
    let views = views(&maps);
    let anomalous = Known::of(&views[..]).unwrap().anomalous;
    let found = parts(&views[..], anomalous, 100).unwrap();
    assert!(found.len() > anomalous / 100);
    assert_eq!(
        (*found[0].start(), *found[found.len() - 1].end()),
        (0, u32::MAX)
    );
    let follow = |pair: &[RangeInclusive<u32>]| *pair[0].end() + 1 == *pair[1].start();
    assert!(found.windows(2).all(follow));
    assert_eq!(parts(&views[..], anomalous, MOST).unwrap(), [ALL]);
}

#[test]
fn scores_that_are_none_are_told_and_what_is_undefined_says_why() {
    let mut maps = random(1, 9);
    let good = &views(&maps)[..1];
    let found = measure_in_parts(good, ASKED, MOST).unwrap();
    assert!(
        found
            .auc
            .unwrap_err()
            .to_string()
            .contains("labelled anomalous")
    );
    assert!(
        found
            .pro
            .unwrap_err()
            .to_string()
            .contains("marks a defect")
    );
    maps[4].1[17] = f32::NAN;
    for count in [1, 9] {
        let told = match count {
            1 => measure_in_parts(&views(&maps[4..5])[..], ASKED, MOST),
            _ => measure_in_parts(&views(&maps)[..], ASKED, MOST),
        };
        assert!(told.unwrap_err().to_string().contains("NaN"));
    }
}
