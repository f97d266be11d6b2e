//! What computes a training's gradients: the kernels of this library on the CPU, or another device of
//! another crate.

use half::f16;

use crate::error::Result;
use crate::net::engine::Engine;
use crate::net::learned::Learned;
use crate::net::tensors::Layout;
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::terms::position::Pair;

/// A device that trains networks.
pub trait TrainingEngine: Engine {
    /// Makes ready to compute the gradients of networks whose values lie in a layout.
    ///
    /// # Errors
    /// Networks that the device cannot train.
    fn gradients(
        &self,
        settings: &Settings,
        learned: &Learned,
        layout: &Layout,
        values: &[f32],
    ) -> Result<Box<dyn Gradients>>;
}

/// What a step is computed on.
pub struct Batch<'a> {
    /// Normalised images `[batch, height, width, 3]`.
    pub images: &'a [f32],
    /// Number of images.
    pub count: usize,
    /// The teacher's levels of each image.
    pub targets: &'a mut dyn Targets,
    /// Statistics of the teacher's channels.
    pub statistics: &'a ChannelStatistics,
    /// The pairs drawn for the images; none in the baseline.
    pub pairs: &'a [Pair],
}

/// The teacher's levels of the images of a batch.
pub trait Targets {
    /// A level of an image, both counted from 0, `[height, width, channels]`, as the student is
    /// compared with it.
    ///
    /// # Errors
    /// A cache that cannot be read.
    fn level(&mut self, image: usize, level: usize) -> Result<&[f16]>;
}

/// What a step found before it changed anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// `L_rec`.
    pub rec: f32,
    /// `L_pos`; absent in the baseline.
    pub pos: Option<f32>,
    /// Share of the pairs that the classifier placed rightly; absent in the baseline.
    pub position_accuracy: Option<f64>,
    /// What is minimised.
    pub total: f32,
}

impl Losses {
    /// Whether all of them are; otherwise the step is not made.
    pub fn are_finite(&self) -> bool {
        self.rec.is_finite() && self.pos.is_none_or(f32::is_finite) && self.total.is_finite()
    }
}

/// Networks made ready to compute gradients.
pub trait Gradients: Send {
    /// The losses of a batch at some values, and their gradients, in the layout's order. On the
    /// `first` batch the weights of the losses are set from its losses first, in `values`. At losses
    /// that are not finite, the gradients mean nothing.
    ///
    /// # Errors
    /// A cache that cannot be read; a device that fails.
    fn compute(
        &mut self,
        values: &mut [f32],
        first: bool,
        batch: Batch,
        gradients: &mut [f32],
    ) -> Result<Losses>;

    /// Takes over values that have changed.
    ///
    /// # Errors
    /// A device that fails.
    fn refresh(&mut self, values: &[f32]) -> Result<()>;
}
