//! Exports, run by tract, say what their models say: of every preset, every teacher, and every setting that has a form of
//! its own in the graph.

#![allow(missing_docs)]
// Helpers of tests say what they expect, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "verify")]

use std::path::Path;

use oddspot::images::{ImageSize, RegionOfInterest};
use oddspot::judge::teacher_of;
use oddspot::net::network::Widths;
use oddspot::net::teachers::{ARCHITECTURES, Architecture, Teacher, VGG16, vgg16};
use oddspot::net::tensors::Layout as TensorLayout;
use oddspot::settings::Settings;
use oddspot::train::GoodImages;
use oddspot::{Detector, Error, Model, Training};
use oddspot_demo::Defect;
use oddspot_onnx::verify::{Differences, Runner};
use oddspot_onnx::{Batch, Layout, Options, export};

/// What makes a training last a fraction of a second.
const TINY: [(&str, &str); 5] = [
    ("image_size", "112x96"),
    ("position.offset", "16"),
    ("student.widths", "4,4,8,8"),
    ("position.hidden", "16"),
    ("training.iterations", "3"),
];

fn teacher(architecture: &'static Architecture, widths: &Widths) -> Teacher {
    let network = (architecture.describe)(widths).unwrap();
    let layout = TensorLayout::of(network.tensors());
    Teacher::new("random", architecture, layout.tensors(&layout.fresh(3))).unwrap()
}

/// A narrow VGG16, each level of other channels.
fn narrow() -> Teacher {
    let widths = |layer: &str| {
        Ok(match layer {
            "features.0" | "features.2" => 4,
            "features.5" | "features.7" => 5,
            "features.10" | "features.12" | "features.14" => 6,
            _ => 7,
        })
    };
    assert!(vgg16(&widths).is_ok());
    teacher(&VGG16, &widths)
}

fn with(mut settings: Settings, changes: &[(&str, &str)]) -> Settings {
    for (name, value) in TINY.iter().chain(changes) {
        settings.set(name, value).unwrap();
    }
    settings
}

fn trained(settings: Settings, teacher: Teacher, region: Option<RegionOfInterest>) -> Model {
    let size = settings.image_size;
    let good: GoodImages = (0..10).map(|seed| oddspot_demo::good(size, seed)).collect();
    let training = Training::new(settings, good)
        .teacher(teacher)
        .region(region);
    training.threads(1).run().unwrap()
}

fn options(layout: Layout, batch: Batch) -> Options {
    Options {
        layout,
        batch,
        model_sha256: "of this model".to_owned(),
    }
}

fn runner(model: &Model, options: &Options) -> Runner {
    let teacher = teacher_of(&model.header, model.teacher.clone(), None).unwrap();
    let made = export(model, &teacher, options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part.onnx");
    std::fs::write(&file, &made.onnx).unwrap();
    let runner = Runner::load(&file).unwrap();
    assert_eq!(runner.card(), &made.card);
    runner
}

/// Holds an export to its model on good and on odd boards.
fn assert_agrees(model: &Model, options: &Options) {
    let runner = runner(model, options);
    let size = model.header.settings.image_size;
    let detector = Detector::new(model.clone(), Default::default()).unwrap();
    let mut differences = Differences::default();
    let good = (30..33).map(|seed| oddspot_demo::good(size, seed));
    let odd = (40..43).map(|seed| oddspot_demo::defective(size, seed, Defect::Missing).0);
    for image in good.chain(odd) {
        let detection = detector.detect(&image).unwrap();
        let said = runner.run(&image).unwrap();
        let verdict = |score| detector.thresholds().verdict(score);
        let flipped = verdict(detection.score) != verdict(said.score);
        differences.add(&detection, &said, flipped).unwrap();
    }
    assert_eq!(differences.images, 6);
    let threshold = detector.thresholds().image;
    assert!(differences.within(1e-3, threshold), "{differences:?}");
    let width = differences.width();
    assert!(differences.score <= 1e-4 * width, "{differences:?}");
    assert!(
        differences.mean <= 1e-4 * f64::from(width),
        "{differences:?}"
    );
}

const USUAL: (Layout, Batch) = (Layout::U8Nhwc, Batch::Of(1));

fn assert_settings_agree(settings: Settings) {
    let model = trained(settings, narrow(), None);
    assert_agrees(&model, &options(USUAL.0, USUAL.1));
}

#[test]
fn the_default_is_exported_in_every_form() {
    let model = trained(with(Settings::default(), &[]), narrow(), None);
    for (layout, batch) in [
        USUAL,
        (Layout::F32Nchw, Batch::Of(2)),
        (Layout::U8Nhwc, Batch::Dynamic),
    ] {
        assert_agrees(&model, &options(layout, batch));
    }
}

#[test]
fn the_presets_without_networks_and_of_half_the_size() {
    assert_settings_agree(with(Settings::instant(), &[]));
    assert_settings_agree(with(Settings::compact(), &[("closed_form.channels", "4")]));
}

#[test]
fn the_paper_is_exported_whose_student_looks_at_every_pixel() {
    let changes = [("image_size", "88x80"), ("position.offset", "8")];
    assert_settings_agree(with(Settings::paper(), &changes));
}

#[test]
fn every_teacher_is_exported() {
    for architecture in ARCHITECTURES {
        let teacher = teacher(architecture, &|_| Ok(8));
        let model = trained(with(Settings::default(), &[]), teacher, None);
        assert_agrees(&model, &options(USUAL.0, USUAL.1));
    }
}

#[test]
fn every_setting_that_has_a_form_of_its_own_is_exported() {
    let baseline = [
        ("method", "baseline"),
        ("training.feature_norm", "standardize"),
        ("training.level_weights", "0,1,0.5"),
        ("closed_form.memory_weight", "0"),
        ("closed_form.block", "5"),
        ("closed_form.window", "1"),
        ("detection.moments", "global"),
        ("detection.image_level", "kept"),
    ];
    assert_settings_agree(with(Settings::default(), &baseline));
    let full = [
        ("student.output_stride", "4"),
        ("training.feature_norm", "none"),
        ("closed_form.gaussian_weight", "0"),
        ("closed_form.memory_scale", "none"),
        ("closed_form.place_levels", "1"),
        ("detection.smoothing", "0"),
        ("detection.pos_floor", "none"),
        ("detection.units", "deviations"),
    ];
    assert_settings_agree(with(Settings::default(), &full));
}

fn region(text: &str) -> RegionOfInterest {
    RegionOfInterest::of_text(text, Path::new("region.json")).unwrap()
}

/// Most of the image, and one whose parts are all inspected by less than half.
const MOST: &str = r#"{"inspect": [[[0.1, 0.1], [0.7, 0.1], [0.8, 0.9], [0.1, 0.8]]]}"#;
const A_STRIP: &str = r#"{"inspect": [[[0.0, 0.45], [1.0, 0.45], [1.0, 0.53], [0.0, 0.53]]]}"#;

#[test]
fn a_region_of_the_training_is_in_the_graph() {
    for text in [MOST, A_STRIP] {
        let model = trained(with(Settings::default(), &[]), narrow(), Some(region(text)));
        assert!(model.inspected_share().is_some());
        assert_agrees(&model, &options(USUAL.0, USUAL.1));
    }
}

#[test]
fn no_output_says_why_before_that_is_known() {
    let names = |settings: Settings| {
        let model = trained(settings, narrow(), None);
        let outputs = runner(&model, &options(USUAL.0, USUAL.1))
            .card()
            .outputs
            .clone();
        outputs.into_keys().collect::<Vec<_>>()
    };
    // Without networks nothing is known but that it is unusual: which of both it is follows from a search.
    let instant = names(with(Settings::instant(), &[]));
    assert_eq!(
        instant,
        ["gaussian", "map", "memory", "score", "unusual_here"]
    );
    let all = names(with(Settings::default(), &[]));
    for name in ["looks_wrong", "wrong_place", "unusual_here"] {
        assert!(all.iter().any(|one| one == name), "{name}: {all:?}");
    }
    let paper = names(with(
        Settings::paper(),
        &[("image_size", "88x80"), ("position.offset", "8")],
    ));
    assert!(
        !paper.iter().any(|name| name == "unusual_here"),
        "{paper:?}"
    );
}

fn refused(model: &Model) -> Error {
    let teacher = teacher_of(&model.header, model.teacher.clone(), None).unwrap();
    export(model, &teacher, &options(USUAL.0, USUAL.1)).unwrap_err()
}

#[test]
fn what_a_graph_cannot_say_is_refused_by_name() {
    let mut model = trained(with(Settings::instant(), &[]), narrow(), None);
    model.restrict(&region(MOST)).unwrap();
    let error = refused(&model).to_string();
    assert!(
        error.contains("region") && error.contains("after the training"),
        "{error}"
    );
    let aligned = trained(
        with(Settings::instant(), &[("alignment", "shift")]),
        narrow(),
        None,
    );
    let error = refused(&aligned).to_string();
    assert!(error.contains("alignment"), "{error}");
    let tiled = trained(
        with(
            Settings::instant(),
            &[("tile", "56"), ("tile_overlap", "8")],
        ),
        narrow(),
        None,
    );
    let error = refused(&tiled).to_string();
    assert!(error.contains("tile"), "{error}");
}

#[test]
fn a_damaged_or_foreign_file_is_a_sentence() {
    let model = trained(with(Settings::instant(), &[]), narrow(), None);
    let teacher = teacher_of(&model.header, model.teacher.clone(), None).unwrap();
    let made = export(&model, &teacher, &options(USUAL.0, USUAL.1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part.onnx");
    let said = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        match Runner::load(&file) {
            Ok(_) => panic!("it was taken"),
            Err(error) => error.to_string(),
        }
    };
    assert!(said(b"no ONNX").contains("no ONNX file, or a damaged one"));
    assert!(said(&made.onnx[..made.onnx.len() / 2]).contains("damaged"));
    assert!(said(&[]).contains("no export of oddspot"));
    let foreign = said(&model.to_bytes().unwrap());
    assert!(foreign.contains("no ONNX file"), "{foreign}");
    let size = ImageSize::square(8);
    std::fs::write(&file, &made.onnx).unwrap();
    let runner = Runner::load(&file).unwrap();
    assert!(runner.run(&oddspot_demo::good(size, 0)).is_err());
}
