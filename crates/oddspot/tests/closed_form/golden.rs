//! Errors of left-out and of unseen images, and the features that they are of.

use oddspot::maps::ScoreMap;
use oddspot::terms;
use oddspot::terms::places::PlaceGrid;

use crate::fixture::{
    EXACT, IN_8_BITS, ONE_STEP, Oracle, PLACES, TERMS, assert_maps, fitted, judged, levels,
    settings,
};

#[test]
fn errors_are_the_oracles() {
    let oracle = Oracle::open();
    for case in oracle.cases() {
        let settings = settings(&case);
        for name in TERMS {
            let kind = terms::kind(name).unwrap();
            let (term, left_out) = fitted(kind, &settings, &mut oracle.good(&case));
            let what = |part: &str| format!("{}/{name}/{part}", case.name);
            match oracle.find(&what("left_out")) {
                Some(expected) => assert_maps(&left_out, &expected, EXACT, &what("left_out")),
                None => assert!(left_out[0].values.iter().all(|v| v.is_finite())),
            }
            let unseen: Vec<ScoreMap> = (oracle.unseen(&case).iter())
                .map(|places| judged(&*term, places).unwrap())
                .collect();
            let tolerance = match (name, &case.features[..]) {
                ("gaussian", _) => IN_8_BITS,
                // So far off, single precision may round to another step.
                (_, "far") => ONE_STEP,
                _ => EXACT,
            };
            let expected = oracle.values(&what("unseen"));
            assert_maps(&unseen, &expected, tolerance, &what("unseen"));
        }
    }
}

/// The fixture's maps of an image, fine to coarse; the finest, which is not looked at, is of NaN.
fn maps(oracle: &Oracle, image: usize) -> Vec<Vec<f32>> {
    let mut maps = vec![vec![f32::NAN; 20 * 24 * 3]];
    for (stride, channels) in [(4, 5), (8, 7)] {
        let all = oracle.values(&format!("maps/{stride}"));
        let each = 40 / stride * (48 / stride) * channels;
        maps.push(all[image * each..][..each].to_vec());
    }
    maps
}

#[test]
fn features_of_places_are_the_oracles() {
    let oracle = Oracle::open();
    let expected = oracle.values("maps/features");
    let mut settings = settings(&oracle.case("plain"));
    let mut found = vec![f32::NAN; 3];
    for few in [false, true] {
        settings.closed_form.channels = if few { 4 } else { 7 };
        let grid = PlaceGrid::of(&settings, &levels(12));
        let (rows, columns, parts) = (grid.rows, grid.columns, grid.parts());
        assert_eq!((rows, columns, grid.stride), (5, 6, 8));
        for (image, expected) in expected.chunks_exact(PLACES * 12).enumerate() {
            let maps = maps(&oracle, image);
            let maps: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
            grid.features(&maps, &mut found);
            if !few {
                assert_eq!(parts, [0..5, 5..12]);
                assert!(close(&found, expected));
                continue;
            }
            // Four of each level's channels, in their order.
            assert_eq!(parts, [0..4, 4..8]);
            for (part, of_level) in parts.iter().zip([0..5, 5..12]) {
                let mut rest = of_level;
                for channel in part.clone() {
                    let own = column(&found, 8, channel);
                    assert!(rest.any(|other| close(&own, &column(expected, 12, other))));
                }
            }
        }
    }
}

fn column(features: &[f32], channels: usize, channel: usize) -> Vec<f32> {
    let of_channel = features.iter().skip(channel).step_by(channels);
    of_channel.copied().collect()
}

fn close(found: &[f32], expected: &[f32]) -> bool {
    assert_eq!(found.len(), expected.len());
    let mut pairs = found.iter().zip(expected);
    pairs.all(|(found, expected)| (found - expected).abs() <= 1e-6 * expected.abs().max(1.0))
}
