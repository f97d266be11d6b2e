//! After the last step: what is usual of each term over the good images, thresholds from those that
//! were not learned from, and the model.

use super::closed_form::ClosedForm;
use super::observer::{Observer, Progress};
use super::set::{HeldOut, TrainingSet};
use super::trainer::Trainer;
use crate::error::Result;
use crate::files::NamedTensors;
use crate::judge::{Judging, Memory, TeacherSource, TermErrors};
use crate::maps::{MomentSums, ScoreMap, image_level};
use crate::model::{Header, Model};
use crate::net::engine::{Engine, Forward};
use crate::net::learned::{LOSS, Learned};
use crate::net::teachers::{Teacher, TeacherIdentity};
use crate::settings::{Settings, Units};
use crate::terms::channels::ChannelStatistics;
use crate::terms::{self, Kind};
use crate::verdict::{TermStatistics, Thresholds};

/// Training images whose scores count, at most.
const MOST_IMAGES: usize = 400;
/// Pixels of good images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 16 << 20;
/// The share of images whose maximum a term's unit is not below.
const UNIT_QUANTILE: f64 = 0.75;
/// The least unit: that of a term which finds next to nothing in any good image.
const LEAST_UNIT: f64 = 0.1;

/// The least trust, so that a unit stays a number.
const LEAST_TRUST: f64 = 1e-3;

/// Sums of a term's error, and of images' levels in it.
#[derive(Default)]
struct Sums {
    error: MomentSums,
    levels: MomentSums,
}

/// What a model is made of, before it is known what is usual.
pub(super) struct Finishing<'a> {
    pub settings: &'a Settings,
    pub identity: &'a TeacherIdentity,
    pub learned: &'a Learned,
    /// Of the learned networks.
    pub tensors: NamedTensors,
    pub closed_form: &'a ClosedForm,
    pub set: &'a mut TrainingSet,
    pub held_out: &'a HeldOut,
    pub iterations: usize,
    /// With the teacher's weights inside.
    pub keep_teacher: bool,
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
        of_teacher: (&Teacher, &dyn Forward),
        keep_teacher: bool,
        mut held_out: HeldOut,
        observer: &mut dyn Observer,
    ) -> Result<Option<Model>> {
        let closed_form =
            ClosedForm::fit(&self.settings, &self.learned, &mut self.set, &mut held_out)?;
        self.finish_with(
            engine,
            of_teacher,
            keep_teacher,
            (&closed_form, &held_out),
            observer,
        )
    }

    /// The same with closed-form terms that are fitted already.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub(super) fn finish_with(
        mut self,
        engine: &dyn Engine,
        of_teacher: (&Teacher, &dyn Forward),
        keep_teacher: bool,
        (closed_form, held_out): (&ClosedForm, &HeldOut),
        observer: &mut dyn Observer,
    ) -> Result<Option<Model>> {
        if self.values.iter().any(|value| !value.is_finite()) {
            // The last step: no loss was computed after it.
            return Err(self.diverged());
        }
        let mut tensors = self.layout.tensors(&self.values);
        tensors.retain(|name, _| !name.starts_with(LOSS));
        let finishing = Finishing {
            settings: &self.settings,
            identity: &self.teacher,
            learned: &self.learned,
            tensors,
            closed_form,
            set: &mut self.set,
            held_out,
            iterations: self.iteration,
            keep_teacher,
        };
        finishing.model(engine, of_teacher, observer)
    }
}

impl Finishing<'_> {
    /// The model; None if the observer breaks.
    ///
    /// # Errors
    /// A cache that cannot be read.
    pub fn model(
        self,
        engine: &dyn Engine,
        (teacher, ready): (&Teacher, &dyn Forward),
        observer: &mut dyn Observer,
    ) -> Result<Option<Model>> {
        let Self {
            settings,
            learned,
            mut tensors,
            closed_form,
            set,
            held_out,
            ..
        } = self;
        let packed = &closed_form.packed;
        tensors.extend(closed_form.tensors.clone());
        let statistics = &set.statistics;
        let mut judging = Judging::new(engine, settings, learned, (&tensors, packed), statistics)?;
        let mut memory = Memory::default();
        let (trained_on, unseen) = (set.images.len(), held_out.images.len());
        let learns = settings.method.learns();
        let fits = judging.needs_fitting();
        let passes = usize::from(fits) + usize::from(learns);
        let total = (passes * trained_on + unseen).max(1);
        let mut done = 0;
        let mut step = || {
            done += 1;
            observer.progress(&Progress::Scoring { done, total })
        };

        if fits {
            // Errors are computed afterwards: those of all images at once may not fit into memory.
            for (index, image) in set.images.iter().enumerate() {
                let source = TeacherSource::Cached(set.cache.levels(index)?);
                judging.fit(image, source, &mut memory)?;
                if step().is_break() {
                    return Ok(None);
                }
            }
            judging.finish_fit()?;
        }

        let kinds: Vec<&'static Kind> = terms::used(settings).collect();
        let levelled = |kind: &Kind| (kind.fusing)(settings).levelled;
        let mut sums: Vec<Sums> = Vec::new();
        sums.resize_with(kinds.len(), Default::default);
        let mut add = |at: usize, error: &ScoreMap| {
            sums[at].error.add(error);
            if levelled(kinds[at]) {
                sums[at].levels.add_value(image_level(error));
            }
        };
        // Of the training images, the first ones; of the held-out ones, all.
        let mut seen_errors = Vec::new();
        let mut unseen_errors = Vec::new();
        if learns {
            for (index, image) in set.images.iter().enumerate() {
                let source = TeacherSource::Cached(set.cache.levels(index)?);
                let errors = judging.errors(image, source, &mut memory)?;
                let at_pixels = judging.at_pixels(&errors);
                for (at, error) in at_pixels.iter().enumerate() {
                    if !kinds[at].closed_form {
                        add(at, error);
                    }
                }
                if index < MOST_IMAGES {
                    seen_errors.push(errors);
                }
                if step().is_break() {
                    return Ok(None);
                }
            }
            for image in &held_out.images {
                let source = TeacherSource::Run(ready);
                unseen_errors.push(judging.errors(image, source, &mut memory)?);
                if step().is_break() {
                    return Ok(None);
                }
            }
        }
        for (at, kind) in kinds.iter().enumerate() {
            for errors in closed_form.left_out.get(kind.name).into_iter().flatten() {
                add(at, &judging.term_at_pixels(at, errors));
            }
        }
        let mut statistics: Vec<TermStatistics> = (kinds.iter().zip(&sums))
            .map(|(kind, sums)| TermStatistics {
                term: kind.name.to_owned(),
                moments: sums.error.finish(),
                image_level: levelled(kind).then(|| sums.levels.finish()),
                unit: None,
            })
            .collect();

        // What the terms say of an image that they did not learn from.
        let left_out = |errors: &mut TermErrors, image: usize| {
            errors.resize_with(kinds.len(), Vec::new);
            for (errors, kind) in errors.iter_mut().zip(&kinds) {
                if let Some(of_images) = closed_form.left_out.get(kind.name) {
                    errors.clone_from(&of_images[image]);
                }
            }
        };
        seen_errors
            .iter_mut()
            .enumerate()
            .for_each(|(image, errors)| left_out(errors, image));
        if learns {
            for (index, errors) in unseen_errors.iter_mut().enumerate() {
                left_out(errors, trained_on + index);
            }
        } else {
            unseen_errors.resize_with(trained_on + unseen, Vec::new);
            unseen_errors
                .iter_mut()
                .enumerate()
                .for_each(|(image, errors)| left_out(errors, image));
        }
        // In units of what images like these reach: a term that is trained reaches less in the images that
        // it has learned from.
        let units = |statistics: &mut [TermStatistics], images: &[TermErrors]| {
            for (at, kind) in kinds.iter().enumerate() {
                let peak = |errors: &Vec<ScoreMap>| {
                    let error = judging.term_at_pixels(at, errors);
                    judging.term_map(at, &error, &statistics[at]).peak().0
                };
                let peaks: Vec<f32> = match closed_form.left_out.get(kind.name) {
                    Some(of_images) => of_images.iter().map(peak).collect(),
                    None => images.iter().map(|errors| peak(&errors[at])).collect(),
                };
                let weight = (kind.fusing)(settings).weight.max(f64::MIN_POSITIVE);
                let reached = (upper_quartile(peaks) / weight).max(LEAST_UNIT);
                let trust = (kind.trust)(&statistics[at].moments).max(LEAST_TRUST);
                statistics[at].unit = Some(reached / trust);
            }
        };
        let mut of_seen = statistics.clone();
        if settings.detection.units == Units::Reached {
            units(&mut statistics, &unseen_errors);
            units(&mut of_seen, &seen_errors);
        }

        let fuse = |errors: &TermErrors, statistics: &[TermStatistics]| {
            judging.fuse(&judging.at_pixels(errors), statistics)
        };
        let training_scores: Vec<f32> = (seen_errors.iter())
            .map(|errors| fuse(errors, &of_seen).score())
            .collect();
        // Where no term judges a training image as if it had been left out, they only floor the spread.
        let mut scores = match closed_form.left_out.is_empty() {
            true => Vec::new(),
            false => training_scores.clone(),
        };
        drop(seen_errors);
        let mut pixels = Vec::new();
        let size = settings.image_size;
        let every = (size.width * size.height * unseen_errors.len()).div_ceil(MOST_PIXELS);
        for errors in &unseen_errors {
            let maps = fuse(errors, &statistics);
            scores.push(maps.score());
            pixels.extend(maps.total.values.iter().step_by(every.max(1)));
        }
        let detection = &settings.detection;
        let thresholds = Thresholds::from_good_images(
            &scores,
            &training_scores,
            &mut pixels,
            detection.false_alarm_rate,
            detection.pixel_false_alarm_rate,
        );
        let (of_terms, packed) = judging.term_tensors();
        tensors.extend(of_terms);
        Ok(Some(Model {
            header: Header {
                oddspot: env!("CARGO_PKG_VERSION").to_owned(),
                teacher: self.identity.clone(),
                teacher_levels: learned.levels.clone(),
                terms: statistics,
                thresholds,
                settings: settings.clone(),
                iterations: self.iterations,
                training_images: set.records.clone(),
                held_out_images: held_out.records.clone(),
            },
            statistics: match learns {
                true => set.statistics.clone(),
                false => ChannelStatistics::default(),
            },
            tensors,
            packed,
            teacher: self.keep_teacher.then(|| teacher.weights.clone()),
        }))
    }
}

/// The upper quartile of some maxima; 0 of none.
fn upper_quartile(mut peaks: Vec<f32>) -> f64 {
    peaks.sort_by(f32::total_cmp);
    let Some(last) = peaks.len().checked_sub(1) else {
        return 0.0;
    };
    let at = UNIT_QUANTILE * last as f64;
    let (low, high) = (peaks[at.floor() as usize], peaks[at.ceil() as usize]);
    f64::from(low) + at.fract() * f64::from(high - low)
}
