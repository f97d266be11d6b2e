//! What a setting may be.

use super::*;

/// Name, values at the ends of the range, and values beyond them.
const RANGES: &[(&str, &[&str], &[&str])] = &[
    (
        "image_size",
        &["8", "4096", "8x4096"],
        &["7", "4097", "8x4104"],
    ),
    ("tile", &["8", "none", "300x30000"], &["7", "7x256"]),
    ("tile_overlap", &["0", "15000"], &["15001"]),
    ("bit_depth", &["auto", "8", "16"], &["7", "17"]),
    ("max_megapixels", &["1", "2000"], &["0", "2001"]),
    ("max_side", &["1", "1000000"], &["0", "1000001"]),
    (
        "student.widths",
        &["1,1,1,1", "4096,1,1,4096"],
        &["1,1,0,1", "1,4097,1,1"],
    ),
    (
        "student.output_stride",
        &["1", "2", "4", "8"],
        &["0", "3", "16"],
    ),
    ("position.offset", &["1", "4096"], &["0", "4097"]),
    ("position.pairs", &["1", "65536"], &["0", "65537"]),
    ("position.hidden", &["1", "4096"], &["0", "4097"]),
    (
        "position.negative_slope",
        &["0", "0.999"],
        &["-0.001", "1", "NaN"],
    ),
    (
        "training.iterations",
        &["1", "100000000"],
        &["0", "100000001"],
    ),
    ("training.batch", &["1", "1024"], &["0", "1025"]),
    (
        "training.learning_rate",
        &["1e-300", "1e300"],
        &["0", "-1", "inf", "NaN"],
    ),
    (
        "training.weight_decay",
        &["0", "1e300"],
        &["-1e-9", "inf", "NaN"],
    ),
    (
        "training.level_weights",
        &["0,0,1", "1,1000000,1"],
        &["1,-0.1,1", "1,1,1000001", "1,NaN,1"],
    ),
    ("training.hardest", &["1e-9", "1"], &["0", "1.001", "NaN"]),
    (
        "training.rec_weight",
        &["0.000001", "1000000"],
        &["0", "1000001", "NaN"],
    ),
    (
        "training.seed",
        &["0", "9223372036854775807"],
        &["9223372036854775808"],
    ),
    (
        "training.cache_mib",
        &["0", "9223372036854775807"],
        &["9223372036854775808"],
    ),
    (
        "training.checkpoint_every",
        &["1", "9223372036854775807"],
        &["0", "9223372036854775808"],
    ),
    ("detection.smoothing", &["0", "64"], &["-1", "64.5", "NaN"]),
    (
        "detection.pos_smoothing",
        &["0", "64"],
        &["-1", "64.5", "NaN"],
    ),
    (
        "detection.reconstruction_weight",
        &["0.001", "100"],
        &["0", "101", "NaN"],
    ),
    (
        "closed_form.gaussian_weight",
        &["0", "100"],
        &["-0.1", "101", "NaN"],
    ),
    (
        "closed_form.memory_weight",
        &["0", "100"],
        &["-0.1", "101", "NaN"],
    ),
    ("closed_form.channels", &["1", "1024"], &["0", "1025"]),
    ("closed_form.block", &["1", "64"], &["0", "65"]),
    ("closed_form.place_levels", &["1", "16"], &["0", "17"]),
    ("closed_form.window", &["1", "9"], &["0", "2", "11"]),
    (
        "closed_form.shrinkage",
        &["0.00001", "1"],
        &["0", "1.5", "NaN"],
    ),
    ("closed_form.parts", &["2", "100"], &["1", "101"]),
    ("closed_form.components", &["1", "1024"], &["0", "1025"]),
    ("closed_form.remembered", &["2", "100000"], &["1", "100001"]),
    (
        "closed_form.remembered_pieces",
        &["0", "100000"],
        &["100001"],
    ),
    (
        "detection.pos_weight",
        &["0.001", "100"],
        &["0", "101", "NaN"],
    ),
    (
        "detection.false_alarm_rate",
        &["0.0001", "0.5"],
        &["0", "0.51", "NaN"],
    ),
    ("training.folds", &["1", "20"], &["0", "21"]),
    (
        "detection.check_rate",
        &["0.0001", "0.5"],
        &["0", "0.51", "NaN"],
    ),
    (
        "detection.pixel_false_alarm_rate",
        &["0.0001", "0.5"],
        &["0", "0.51", "NaN"],
    ),
];

/// What validation says of the default with these changes.
fn said(values: &[(&str, &str)]) -> String {
    match with(values).validate() {
        Err(error) => error.to_string(),
        Ok(()) => "valid".to_owned(),
    }
}

#[test]
fn every_range_is_checked_at_both_ends() {
    for (name, inside, outside) in RANGES {
        let row = row(name).unwrap();
        for text in *inside {
            row.check(&with(&[(name, text)])).unwrap();
        }
        for text in *outside {
            let settings = with(&[(name, text)]);
            let error = row.check(&settings).unwrap_err();
            assert_eq!(error.subject(), &Subject::Setting(row.name));
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.reason().contains("must"), "{error}");
            assert_eq!(
                settings.validate().unwrap_err().to_string(),
                error.to_string()
            );
        }
    }
    let checked = |row: &Row| RANGES.iter().any(|(name, ..)| *name == row.name);
    for row in rows() {
        assert_eq!(checked(row), !row.range().is_empty(), "{}", row.name);
    }
}

#[test]
fn a_value_out_of_range_is_told_with_what_may_be() {
    for (name, text, expected) in [
        (
            "training.iterations",
            "0",
            "0: must lie between 1 and 100000000",
        ),
        ("student.output_stride", "3", "3: must be 1, 2, 4 or 8"),
        (
            "student.widths",
            "4,4,8,0",
            "4,4,8,0: each must lie between 1 and 4096",
        ),
        (
            "training.learning_rate",
            "0",
            "0: must be a finite number above 0",
        ),
        (
            "training.weight_decay",
            "-0.5",
            "-0.5: must be a finite number of 0 or more",
        ),
        (
            "training.hardest",
            "2",
            "2: must lie above 0 and be at most 1",
        ),
        (
            "position.negative_slope",
            "1",
            "1: must be at least 0 and lie below 1",
        ),
        (
            "image_size",
            "8192",
            "8192: each must lie between 8 and 4096",
        ),
    ] {
        assert_eq!(
            said(&[(name, text)]),
            format!("bad setting: {name}: {expected}")
        );
    }
}

#[test]
fn a_text_that_is_no_value_is_told_with_the_settings_name() {
    for (name, text, mentions) in [
        (
            "training.iterations",
            "many",
            "'many' is not a whole number",
        ),
        ("training.iterations", "-1", "'-1' is not a whole number"),
        ("training.hardest", "", "'' is not a number"),
        (
            "training.optimizer",
            "Adam",
            "'Adam' is not one of adam, muon",
        ),
        (
            "student.widths",
            "4,4,8",
            "'4,4,8' must be 4 numbers with commas",
        ),
        ("training.level_weights", "1,1,x", "'x' is not a number"),
        ("image_size", "wide", "'wide' is not a size"),
        ("tile", "wide", "'wide' is not a size"),
        ("tile", "off", "or 'none'"),
        (
            "bit_depth",
            "deep",
            "'deep' is neither 'auto' nor a number of bits",
        ),
    ] {
        let mut settings = Settings::default();
        let error = settings.set(name, text).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(mentions), "{error}");
        assert_eq!(settings, Settings::default());
    }
    for (name, said) in [
        (
            "iterations",
            "bad settings: there is no setting iterations; was training.iterations meant?",
        ),
        ("qqq", "bad settings: there is no setting qqq"),
    ] {
        let error = Settings::default().set(name, "1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn every_rule_between_settings_is_told_with_its_setting() {
    for (values, mentions) in [
        (
            &[("image_size", "250x256")][..],
            "image_size: 250x256: each side must be a multiple of 8; the nearest is 248x256",
        ),
        (
            &[("image_size", "96")],
            "smallest square that works is 104x104; raise",
        ),
        (&[("image_size", "104")], "valid"),
        (&[("tile", "256x128")], "valid"),
        (
            &[("tile", "256"), ("alignment", "shift")],
            "tile: 256: images that are cut into pieces cannot be aligned; set alignment to none",
        ),
        (
            &[("tile", "256x64")],
            "tile_overlap: 32: must be less than half of the shorter side of a piece (64 pixels)",
        ),
        (
            &[("image_size", "128x64")],
            "image_size: 128x64 is too small",
        ),
        (&[("image_size", "8"), ("method", "baseline")], "valid"),
        (
            &[("position.offset", "20")],
            "position.offset: 20: must be a multiple of student.output_stride (8)",
        ),
        (
            &[("position.offset", "20"), ("student.output_stride", "4")],
            "valid",
        ),
        (
            &[("training.batch", "1024"), ("image_size", "264")],
            "student.widths: 32 channels at every 1 pixels of 1024 images",
        ),
        (
            &[("image_size", "2048"), ("student.output_stride", "1")],
            "student.widths: 256 channels at every 1 pixels of 1 images of 2048x2048, and the other layers, take more than 2 GiB",
        ),
        (
            &[
                ("image_size", "2048"),
                ("student.output_stride", "1"),
                ("student.widths", "4,4,4,4"),
            ],
            "more than 2 GiB",
        ),
        (&[("image_size", "2048")], "valid"),
        (
            &[("image_size", "4096"), ("method", "instant")],
            "image_size: 4096x4096: a teacher takes more than 2 GiB",
        ),
        (
            &[("training.level_weights", "0,0,0")],
            "training.level_weights: 0,0,0: one at least",
        ),
    ] {
        let text = said(values);
        assert!(text.contains(mentions), "{values:?}: {text}");
    }
}
