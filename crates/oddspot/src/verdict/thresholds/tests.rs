//! Thresholds from scores of good images.

use super::*;

fn rates(anomalous: f64) -> Rates {
    Rates {
        anomalous,
        check: 0.5,
    }
}

#[test]
fn the_threshold_is_the_gumbel_quantile_of_the_held_out_scores() {
    // Mean 10, sample standard deviation 2: q(0.99) = 10 + 2·3.1367 (scipy.stats.gumbel_r).
    let held_out = [8.0, 10.0, 12.0];
    let found = Thresholds::from_good_images(&held_out, &[9.0], (&mut [0.0], 0.001), rates(0.01));
    assert!((found.image - 16.273_337).abs() < 1e-4, "{}", found.image);
}

#[test]
fn one_held_out_image_takes_the_spread_of_the_training_images() {
    let training = [8.0, 10.0, 12.0];
    let found = Thresholds::from_good_images(&[10.0], &training, (&mut [0.0], 0.001), rates(0.01));
    assert!((found.image - 16.273_337).abs() < 1e-4);
    assert_eq!(found.false_alarms.left_out_alarms, 0);
}

#[test]
fn an_outlier_among_the_held_out_images_is_counted_as_a_false_alarm() {
    let held_out = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 9.0];
    let found =
        Thresholds::from_good_images(&held_out, &[1.0, 1.1], (&mut [0.0], 0.001), rates(0.01));
    assert_eq!(found.false_alarms.left_out_alarms, 1);
}

#[test]
fn the_pixel_threshold_leaves_the_asked_share_above_it_and_never_passes_the_image_threshold() {
    let mut pixels: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0).collect();
    let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], (&mut pixels, 0.01), rates(0.01));
    let above = pixels
        .iter()
        .filter(|&&p| f64::from(p) > found.pixel)
        .count();
    assert_eq!(above, 10);
    let mut pixels = vec![100.0; 10];
    let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], (&mut pixels, 0.01), rates(0.01));
    assert_eq!(found.pixel, found.image);
}

#[test]
fn another_rate_gives_what_training_with_it_would_have_given_and_back() {
    let held_out = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 9.0];
    let pixels = [0.5, 1.0, 2.0, 8.0];
    let made = |rate| {
        let mut pixels = pixels;
        Thresholds::from_good_images(&held_out, &[1.0, 1.1], (&mut pixels, 0.001), rates(rate))
    };
    let (strict, loose) = (made(0.01), made(0.3));
    let replaced = |by: &Thresholds, of: &Thresholds| Thresholds {
        replaced: Some(of.image),
        ..by.clone()
    };
    let at = |of: &Thresholds, rate| of.at_rates(Some(rate), None).unwrap();
    assert_eq!(at(&strict, 0.3), replaced(&loose, &strict));
    assert_eq!(at(&loose, 0.01), replaced(&strict, &loose));
    assert!(loose.image < strict.image && loose.pixel < strict.pixel);
    assert!(made(1e-300).image.is_finite());
}

#[test]
fn a_threshold_of_ones_own_lies_nowhere_below_the_regions() {
    let pixels = &mut [0.5, 1.0, 2.0, 3.0];
    let found = Thresholds::from_good_images(&[5.0, 6.0], &[5.0], (pixels, 0.001), rates(0.01));
    assert_eq!(
        (found.at_scores(Some(7.0), None).image, found.pixel),
        (7.0, 3.0)
    );
    assert_eq!(found.at_scores(Some(2.5), None).pixel, 2.5);
    assert_eq!(
        found
            .at_scores(Some(2.5), None)
            .at_scores(Some(7.0), None)
            .pixel,
        3.0
    );
    assert_eq!(found.at_scores(Some(2.5), None).replaced, Some(found.image));
    let alarms = |at| found.at_scores(Some(at), None).false_alarms.left_out_alarms;
    assert_eq!([4.0, 5.0, 5.5, 6.0].map(alarms), [2, 1, 1, 0]);
    let rate = found.at_scores(Some(found.image), None).false_alarms.target;
    assert!((rate - 0.01).abs() < 1e-9, "{rate}");
}

#[test]
fn scores_are_those_of_the_held_out_images_or_unusable() {
    let scores = |held_out: &[f32], least_std| GoodScores {
        good: held_out.to_vec(),
        least_std,
        pixel: 1.0,
    };
    assert!(scores(&[1.0, 2.0], 0.0).are_usable());
    assert!(!scores(&[1.0, f32::NAN], 0.0).are_usable());
    assert!(!scores(&[1.0], -1.0).are_usable());
    assert!(!scores(&[1.0], f64::INFINITY).are_usable());
}

#[test]
fn the_confidence_bound_is_clopper_pearsons() {
    let bound = |images, left_out_alarms| {
        FalseAlarms {
            images,
            target: 0.01,
            left_out_alarms,
        }
        .upper_bound()
    };
    // scipy.stats.beta.ppf(0.95, k + 1, n - k)
    assert!((bound(21, 0) - 0.132_946).abs() < 1e-5);
    assert!((bound(21, 1) - 0.206_725).abs() < 1e-4);
    assert_eq!(bound(1, 1), 1.0);
    assert!((bound(10_000, 300) - 0.032_959).abs() < 1e-5);
}

#[test]
fn enough_images_give_the_threshold_as_one_of_their_scores() {
    let scores: Vec<f32> = (1..=199).map(|i| i as f32 / 199.0).collect();
    let found = Thresholds::from_good_images(&scores, &scores, (&mut [0.0], 0.001), rates(0.01));
    // ⌈200 · 0.99⌉ = 198: one of 199 lies above it.
    assert_eq!(found.image, f64::from(scores[197]));
    assert!(found.scores.is_conformal(0.01) && !found.scores.is_conformal(0.004));
    assert_eq!(
        found.at_scores(Some(found.image), None).false_alarms.target,
        0.01
    );
    let few =
        Thresholds::from_good_images(&scores[..98], &scores, (&mut [0.0], 0.001), rates(0.01));
    assert!(!few.scores.is_conformal(0.01) && few.image > f64::from(scores[97]));
}

#[test]
fn an_image_far_above_all_others_is_named_and_counts_no_further() {
    let mut scores: Vec<f32> = (0..60).map(|i| 1.0 + (i * 7 % 60) as f32 / 60.0).collect();
    let made = |scores: &[f32]| {
        Thresholds::from_good_images(scores, scores, (&mut [0.0], 0.001), rates(0.01))
    };
    assert_eq!(made(&scores).scores.suspicious(), [0usize; 0]);
    scores[17] = 9.0;
    let (near, scores_near) = (made(&scores), scores.clone());
    scores[17] = 900.0;
    let far = made(&scores);
    assert_eq!(
        (near.scores.suspicious(), far.scores.suspicious()),
        (vec![17], vec![17])
    );
    assert_eq!(near.image, far.image);
    assert!(near.image < 5.0, "{}", near.image);
    assert_eq!(made(&scores_near[..7]).scores.far(), None);
    // Nor in what a calibration keeps of it.
    assert_eq!(near.scores.std(), far.scores.std());
}

#[test]
fn between_the_thresholds_an_image_is_to_be_checked() {
    let scores: Vec<f32> = (1..=99).map(|i| i as f32).collect();
    let rates = Rates {
        anomalous: 0.02,
        check: 0.1,
    };
    let found = Thresholds::from_good_images(&scores, &scores, (&mut [0.0], 0.001), rates);
    assert_eq!((found.image, found.check), (98.0, 90.0));
    assert_eq!(
        [90.0, 90.5, 98.0, 98.5].map(|score| found.verdict(score)),
        [
            Verdict::Good,
            Verdict::Check,
            Verdict::Check,
            Verdict::Anomalous
        ]
    );
    assert_eq!(found.checks.left_out_alarms, 9);
    // The rate of images to be checked is never below that of anomalous ones.
    let none = Rates {
        check: 0.01,
        ..rates
    };
    let found = Thresholds::from_good_images(&scores, &scores, (&mut [0.0], 0.001), none);
    assert_eq!(
        (found.check, found.checks),
        (found.image, found.false_alarms)
    );
}

#[test]
fn how_a_score_lies_is_said_of_the_score_whatever_the_verdict() {
    let said = |verdict: Verdict, score| {
        verdict.relation(score, [12.0, 8.0], |number| format!("{number:.2}"))
    };
    // An image that could not be aligned is to be checked.
    assert_eq!(said(Verdict::Check, 3.0), "not above 8.00");
    assert_eq!(said(Verdict::Check, 9.0), "between 8.00 and 12.00");
    assert_eq!(said(Verdict::Anomalous, 12.5), "above 12.00");
    assert_eq!(said(Verdict::Untrusted, 12.5), "above 12.00");
    let distrusted = "between 8.00 and 12.00, but not to be trusted";
    assert_eq!(said(Verdict::Untrusted, 9.0), distrusted);
}

#[test]
fn a_threshold_that_is_not_given_stays_and_lies_in_order() {
    let scores: Vec<f32> = (1..=99).map(|i| i as f32).collect();
    let rates = Rates {
        anomalous: 0.02,
        check: 0.1,
    };
    let found = Thresholds::from_good_images(&scores, &scores, (&mut [0.0], 0.001), rates);
    let pair = |of: Thresholds| [of.image, of.check];
    assert_eq!(pair(found.at_scores(Some(120.0), None)), [120.0, 90.0]);
    assert_eq!(pair(found.at_scores(Some(50.0), None)), [50.0, 50.0]);
    assert_eq!(pair(found.at_scores(None, Some(60.0))), [98.0, 60.0]);
    assert_eq!(pair(found.at_scores(None, Some(120.0))), [98.0, 98.0]);
    let at = |of: &Thresholds, anomalous, check| of.at_rates(anomalous, check).unwrap();
    assert_eq!(pair(at(&found, Some(0.05), None)), [95.0, 90.0]);
    assert_eq!(pair(at(&found, None, Some(0.2))), [98.0, 80.0]);
    let own = found.at_scores(Some(50.0), None);
    assert_eq!(pair(at(&own, None, Some(0.6))), [50.0, 40.0]);
    assert_eq!(own.false_alarms.left_out_alarms, 49);
}

#[test]
fn the_check_rate_stays_the_larger_one() {
    let rates = |anomalous, check| Rates { anomalous, check };
    let usual = rates(0.03, 0.06);
    let with = |of: Rates, anomalous, check| of.with(anomalous, check).unwrap();
    assert_eq!(with(usual, None, None), usual);
    assert_eq!(with(usual, Some(0.01), None), rates(0.01, 0.06));
    assert_eq!(with(usual, Some(0.1), None), rates(0.1, 0.2));
    assert_eq!(with(usual, Some(0.4), None), rates(0.4, 0.5));
    assert_eq!(with(usual, Some(0.1), Some(0.1)), rates(0.1, 0.1));
    assert_eq!(with(usual, None, Some(0.2)), rates(0.03, 0.2));
    // Who has nothing to check goes on so.
    let equal = rates(0.01, 0.01);
    assert_eq!(with(equal, Some(0.1), None), rates(0.1, 0.1));
    // A threshold that was given may amount to next to nothing.
    assert_eq!(with(rates(1e-9, 0.05), Some(0.08), None), rates(0.08, 0.4));
    for (anomalous, check) in [(Some(0.1), 0.05), (None, 0.02)] {
        let error = usual.with(anomalous, Some(check)).unwrap_err();
        assert!(error.to_string().contains("below their rate"), "{error}");
    }
}
