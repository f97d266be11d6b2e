//! Few images, features that never vary, and sizes that do not fit.

use half::f16;
use oddspot::ErrorKind;
use oddspot::net::learned::Learned;
use oddspot::settings::Settings;
use oddspot::terms::channels::ChannelStatistics;
use oddspot::terms::{self, Kind, Parts};

use crate::fixture::{
    Case, Fitted, Good, Oracle, PLACES, TERMS, fitted, judged, levels, made, settings,
};

fn kinds() -> impl Iterator<Item = &'static Kind> {
    TERMS.into_iter().map(|name| terms::kind(name).unwrap())
}

/// Largest of a map's magnitudes.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| {
        assert!(value.is_finite());
        most.max(value.abs())
    })
}

#[test]
fn the_images_that_are_remembered_are_spread_evenly() {
    let oracle = Oracle::open();
    let kind = terms::kind("memory").unwrap();
    let mut case = oracle.case("plain");
    let mut rows = |remembered: usize| {
        case.remembered = remembered;
        let settings = settings(&case);
        let mut term = made(kind, &settings, 12, Fitted::default());
        term.fit_good(&mut oracle.good(&case), 0).unwrap();
        let rows = term.packed().remove("memory.rows").unwrap();
        assert_eq!(rows.shape, [PLACES, remembered, case.components]);
        rows.values
    };
    let all = rows(9);
    for kept in 1..9 {
        let some = rows(kept);
        let size = some.len() / PLACES / kept;
        for place in 0..PLACES {
            for k in 0..kept {
                let image = k * 9 / kept;
                assert_eq!(
                    some[(place * kept + k) * size..][..size],
                    all[(place * 9 + image) * size..][..size],
                    "{kept}: {k}"
                );
            }
        }
    }
}

#[test]
fn without_any_other_image_errors_are_still_numbers() {
    let oracle = Oracle::open();
    let mut case = oracle.case("plain");
    for (images, remembered) in [(1, 400), (2, 1), (9, 1)] {
        (case.images, case.remembered) = (images, remembered);
        for kind in kinds() {
            let settings = settings(&case);
            let (term, left_out) = fitted(kind, &settings, &mut oracle.good(&case));
            left_out.iter().for_each(|map| _ = largest(&map.values));
            for places in oracle.unseen(&case) {
                largest(&judged(&*term, &places).unwrap().values);
            }
        }
    }
}

/// What a channel is where nothing ever varies; not exact in half precision.
fn plain(channel: usize) -> f32 {
    1.1 + channel as f32 / 7.0
}

#[test]
fn features_that_never_vary_have_errors_that_are_numbers() {
    let settings = settings(&Oracle::open().case("plain"));
    for value in [|_| 0.0, plain] {
        let places: Vec<f32> = (0..PLACES * 12).map(|at| value(at % 12)).collect();
        for kind in kinds() {
            let image: Vec<f16> = places.iter().copied().map(f16::from_f32).collect();
            let (term, left_out) = fitted(kind, &settings, &mut Good(vec![image; 9]));
            left_out.iter().for_each(|map| _ = largest(&map.values));
            largest(&judged(&*term, &places).unwrap().values);
        }
    }
}

#[test]
fn a_background_that_never_varies_is_not_far_from_itself() {
    let oracle = Oracle::open();
    let case = oracle.case("plain");
    // The first four columns of places.
    let background = |place: usize| place % 6 < 4;
    for kind in kinds() {
        let mut good = oracle.good(&case);
        for image in &mut good.0 {
            for (place, features) in image.chunks_exact_mut(12).enumerate() {
                for channel in (0..12).filter(|_| background(place)) {
                    features[channel] = f16::from_f32(plain(channel));
                }
            }
        }
        let (term, left_out) = fitted(kind, &settings(&case), &mut good);
        let usual = left_out.iter().map(|map| largest(&map.values));
        let usual = usual.fold(0.0, f32::max);
        // Single precision where good features are kept in half.
        let mut places = oracle.unseen(&case)[0].clone();
        for (place, features) in places.chunks_exact_mut(12).enumerate() {
            for channel in (0..12).filter(|_| background(place)) {
                features[channel] = plain(channel);
            }
        }
        let found = judged(&*term, &places).unwrap().values;
        let found: Vec<f32> = (found.into_iter().enumerate())
            .filter_map(|(place, error)| background(place).then_some(error))
            .collect();
        let found = largest(&found);
        assert!(found < usual, "{kind:?}: {found}, {usual}");
    }
}

#[test]
fn channels_that_are_copies_of_each_other_are_fitted() {
    let oracle = Oracle::open();
    let case = Case {
        images: 1,
        block: 1,
        shrinkage: 1e-6,
        ..oracle.case("plain")
    };
    for kind in kinds() {
        // Copies of very unlike sizes.
        let mut good = oracle.good(&case);
        for place in good.0[0].chunks_exact_mut(12) {
            for channel in 1..12 {
                let factor = 0.5f32.powi(channel as i32 / 2);
                place[channel] = f16::from_f32(place[0].to_f32() * factor);
            }
        }
        let (_, left_out) = fitted(kind, &settings(&case), &mut good);
        largest(&left_out[0].values);
    }
}

#[test]
fn features_that_are_not_finite_are_refused() {
    let oracle = Oracle::open();
    let case = oracle.case("plain");
    for value in [f16::NAN, f16::INFINITY] {
        for kind in kinds() {
            let mut good = oracle.good(&case);
            good.0[3][100] = value;
            let mut term = made(kind, &settings(&case), 12, Fitted::default());
            let error = term.fit_good(&mut good, 0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(term.tensors().is_empty() && term.packed().is_empty());
        }
    }
}

#[test]
fn an_image_of_another_size_is_refused() {
    let oracle = Oracle::open();
    let case = oracle.case("plain");
    for kind in kinds() {
        let (term, _) = fitted(kind, &settings(&case), &mut oracle.good(&case));
        let places = &oracle.unseen(&case)[0];
        for other in [&[], &places[1..], &places[12..], &places[..12]] {
            assert!(judged(&*term, other).is_err(), "{kind:?}");
        }
        let longer = [&places[..], &places[..12]].concat();
        assert!(judged(&*term, &longer).is_err(), "{kind:?}");
    }
}

/// Whether only a tensor's first values count.
fn single(name: &str) -> bool {
    name.contains("moments") || ["memory.step", "memory.elsewhere"].contains(&name)
}

#[test]
fn tensors_of_other_sizes_are_refused() {
    let oracle = Oracle::open();
    let case = oracle.case("plain");
    let settings = settings(&case);
    let places = &oracle.unseen(&case)[0];
    for kind in kinds() {
        let (term, _) = fitted(kind, &settings, &mut oracle.good(&case));
        let kept = Fitted(term.tensors(), term.packed());
        for name in kept.0.keys().filter(|name| !single(name)) {
            let mut other = kept.clone();
            other.0.get_mut(name).unwrap().values.push(1.0);
            refused(kind, &settings, other, places, name);
        }
        for name in kept.1.keys() {
            let mut other = kept.clone();
            other.1.get_mut(name).unwrap().values.pop();
            refused(kind, &settings, other, places, name);
        }
    }
}

/// Asserts that a term with these tensors cannot be made, or judges nothing.
#[track_caller]
fn refused(kind: &Kind, settings: &Settings, fitted: Fitted, places: &[f32], name: &str) {
    let learned = Learned::new(settings, &levels(12)).unwrap();
    let made = (kind.make)(&Parts {
        settings,
        learned: &learned,
        tensors: &fitted.0,
        packed: &fitted.1,
        statistics: &ChannelStatistics::default(),
    });
    let errors = made.and_then(|term| judged(&*term, places));
    assert!(errors.is_err(), "{name}");
}
