//! A real detector, trained for a single step, through the whole evaluation: it knows nothing, but
//! everything that it does is done.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::path::Path;

use image::{Rgb, RgbImage};
use oddspot::datasets::Dataset;
use oddspot::images::ImageSize;
use oddspot::judge::Detector;
use oddspot::settings::Settings;
use oddspot::train::{GoodImages, Training};
use oddspot_measure::report::{MapKind, Phase, Protocol, evaluate, examine, look_at_test_set};

fn black(shade: u8) -> RgbImage {
    RgbImage::from_pixel(8, 8, Rgb([shade; 3]))
}

/// A data set of images of one colour with the given names.
fn dataset(root: &Path, names: &[(&str, u8)]) -> Dataset {
    for (name, shade) in names {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        black(*shade).save(path).unwrap();
    }
    Dataset::open(root).unwrap()
}

fn detector() -> Detector {
    let mut settings = Settings {
        image_size: ImageSize::square(80),
        ..Settings::default()
    };
    settings.student.widths = [2; 4];
    settings.position.offset = 8;
    settings.position.pairs = 2;
    settings.training.iterations = 1;
    let good: GoodImages = (10..16).map(black).collect();
    let model = Training::new(settings, good).run().unwrap();
    Detector::new(model, Default::default()).unwrap()
}

#[test]
fn a_detector_is_evaluated_on_every_test_image_unless_told_to_stop() {
    let root = tempfile::tempdir().unwrap();
    let data = dataset(
        root.path(),
        &[
            ("train/good/0.png", 1),
            ("test/good/0.png", 2),
            ("test/cut/0.png", 3),
            ("ground_truth/cut/0_mask.png", 255),
        ],
    );
    let detector = detector();
    let mut told = Vec::new();
    let look = look_at_test_set(&data, detector.reading()).unwrap();
    let examined = examine(&detector, (&data, &look), |phase, done, total| {
        told.push((phase, done, total));
        ControlFlow::Continue(())
    });
    let (evaluation, judged) = examined.unwrap().unwrap();
    let names: Vec<&str> = (evaluation.images.iter())
        .map(|image| image.name.as_str())
        .collect();
    assert_eq!(names, ["test/cut/0.png", "test/good/0.png"]);
    let largest = |protocol| evaluation.protocols[&protocol].largest;
    assert_eq!(largest(Protocol::Paper), ImageSize::square(80));
    assert_eq!(largest(Protocol::Official), ImageSize::square(8));
    for protocol in evaluation.protocols.values() {
        // The whole and its four terms.
        assert_eq!(protocol.maps.len(), 5);
        assert!(protocol.maps[&MapKind::Total].overall.au_pro.is_some());
    }
    assert_eq!(evaluation.curves.image_roc.first(), Some(&(0.0, 0.0)));
    assert_eq!(told[0], (Phase::Judging, 0, 2));
    assert_eq!(told.last(), Some(&(Phase::Measuring, 20, 20)));

    // The map that was measured is the one that made the score.
    for (at, sample) in data.test.iter().enumerate() {
        let image = judged.get(at).unwrap();
        let picture = oddspot::images::decode(&sample.image).unwrap();
        let found = detector.detect(&picture).unwrap();
        assert_eq!(
            image.map(MapKind::Total).as_deref(),
            Some(&found.maps.total)
        );
        assert_eq!(image.score, found.score);
    }

    for stop in [Phase::Judging, Phase::Measuring] {
        let stopped = evaluate(&detector, &data, |phase, _, _| match phase == stop {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        assert!(stopped.unwrap().is_none());
    }
}
