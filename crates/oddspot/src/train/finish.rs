//! After the last step: what the terms say of the good images, and the model.

use std::collections::HashSet;
use std::ops::ControlFlow;

use image::RgbImage;

use super::closed_form::ClosedForm;
use super::good_errors::GoodErrors;
use super::judged::{Fold, Judged};
use super::observer::{Observer, Progress};
use super::set::{GoodImage, HeldOut, TrainingSet, records};
use super::trainer::Trainer;
use crate::error::{ErrorKind, Result};
use crate::files::{NamedTensors, PackedTensors};
use crate::health::{Glance, GoodHealth};
use crate::images::Kinds;
use crate::judge::{Judging, Memory, TeacherSource, score_as_seen};
use crate::model::examples::{self, EXAMPLES};
use crate::model::{Header, Model, spread};
use crate::net::engine::{Engine, Forward};
use crate::net::learned::{LOSS, Learned};
use crate::net::teachers::{Teacher, TeacherIdentity};
use crate::settings::Settings;
use crate::terms::channels::ChannelStatistics;
use crate::terms::{self, Kind};
use crate::verdict::TermStatistics;
use crate::view::{Evidence, Frame};

/// Training images whose scores count, at most, spread evenly over all.
const MOST_IMAGES: usize = 400;

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
    /// What trained terms say of the training images that were left out in turn; mostly none.
    pub folds: &'a [Fold],
    pub iterations: usize,
    /// With the teacher's weights inside.
    pub keep_teacher: bool,
}

/// None of what was cancelled.
pub(super) fn unless_cancelled<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(error) if error.kind() == ErrorKind::Cancelled => Ok(None),
        done => done.map(Some),
    }
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
        let good = (&mut self.set, &mut held_out);
        let fitted = ClosedForm::fit(&self.settings, &self.learned, good, observer);
        let Some(fitted) = unless_cancelled(fitted)? else {
            return Ok(None);
        };
        self.finish_with(
            engine,
            of_teacher,
            keep_teacher,
            (&fitted, &held_out, &[]),
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
        (closed_form, held_out, folds): (&ClosedForm, &HeldOut, &[Fold]),
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
            folds,
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
        mut self,
        engine: &dyn Engine,
        (teacher, ready): (&Teacher, &dyn Forward),
        observer: &mut dyn Observer,
    ) -> Result<Option<Model>> {
        let Some((judging, good)) = self.scored(engine, ready, observer)? else {
            return Ok(None);
        };
        let (terms, thresholds, unlike) = self.usual(&judging, good);
        let (scores, of_examples) = self.examples(&judging, ready, &terms)?;
        let mut tensors = std::mem::take(&mut self.tensors);
        let (of_terms, mut packed) = judging.term_tensors();
        packed.extend(of_examples);
        tensors.extend(of_terms);
        tensors.extend(self.set.view.tensors());
        packed.extend(self.set.view.packed());
        let settings = self.settings;
        Ok(Some(Model {
            header: Header {
                oddspot: env!("CARGO_PKG_VERSION").to_owned(),
                teacher: self.identity.clone(),
                teacher_levels: self.learned.levels.clone(),
                alignment: self.set.view.good().cloned(),
                images: Kinds::of(self.images().map(|image| &image.kind)),
                terms,
                thresholds,
                settings: self.set.view.settled(settings.clone()),
                iterations: self.iterations,
                is_first: false,
                training_images: records(&self.set.images),
                held_out_images: records(&self.held_out.images),
                added_images: Vec::new(),
                pieces: self.piece_counts(),
                health: GoodHealth::of(&self.glances(), &unlike),
                examples: scores,
                calibration: None,
            },
            statistics: match settings.method.learns() {
                true => self.set.statistics.clone(),
                false => ChannelStatistics::default(),
            },
            tensors,
            packed,
            teacher: self.keep_teacher.then(|| teacher.weights.clone()),
        }))
    }

    /// What the terms say of the images held out, and what is usual of them in those learned from; None if
    /// the observer breaks.
    ///
    /// # Errors
    /// A cache that cannot be read.
    pub fn judged(
        &mut self,
        engine: &dyn Engine,
        ready: &dyn Forward,
        observer: &mut dyn Observer,
    ) -> Result<Option<Judged>> {
        let Some((judging, good)) = self.scored(engine, ready, observer)? else {
            return Ok(None);
        };
        let statistics = self.moments(&judging, &good);
        Ok(Some(Judged {
            judging,
            errors: good.unseen,
            statistics,
        }))
    }

    /// The terms, fitted, and what they say of the good images; None if the observer breaks.
    fn scored(
        &mut self,
        engine: &dyn Engine,
        ready: &dyn Forward,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Judging, GoodErrors)>> {
        let settings = self.settings;
        let closed_form = &self.closed_form;
        self.tensors.extend(closed_form.tensors.clone());
        let of_tensors = (&self.tensors, &closed_form.packed);
        let statistics = &self.set.statistics;
        let mut judging = Judging::new(engine, settings, self.learned, of_tensors, statistics)?;
        let learns = settings.method.learns();
        let (trained_on, unseen) = (self.set.pieces.count(), self.held_out.pieces.count());
        let passes = usize::from(judging.needs_fitting()) + usize::from(learns);
        let total = (passes * trained_on + unseen).max(1);
        let mut done = 0;
        let mut step = || {
            done += 1;
            observer.progress(&Progress::Scoring { done, total })
        };
        let mut memory = Memory::default();
        if judging.needs_fitting() && self.fit(&mut judging, &mut memory, &mut step)?.is_break() {
            return Ok(None);
        }
        let good = self.good_errors(&judging, ready, &mut memory, &mut step)?;
        Ok(good.map(|good| (judging, good)))
    }

    /// Fits the terms that learn from good images one by one. Their errors are computed afterwards:
    /// those of all images at once may not fit into memory.
    fn fit(
        &mut self,
        judging: &mut Judging,
        memory: &mut Memory,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        for (index, picture) in self.set.pieces.pictures.iter().enumerate() {
            let source = TeacherSource::Cached(self.set.cache.levels(index)?);
            judging.fit(&*picture?, source, memory)?;
            if step().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        judging.finish_fit()?;
        Ok(ControlFlow::Continue(()))
    }

    /// What the terms say of the good images; None if the observer breaks.
    fn good_errors(
        &mut self,
        judging: &Judging,
        ready: &dyn Forward,
        memory: &mut Memory,
        step: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<GoodErrors>> {
        let kinds: Vec<&'static Kind> = terms::used(self.settings).collect();
        let mut good = GoodErrors::default();
        good.sums.resize_with(kinds.len(), Default::default);
        let trained_on = self.set.pieces.count();
        if self.settings.method.learns() {
            let counts: HashSet<usize> = spread(self.set.pieces.images(), MOST_IMAGES).collect();
            for (index, picture) in self.set.pieces.pictures.iter().enumerate() {
                let source = TeacherSource::Cached(self.set.cache.levels(index)?);
                let errors = judging.errors(&*picture?, source, memory)?;
                let evidence = self.evidence(index);
                for (at, error) in judging.at_pixels(&errors).into_iter().enumerate() {
                    if !kinds[at].closed_form {
                        good.sums[at].add(error, &evidence);
                    }
                }
                if counts.contains(&self.set.pieces.image_of(index)) {
                    good.seen.push((index, errors));
                }
                if step().is_break() {
                    return Ok(None);
                }
            }
            for picture in self.held_out.pieces.pictures.iter() {
                let source = TeacherSource::Run(ready);
                good.unseen
                    .push(judging.errors(&*picture?, source, memory)?);
                if step().is_break() {
                    return Ok(None);
                }
            }
        } else {
            // Nothing has learned from any image.
            let pieces = trained_on + self.held_out.pieces.count();
            good.unseen.resize(pieces, vec![Vec::new(); kinds.len()]);
        }
        let first_unseen = self.first_unseen(&good);
        for (at, kind) in kinds.iter().enumerate() {
            let Some(left_out) = self.closed_form.left_out.get(kind.name) else {
                continue;
            };
            for (piece, errors) in left_out.iter().enumerate() {
                let error = judging.term_at_pixels(at, errors);
                good.sums[at].add(error, &self.evidence(piece));
            }
            for (piece, errors) in &mut good.seen {
                errors[at].clone_from(&left_out[*piece]);
            }
            for (piece, errors) in good.unseen.iter_mut().enumerate() {
                errors[at].clone_from(&left_out[first_unseen + piece]);
            }
        }
        Ok(Some(good))
    }

    /// The first of all good images' pieces, those held out last, that nothing has learned from.
    pub(super) fn first_unseen(&self, good: &GoodErrors) -> usize {
        self.set.pieces.count() + self.held_out.pieces.count() - good.unseen.len()
    }

    /// Where a piece of a good image is evidence, of all of them, those held out last.
    pub(super) fn evidence(&self, piece: usize) -> Evidence {
        self.set.view.evidence(self.frame(piece))
    }

    /// Where it lies in its image.
    pub(super) fn frame(&self, piece: usize) -> &Frame {
        let [set, held_out] = [&self.set.pieces, &self.held_out.pieces];
        let mut frames = set.frames.iter().chain(&held_out.frames);
        frames.nth(piece).unwrap_or(&Frame::WHOLE)
    }

    /// The greatest value of each image, of values of pieces, those of an image one after the other.
    pub(super) fn by_image(&self, values: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
        let mut found: Vec<(usize, f32)> = Vec::new();
        for (piece, value) in values {
            let image = self.image_of(piece);
            match found.last_mut() {
                Some((last, greatest)) if *last == image => *greatest = greatest.max(value),
                _ => found.push((image, value)),
            }
        }
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// The image of a piece, of all good ones, those held out last.
    fn image_of(&self, piece: usize) -> usize {
        let set = &self.set.pieces;
        match piece.checked_sub(set.count()) {
            None => set.image_of(piece),
            Some(piece) => set.images() + self.held_out.pieces.image_of(piece),
        }
    }

    /// Good images that are to lie in the model, held out and far apart in their order, and their scores.
    fn examples(
        &self,
        judging: &Judging,
        ready: &dyn Forward,
        terms: &[TermStatistics],
    ) -> Result<(Vec<f32>, PackedTensors)> {
        let pictures = &self.held_out.pieces.pictures;
        let step = pictures.len().div_ceil(EXAMPLES).max(1);
        let chosen: Vec<_> = pictures.iter().step_by(step).collect::<Result<_>>()?;
        let chosen: Vec<&RgbImage> = chosen.iter().map(|one| &**one).collect();
        let mut memory = Memory::default();
        let scores = chosen
            .iter()
            .map(|picture| score_as_seen((judging, ready), terms, picture, &mut memory));
        Ok((scores.collect::<Result<_>>()?, examples::packed(&chosen)))
    }

    fn glances(&self) -> Vec<Glance> {
        self.images().map(|image| image.glance.clone()).collect()
    }

    /// All good images, those held out last.
    fn images(&self) -> impl Iterator<Item = &GoodImage> {
        self.set.images.iter().chain(&self.held_out.images)
    }

    /// What the header says of pieces: how many each image gives; nothing where it is looked at whole.
    fn piece_counts(&self) -> Vec<usize> {
        match self.set.view.cuts() {
            false => Vec::new(),
            true => (self.set.pieces.counts())
                .chain(self.held_out.pieces.counts())
                .collect(),
        }
    }
}
