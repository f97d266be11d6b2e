//! Images in pieces: what is tiny in a large image is found where it is, and all that is said of good images is
//! said image by image.

#![allow(clippy::unwrap_used, clippy::panic)]

use image::{Rgb, RgbImage};
use oddspot::images::{ImageSize, Source};
use oddspot::settings::Settings;
use oddspot::train::{Checkpoint, GoodImages, LeftOut, Progress};
use oddspot::verdict::Verdict;
use oddspot::{Detector, ErrorKind, Extension, Model, Training};
use std::ops::ControlFlow;
use std::path::Path;

const WIDTH: u32 = 512;
const HEIGHT: u32 = 320;

/// A number that looks drawn, in [0, 1).
fn drawn(seed: u32, x: u32, y: u32) -> f32 {
    let mut bits =
        seed.wrapping_mul(0x9e37_79b9) ^ x.wrapping_mul(0x85eb_ca6b) ^ y.wrapping_mul(0xc2b2_ae35);
    for _ in 0..3 {
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x2c1b_3c6d);
    }
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// The same, changing over eleven pixels.
fn smooth(seed: u32, x: u32, y: u32) -> f32 {
    let ([column, right], [row, below]) = ([x / 11, x % 11], [y / 11, y % 11]);
    let (across, down) = (right as f32 / 11.0, below as f32 / 11.0);
    let line = |row| {
        let left = drawn(seed, column, row);
        left + across * (drawn(seed, column + 1, row) - left)
    };
    line(row) + down * (line(row + 1) - line(row))
}

/// A speckled and blotched plate with two holes.
fn plate(seed: u32) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let hole = |cx: u32, cy: u32| x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2) < 22 * 22;
        let ground = match hole(90, 80) || hole(400, 220) {
            true => 50.0,
            false => 120.0 + 6.0 * ((y as f32) / 37.0 + seed as f32).sin(),
        };
        let blotches = 48.0 * (smooth(seed + 99, x, y) - 0.5);
        let value = ground + blotches + 20.0 * (drawn(seed, x, y) - 0.5);
        Rgb([value as u8, value as u8, (0.95 * value) as u8])
    })
}

/// The same with a pit of six pixels, its upper left corner at a place.
fn pitted(seed: u32, [left, top]: [u32; 2]) -> RgbImage {
    let mut image = plate(seed);
    for y in top..top + 6 {
        for x in left..left + 6 {
            image.put_pixel(x, y, Rgb([30, 29, 28]));
        }
    }
    image
}

fn settings(values: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::instant();
    for (name, value) in [("image_size", "128")].iter().chain(values) {
        settings.set(name, value).unwrap();
    }
    settings
}

fn tiled() -> Settings {
    settings(&[("tile", "128"), ("tile_overlap", "24")])
}

fn good(images: std::ops::Range<u32>) -> GoodImages {
    images.map(plate).collect()
}

fn trained(settings: Settings) -> Model {
    Training::new(settings, good(0..10)).run().unwrap()
}

fn detector(model: Model) -> Detector {
    Detector::new(model, Default::default()).unwrap()
}

#[test]
fn a_tiny_defect_is_found_in_pieces_where_it_is_and_missed_in_the_whole() {
    let [whole, pieces] = [settings(&[]), tiled()].map(|settings| detector(trained(settings)));
    for (seed, at) in [(50, [240, 150]), (51, [17, 300]), (52, [497, 12])] {
        let image = pitted(seed, at);
        assert_ne!(whole.inspect(&image).unwrap().verdict, Verdict::Anomalous);
        let examined = pieces.examine(&image).unwrap();
        let finding = &examined.finding;
        assert_eq!(finding.verdict, Verdict::Anomalous, "{at:?}");
        let region = &finding.regions[0];
        let inside = |start: usize, length: usize, defect: u32| {
            let (start, end) = (start as i64, (start + length) as i64);
            let middle = i64::from(defect) + 3;
            start <= middle && middle <= end && length <= 64
        };
        assert!(
            inside(region.left, region.width, at[0]) && inside(region.top, region.height, at[1]),
            "{region:?} at {at:?}"
        );
        assert!(finding.peak.x.abs_diff(at[0] as usize + 3) <= 12);
        assert!(finding.peak.y.abs_diff(at[1] as usize + 3) <= 12);
        // The map is of the whole image at a quarter of its scale, and its parts sum to it.
        assert_eq!(
            (examined.maps.total.width, examined.maps.total.height),
            (128, 80)
        );
        let detection = pieces.detect(&image).unwrap();
        assert_eq!(detection.maps.total.peak().0, detection.score);
        let at = detection.maps.total.values.len() / 3;
        let sum: f32 = detection
            .maps
            .terms
            .iter()
            .map(|term| term.map.values[at])
            .sum();
        assert!((sum - detection.maps.total.values[at]).abs() < 1e-4);
    }
    for seed in 60..64 {
        assert_ne!(
            pieces.inspect(&plate(seed)).unwrap().verdict,
            Verdict::Anomalous
        );
    }
}

#[test]
fn scores_and_left_out_maps_are_those_of_images_and_pieces_are_told() {
    let mut left_out: Vec<LeftOut> = Vec::new();
    let mut told = None;
    let mut observer = |progress: &Progress| {
        if let Progress::Pieces { fewest, most } = progress {
            told = Some((*fewest, *most));
        }
        ControlFlow::Continue(())
    };
    let model = Training::new(tiled(), good(0..10))
        .observe(&mut observer)
        .left_out(&mut left_out)
        .run()
        .unwrap();
    // 512 pixels take 5 pieces of 128 that share 24 at least, and 320 take 3.
    assert_eq!(told, Some((15, 15)));
    let header = &model.header;
    assert_eq!(header.thresholds.scores.good.len(), 10);
    assert_eq!(
        (header.pieces.clone(), header.good_pieces()),
        (vec![15; 10], 150)
    );
    assert_eq!(left_out.len(), 10);
    for (image, left_out) in left_out.iter().enumerate() {
        assert_eq!((left_out.map.width, left_out.map.height), (64, 40));
        let score = header.score_of(image).unwrap();
        assert!((left_out.score - score).abs() < 1e-4 && left_out.map.peak().0 == left_out.score);
        assert!(
            left_out
                .alone
                .as_ref()
                .unwrap()
                .values
                .iter()
                .all(|value| value.is_finite())
        );
    }
    assert_eq!(Model::from_bytes(model.to_bytes().unwrap()).unwrap(), model);
}

#[test]
fn a_tiled_model_learns_more_images_and_is_calibrated_by_others() {
    let model = trained(tiled());
    let before = model.header.thresholds.scores.good.len();
    let extended = Extension::new(model, good(10..13)).run().unwrap().model;
    let header = &extended.header;
    assert_eq!((header.good_images(), header.good_pieces()), (13, 195));
    assert_eq!(header.thresholds.scores.good.len(), before + 3);
    // The new scores are of images that were left out: like those before.
    let scores = &header.thresholds.scores.good;
    let highest = scores[..before].iter().copied().fold(0.0, f32::max);
    assert!(
        scores[before..]
            .iter()
            .all(|&score| score < 1.6 * highest && score > 0.4 * highest)
    );
    let bytes = extended.to_bytes().unwrap();
    let mut model = Model::from_bytes(bytes).unwrap();
    let detector = detector(model.clone());
    let found = detector.inspect(&pitted(70, [240, 150])).unwrap();
    assert_eq!(found.verdict, Verdict::Anomalous);
    let images: Vec<Source> = (20..24).map(|seed| Source::from(plate(seed))).collect();
    let go_on = |_, _| ControlFlow::Continue(());
    let scored = detector.scores(&images, Path::new(""), go_on).unwrap();
    let thresholds = model.header.thresholds_by(&scored).unwrap();
    model.header.calibrate(thresholds, [false; 2], &scored, &[]);
    assert!(Model::from_bytes(model.to_bytes().unwrap()).is_ok());
}

#[test]
fn a_tiled_training_goes_on_from_a_checkpoint_as_if_it_had_never_stopped() {
    let mut settings = Settings::default();
    for (name, value) in [
        ("image_size", "104"),
        ("tile", "208"),
        ("student.widths", "8,8,8,8"),
        ("training.iterations", "6"),
        ("training.cache_mib", "0"),
        ("training.folds", "2"),
        ("detection.moments", "local"),
    ] {
        settings.set(name, value).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let training = || Training::new(settings.clone(), good(0..4));
    let whole = training().run().unwrap();
    let path = folder.path().join("checkpoint");
    let checkpoint = |resume| Checkpoint {
        path: path.clone(),
        resume,
    };
    let mut stop = |progress: &Progress| match progress {
        Progress::Step(report) if report.iteration == 3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = training()
        .checkpoint(checkpoint(false))
        .observe(&mut stop)
        .run();
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    let resumed = training().checkpoint(checkpoint(true)).run().unwrap();
    assert_eq!(whole.to_bytes().unwrap(), resumed.to_bytes().unwrap());
    assert_eq!(whole.header.pieces, [6; 4]);
    let finding = detector(whole).inspect(&plate(9)).unwrap();
    assert!(finding.score.is_finite());
}

#[test]
fn images_of_any_size_and_settings_that_do_not_go_together() {
    let detector = detector(trained(tiled()));
    for (width, height) in [(1, 1), (40, 700), (128, 128), (129, 300)] {
        let image = image::imageops::resize(
            &plate(3),
            width,
            height,
            image::imageops::FilterType::Triangle,
        );
        let own = ImageSize {
            width: width as usize,
            height: height as usize,
        };
        let examined = detector.examine(&image).unwrap().at(own);
        let size = ImageSize {
            width: examined.maps.total.width,
            height: examined.maps.total.height,
        };
        assert_eq!(size, own);
        assert!(
            examined
                .maps
                .total
                .values
                .iter()
                .all(|value| value.is_finite())
        );
    }
    let aligned = settings(&[("tile", "128"), ("alignment", "shift")]);
    let error = Training::new(aligned, good(0..4)).run().unwrap_err();
    assert!(error.to_string().contains("cannot be aligned"), "{error}");
    // An image that fits into a piece is looked at as without.
    let small = |settings| {
        let image = |seed| image::imageops::crop_imm(&plate(seed), 0, 0, 128, 128).to_image();
        let images: GoodImages = (0..6).map(image).collect();
        let model = Training::new(settings, images).run().unwrap();
        model.header.thresholds.scores.good
    };
    assert_eq!(small(settings(&[])), small(tiled()));
}
