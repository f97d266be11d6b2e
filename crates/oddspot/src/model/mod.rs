//! The model: everything that is needed to judge an image.

pub(crate) mod examples;
mod file;

pub use file::FORMAT;

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files::{NamedTensors, PackedTensors};
use crate::health::GoodHealth;
use crate::images::{Kinds, RegionOfInterest};
use crate::net::network::Level;
use crate::net::teachers::TeacherIdentity;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::verdict::{TermStatistics, Thresholds};
use crate::view::{GoodAlignment, View, inspected_share};

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
    /// What good images are as files; absent of a model from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<Kinds>,
    /// Thresholds from good images, each judged without having been learned from; but without folds networks have
    /// seen those trained on ([`scores_of_seen`](Self::scores_of_seen)).
    pub thresholds: Thresholds,
    /// Iterations trained.
    pub iterations: usize,
    /// Whether it is the first model of a training that goes on: the closed-form terms alone, until the networks
    /// have learned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_first: bool,
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
    /// Light, focus and colours of good images, and how unlike the others each is.
    #[serde(default)]
    pub health: GoodHealth,
    /// Scores of the good images that lie in the model as it sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<f32>,
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
    /// Whether the image threshold was given, and does not follow from a rate.
    pub given: bool,
    /// The same of the threshold of images to be checked.
    #[serde(default)]
    pub check_given: bool,
}

impl Calibration {
    /// Takes in more good images and their scores; one that was among them has its new score alone. Which are new.
    pub(crate) fn add_good(
        &mut self,
        records: &[ImageRecord],
        (scores, to): (&[f32], &mut Vec<f32>),
    ) -> Vec<bool> {
        let of_before = self.good_images.iter().enumerate();
        let before: HashMap<String, usize> = of_before
            .map(|(at, record)| (record.sha256.clone(), at))
            .collect();
        let add = |(record, &score): (&ImageRecord, &f32)| {
            let known = before.get(&record.sha256).and_then(|&at| to.get_mut(at));
            match known {
                Some(known) => {
                    *known = score;
                    false
                }
                None => {
                    to.push(score);
                    self.good_images.push(record.clone());
                    true
                }
            }
        };
        records.iter().zip(scores).map(add).collect()
    }
}

/// Of so many images `count` of them, spread evenly over their order.
pub(crate) fn spread(images: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(images);
    (0..count).map(move |at| at * images / count)
}

impl Header {
    /// Whether the image threshold, and that of images to be checked, was given as a score, and follows from no rate.
    pub fn given_thresholds(&self) -> [bool; 2] {
        let calibration = self.calibration.as_ref();
        calibration.map_or([false; 2], |one| [one.given, one.check_given])
    }

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

    /// The good images of which the thresholds' scores are, in their order: those trained on, or some of them spread
    /// evenly, if any was judged without having been learned from; those held out; those added later.
    pub fn scored_images(&self) -> Vec<&ImageRecord> {
        if let Some(calibration) = &self.calibration {
            return calibration.good_images.iter().collect();
        }
        let trained = self
            .scored_of_training()
            .map(|image| &self.training_images[image]);
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
        let mut scored = self.scored_of_training();
        let at = match image.checked_sub(self.training_images.len()) {
            None => scored.position(|scored| scored == image)?,
            Some(later) => scored.count() + later,
        };
        self.thresholds.scores.good.get(at).copied()
    }

    /// How many of the thresholds' scores are of images that the networks have learned from: they reach less there,
    /// and are rescaled for it, but are no judgement of an image that was not seen.
    pub fn scores_of_seen(&self) -> usize {
        let training = &self.settings.training;
        let own = self.calibration.is_none() && training.folds < 2;
        match own && self.settings.method.learns() {
            true => self.scored_of_training().count(),
            false => 0,
        }
    }

    /// The images trained on that the thresholds' scores begin with.
    fn scored_of_training(&self) -> impl Iterator<Item = usize> {
        let later = self.held_out_images.len() + self.added_images.len();
        let scored = self.thresholds.scores.good.len().saturating_sub(later);
        spread(self.training_images.len(), scored)
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
    /// The tensors of 8 bits: the terms', and what is inspected
    /// (`region.inspect`).
    pub packed: PackedTensors,
    /// The teacher's weights in canonical names; absent if the model was saved without them.
    pub teacher: Option<NamedTensors>,
}

impl Model {
    /// Inspects from now on only a region, of what it inspects.
    ///
    /// # Errors
    /// Nothing is left to inspect.
    pub fn restrict(&mut self, region: &RegionOfInterest) -> Result<()> {
        let settings = &self.header.settings;
        let of_tensors = (&self.tensors, &self.packed);
        let view = View::of_model(settings, self.header.alignment.as_ref(), of_tensors)?;
        let packed = view.restricted(&self.packed, region)?.packed();
        self.packed.extend(packed);
        Ok(())
    }

    /// Share of the images that it inspects, in [0, 1]; None where that is all of them.
    pub fn inspected_share(&self) -> Option<f64> {
        inspected_share(&self.packed)
    }
}
