//! Fusing, term by term.

use super::*;
use crate::settings::{PosFloor, Settings};
use crate::terms;

fn map(values: [f32; 4]) -> ScoreMap {
    ScoreMap {
        height: 2,
        width: 2,
        values: values.to_vec(),
    }
}

fn settings(smoothing: f64) -> Settings {
    let mut settings = Settings::default();
    let detection = &mut settings.detection;
    (detection.smoothing, detection.pos_smoothing) = (smoothing, smoothing);
    (detection.pos_weight, detection.pos_floor) = (1.0, PosFloor::None);
    detection.reconstruction_weight = 1.0;
    let closed_form = &mut settings.closed_form;
    (closed_form.gaussian_weight, closed_form.memory_weight) = (0.0, 0.0);
    settings
}

fn of(name: &str, mean: f64, std: f64) -> TermStatistics {
    TermStatistics {
        term: name.to_owned(),
        moments: Moments { mean, std },
        image_level: None,
        unit: None,
    }
}

/// Both terms fused, `e_rec` in units of 1 ± 2 and `e_pos` of 0.5 ± 0.1.
fn fuse(rec: &ScoreMap, pos: &ScoreMap, settings: &Settings) -> AnomalyMaps {
    let statistics = [of("reconstruction", 1.0, 2.0), of("position", 0.5, 0.1)];
    let errors = terms::used(settings).zip([rec, pos]).zip(&statistics);
    AnomalyMaps::fuse(errors.map(|((kind, error), statistics)| TermError {
        inspected: None,
        kind,
        error,
        statistics,
        fusing: (kind.fusing)(settings),
    }))
}

fn rec(maps: &AnomalyMaps) -> &ScoreMap {
    maps.term("reconstruction").unwrap()
}

fn pos(maps: &AnomalyMaps) -> &ScoreMap {
    maps.term("position").unwrap()
}

#[test]
fn e_pos_counts_by_its_weight() {
    let mut settings = settings(0.0);
    settings.detection.pos_weight = 0.5;
    let maps = fuse(
        &map([1.0, 3.0, 1.0, 1.0]),
        &map([0.5, 0.6, 0.5, 0.5]),
        &settings,
    );
    assert!((maps.total.values[1] - 1.5).abs() < 1e-5);
    assert!((pos(&maps).values[1] - 0.5).abs() < 1e-5);
}

#[test]
fn errors_are_normalised_and_added_and_no_evidence_counts_zero() {
    let errors = (map([1.0, 3.0, 5.0, -1.0]), map([0.5, 0.6, f32::NAN, 0.4]));
    let maps = fuse(&errors.0, &errors.1, &settings(0.0));
    let expected = [0.0, 2.0, 2.0, -2.0];
    for (found, expected) in maps.total.values.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert!((maps.score() - 2.0).abs() < 1e-5);
}

#[test]
fn what_is_no_number_in_e_rec_stays_a_fault() {
    let maps = fuse(
        &map([1.0, f32::NAN, 5.0, -1.0]),
        &map([0.5; 4]),
        &settings(0.0),
    );
    assert!(maps.total.values[1].is_nan());
}

#[test]
fn to_be_in_its_place_excuses_nothing_unless_e_pos_has_no_floor() {
    for (pos_floor, in_its_place) in [(PosFloor::None, -0.5), (PosFloor::Mean, 0.0)] {
        let fuse = |smoothing| {
            let mut settings = settings(smoothing);
            settings.detection.pos_floor = pos_floor;
            settings.detection.pos_weight = 0.5;
            fuse(&map([3.0; 4]), &map([0.5, 0.6, 0.4, f32::NAN]), &settings)
        };
        let maps = fuse(0.0);
        let expected = [0.0, 0.5, in_its_place, 0.0];
        let of_pos = pos(&maps).values.iter().zip(expected);
        let of_total = maps.total.values.iter().zip(expected.map(|pos| 1.0 + pos));
        for (found, expected) in of_pos.chain(of_total) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        // What lies below the floor is gone before the map is smoothed.
        let mean = |map: &ScoreMap| map.values.iter().sum::<f32>() / 4.0;
        assert!((mean(pos(&fuse(64.0))) - mean(pos(&maps))).abs() < 1e-5);
    }
}

#[test]
fn an_image_a_little_odd_all_over_is_levelled_and_one_odd_all_over_is_not() {
    let settings = settings(0.0);
    let statistics = TermStatistics {
        image_level: Some(Moments {
            mean: 1.0,
            std: 1.0,
        }),
        ..of("reconstruction", 1.0, 2.0)
    };
    let kind = terms::kind("reconstruction").unwrap();
    let fuse = |ground: f32| {
        let mut error = ScoreMap::filled(8, 8, ground);
        error.values[0] = ground + 4.0;
        let term = TermError {
            inspected: None,
            kind,
            error: &error,
            statistics: &statistics,
            fusing: (kind.fusing)(&settings),
        };
        AnomalyMaps::fuse([term]).total
    };
    let usual = fuse(1.9);
    assert!((usual.values[0] - 2.0).abs() < 0.02 && usual.values[1].abs() < 0.02);
    assert_eq!(fuse(21.0).values[1], 10.0);
}

#[test]
fn shares_tell_which_part_made_the_peak() {
    let shares = |rec: f32, pos: f32| {
        let errors = (map([1.0, rec, 1.0, 1.0]), map([0.5, pos, 0.5, 0.5]));
        fuse(&errors.0, &errors.1, &settings(0.0)).shares(1.0)
    };
    assert!((shares(7.0, 0.5).looks_wrong - 1.0).abs() < 1e-5);
    assert!((shares(3.0, 0.8).wrong_place - 0.75).abs() < 1e-5);
    let negative = shares(0.0, 0.9);
    assert_eq!((negative.looks_wrong, negative.wrong_place), (0.0, 1.0));
}

#[test]
fn shares_are_of_all_that_stands_out_with_the_peak() {
    // The peak is of e_rec, the two beside it of e_pos; the last stands out by itself. What lies
    // below the mean counts against its part.
    let row = |values: [f32; 6]| ScoreMap {
        height: 1,
        width: 6,
        values: values.to_vec(),
    };
    let part = |name: &str, values| TermMap {
        kind: terms::kind(name).unwrap(),
        map: row(values),
    };
    let maps = AnomalyMaps::of(vec![
        part("reconstruction", [5.0, -1.0, 1.0, 1.0, 0.0, 4.0]),
        part("position", [0.0, 5.0, 3.0, 1.0, 0.0, 0.0]),
    ]);
    assert_eq!(maps.total, row([5.0, 4.0, 4.0, 2.0, 0.0, 4.0]));
    let shares = maps.shares(0.5);
    assert!((shares.looks_wrong - 5.0 / 13.0).abs() < 1e-6, "{shares:?}");
    assert!((shares.wrong_place - 8.0 / 13.0).abs() < 1e-6, "{shares:?}");
    let terms: Vec<f64> = maps.term_shares().iter().map(|term| term.share).collect();
    assert_eq!(terms, [shares.looks_wrong, shares.wrong_place]);
}

#[test]
fn what_is_unusual_at_its_place_looks_wrong_as_far_as_it_is_new() {
    let part = |name: &str, peak: f32| TermMap {
        kind: terms::kind(name).unwrap(),
        map: map([peak, 0.0, 0.0, 0.0]),
    };
    let maps = AnomalyMaps::of(vec![
        part("reconstruction", 1.0),
        part("position", 2.0),
        part("gaussian", 4.0),
        part("memory", 3.0),
    ]);
    let words = |maps: &AnomalyMaps| Side::ALL.map(|side| maps.words(side));
    assert_eq!(words(&maps), ["looks wrong", "in the wrong place"]);
    let alone = AnomalyMaps::of(vec![part("gaussian", 4.0), part("memory", 3.0)]);
    assert_eq!(words(&alone)[0], "unusual here");
    let looks_wrong = |novelty| maps.shares(novelty).looks_wrong;
    assert!((looks_wrong(1.0) - 0.8).abs() < 1e-6);
    assert!((looks_wrong(0.5) - 0.45).abs() < 1e-6);
    assert!((looks_wrong(0.0) - 0.1).abs() < 1e-6);
}

#[test]
fn smoothing_keeps_the_parts_adding_up() {
    let errors = (map([1.0, 3.0, 5.0, -1.0]), map([0.5, 0.6, f32::NAN, 0.4]));
    let maps = fuse(&errors.0, &errors.1, &settings(64.0));
    for i in 0..4 {
        let sum = rec(&maps).values[i] + pos(&maps).values[i];
        assert!((maps.total.values[i] - sum).abs() < 1e-6);
    }
    assert_eq!(&*maps.side(Side::LooksWrong).unwrap(), rec(&maps));
}
