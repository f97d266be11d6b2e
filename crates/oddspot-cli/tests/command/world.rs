//! A folder of a test's own in which `oddspot` is run, with a tiny teacher and made-up boards.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use image::RgbImage;
use oddspot::images::ImageSize;
use oddspot_demo::Defect;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;

/// What makes a training last a fraction of a second.
const TINY: [(&str, &str); 7] = [
    ("--teacher", "teacher.safetensors"),
    ("--image-size", "96"),
    ("--offset", "16"),
    ("--widths", "4,4,8,8"),
    ("--pairs", "8"),
    ("--iterations", "12"),
    ("--threads", "1"),
];

/// Files of a folder: path in it, content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A folder that commands run in, gone with the test.
pub struct World {
    folder: TempDir,
}

/// How a command ended.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl World {
    /// An empty folder but for `teacher.safetensors`.
    pub fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        world.write("teacher.safetensors", teacher([2, 3, 4, 4]));
        world
    }

    /// With `model.oddspot`, trained once for all tests on eight boards. Its thresholds are low,
    /// so that it finds something everywhere.
    pub fn with_model() -> Self {
        static MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let world = World::new();
            world.boards("boards", 8);
            world.succeeds(&mut world.train(
                "boards -o model.oddspot --false-alarm-rate 0.5 --pixel-false-alarm-rate 0.5",
            ));
            world.read("model.oddspot")
        });
        let world = Self::new();
        world.write("model.oddspot", MODEL.as_slice());
        world
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and makes the folders that it needs.
    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub fn make_folder(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }

    /// `<folder>/0.png`, … of sound boards, each another.
    pub fn boards(&self, folder: &str, count: u64) {
        for seed in 0..count {
            self.picture(format!("{folder}/{seed}.png"), &board(seed));
        }
    }

    /// Writes a PNG file, whatever its name.
    pub fn picture(&self, name: impl AsRef<Path>, image: &RgbImage) {
        self.write(name, png(image));
    }

    /// A data set of boards, some without a capacitor.
    pub fn data_set(&self, folder: &str, first: u64) {
        for number in first..first + 6 {
            self.picture(format!("{folder}/train/good/{number}.png"), &board(number));
        }
        for number in first + 100..first + 102 {
            self.picture(format!("{folder}/test/good/{number}.png"), &board(number));
            let (picture, mask) =
                oddspot_demo::defective(ImageSize::square(96), number, Defect::Missing);
            let level = |x: u32, y: u32| {
                let marked = mask.anomalous[y as usize * mask.width + x as usize];
                image::Rgb([255 * u8::from(marked); 3])
            };
            let mask = image::RgbImage::from_fn(96, 96, level);
            self.write(format!("{folder}/test/missing/{number}.png"), png(&picture));
            let file = format!("{folder}/ground_truth/missing/{number}_mask.png");
            self.write(file, png(&mask));
        }
    }

    /// Every file below the folder, by its path in it.
    pub fn files(&self) -> Files {
        let mut files = Files::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    // Links to nowhere and locked files count by their name.
                    let bytes = fs::read(&path).unwrap_or_default();
                    files.insert(name.to_str().unwrap().to_owned(), bytes);
                }
            }
        }
        files
    }

    /// `oddspot` with arguments (split at spaces), run in the folder.
    pub fn oddspot(&self, arguments: &str) -> Command {
        self.prepared(
            Command::new(env!("CARGO_BIN_EXE_oddspot")),
            arguments.split_whitespace(),
        )
    }

    /// `oddspot train` with the settings of [`TINY`] that the arguments do not name.
    pub fn train(&self, arguments: &str) -> Command {
        let mut command = self.oddspot("train");
        let given: Vec<&str> = arguments.split_whitespace().collect();
        command.args(&given);
        for (option, value) in TINY {
            if !given.contains(&option) {
                command.args([option, value]);
            }
        }
        command
    }

    /// The same command where no file may grow past some blocks of 512 bytes: as on a full disk,
    /// but for anyone and without a disk.
    #[cfg(unix)]
    pub fn on_a_full_disk(&self, command: &Command, blocks: usize) -> Command {
        // Ignored, the signal becomes an error of the write.
        self.limited(command, &format!("trap '' XFSZ; ulimit -f {blocks}"))
    }

    /// The same command under limits that a shell sets.
    #[cfg(unix)]
    pub fn limited(&self, command: &Command, limits: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("{limits}; exec \"$0\" \"$@\""))
            .arg(command.get_program());
        let arguments = command.get_args().map(|a| a.to_str().unwrap());
        self.prepared(shell, arguments)
    }

    fn prepared<'a>(
        &self,
        mut command: Command,
        arguments: impl Iterator<Item = &'a str>,
    ) -> Command {
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("ODDSPOT_CACHE", self.path("cache"));
        command
    }

    /// Runs a command that must end with 0.
    pub fn succeeds(&self, command: &mut Command) -> Run {
        self.ends_with(command, 0)
    }

    /// Runs a command that must end with the given status.
    pub fn ends_with(&self, command: &mut Command, code: i32) -> Run {
        let run = Run::from(command.output().unwrap());
        assert_eq!(
            run.code,
            Some(code),
            "{command:?}\n{}{}",
            run.stdout,
            run.stderr
        );
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }

    /// Runs a command that must fail with one sentence that has all of `mentions`, and leave every
    /// file as it was.
    pub fn fails(&self, command: &mut Command, mentions: &[&str]) -> String {
        let before = self.files();
        let message = self.fails_leaving(command, mentions);
        assert_same_files(&before, &self.files());
        message
    }

    /// As [`Self::fails`], but the command may have written something.
    pub fn fails_leaving(&self, command: &mut Command, mentions: &[&str]) -> String {
        let run = self.ends_with(command, 1);
        let mut lines = run.stderr.lines();
        let message = lines
            .find_map(|line| line.strip_prefix("error: "))
            .unwrap_or_else(|| panic!("no error in: {}", run.stderr));
        assert_eq!(lines.next(), None, "after the error: {}", run.stderr);
        for mention in mentions {
            assert!(
                message.contains(mention),
                "'{mention}' is not in: {message}"
            );
        }
        message.to_owned()
    }
}

/// Compares without printing kilobytes of bytes.
fn assert_same_files(before: &Files, after: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(before), names(after));
    for (name, bytes) in before {
        assert!(bytes == &after[name], "{name} has changed");
    }
}

/// A sound board of 96×96 pixels.
pub fn board(seed: u64) -> RgbImage {
    oddspot_demo::good(ImageSize::square(96), seed)
}

/// An image as the bytes of a PNG file.
pub fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// VGG16 of the given widths as a `.safetensors` file in torchvision's names.
pub fn teacher(widths: [usize; 4]) -> Vec<u8> {
    const STAGES: [&[usize]; 4] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21]];
    let mut noise = 1_u32;
    let mut tensors = Vec::new();
    let mut inputs = 3;
    for (indices, width) in STAGES.iter().zip(widths) {
        for index in *indices {
            let scale = (6.0 / (9 * inputs) as f32).sqrt();
            let mut uniform = || {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                scale * ((noise >> 8) as f32 / f32::from(1_u16 << 12) / 2048.0 - 1.0)
            };
            let weights: Vec<f32> = (0..9 * inputs * width).map(|_| uniform()).collect();
            let shape = vec![width, inputs, 3, 3];
            tensors.push((format!("features.{index}.weight"), shape, weights));
            tensors.push((
                format!("features.{index}.bias"),
                vec![width],
                vec![0.0; width],
            ));
            inputs = width;
        }
    }
    let bytes = tensors.into_iter().map(|(name, shape, values)| {
        let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        (name, shape, bytes)
    });
    let stored: Vec<_> = bytes.collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

/// A `.safetensors` file with a text of its header replaced by one of the same length.
pub fn with_header(file: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let (length, _) = SafeTensors::read_metadata(file).unwrap();
    let (header, data) = file.split_at(8 + length);
    let at = header
        .windows(old.len())
        .position(|window| window == old.as_bytes())
        .unwrap_or_else(|| panic!("no '{old}' in {}", String::from_utf8_lossy(header)));
    let mut header = header.to_vec();
    header[at..at + new.len()].copy_from_slice(new.as_bytes());
    [&header, data].concat()
}

/// An image file of the library's tests.
pub fn odd_image(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oddspot/tests/fixtures/images");
    fs::read(folder.join(name)).unwrap()
}
