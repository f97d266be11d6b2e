//! Model files that are damaged, of another kind, or of another time.

use std::path::Path;

use tempfile::tempdir;

use super::common::{Run, command, good, model, teacher, train};

fn judge_with(model: &Path, output: &Path) -> Run {
    let mut command = command();
    command
        .arg("detect")
        .arg(model)
        .arg(good())
        .arg("-o")
        .arg(output);
    Run::of(command.output().unwrap())
}

/// Asserts that a file of these bytes is refused as a model, naming it, before anything is
/// written.
#[track_caller]
fn refused(bytes: &[u8], parts: &[&str]) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bad.oddspot");
    std::fs::write(&path, bytes).unwrap();
    let found = folder.path().join("found");
    let mut said = vec!["bad.oddspot"];
    said.extend(parts);
    judge_with(&path, &found).failed_saying(&said);
    assert!(!found.exists());
}

fn replaced(old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = std::fs::read(model()).unwrap();
    let at = bytes
        .windows(old.len())
        .position(|window| window == old.as_bytes())
        .unwrap_or_else(|| panic!("no {old} in the model"));
    bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
    bytes
}

#[test]
fn truncated_models_are_refused() {
    let bytes = std::fs::read(model()).unwrap();
    for length in [0, 7, 8, 100, 5000, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..length], &["truncated"]);
    }
}

#[test]
fn a_newer_format_asks_for_a_newer_program() {
    refused(
        &replaced(r#"\"format\":3"#, r#"\"format\":9"#),
        &["format 9", "newer"],
    );
}

#[test]
fn tensors_of_other_shapes_or_names_are_refused() {
    refused(
        &replaced("student.conv1.weight", "student.conv1.wright"),
        &["student.conv1.weight"],
    );
    refused(
        &replaced(r#"\"widths\":[4,4,8,8]"#, r#"\"widths\":[4,4,8,9]"#),
        &["student.conv4.weight", "shape"],
    );
}

#[test]
fn values_that_are_not_numbers_are_refused() {
    let mut bytes = std::fs::read(model()).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(&bytes, &["NaN"]);
}

/// The model with every value of a tensor replaced.
fn with_tensor(name: &str, value: f32) -> Vec<u8> {
    let mut bytes = std::fs::read(model()).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let offset = |i: usize| {
        let offset = &header[name]["data_offsets"][i];
        8 + length + offset.as_u64().unwrap() as usize
    };
    for at in (offset(0)..offset(1)).step_by(4) {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

#[test]
fn a_model_whose_scores_overflow_is_an_error_and_never_a_good_verdict() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("wild.oddspot");
    for name in ["student.head3.weight", "position.fc1.weight"] {
        std::fs::write(&path, with_tensor(name, 3e38)).unwrap();
        let run = judge_with(&path, &folder.path().join("found"))
            .failed_saying(&["wild.oddspot", "not finite"]);
        assert!(!run.stdout.contains("good "), "{name}: {}", run.stdout);
    }
}

#[test]
fn a_giant_header_is_refused() {
    let mut bytes = std::fs::read(model()).unwrap();
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    refused(&bytes, &["header"]);
}

#[test]
fn other_files_are_not_taken_for_models() {
    refused(&std::fs::read(good().join("000.png")).unwrap(), &[]);
    refused(
        &std::fs::read(teacher()).unwrap(),
        &["not an oddspot model", "--teacher"],
    );
    let folder = tempdir().unwrap();
    let absent = folder.path().join("absent.oddspot");
    judge_with(&absent, &folder.path().join("found")).failed_saying(&["absent.oddspot"]);
}

#[test]
fn a_model_is_not_taken_for_a_teacher() {
    let folder = tempdir().unwrap();
    let path = model();
    let more = ["--teacher", path.to_str().unwrap()];
    train(&good(), &folder.path().join("m"), &more)
        .failed_saying(&["model.oddspot", "not a teacher"]);
}
