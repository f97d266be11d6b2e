//! What other programs do with the library: train on images in memory, judge, look on, stop, go on.

#![allow(clippy::unwrap_used, clippy::panic)]

mod extending;

use std::ops::ControlFlow;

use image::{Rgb, RgbImage};
use oddspot::images::{ImageSize, Source};
use oddspot::judge::Options;
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, GoodImages, Progress};
use oddspot::verdict::Verdict;
use oddspot::{Detector, ErrorKind, Model, Training};

const STEPS: usize = 12;

fn settings() -> Settings {
    let mut settings = Settings::default();
    for (name, value) in [
        ("training.iterations", "12"),
        ("training.checkpoint_every", "5"),
        ("student.widths", "8,8,8,8"),
        ("image_size", "112"),
    ] {
        settings.set(name, value).unwrap();
    }
    settings
}

fn plate(seed: u32) -> RgbImage {
    RgbImage::from_fn(90, 70, |x, y| {
        let ring = (x / 9 + y / 7) % 2 * 90;
        Rgb([ring as u8, (x + seed) as u8, (2 * y + 3 * seed) as u8])
    })
}

fn good() -> GoodImages {
    (0..8).map(plate).collect()
}

fn options(threads: usize) -> Options {
    Options {
        threads,
        ..Options::default()
    }
}

fn model() -> Model {
    Training::new(settings(), good()).threads(2).run().unwrap()
}

#[test]
fn images_in_memory_make_a_model_that_bytes_give_back() {
    let model = model();
    assert_eq!(model.header.training_images.len(), 7);
    assert_eq!(model.header.held_out_images.len(), 1);
    let copy = Model::from_bytes(model.to_bytes().unwrap()).unwrap();
    assert_eq!(copy, model);
    let detector = Detector::new(model, options(2)).unwrap();
    let other = Detector::from_bytes(copy.to_bytes().unwrap(), options(1)).unwrap();
    let image = plate(3);
    assert_eq!(
        detector.inspect(&image).unwrap(),
        other.inspect(&image).unwrap()
    );
    let threads_anew = detector.on_threads(1).unwrap();
    assert_eq!(
        threads_anew.inspect(&image).unwrap(),
        other.inspect(&image).unwrap()
    );
}

#[test]
fn images_from_memory_keep_the_names_they_were_given() {
    let named = |i: u32| Source::Memory {
        name: format!("board-{i}"),
        image: plate(i),
    };
    let good: GoodImages = (0..4).map(named).collect();
    let model = Training::new(settings(), good).run().unwrap();
    let records = model.header.training_images.iter();
    let names: Vec<&str> = records.map(|record| record.name.as_str()).collect();
    assert!(
        names.iter().all(|name| name.starts_with("board-")),
        "{names:?}"
    );
}

#[test]
fn many_images_are_told_of_in_order_and_a_bad_one_ends_nothing() {
    let detector = Detector::new(model(), options(2)).unwrap();
    let images = (0..30).map(|i| match i {
        7 => Source::file("no/such/image.png"),
        8 => Source::from(RgbImage::new(0, 0)),
        i => Source::from(plate(i)),
    });
    let mut found = Vec::new();
    detector.inspect_all(images, |finding| {
        found.push(finding.map_err(|error| error.kind()));
        ControlFlow::Continue(())
    });
    assert_eq!(found.len(), 30);
    for (i, finding) in (0..).zip(found) {
        match i {
            7 => assert_eq!(finding, Err(ErrorKind::NotFound)),
            8 => assert_eq!(finding, Err(ErrorKind::Invalid)),
            i => assert_eq!(finding.unwrap(), detector.inspect(&plate(i)).unwrap()),
        }
    }
}

#[test]
fn other_thresholds_hold_for_the_call_that_gives_them() {
    let detector = Detector::new(model(), options(1)).unwrap();
    let image = plate(2);
    let own = detector.inspect(&image).unwrap();
    let below = detector
        .thresholds()
        .at_scores(Some(f64::from(own.score) - 1.0), None);
    let strict = detector.inspect_with(&image, &below).unwrap();
    assert_eq!(strict.verdict, Verdict::Anomalous);
    assert!(!strict.regions.is_empty(), "what is anomalous shows where");
    assert_eq!(strict.score, own.score);
    let examined = detector.examine_with(&image, &below).unwrap();
    assert_eq!(examined.finding, strict);
    for side in [7, 40, 300] {
        let picture = examined.at(ImageSize::square(side));
        assert!(picture.mask.contains(&true), "at {side}");
        assert_eq!(picture.mask.len(), side * side);
    }
    assert_eq!(detector.inspect(&image).unwrap(), own);
}

#[test]
fn each_closed_form_term_tells_how_far_it_is_and_may_be_ended() {
    let mut told: Vec<(&str, usize, usize)> = Vec::new();
    let mut observer = |progress: &Progress| {
        if let Progress::Fitting { term, done, total } = *progress {
            told.push((term, done, total));
        }
        ControlFlow::Continue(())
    };
    let settings = || {
        let mut settings = Settings::instant();
        settings.set("image_size", "112").unwrap();
        settings
    };
    (Training::new(settings(), good()).observe(&mut observer))
        .run()
        .unwrap();
    let of_terms: Vec<&[(&str, usize, usize)]> = told.chunk_by(|a, b| a.0 == b.0).collect();
    assert_eq!(of_terms.len(), 2);
    for (of_term, name) in of_terms.iter().zip(["gaussian", "memory"]) {
        let total = of_term[0].2;
        assert!(total > 1 && of_term.iter().all(|told| (told.0, told.2) == (name, total)));
        assert!(
            of_term.windows(2).all(|two| two[0].1 < two[1].1),
            "{of_term:?}"
        );
        assert_eq!(of_term.last().unwrap().1, total);
    }
    for name in ["gaussian", "memory"] {
        let mut stop = |progress: &Progress| match *progress {
            Progress::Fitting { term, done: 2, .. } if term == name => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = Training::new(settings(), good()).observe(&mut stop).run();
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[test]
fn an_observer_may_end_a_training_and_it_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = |resume| Checkpoint {
        path: folder.path().join("checkpoint"),
        resume,
    };
    let mut stop = |progress: &Progress| match progress {
        Progress::Step(report) if report.iteration == 7 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = Training::new(settings(), good())
        .checkpoint(checkpoint(false))
        .observe(&mut stop)
        .run();
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    let mut seen = Vec::new();
    let mut observer = |progress: &Progress| {
        match progress {
            Progress::Trains { from } => seen.push(*from),
            Progress::Step(report) => seen.push(report.iteration),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let resumed = Training::new(settings(), good())
        .checkpoint(checkpoint(true))
        .observe(&mut observer)
        .run()
        .unwrap();
    assert_eq!(seen, [7, 8, 9, 10, 11, STEPS]);
    assert_eq!(resumed.to_bytes().unwrap(), model().to_bytes().unwrap());

    let mut others = settings();
    others.set("training.seed", "1").unwrap();
    let other = Training::new(others, good()).checkpoint(checkpoint(true));
    let error = other.run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("training.seed"), "{error}");
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_and_the_training_goes_on() {
    let mut failures = 0;
    let mut observer = |progress: &Progress| {
        failures += usize::from(matches!(progress, Progress::CheckpointFailed(_)));
        ControlFlow::Continue(())
    };
    let checkpoint = Checkpoint {
        path: "no/such/folder/checkpoint".into(),
        resume: false,
    };
    let trained = Training::new(settings(), good())
        .checkpoint(checkpoint)
        .observe(&mut observer)
        .run();
    assert_eq!(trained.unwrap(), model());
    assert!(failures >= 3, "at 5, then at every step");
}

#[test]
fn images_that_cannot_be_learned_from_are_refused_with_their_kind() {
    let none = Training::new(settings(), GoodImages::default()).run();
    assert_eq!(none.unwrap_err().kind(), ErrorKind::NotFound);
    let mut odd = settings();
    odd.image_size.width = 113;
    let error = Training::new(odd, good()).run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let mut missing = settings();
    missing.teacher = "vgg16".to_owned();
    let error = Training::new(missing, good()).run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn folds_judge_every_image_unseen_and_go_on_after_a_stop() {
    let mut settings = settings();
    settings.set("training.folds", "2").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trained = |stop: Option<(usize, usize)>, resume: bool| {
        let mut observer = |progress: &Progress| match progress {
            Progress::Fold {
                fold, iteration, ..
            } if Some((*fold, *iteration)) == stop => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let checkpoint = Checkpoint {
            path: folder.path().join("checkpoint"),
            resume,
        };
        Training::new(settings.clone(), good())
            .checkpoint(checkpoint)
            .observe(&mut observer)
            .run()
    };
    let whole = trained(None, false).unwrap();
    let scores = |model: &Model| model.header.thresholds.scores.good.clone();
    assert_eq!(scores(&whole).len(), 8);
    let without = model();
    // The networks are the same; what is said of an image that they have not seen is not.
    assert_eq!(
        whole.tensors["student.conv1.weight"],
        without.tensors["student.conv1.weight"]
    );
    assert!(scores(&whole) != scores(&without));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let stopped = trained(Some((2, 7)), false).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Cancelled);
    assert_eq!(
        trained(None, true).unwrap().to_bytes().unwrap(),
        whole.to_bytes().unwrap()
    );
}

#[test]
fn checkpoints_of_other_folds_cost_no_training() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let trained = |seed: &str, stop: Option<(usize, usize)>, resume: bool| {
        let mut settings = settings();
        settings.set("training.folds", "2").unwrap();
        settings.set("training.seed", seed).unwrap();
        let mut anew = Vec::new();
        let mut observer = |progress: &Progress| match progress {
            Progress::Fold {
                fold, iteration, ..
            } if Some((*fold, *iteration)) == stop => ControlFlow::Break(()),
            Progress::FoldAnew { fold, .. } => {
                anew.push(*fold);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        };
        let checkpoint = Checkpoint {
            path: path.clone(),
            resume,
        };
        let model = Training::new(settings, good())
            .checkpoint(checkpoint)
            .observe(&mut observer)
            .run();
        (model, anew)
    };
    let whole = trained("0", None, false).0.unwrap();
    trained("1", None, false).0.unwrap();
    let second = path.with_extension("fold2");
    let of_another = std::fs::read(&second).unwrap();
    trained("0", Some((1, 3)), false).0.unwrap_err();
    assert!(!second.exists());
    std::fs::write(&second, of_another).unwrap();
    let (model, anew) = trained("0", None, true);
    assert_eq!(anew, [2]);
    assert_eq!(
        model.unwrap().to_bytes().unwrap(),
        whole.to_bytes().unwrap()
    );
}

#[test]
fn twins_alone_do_not_make_all_others_infinitely_odd() {
    let twins = |i: u32| {
        let mut twin = plate(i);
        twin.get_pixel_mut(0, 0).0[2] ^= 1;
        [plate(i), twin]
    };
    let good: GoodImages = (0..4).flat_map(twins).collect();
    let mut settings = Settings::instant();
    settings.set("image_size", "104").unwrap();
    let model = Training::new(settings, good).run().unwrap();
    let step = f64::from(model.tensors["memory.step"].values[0]);
    assert_eq!(model.header.term("memory").unwrap().moments.std, step);
    let detector = Detector::new(model, Default::default()).unwrap();
    assert!(detector.detect(&plate(9)).unwrap().score < 1e5);
}

#[test]
fn scores_belong_to_images_trained_on_spread_evenly_and_to_all_held_out() {
    let mut header = model().header;
    let all = header.thresholds.scores.good.clone();
    // As where there are more images than scores that count: of seven trained on four have none.
    let expected = [0, 2, 4, 7].map(|image| (image, all[image]));
    header.thresholds.scores.good = expected.map(|(_, score)| score).to_vec();
    let found: Vec<(usize, f32)> = (0..8)
        .filter_map(|image| Some((image, header.score_of(image)?)))
        .collect();
    assert_eq!(found, expected);
    let names: Vec<&str> = header
        .scored_images()
        .iter()
        .map(|record| record.name.as_str())
        .collect();
    let of_all: Vec<&str> = header
        .learned_images()
        .map(|record| record.name.as_str())
        .collect();
    assert_eq!(names, expected.map(|(image, _)| of_all[image]));
}
