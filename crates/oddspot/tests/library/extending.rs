//! Models that learn more good images.

use std::ops::ControlFlow;

use oddspot::images::Source;
use oddspot::train::GoodImages;
use oddspot::{Detector, ErrorKind, Extension, Model, Training};

use crate::{good, model, options, plate, settings};

#[test]
fn more_good_images_join_what_is_known_and_the_thresholds() {
    let before = model();
    let all: GoodImages = (5..12).map(plate).collect();
    let extended = Extension::new(before.clone(), all)
        .threads(2)
        .run()
        .unwrap();
    // Three of them the model had learned from, by their pixels.
    assert_eq!(extended.known.len(), 3);
    let after = &extended.model;
    assert_eq!(after.header.good_images(), 12);
    assert_eq!(after.header.added_images.len(), 4);
    let scores = |model: &Model| model.header.thresholds.scores.good.clone();
    assert_eq!(scores(after)[..8], scores(&before)[..]);
    assert_eq!(scores(after).len(), 12);
    assert_eq!(after.header.terms, before.header.terms);
    let copy = Model::from_bytes(after.to_bytes().unwrap()).unwrap();
    assert_eq!(&copy, after);
    // What it has seen is nearer to it than it was.
    let image = plate(11);
    let score = |model: Model| {
        let detector = Detector::new(model, options(1)).unwrap();
        detector.inspect(&image).unwrap().score
    };
    assert!(score(copy) < score(before.clone()));
    let nothing: GoodImages = (0..8).map(plate).collect();
    let error = Extension::new(before, nothing).run().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let mut paper = settings();
    for name in ["closed_form.gaussian_weight", "closed_form.memory_weight"] {
        paper.set(name, "0").unwrap();
    }
    let trained_alone = Training::new(paper, good()).run().unwrap();
    let error = Extension::new(trained_alone, (20..22).map(plate).collect()).run();
    assert!(error.err().unwrap().to_string().contains("closed form"));
}

#[test]
fn an_image_that_set_the_thresholds_and_is_learned_later_counts_once() {
    let mut before = model();
    assert_eq!(before.header.scores_of_seen(), 7);
    let detector = Detector::new(before.clone(), Default::default()).unwrap();
    let images: Vec<Source> = (20..26).map(|i| Source::from(plate(i))).collect();
    let scored = detector
        .scores(&images, "".as_ref(), |_, _| ControlFlow::Continue(()))
        .unwrap();
    let thresholds = before.header.thresholds_by(&scored).unwrap();
    before
        .header
        .calibrate(thresholds, [true, false], &scored, &[]);
    assert_eq!(before.header.scores_of_seen(), 0);
    let more: GoodImages = (24..28).map(plate).collect();
    let after = Extension::new(before.clone(), more)
        .run()
        .unwrap()
        .model
        .header;
    let [old, new] = [&before.header, &after].map(|header| header.thresholds.clone());
    let records = &after.calibration.as_ref().unwrap().good_images;
    assert_eq!((new.scores.good.len(), records.len()), (8, 8));
    assert_eq!(new.scores.good[..4], old.scores.good[..4]);
    // What is learned is judged as left out, by a model that knows more.
    assert!(new.scores.good[4..6] != old.scores.good[4..6]);
    assert_eq!(new.scores.least_std, old.scores.least_std);
    // The threshold that was given stays, the other follows from the scores.
    assert!(new.image == old.image && new.check != old.check);
}

#[test]
fn images_that_an_extension_is_given_as_held_out_are_added_too() {
    let more = GoodImages {
        held_out: (9..11).map(|i| Source::from(plate(i))).collect(),
        ..(8..9).map(plate).collect()
    };
    let extended = Extension::new(model(), more).run().unwrap();
    assert_eq!(extended.model.header.added_images.len(), 3);
}
