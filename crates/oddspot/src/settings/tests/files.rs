//! Settings in files.

use std::path::Path;

use super::*;

/// The default overlaid with a file of that text.
fn overlaid(text: &str) -> Result<Settings> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    Settings::default().overlaid_with_file(&path)
}

#[test]
fn all_presets_are_valid_and_survive_toml_and_json() {
    for settings in [
        Settings::default(),
        Settings::paper(),
        Settings::instant(),
        Settings::compact(),
        with(&[("image_size", "320x256")]),
    ] {
        settings.validate().unwrap();
        let toml = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&toml).unwrap(), settings);
        assert_eq!(overlaid(&toml).unwrap(), settings);
        assert_eq!(overlaid(&settings.to_toml()).unwrap(), settings);
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    }
    assert!(serde_json::from_str::<Settings>("{}").is_err());
}

#[test]
fn a_file_changes_only_the_settings_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let text = "image_size = \"320x192\"\nstudent.output_stride = 4\n[training]\nseed = 7\n\
                learning_rate = 1\n";
    std::fs::write(&path, text).unwrap();
    let laid = Settings::paper().overlaid_with_file(&path).unwrap();
    let size = laid.image_size;
    assert_eq!((size.width, size.height), (320, 192));
    assert_eq!((laid.student.output_stride, laid.training.seed), (4, 7));
    assert_eq!(laid.training.learning_rate, 1.0);
    assert_eq!(laid.training.iterations, 30_000);
    assert_eq!(laid.teacher, "vgg16");
    assert_eq!(laid.differences(&Settings::paper()).len(), 4);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_path_and_line() {
    for (text, line, mentions) in [
        ("a = 1\nimage_size = [", 2, ""),
        (
            "\n[training]\niteration = 7",
            3,
            "there is no setting training.iteration; was training.iterations meant?",
        ),
        (
            "iterations = 7",
            1,
            "no setting iterations; was training.iterations meant?",
        ),
        (
            "[student]\nwidhts = [4, 4, 8, 8]",
            2,
            "was student.widths meant?",
        ),
        ("[trainings]\nseed = 1", 1, "there is no setting trainings"),
        ("qqq = 7", 1, "there is no setting qqq"),
        ("\ntraining = 7", 2, "write [training]"),
        (
            "[training]\niterations = \"many\"",
            2,
            "training.iterations: invalid type: string \"many\"",
        ),
        (
            "[training]\nfeature_norm = \"l3\"",
            2,
            "training.feature_norm: unknown variant `l3`",
        ),
        (
            "[student]\nwidths = [4,\n 4, 8]",
            2,
            "student.widths: invalid length 3",
        ),
        ("image_size = \"wide\"", 1, "image_size: "),
        ("seed = -1", 1, ""),
    ] {
        let error = overlaid(text).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("cannot read the settings of ") && said.contains("c.toml, line "),
            "{said}"
        );
        assert!(said.contains(mentions), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(error.line(), Some(line), "{said}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let missing = Settings::default().overlaid_with_file(Path::new("nowhere.toml"));
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_model_from_before_features_were_scaled_stays_as_it_was() {
    let settings = with(&[
        ("closed_form.memory_scale", "none"),
        ("closed_form.place_levels", "2"),
    ]);
    let json = serde_json::to_string(&settings).unwrap();
    assert!(!json.contains("memory_scale") && !json.contains("place_levels"));
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    let json = serde_json::to_string(&Settings::default()).unwrap();
    assert!(json.contains("\"memory_scale\":\"image\"") && json.contains("\"place_levels\":3"));
}
