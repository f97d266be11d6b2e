//! After the last step: μ and σ over the training images (of each place first, if they are local),
//! thresholds from the held-out ones,
//! and the model.

use std::ops::ControlFlow;

use super::{HeldOut, Trainer, TrainingSet};
use crate::config::{ImageLevel, Method, Moments};
use crate::cpu::Memory;
use crate::error::{Error, Result};
use crate::error_maps::{ErrorMaps, GridErrors, LevelMoments, level_sums};
use crate::image_level::image_level;
use crate::judge::Judge;
use crate::local_moments::LocalSums;
use crate::model_file::{Header, Model};
use crate::moments::MomentSums;
use crate::scoring::{AnomalyMaps, Normalisation};
use crate::teacher::Teacher;
use crate::tensor_file::{FORMAT, NamedTensors};
use crate::threshold::Thresholds;

/// Training images whose scores floor the spread of the held-out ones.
const SPREAD_IMAGES: usize = 64;
/// Pixels of held-out images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;

impl Trainer {
    /// Scores the training images (for μ and σ) and the held-out ones (for the thresholds)
    /// and makes the model; None if `progress`, told after each image how many of how many
    /// are done, breaks.
    ///
    /// `teacher_weights` go into the model if given.
    ///
    /// # Errors
    /// A cache that cannot be read.
    pub fn finish(
        mut self,
        teacher: &Teacher,
        teacher_weights: Option<NamedTensors>,
        held_out: HeldOut,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Model>> {
        let mut tensors = self.engine.tensors();
        tensors.retain(|name, _| !name.starts_with("loss."));
        let statistics = self.set.statistics.clone();
        let channels = self.teacher_channels;
        let judge = Judge::new(&self.config, &tensors, channels, statistics, &self.device)
            .map_err(|reason| Error::config("student", reason))?;
        let mut memory = Memory::default();
        let images = self.set.images.len();
        let passes = match self.config.detection.moments {
            Moments::Global => 1,
            Moments::Local => 2,
        };
        let total = passes * images + held_out.images.len();
        let mut done = 0;
        let mut step = || {
            done += 1;
            progress(done, total)
        };

        let local = match self.config.detection.moments {
            Moments::Global => None,
            Moments::Local => match level_moments(&judge, &mut self.set, &mut memory, &mut step)? {
                None => return Ok(None),
                moments => moments,
            },
        };
        let at_pixels = |errors: GridErrors| errors.at_pixels(&self.config, local.as_ref());

        let [mut rec, mut pos, mut levels]: [MomentSums; 3] = Default::default();
        let mut training_errors: Vec<ErrorMaps> = Vec::new();
        for (index, image) in self.set.images.iter().enumerate() {
            let cache = &mut self.set.cache;
            let errors = at_pixels(judge.cached_errors(image, cache, index, &mut memory)?);
            rec.add(&errors.rec);
            levels.add_value(image_level(&errors.rec));
            if let Some(map) = &errors.pos {
                pos.add(map);
            }
            if training_errors.len() < SPREAD_IMAGES {
                training_errors.push(errors);
            }
            if step().is_break() {
                return Ok(None);
            }
        }
        let normalisation = Normalisation {
            rec: rec.finish(),
            pos: (self.config.method == Method::Full).then(|| pos.finish()),
            image_level: (self.config.detection.image_level == ImageLevel::Levelled)
                .then(|| levels.finish()),
        };
        let detection = &self.config.detection;
        let fuse = |errors: &ErrorMaps| AnomalyMaps::fuse(errors, &normalisation, detection);
        let training_scores: Vec<f32> = training_errors
            .iter()
            .map(|errors| fuse(errors).score())
            .collect();

        let mut scores = Vec::new();
        let mut pixels = Vec::new();
        let size = self.config.image_size;
        let every = (size.width * size.height * held_out.images.len()).div_ceil(MOST_PIXELS);
        for image in &held_out.images {
            let maps = fuse(&at_pixels(judge.errors(image, teacher, &mut memory)));
            scores.push(maps.score());
            pixels.extend(maps.total.values.iter().step_by(every.max(1)));
            if step().is_break() {
                return Ok(None);
            }
        }
        let thresholds = Thresholds::from_good_images(
            &scores,
            &training_scores,
            &mut pixels,
            self.config.detection.false_alarm_rate,
            self.config.detection.pixel_false_alarm_rate,
        );

        Ok(Some(Model {
            header: Header {
                format: FORMAT,
                oddspot: env!("CARGO_PKG_VERSION").to_owned(),
                config: self.config,
                teacher: self.teacher,
                teacher_channels: self.teacher_channels,
                normalisation,
                thresholds,
                iterations: self.iteration,
                training_images: self.set.records,
                held_out_images: held_out.records,
            },
            statistics: self.set.statistics,
            local,
            networks: tensors,
            teacher: teacher_weights,
        }))
    }
}

/// What is usual of each level's error at each place of the training images; None if `step`, told
/// after each image, breaks.
///
/// The errors are computed anew afterwards: those of all images at once may not fit into memory.
fn level_moments(
    judge: &Judge,
    set: &mut TrainingSet,
    memory: &mut Memory,
    mut step: impl FnMut() -> ControlFlow<()>,
) -> Result<Option<LevelMoments>> {
    let mut sums = level_sums();
    for (index, image) in set.images.iter().enumerate() {
        let errors = judge.cached_errors(image, &mut set.cache, index, memory)?;
        for (sums, level) in sums.iter_mut().zip(&errors.levels) {
            sums.add(level);
        }
        if step().is_break() {
            return Ok(None);
        }
    }
    Ok(Some(sums.each_ref().map(LocalSums::finish)))
}
