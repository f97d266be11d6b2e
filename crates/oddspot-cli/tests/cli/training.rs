//! Determinism, checkpoints, resuming, settings.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use tempfile::tempdir;

use super::common::{Run, boards, good, model, names, oddspot, teacher, train, train_command};

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let folder = tempdir().unwrap();
    let [again, other] = ["again", "other"].map(|name| folder.path().join(name));
    train(&good(), &again, &[]).succeeded();
    train(&good(), &other, &["--seed", "1"]).succeeded();
    assert!(bytes(&again) == bytes(&model()));
    assert!(bytes(&other) != bytes(&model()));
    // Only the models and their logs are left.
    assert_eq!(
        names(folder.path()),
        ["again", "again.log.jsonl", "other", "other.log.jsonl"]
    );
}

/// Interrupts a training after its first steps, as Ctrl-C does.
#[cfg(unix)]
fn interrupted(data: &Path, model: &Path, more: &[&str]) -> Run {
    let mut command = train_command(data, model, &teacher());
    command.args(more);
    let mut child: Child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut stderr = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        stderr += &format!("{line}\n");
        if line.starts_with("training ") {
            break;
        }
    }
    let id = child.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    for line in lines {
        stderr += &format!("{}\n", line.unwrap());
    }
    Run {
        code: child.wait().unwrap().code(),
        stdout: String::new(),
        stderr,
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_and_resumed_training_gives_the_bytes_of_an_uninterrupted_one() {
    let folder = tempdir().unwrap();
    let [whole, broken] = ["whole", "broken"].map(|name| folder.path().join(name));
    let long = ["--iterations", "60"];
    train(&good(), &whole, &long).succeeded();
    let run = interrupted(&good(), &broken, &long);
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(run.stderr.contains("--resume"), "{}", run.stderr);
    assert!(!broken.exists());
    let checkpoint = folder.path().join("broken.checkpoint");
    assert!(checkpoint.exists());

    // The checkpoint is guarded: neither overwritten nor mistaken.
    train(&good(), &broken, &long).failed_saying(&["broken.checkpoint", "--resume", "--restart"]);
    train(&good(), &broken, &["--resume", "--learning-rate", "0.5"])
        .failed_saying(&["broken.checkpoint", "configuration"]);
    let other = folder.path().join("data");
    boards(&other, 13);
    train(&other, &broken, &["--resume", "--iterations", "60"])
        .failed_saying(&["broken.checkpoint", "training images"]);
    oddspot(["inspect".as_ref(), checkpoint.as_os_str()]).failed_saying(&["unfinished"]);

    train(&good(), &broken, &["--resume", "--iterations", "60"]).succeeded();
    assert!(bytes(&broken) == bytes(&whole));
    assert!(!checkpoint.exists());
    let log = std::fs::read_to_string(folder.path().join("broken.log.jsonl")).unwrap();
    let iterations: Vec<u64> = log
        .lines()
        .map(|line| {
            let step: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(step["L_rec"].as_f64().unwrap().is_finite());
            step["iteration"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(iterations, (1..=60).collect::<Vec<u64>>());
}

#[test]
fn resuming_without_a_checkpoint_says_so() {
    let folder = tempdir().unwrap();
    train(&good(), &folder.path().join("m"), &["--resume"])
        .failed_saying(&["m.checkpoint", "without --resume"]);
}

#[test]
fn a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("m");
    let wild = ["--learning-rate", "1e30", "--checkpoint-every", "1"];
    train(&good(), &model, &wild).failed_saying(&["diverged at iteration", "--learning-rate"]);
    assert!(!model.exists());

    let never_saved = folder.path().join("n");
    train(&good(), &never_saved, &["--learning-rate", "1e30"]).failed_saying(&["no checkpoint"]);
    assert_eq!(
        names(folder.path())
            .iter()
            .filter(|n| n.starts_with('n'))
            .count(),
        1,
        "only the log is left"
    );
}

#[test]
fn the_baseline_has_no_classifier() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("m");
    train(&good(), &model, &["--method", "baseline"]).succeeded();
    let run = oddspot(["inspect".as_ref(), model.as_os_str(), "--json".as_ref()]).succeeded();
    let inspection: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(inspection["parameters"]["position"].is_null());
    assert_eq!(inspection["header"]["config"]["method"], "baseline");
    assert_eq!(
        inspection["header"]["training_images"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
    assert_eq!(
        inspection["header"]["held_out_images"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn options_replace_the_file_and_the_file_replaces_the_preset() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[training]\nweight_decay = 0.25\nseed = 9\n").unwrap();
    let model = folder.path().join("m");
    let more = [
        "--preset",
        "paper",
        "--seed",
        "4",
        "--output-stride",
        "8",
        "--config",
    ];
    let mut arguments = more.to_vec();
    arguments.push(file.to_str().unwrap());
    train(&good(), &model, &arguments).succeeded();
    let run = oddspot(["inspect".as_ref(), model.as_os_str(), "--json".as_ref()]).succeeded();
    let inspection: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let training = &inspection["header"]["config"]["training"];
    assert_eq!(training["seed"], 4);
    assert_eq!(training["weight_decay"], 0.25);
    assert_eq!(training["schedule"], "constant");
    assert_eq!(training["feature_norm"], "l2");
}

#[test]
fn data_that_cannot_be_learned_from_is_told_by_name() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let model = root.join("m");
    let make = |name: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    train(&make("empty"), &model, &[]).failed_saying(&["empty", "png"]);
    make("mvtec/train/bad");
    train(&root.join("mvtec"), &model, &[]).failed_saying(&["mvtec", "train/good"]);
    boards(&root.join("single"), 1);
    train(&root.join("single"), &model, &[]).failed_saying(&["one", "two"]);
    train(&root.join("absent"), &model, &[]).failed_saying(&["absent"]);
    boards(&root.join("tested/test/good"), 2);
    train(&root.join("tested"), &model, &[]).failed_saying(&["tested", "train/good"]);
    assert_eq!(
        names(root).iter().filter(|n| n.starts_with('m')).count(),
        1,
        "{:?}",
        names(root)
    );
}

#[test]
fn sizes_that_cannot_work_are_told_with_one_that_does() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("m");
    train(&good(), &model, &["--image-size", "137"])
        .failed_saying(&["image_size", "multiple of 8"]);
    train(&good(), &model, &["--image-size", "72"]).failed_saying(&["image_size", "88x88"]);
    train(&good(), &model, &["--image-size", "128", "--offset", "64"]).failed_saying(&["136x136"]);
    train(&good(), &model, &["--offset", "20"]).failed_saying(&["offset", "multiple"]);
    train(&good(), &model, &["--device", "abacus"]).failed_saying(&["abacus", "cpu"]);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn places_that_cannot_be_written_are_refused_before_training() {
    let folder = tempdir().unwrap();
    train(&good(), folder.path(), &[]).failed_saying(&["is a folder"]);
    let below_a_file = good().join("000.png/m");
    train(&good(), &below_a_file, &[]).failed_saying(&["000.png/m", "-o"]);
    train(&good(), &folder.path().join("none/m"), &[]).failed_saying(&["none/m", "-o"]);
    assert_eq!(names(folder.path()), [""; 0]);
}

/// A limit on file size stands in for a full disk: writes fail past it.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_leaves_no_half_written_model() {
    let folder = tempdir().unwrap();
    let model = folder.path().join("m");
    let train = train_command(&good(), &model, &teacher());
    let line: Vec<String> = std::iter::once(train.get_program())
        .chain(train.get_args())
        .map(|part| format!("'{}'", part.to_str().unwrap()))
        .collect();
    // 16 blocks of 512 bytes hold the log, not the model; the signal is ignored, so that the
    // write fails as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f 16; exec {}", line.join(" "));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("ODDSPOT_CACHE", folder.path().join("cache"))
        .output()
        .unwrap();
    Run::of(output).failed_saying(&["cannot write", "m"]);
    assert_eq!(names(folder.path()), ["m.log.jsonl"]);
}
