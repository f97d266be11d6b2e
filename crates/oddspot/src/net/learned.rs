//! Everything that is learned: the student, the position classifier, and the weights of their losses.

use super::classifier::classifier;
use super::network::{Level, Network};
use super::student::{LEVELS, Student};
use super::tensors::{Layout, TensorSpec};
use crate::error::{Error, Result};
use crate::settings::{Method, Settings};

/// Prefix of the losses' weights.
pub const LOSS: &str = "loss.";

/// `s_rec` and `s_pos`, the learned weights of the losses.
pub const LOSS_WEIGHTS: [&str; 2] = ["loss.rec", "loss.pos"];

/// The networks that are learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The student, absent where nothing is trained.
    pub student: Option<Student>,
    /// The position classifier, absent in the baseline.
    pub classifier: Option<Network>,
    /// The teacher's levels that the student follows.
    pub levels: Vec<Level>,
}

impl Learned {
    /// The networks of some settings for a teacher with these levels, fine to coarse.
    ///
    /// # Errors
    /// Levels that the student cannot follow, that the image's size does not divide into, or of which
    /// none counts.
    pub fn new(settings: &Settings, levels: &[Level]) -> Result<Self> {
        check(settings, levels)?;
        let learns = settings.method.learns();
        let student = match learns {
            true => Some(Student::new(&settings.student, levels)?),
            false => None,
        };
        let features = levels.last().map_or(0, |level| level.channels);
        let full = settings.method == Method::Full;
        Ok(Self {
            student,
            classifier: full.then(|| classifier(&settings.position, features)),
            levels: levels.to_vec(),
        })
    }

    /// The student of a method that trains one.
    ///
    /// # Errors
    /// A method that trains none.
    pub fn student(&self) -> Result<&Student> {
        (self.student.as_ref()).ok_or_else(|| Error::internal("a method without a student"))
    }

    /// The tensors of both networks.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let student = self
            .student
            .iter()
            .flat_map(|student| student.network.tensors());
        let classifier = self.classifier.iter().flat_map(Network::tensors);
        student.chain(classifier).collect()
    }

    /// All learned values in one row, the weights of the losses last.
    pub fn layout(&self) -> Layout {
        let scalar = |name: &str| TensorSpec {
            name: name.to_owned(),
            ..TensorSpec::zeros("", "", 1)
        };
        let weights = LOSS_WEIGHTS.into_iter().map(scalar);
        let weights = weights.filter(|_| self.classifier.is_some());
        Layout::of(self.tensors().into_iter().chain(weights))
    }
}

/// Refuses settings that do not go with a teacher's levels.
fn check(settings: &Settings, levels: &[Level]) -> Result<()> {
    let size = settings.image_size;
    let coarsest = levels.iter().map(|level| level.stride).max().unwrap_or(1);
    if !size.width.is_multiple_of(coarsest) || !size.height.is_multiple_of(coarsest) {
        return Err(Error::setting(
            "image_size",
            format!(
                "{size}: each side must be a multiple of {coarsest} for this teacher, whose coarsest \
                 level has a feature every {coarsest} pixels"
            ),
        ));
    }
    let weights = level_weights(settings, levels.len());
    if settings.method.learns() && weights.iter().all(|&weight| weight == 0.0) {
        return Err(Error::setting(
            "training.level_weights",
            "the weights of all levels that this teacher has are 0",
        ));
    }
    Ok(())
}

/// The weight of each of a teacher's levels: of the student's three, those that it has.
pub fn level_weights(settings: &Settings, levels: usize) -> &[f64] {
    &settings.training.level_weights[LEVELS.saturating_sub(levels)..]
}
