//! Errors of left-out and of unseen images, and the features that they are of.

use oddspot::maps::ScoreMap;
use oddspot::terms;
use oddspot::terms::places::PlaceGrid;

use crate::fixture::{
    EXACT, IN_8_BITS, LEVELS, ONE_STEP, Oracle, PLACES, TERMS, assert_maps, fitted, judged, levels,
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

/// The fixture's maps of an image, fine to coarse.
fn maps(oracle: &Oracle, image: usize) -> Vec<Vec<f32>> {
    let mut maps = Vec::new();
    for (stride, channels) in LEVELS {
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
    let case = oracle.case("three_levels");
    let mut found = vec![f32::NAN; 3];
    for place_levels in [2, 3] {
        // The finest level's channels stand first.
        let first = if place_levels == 2 { 3 } else { 0 };
        for few in [false, true] {
            let mut settings = settings(&case);
            settings.closed_form.place_levels = place_levels;
            settings.closed_form.channels = if few { 4 } else { 7 };
            let grid = PlaceGrid::of(&settings, &levels(15));
            assert_eq!((grid.rows, grid.columns, grid.stride), (5, 6, 8));
            for (image, expected) in expected.chunks_exact(PLACES * 15).enumerate() {
                let maps = maps(&oracle, image);
                let maps: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
                grid.features(&maps, &mut found);
                let all = [0..3, 3..8, 8..15]
                    .into_iter()
                    .filter(|part| part.start >= first);
                for (part, of_level) in grid.parts().into_iter().zip(all) {
                    assert_eq!(
                        part.len(),
                        if few {
                            of_level.len().min(4)
                        } else {
                            of_level.len()
                        }
                    );
                    // Some of a level's channels, in their order.
                    let mut rest = of_level;
                    for channel in part {
                        let own = column(&found, grid.channels(), channel);
                        assert!(rest.any(|other| close(&own, &column(expected, 15, other))));
                    }
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
