//! A small made-up world: boards to learn from, a tiny teacher, one trained model.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use oddspot::image::ImageSize;
use oddspot::scene;
use oddspot::tensor_file::{NamedTensor, Stored, serialize};
use tempfile::TempDir;

/// Side of the boards' pictures.
pub const PICTURE: usize = 144;

/// Settings under which a training takes about a second.
pub const TINY: [&str; 12] = [
    "--image-size",
    "136",
    "--offset",
    "16",
    "--widths",
    "4,4,8,8",
    "--pairs",
    "8",
    "--iterations",
    "12",
    "--threads",
    "1",
];

/// Files that all tests share; removed by the system with its temporary folder.
static WORLD: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap().keep();
    std::fs::write(
        folder.join("teacher.safetensors"),
        teacher_bytes("features"),
    )
    .unwrap();
    boards(&folder.join("good"), 12);
    let model = folder.join("model.oddspot");
    train(&folder.join("good"), &model, &[]).succeeded();
    folder
});

/// A VGG16 of widths 2 to 5 with made-up weights.
pub fn teacher() -> PathBuf {
    WORLD.join("teacher.safetensors")
}

/// Twelve good boards.
pub fn good() -> PathBuf {
    WORLD.join("good")
}

/// A model trained on them.
pub fn model() -> PathBuf {
    WORLD.join("model.oddspot")
}

/// Writes good boards as PNG files.
pub fn boards(folder: &Path, count: u64) {
    std::fs::create_dir_all(folder).unwrap();
    for seed in 0..count {
        let image = scene::good(ImageSize::square(PICTURE), seed);
        image.save(folder.join(format!("{seed:03}.png"))).unwrap();
    }
}

/// Bytes of a `.safetensors` VGG16 under torchvision's names below `prefix`.
pub fn teacher_bytes(prefix: &str) -> Vec<u8> {
    let layers = [
        (0, 3, 2),
        (2, 2, 2),
        (5, 2, 3),
        (7, 3, 3),
        (10, 3, 4),
        (12, 4, 4),
        (14, 4, 4),
        (17, 4, 5),
        (19, 5, 5),
        (21, 5, 5),
    ];
    let mut tensors = BTreeMap::new();
    for (index, inputs, outputs) in layers {
        let count = outputs * inputs * 9;
        let values = (0..count)
            .map(|i| ((i * 31 + index * 7) % 17) as f32 / 17.0 - 0.4)
            .collect();
        let weight = NamedTensor {
            shape: vec![outputs, inputs, 3, 3],
            values,
        };
        let bias = NamedTensor {
            shape: vec![outputs],
            values: vec![0.1; outputs],
        };
        for (part, tensor) in [("weight", weight), ("bias", bias)] {
            let stored = Stored::floats(&tensor);
            tensors.insert(format!("{prefix}.{index}.{part}"), stored);
        }
    }
    serialize(&tensors, "note", String::new()).unwrap()
}

/// What a run of the command gave.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the command failed with one clear line that has all the given parts.
    #[track_caller]
    pub fn failed_saying(self, parts: &[&str]) -> Self {
        let text = &self.stderr;
        assert!(
            !matches!(self.code, Some(0) | None),
            "{:?} {text}",
            self.code
        );
        assert!(!text.contains("panicked"), "{text}");
        let line = text.lines().find(|line| line.starts_with("error: "));
        let line = line.unwrap_or_else(|| panic!("no error line in: {text}"));
        for part in parts {
            assert!(line.contains(part), "'{part}' is not in: {line}");
        }
        self
    }
}

/// The command, with a teachers' folder that is empty.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oddspot"));
    command.env(
        "ODDSPOT_CACHE",
        std::env::temp_dir().join("oddspot-no-teachers"),
    );
    command
}

/// Runs the command.
pub fn oddspot<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    Run::of(command().args(arguments).output().unwrap())
}

/// `oddspot train` with the tiny settings, the tiny teacher, and more arguments.
pub fn train(data: &Path, model: &Path, more: &[&str]) -> Run {
    // The first training makes the shared world, so the teacher is looked for beside it.
    let beside = model.with_file_name("teacher.safetensors");
    let teacher = if beside.exists() { beside } else { teacher() };
    Run::of(
        train_command(data, model, &teacher)
            .args(more)
            .output()
            .unwrap(),
    )
}

/// The command of [`train`].
pub fn train_command(data: &Path, model: &Path, teacher: &Path) -> Command {
    let mut command = command();
    command.arg("train").arg(data).arg("-o").arg(model);
    command.args(TINY).arg("--teacher").arg(teacher);
    command
}

/// `oddspot detect` with the shared model.
pub fn detect(images: &[&Path], output: &Path, more: &[&str]) -> Run {
    let mut command = command();
    command.arg("detect").arg(model()).args(images);
    command.arg("-o").arg(output).args(more);
    Run::of(command.output().unwrap())
}

/// Names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
