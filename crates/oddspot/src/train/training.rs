//! The library's call that trains.

use std::path::PathBuf;
use std::sync::Arc;

use super::alone::Alone;
use super::bits::{InUse, with_bits_in_use};
use super::checkpoint::settings_of;
use super::closed_form::ClosedForm;
use super::engine::TrainingEngine;
use super::instant::of_fitted;
use super::learning::Learning;
use super::left_out::{LeftOut, left_out};
use super::observer::{GoodFiles, Nobody, Observer, Progress, go_on};
use super::set::{GoodImages, HeldOut, TrainingSet};
use crate::error::{Error, Result};
use crate::images::{Kind, RegionOfInterest};
use crate::judge::{input_shape, pool};
use crate::model::Model;
use crate::net::engine::{Cpu, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::{Library, Teacher};
use crate::settings::{Alignment, Method, Settings};
use crate::view::View;

/// A training, to be run.
///
/// ```
/// use std::ops::ControlFlow;
/// use image::{Rgb, RgbImage};
/// use oddspot::settings::Settings;
/// use oddspot::train::{GoodImages, Progress};
/// use oddspot::{Detector, Training};
///
/// // Six good plates in memory; files come by `GoodImages::of(&dataset)`.
/// let plate = |i: u32| RgbImage::from_fn(40, 40, |x, y| Rgb([(x * 5) as u8, (y * 5 + i) as u8, 90]));
/// let good: GoodImages = (0..6).map(plate).collect();
/// let mut settings = Settings::default();
/// for (name, value) in [("training.iterations", "3"), ("student.widths", "8,8,8,8"), ("image_size", "104")] {
///     settings.set(name, value)?;
/// }
/// let mut steps = 0;
/// let mut observer = |progress: &Progress| {
///     steps += usize::from(matches!(progress, Progress::Step(_)));
///     ControlFlow::Continue(())
/// };
/// let model = Training::new(settings, good).observe(&mut observer).run()?;
/// assert_eq!(steps, 3);
/// let finding = Detector::new(model, Default::default())?.inspect(&plate(3))?;
/// println!("{}: {:.2}", finding.verdict.word(), finding.score);
/// # Ok::<(), oddspot::Error>(())
/// ```
pub struct Training<'a> {
    settings: Settings,
    images: GoodImages,
    teacher: Option<Teacher>,
    library: Library,
    engine: Arc<dyn TrainingEngine>,
    observer: Option<&'a mut dyn Observer>,
    checkpoint: Option<Checkpoint>,
    scratch: Option<PathBuf>,
    threads: usize,
    keep_teacher: bool,
    left_out: Option<&'a mut Vec<LeftOut>>,
    region: Option<RegionOfInterest>,
}

/// Where a training is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The file; it stays when the training is done.
    pub path: PathBuf,
    /// Whether to go on from it.
    pub resume: bool,
}

impl Checkpoint {
    /// The settings of the training that was set aside.
    ///
    /// # Errors
    /// A file that is no checkpoint, or a damaged one.
    pub fn settings(&self) -> Result<Settings> {
        settings_of(&self.path)
    }
}

impl<'a> Training<'a> {
    /// A training on good images.
    pub fn new(settings: Settings, images: GoodImages) -> Self {
        Self {
            settings,
            images,
            teacher: None,
            library: Library::in_the_program(),
            engine: Arc::new(Cpu),
            observer: None,
            checkpoint: None,
            scratch: None,
            threads: 0,
            keep_teacher: true,
            left_out: None,
            region: None,
        }
    }

    /// With this teacher instead of the one that the settings name.
    #[must_use]
    pub fn teacher(mut self, teacher: Teacher) -> Self {
        self.teacher = Some(teacher);
        self
    }

    /// With imported teachers to choose from.
    #[must_use]
    pub fn library(mut self, library: Library) -> Self {
        self.library = library;
        self
    }

    /// On another device.
    #[must_use]
    pub fn engine(mut self, engine: Arc<dyn TrainingEngine>) -> Self {
        self.engine = engine;
        self
    }

    /// Tells an observer how far it is; one that breaks ends it.
    #[must_use]
    pub fn observe(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// With checkpoints, now and then and at the end.
    #[must_use]
    pub fn checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// With large temporary files in this folder instead of the system's.
    #[must_use]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into());
        self
    }

    /// On so many threads of its own; 0 for as many as there are cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Without the teacher's weights in the model: whoever loads it brings them.
    #[must_use]
    pub fn without_teacher_inside(mut self) -> Self {
        self.keep_teacher = false;
        self
    }

    /// With what the closed-form terms say of each good image, in the order of the model's records; none
    /// where the settings have no such terms.
    #[must_use]
    pub fn left_out(mut self, to: &'a mut Vec<LeftOut>) -> Self {
        self.left_out = Some(to);
        self
    }

    /// Of which only a region of the images is inspected, now and by the model; all without one.
    #[must_use]
    pub fn region(mut self, region: Option<RegionOfInterest>) -> Self {
        self.region = region;
        self
    }

    /// Trains.
    ///
    /// # Errors
    /// Settings out of range, an unreadable image, a teacher that is not there; a checkpoint of
    /// another training; [`Cancelled`](crate::ErrorKind::Cancelled) if the observer asked for it;
    /// [`Diverged`](crate::ErrorKind::Diverged) at a loss that is not finite.
    pub fn run(self) -> Result<Model> {
        pool(self.threads)?.install(|| self.train())
    }

    fn train(self) -> Result<Model> {
        let settings = self.settings;
        settings.validate()?;
        let mut nobody = Nobody;
        let observer: &mut dyn Observer = match self.observer {
            Some(observer) => observer,
            None => &mut nobody,
        };
        let teacher = match self.teacher {
            Some(teacher) => teacher,
            None => self.library.find(&settings.teacher)?,
        };
        let levels = teacher.network.levels();
        // Before the images are decoded.
        let learned = Learned::new(&settings, &levels)?;
        let images = self.images.split(settings.training.seed)?;
        let begins = Progress::Begins {
            train: images.train.len(),
            held_out: images.held_out.len(),
            teacher: &teacher.identity,
        };
        go_on(observer.progress(&begins), "before the first step")?;
        let (settings, view, in_use) = seen_by(settings, &images, self.region.as_ref(), observer)?;
        let scratch = self.scratch.unwrap_or_else(std::env::temp_dir);
        let held_out = (&images.held_out[..], &*images.root);
        let room = (settings.training.cache_mib, &*scratch);
        let mut held_out = HeldOut::load(held_out, &view, room)?;
        let engine = &*self.engine;
        let ready = engine.forward(&teacher.network, &teacher.weights, input_shape(&settings))?;
        let set = TrainingSet::prepare(
            (&images.train, &images.root),
            (&settings, view),
            (&*ready, &levels),
            &scratch,
            |done, total| observer.progress(&Progress::Preparing { done, total }),
        )?;
        let mut set = set.ok_or_else(|| Error::cancelled("before the first step"))?;
        tell_of_images((&settings, &in_use), (&set, &held_out), observer)?;
        held_out.see(&settings, (&*ready, &levels), &scratch)?;
        let of_good = (&mut set, &mut held_out);
        let closed_form = ClosedForm::fit(&settings, &learned, of_good, observer)?;
        let good = (&closed_form, &mut set, &mut held_out);
        let of_teacher = (&teacher, &*ready);
        let first = instant(
            &settings,
            engine,
            of_teacher,
            self.keep_teacher,
            good,
            (self.left_out, observer),
        )?;
        if !settings.method.learns() {
            return first.ok_or_else(|| Error::internal("an instant model without terms"));
        }
        let checkpoint = self.checkpoint.as_ref();
        let learning = Learning {
            settings,
            teacher: &teacher,
            ready: &*ready,
            levels: &levels,
            engine,
            checkpoint: checkpoint.map(|one| (&*one.path, one.resume)),
            keep_teacher: self.keep_teacher,
        };
        learning.run(set, (&closed_form, &held_out), first, observer)
    }
}

/// The settings with the bits that the images use, how a model of them sees images, and the bits that each of them needs.
fn seen_by(
    settings: Settings,
    images: &GoodImages,
    region: Option<&RegionOfInterest>,
    observer: &mut dyn Observer,
) -> Result<(Settings, Arc<View>, Vec<Option<u8>>)> {
    let of_all = || images.train.iter().chain(&images.held_out);
    let in_use = with_bits_in_use(settings, of_all(), || {
        let total = images.train.len() + images.held_out.len();
        observer.progress(&Progress::Preparing { done: 0, total })
    })?;
    let in_use = in_use.ok_or_else(|| Error::cancelled("before the first step"))?;
    let InUse {
        mut settings,
        of_images,
    } = in_use;
    // A region is drawn on images as they lie: it moves with what they show only for who asks for that.
    if region.is_some() && settings.alignment == Alignment::Auto {
        settings.alignment = Alignment::None;
    }
    let view = View::learn(&settings, of_all(), &images.root, |done, total| {
        observer.progress(&Progress::Preparing { done, total })
    })?;
    let mut view = view.ok_or_else(|| Error::cancelled("before the first step"))?;
    if let Some(region) = region {
        if let Some(first) = images.train.first() {
            region.check_fits(first.size()?)?;
        }
        view = view.inspecting(region, &images.sizes()?)?;
    }
    let view = Arc::new(view);
    let settings = view.settled(settings);
    if settings.alignment != Alignment::None {
        let learned = Progress::Aligned(view.good());
        go_on(observer.progress(&learned), "before the first step")?;
    }
    Ok((settings, view, of_images))
}

/// Tells what the images are as files, and in how many pieces they are looked at.
fn tell_of_images(
    (settings, in_use): (&Settings, &[Option<u8>]),
    (set, held_out): (&TrainingSet, &HeldOut),
    observer: &mut dyn Observer,
) -> Result<()> {
    let all = || set.images.iter().chain(&held_out.images);
    let kinds: Vec<Kind> = all().map(|image| image.kind).collect();
    let names: Vec<&str> = all().map(|image| &*image.record.name).collect();
    let told = Progress::Images(GoodFiles {
        kinds: &kinds,
        names: &names,
        in_use,
        bit_depth: settings.bit_depth,
    });
    go_on(observer.progress(&told), "before the first step")?;
    if set.view.cuts() {
        let told = Progress::Pieces {
            fewest: counts(set, held_out).min().unwrap_or_default(),
            most: counts(set, held_out).max().unwrap_or_default(),
        };
        go_on(observer.progress(&told), "before the first step")?;
    }
    Ok(())
}

/// How many pieces each good image gives.
fn counts<'a>(set: &'a TrainingSet, held_out: &'a HeldOut) -> impl Iterator<Item = usize> + 'a {
    set.pieces.counts().chain(held_out.pieces.counts())
}

/// A model of the closed-form terms alone, if the settings have any.
fn instant(
    settings: &Settings,
    engine: &dyn TrainingEngine,
    of_teacher: (&Teacher, &dyn Forward),
    keep_teacher: bool,
    (closed_form, set, held_out): (&ClosedForm, &mut TrainingSet, &mut HeldOut),
    (of_each, observer): (Option<&mut Vec<LeftOut>>, &mut dyn Observer),
) -> Result<Option<Model>> {
    if closed_form.left_out.is_empty() {
        return Ok(None);
    }
    let settings = Settings {
        method: Method::Instant,
        ..settings.clone()
    };
    let (teacher, ready) = of_teacher;
    let learned = Learned::new(&settings, &teacher.network.levels())?;
    let model = of_fitted(
        (&settings, &learned),
        (closed_form, &mut *set, &*held_out),
        (teacher, ready, keep_teacher),
        engine,
        &mut *observer,
    )?;
    let model = model.ok_or_else(|| Error::cancelled("while scoring good images"))?;
    if let Some(to) = of_each {
        let alone = Alone::all(&settings, &learned, (&mut *set, &mut *held_out), observer)?;
        let pieces = [&set.pieces, &held_out.pieces];
        let of_terms = (closed_form, &alone[..]);
        *to = left_out(engine, &model, &learned, of_terms, (pieces, &set.view))?;
    }
    Ok(Some(model))
}
