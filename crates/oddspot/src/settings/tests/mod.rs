//! The table of settings: its values, and what follows from it.

mod files;
mod markdown;
mod pages;
mod ranges;

use super::*;
use crate::images::ImageSize;

/// Name, default and the paper's value, written down once more, so that a slip in the table is seen.
const VALUES: [(&str, &str, &str); 53] = [
    ("method", "full", "full"),
    ("teacher", "builtin", "vgg16"),
    ("image_size", "256", "256"),
    ("alignment", "auto", "none"),
    ("tile", "none", "none"),
    ("tile_overlap", "32", "32"),
    ("bit_depth", "auto", "auto"),
    ("max_megapixels", "100", "100"),
    ("max_side", "30000", "30000"),
    ("student.widths", "32,64,128,256", "64,128,256,256"),
    ("student.output_stride", "8", "1"),
    ("position.offset", "32", "64"),
    ("position.pairs", "64", "64"),
    ("position.hidden", "128", "128"),
    ("position.negative_slope", "0.1", "0.1"),
    ("closed_form.gaussian_weight", "2", "0"),
    ("closed_form.memory_weight", "0.75", "0"),
    ("closed_form.memory_scale", "image", "image"),
    ("closed_form.place_levels", "3", "3"),
    ("closed_form.channels", "192", "192"),
    ("closed_form.block", "2", "2"),
    ("closed_form.window", "5", "5"),
    ("closed_form.shrinkage", "0.01", "0.01"),
    ("closed_form.parts", "10", "10"),
    ("closed_form.components", "64", "64"),
    ("closed_form.remembered", "240", "240"),
    ("closed_form.remembered_pieces", "400", "400"),
    ("training.iterations", "2500", "30000"),
    ("training.batch", "1", "1"),
    ("training.optimizer", "muon", "adam"),
    ("training.learning_rate", "0.001", "0.0005"),
    ("training.schedule", "cosine", "constant"),
    ("training.weight_decay", "0.00001", "0.00001"),
    ("training.feature_norm", "whiten", "l2"),
    ("training.level_weights", "0.25,0.5,1", "1,1,1"),
    ("training.hardest", "0.5", "1"),
    ("training.rec_weight", "150", "1"),
    ("training.folds", "1", "1"),
    ("training.seed", "0", "0"),
    ("training.cache_mib", "2048", "2048"),
    ("training.checkpoint_every", "500", "500"),
    ("detection.smoothing", "4", "0"),
    ("detection.pos_smoothing", "8", "0"),
    ("detection.moments", "local", "global"),
    ("detection.reconstruction_weight", "0.5", "1"),
    ("detection.pos_weight", "0.75", "1"),
    ("detection.units", "reached", "deviations"),
    ("detection.pair_weights", "trusted", "equal"),
    ("detection.pos_floor", "mean", "none"),
    ("detection.image_level", "levelled", "kept"),
    ("detection.false_alarm_rate", "0.03", "0.01"),
    ("detection.check_rate", "0.05", "0.01"),
    ("detection.pixel_false_alarm_rate", "0.001", "0.001"),
];

fn with(values: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, text) in values {
        settings.set(name, text).unwrap();
    }
    settings
}

#[test]
fn the_defaults_and_the_papers_values_are_those_that_were_measured() {
    let found: Vec<_> = rows()
        .map(|row| (row.name, row.default(), row.paper()))
        .collect();
    let expected: Vec<_> = (VALUES.iter())
        .map(|&(name, default, paper)| (name, default.to_owned(), paper.to_owned()))
        .collect();
    assert_eq!(found, expected);
    // And as numbers, past how they are written.
    let (default, paper) = (Settings::default(), Settings::paper());
    assert_eq!(default.training.weight_decay, 1e-5);
    assert_eq!(default.training.level_weights, [0.25, 0.5, 1.0]);
    assert_eq!(default.image_size, ImageSize::square(256));
    assert_eq!(paper.training.learning_rate, 5e-4);
    assert_eq!(paper.student.widths, [64, 128, 256, 256]);
}

#[test]
fn every_setting_reads_what_it_writes() {
    for row in rows() {
        for settings in [Settings::default(), Settings::paper()] {
            let mut read = match settings == Settings::default() {
                true => Settings::paper(),
                false => Settings::default(),
            };
            row.set(&mut read, &row.of(&settings)).unwrap();
            assert_eq!(row.of(&read), row.of(&settings), "{}", row.name);
        }
    }
    let mut built = Settings::default();
    for row in rows() {
        row.set(&mut built, &row.paper()).unwrap();
    }
    assert_eq!(built, Settings::paper());
}

#[test]
fn differences_name_the_settings_and_what_both_have() {
    let settings = Settings::default();
    assert!(settings.differences(&settings.clone()).is_empty());
    let other = with(&[
        ("detection.moments", "global"),
        ("training.iterations", "7"),
        ("training.cache_mib", "1"),
        ("teacher", "random"),
        ("training.level_weights", "1,1,1"),
    ]);
    let told = |differences: Vec<Difference>| -> Vec<String> {
        let told = |one: Difference| format!("{}: {}, {}", one.name, one.mine, one.other);
        differences.into_iter().map(told).collect()
    };
    let expected = [
        "teacher: builtin, random",
        "training.iterations: 2500, 7",
        "training.level_weights: 0.25,0.5,1, 1,1,1",
        "training.cache_mib: 2048, 1",
        "detection.moments: local, global",
    ];
    assert_eq!(told(settings.differences(&other)), expected);
    let decisive = [expected[1], expected[2], expected[4]];
    assert_eq!(told(settings.decisive_differences(&other)), decisive);
}

#[test]
fn the_cosine_falls_from_the_initial_rate_towards_zero() {
    let training = TrainingSettings::default();
    assert_eq!(training.learning_rate_at(0), 1e-3);
    assert!((training.learning_rate_at(1_250) - 5e-4).abs() < 1e-12);
    assert!(training.learning_rate_at(2_499) < 1e-9);
}
