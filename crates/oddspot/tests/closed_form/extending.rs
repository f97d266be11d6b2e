//! More good images for what was fitted before.

use oddspot::terms;

use crate::fixture::{Fitted, Good, Oracle, PLACES, apart, fitted, judged, made, settings};

/// Images of the case that come first; the others come later.
const FIRST: usize = 5;

#[test]
fn a_gaussian_that_learned_in_two_parts_is_nearly_that_of_all_images() {
    let oracle = Oracle::open();
    let kind = terms::kind("gaussian").unwrap();
    for name in ["plain", "wide_blocks"] {
        let mut case = oracle.case(name);
        // Every image a part of its own, so that both ways leave out the same.
        case.parts = 100;
        let settings = settings(&case);
        let mut good = oracle.good(&case);
        let known = good.0[..FIRST].to_vec();
        let later = good.0[FIRST..].to_vec();
        let channels = good.channels();
        let (all, left_out) = fitted(kind, &settings, &mut good);
        let (before, _) = fitted(kind, &settings, &mut Good(known));
        let mut kept = Fitted(before.tensors(), before.packed());
        // What is usual is that of the first training; here the same for both.
        for (name, tensor) in all.tensors() {
            if name.contains("moments") {
                kept.0.insert(name, tensor);
            }
        }
        let mut term = made(kind, &settings, channels, kept);
        let of_later = term.fit_good(&mut Good(later), FIRST).unwrap().unwrap();
        let of_later: Vec<Vec<f32>> = (of_later.into_iter())
            .map(|maps| maps[0].values.clone())
            .collect();
        let expected: Vec<Vec<f32>> = (left_out[FIRST..].iter())
            .map(|map| map.values.clone())
            .collect();
        let distance = apart(&of_later.concat(), &expected.concat());
        assert!(distance < 0.03, "{name}: {distance}");
        let unseen = oracle.unseen(&case);
        let [expected, found] = [&all, &term].map(|term| {
            let judge = |places: &Vec<f32>| judged(&**term, places).unwrap().values;
            unseen.iter().map(judge).collect::<Vec<_>>()
        });
        let distance = apart(&found.concat(), &expected.concat());
        assert!(distance < 0.03, "{name}: {distance}");
        assert!(distance > 0.0, "8 bits are no exact memory");
    }
}

#[test]
fn a_memory_that_learned_in_two_parts_is_that_of_all_images() {
    let oracle = Oracle::open();
    let kind = terms::kind("memory").unwrap();
    for name in ["plain", "scaled"] {
        let case = oracle.case(name);
        let settings = settings(&case);
        let mut good = oracle.good(&case);
        let (images, channels) = (good.0.len(), good.channels());
        let later = good.0[FIRST..].to_vec();
        let (all, left_out) = fitted(kind, &settings, &mut good);
        let mut kept = Fitted(all.tensors(), all.packed());
        let rows = kept.1.get_mut("memory.rows").unwrap();
        let size = rows.values.len() / PLACES / images;
        rows.values = (rows.values.chunks_exact(images * size))
            .flat_map(|of_place| of_place[..FIRST * size].to_vec())
            .collect();
        rows.shape[1] = FIRST;
        let mut term = made(kind, &settings, channels, kept);
        let of_later = term.fit_good(&mut Good(later), FIRST).unwrap().unwrap();
        for (found, expected) in of_later.iter().zip(&left_out[FIRST..]) {
            assert_eq!(&found[0], expected);
        }
        assert_eq!(term.packed(), all.packed());
        assert_eq!(term.tensors(), all.tensors());
    }
}

#[test]
fn what_is_remembered_stays_within_its_bound() {
    let oracle = Oracle::open();
    let kind = terms::kind("memory").unwrap();
    let mut case = oracle.case("plain");
    case.remembered = 6;
    let settings = settings(&case);
    let mut good = oracle.good(&case);
    let later = good.0[FIRST..].to_vec();
    good.0.truncate(FIRST);
    let channels = good.channels();
    let (before, _) = fitted(kind, &settings, &mut good);
    let kept = Fitted(before.tensors(), before.packed());
    let mut term = made(kind, &settings, channels, kept);
    term.fit_good(&mut Good(later), FIRST).unwrap();
    assert_eq!(term.packed()["memory.rows"].shape[1], 6);
}
