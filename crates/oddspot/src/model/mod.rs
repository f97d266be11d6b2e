//! The model: everything that is needed to judge an image.

mod file;

pub use file::FORMAT;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{NamedTensors, PackedTensors};
use crate::net::network::Level;
use crate::net::teachers::TeacherIdentity;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::verdict::{TermStatistics, Thresholds};
use crate::view::GoodAlignment;

/// Name and SHA-256 of a training image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Path below the data set's folder, with `/`; an image from memory has the name that it was
    /// given.
    pub name: String,
    /// Of the file's bytes, or of the pixels of an image from memory, as hexadecimal digits.
    pub sha256: String,
}

impl ImageRecord {
    /// Of an image by its path, below a folder if it lies there.
    pub fn of(path: &Path, root: &Path, sha256: String) -> Self {
        let name = path.strip_prefix(root).unwrap_or(path);
        Self {
            // One spelling on every platform, so that hashes of the records agree.
            name: name.to_string_lossy().replace('\\', "/"),
            sha256,
        }
    }
}

/// A model's text metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of oddspot that wrote it.
    pub oddspot: String,
    /// Full settings of the training.
    pub settings: Settings,
    /// The teacher.
    pub teacher: TeacherIdentity,
    /// Stride and channels of the teacher's levels, fine to coarse.
    pub teacher_levels: Vec<Level>,
    /// How good images lie; absent where images are looked at as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alignment: Option<GoodAlignment>,
    /// What is usual of each term in the training images, in the order of the terms.
    pub terms: Vec<TermStatistics>,
    /// Thresholds from good images, of which each was judged without having been learned from.
    pub thresholds: Thresholds,
    /// Iterations trained.
    pub iterations: usize,
    /// The images trained on.
    pub training_images: Vec<ImageRecord>,
    /// The good images held out for the thresholds.
    pub held_out_images: Vec<ImageRecord>,
    /// Good images that the closed-form terms learned from later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_images: Vec<ImageRecord>,
    /// Pieces that each good image gives, in the order of [`learned_images`](Self::learned_images); absent where
    /// images are looked at whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<usize>,
    /// The images that the thresholds were set by later; absent where they are those of the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// The images that thresholds were set by after the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Good ones, of which the scores are.
    pub good_images: Vec<ImageRecord>,
    /// Bad ones, of which it was told what the thresholds make of them.
    pub bad_images: Vec<ImageRecord>,
    /// The image threshold before, and that of images to be checked.
    pub before: [f64; 2],
    /// Whether the image thresholds were given, and do not follow from rates.
    pub given: bool,
}

impl Header {
    /// Good images that it comes from: learned from, held out or added later.
    pub fn good_images(&self) -> usize {
        self.learned_images().count()
    }

    /// Pieces of them that were looked at; as many as images where these are looked at whole.
    pub fn good_pieces(&self) -> usize {
        match self.pieces.is_empty() {
            true => self.good_images(),
            false => self.pieces.iter().sum(),
        }
    }

    /// The same images, one by one: those trained on, held out, and added later.
    pub fn learned_images(&self) -> impl Iterator<Item = &ImageRecord> {
        let trained = self.training_images.iter().chain(&self.held_out_images);
        trained.chain(&self.added_images)
    }

    /// The good images of which the thresholds' scores are, in their order: some of those trained on, the first
    /// ones, if any was judged without having been learned from; those held out; those added later.
    pub fn scored_images(&self) -> Vec<&ImageRecord> {
        if let Some(calibration) = &self.calibration {
            return calibration.good_images.iter().collect();
        }
        let trained = self.training_images.iter().take(self.scored_of_training());
        let later = self.held_out_images.iter().chain(&self.added_images);
        trained.chain(later).collect()
    }

    /// The score of a good image that it comes from, by its place among [`learned_images`]; None if there is
    /// none, as after a calibration by other images.
    ///
    /// [`learned_images`]: Self::learned_images
    pub fn score_of(&self, image: usize) -> Option<f32> {
        if self.calibration.is_some() {
            return None;
        }
        let scored = self.scored_of_training();
        let at = match image.checked_sub(self.training_images.len()) {
            None if image < scored => image,
            None => return None,
            Some(later) => scored + later,
        };
        self.thresholds.scores.good.get(at).copied()
    }

    /// How many of the images trained on the thresholds' scores begin with.
    fn scored_of_training(&self) -> usize {
        let later = self.held_out_images.len() + self.added_images.len();
        self.thresholds.scores.good.len().saturating_sub(later)
    }

    /// Good images whose score lies far above all others' ([`GoodScores::far`]): look at them, for they
    /// may not be good.
    ///
    /// [`GoodScores::far`]: crate::verdict::GoodScores::far
    pub fn suspicious_images(&self) -> Vec<&ImageRecord> {
        let images = self.scored_images();
        let suspicious = self.thresholds.scores.suspicious().into_iter();
        suspicious
            .filter_map(|at| images.get(at).copied())
            .collect()
    }

    /// What is usual of a term, by its name.
    pub fn term(&self, name: &str) -> Option<&TermStatistics> {
        self.terms.iter().find(|term| term.term == name)
    }
}

/// A model: its header and its tensors.
///
/// ```
/// use oddspot::{Model, Training, settings::Settings, train::GoodImages};
/// # use image::{Rgb, RgbImage};
/// # let plate = |i: u32| RgbImage::from_fn(40, 40, |x, y| {
/// #     Rgb([(x * 5) as u8, (y * 5 + i) as u8, 90])
/// # });
/// # let mut settings = Settings::default();
/// # settings.set("training.iterations", "2")?;
/// # settings.set("student.widths", "8,8,8,8")?;
/// # settings.set("image_size", "104")?;
/// # let folder = tempfile::tempdir().expect("a folder for the file");
/// # let path = folder.path().join("part.oddspot");
///
/// let good: GoodImages = (0..6).map(plate).collect();
/// let model = Training::new(settings, good).run()?;
/// assert_eq!(Model::from_bytes(model.to_bytes()?)?, model);
/// model.save(&path)?;
/// let saved = Model::load(&path)?;
/// println!("trained for {} iterations", saved.header.iterations);
/// # Ok::<(), oddspot::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Everything but the tensors.
    pub header: Header,
    /// Statistics of the teacher's channels.
    pub statistics: ChannelStatistics,
    /// Those of the learned networks (`student.…`, `position.…`), and of the terms (`<term>.…`),
    /// and what images are aligned by (`alignment.…`).
    pub tensors: NamedTensors,
    /// The terms' tensors of 8 bits.
    pub packed: PackedTensors,
    /// The teacher's weights in canonical names; absent if the model was saved without them.
    pub teacher: Option<NamedTensors>,
}
