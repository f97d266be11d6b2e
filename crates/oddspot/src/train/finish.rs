//! After the last step: what is usual of each term over the training images, thresholds from the
//! held-out ones, and the model.

use super::observer::{Observer, Progress};
use super::set::HeldOut;
use super::trainer::Trainer;
use crate::error::Result;
use crate::judge::{Judging, Memory, TeacherSource};
use crate::maps::{MomentSums, ScoreMap, image_level};
use crate::model::{Header, Model};
use crate::net::engine::{Engine, Forward};
use crate::net::learned::LOSS;
use crate::net::teachers::Teacher;
use crate::terms;
use crate::verdict::{TermStatistics, Thresholds};

/// Training images whose scores floor the spread of the held-out ones.
const SPREAD_IMAGES: usize = 64;
/// Pixels of held-out images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;

/// Sums of a term's error, and of images' levels in it.
#[derive(Default)]
struct Sums {
    error: MomentSums,
    levels: MomentSums,
}

impl Trainer {
    /// Scores the training images (for what is usual) and the held-out ones (for the thresholds) and
    /// makes the model, with the teacher inside or without; None if the observer breaks. `ready` is
    /// the teacher made ready.
    ///
    /// # Errors
    /// A training that diverged with its last step; a cache that cannot be read.
    pub fn finish(
        mut self,
        engine: &dyn Engine,
        (teacher, ready): (&Teacher, &dyn Forward),
        keep_teacher: bool,
        held_out: HeldOut,
        observer: &mut dyn Observer,
    ) -> Result<Option<Model>> {
        if self.values.iter().any(|value| !value.is_finite()) {
            // The last step: no loss was computed after it.
            return Err(self.diverged());
        }
        let mut tensors = self.layout.tensors(&self.values);
        tensors.retain(|name, _| !name.starts_with(LOSS));
        let statistics = &self.set.statistics;
        let mut judging =
            Judging::new(engine, &self.settings, &self.learned, &tensors, statistics)?;
        let mut memory = Memory::default();
        let images = self.set.images.len();
        let fits = judging.needs_fitting();
        let passes = if fits { 2 } else { 1 };
        let total = passes * images + held_out.images.len();
        let mut done = 0;
        let mut step = || {
            done += 1;
            observer.progress(&Progress::Scoring { done, total })
        };

        if fits {
            // Errors are computed afterwards: those of all images at once may not fit into memory.
            for (index, image) in self.set.images.iter().enumerate() {
                let source = TeacherSource::Cached(self.set.cache.levels(index)?);
                judging.fit(image, source, &mut memory)?;
                if step().is_break() {
                    return Ok(None);
                }
            }
            judging.finish_fit()?;
        }

        let kinds: Vec<_> = terms::used(&self.settings).collect();
        let levelled = |kind: &terms::Kind| (kind.fusing)(&self.settings).levelled;
        let mut sums: Vec<Sums> = Vec::new();
        sums.resize_with(kinds.len(), Default::default);
        let mut training_errors: Vec<Vec<ScoreMap>> = Vec::new();
        for (index, image) in self.set.images.iter().enumerate() {
            let source = TeacherSource::Cached(self.set.cache.levels(index)?);
            let errors = judging.at_pixels(&judging.errors(image, source, &mut memory)?);
            for ((kind, sums), error) in kinds.iter().zip(&mut sums).zip(&errors) {
                sums.error.add(error);
                if levelled(kind) {
                    sums.levels.add_value(image_level(error));
                }
            }
            if training_errors.len() < SPREAD_IMAGES {
                training_errors.push(errors);
            }
            if step().is_break() {
                return Ok(None);
            }
        }
        let statistics: Vec<TermStatistics> = (kinds.iter().zip(&sums))
            .map(|(kind, sums)| TermStatistics {
                term: kind.name.to_owned(),
                moments: sums.error.finish(),
                image_level: levelled(kind).then(|| sums.levels.finish()),
            })
            .collect();
        let training_scores: Vec<f32> = (training_errors.iter())
            .map(|errors| judging.fuse(errors, &statistics).score())
            .collect();
        drop(training_errors);

        let mut scores = Vec::new();
        let mut pixels = Vec::new();
        let size = self.settings.image_size;
        let every = (size.width * size.height * held_out.images.len()).div_ceil(MOST_PIXELS);
        for image in &held_out.images {
            let errors = judging.errors(image, TeacherSource::Run(ready), &mut memory)?;
            let maps = judging.fuse(&judging.at_pixels(&errors), &statistics);
            scores.push(maps.score());
            pixels.extend(maps.total.values.iter().step_by(every.max(1)));
            if step().is_break() {
                return Ok(None);
            }
        }
        let detection = &self.settings.detection;
        let thresholds = Thresholds::from_good_images(
            &scores,
            &training_scores,
            &mut pixels,
            detection.false_alarm_rate,
            detection.pixel_false_alarm_rate,
        );
        tensors.extend(judging.term_tensors());
        Ok(Some(Model {
            header: Header {
                oddspot: env!("CARGO_PKG_VERSION").to_owned(),
                teacher: self.teacher,
                teacher_levels: self.learned.levels,
                terms: statistics,
                thresholds,
                settings: self.settings,
                iterations: self.iteration,
                training_images: self.set.records,
                held_out_images: held_out.records,
            },
            statistics: self.set.statistics,
            tensors,
            teacher: keep_teacher.then(|| teacher.weights.clone()),
        }))
    }
}
