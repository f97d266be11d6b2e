//! More good images for a model that is trained already: its closed-form terms learn them, and its
//! thresholds take them into account. Its networks stay as they are.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::cache::EncodedMaps;
use super::observer::{Nobody, Observer, Progress};
use super::places::GoodPlaces;
use super::set::{GoodImages, load};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::images::Source;
use crate::judge::{
    self, Judging, Memory, TeacherSource, TermErrors, input_shape, pool, teacher_of,
};
use crate::maps::quantile;
use crate::model::{ImageRecord, Model};
use crate::net::engine::{Cpu, Engine, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::Library;
use crate::settings::Settings;
use crate::terms::{self, Parts};
use crate::verdict::{GoodScores, Thresholds};
use crate::view::{Frame, Sight, View};

/// Pixels of the new images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 64 << 20;

/// Adds good images to a model, in the time that the teacher takes to see them.
///
/// What is usual of each term, and so what scores are measured in, stays as the training found it. The
/// new images are judged as if they had been left out, and their scores join those that the thresholds
/// come from.
///
/// ```
/// use oddspot::{Extension, Training, settings::Settings, train::GoodImages};
/// # use image::{Rgb, RgbImage};
/// # let plate = |i: u32| RgbImage::from_fn(40, 40, |x, y| {
/// #     Rgb([(x * 5) as u8, (y * 5 + i) as u8, 90])
/// # });
/// # let mut settings = Settings::instant();
/// # settings.set("image_size", "104")?;
/// let good: GoodImages = (0..6).map(plate).collect();
/// let model = Training::new(settings, good).run()?;
///
/// let more: GoodImages = (6..9).map(plate).collect();
/// let extended = Extension::new(model, more).run()?;
/// assert_eq!(extended.model.header.good_images(), 9);
/// # Ok::<(), oddspot::Error>(())
/// ```
pub struct Extension<'a> {
    model: Model,
    images: GoodImages,
    library: Library,
    observer: Option<&'a mut dyn Observer>,
    scratch: Option<PathBuf>,
    threads: usize,
}

/// A model that learned more.
pub struct Extended {
    /// The model.
    pub model: Model,
    /// Images that it knew already, which were left out.
    pub known: Vec<ImageRecord>,
}

impl<'a> Extension<'a> {
    /// Of a model by good images.
    pub fn new(model: Model, images: GoodImages) -> Self {
        Self {
            model,
            images,
            library: Library::in_the_program(),
            observer: None,
            scratch: None,
            threads: 0,
        }
    }

    /// With imported teachers, for a model that was saved without its own.
    #[must_use]
    pub fn library(mut self, library: Library) -> Self {
        self.library = library;
        self
    }

    /// Tells an observer how far it is; one that breaks ends it.
    #[must_use]
    pub fn observe(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observer = Some(observer);
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

    /// Adds them.
    ///
    /// # Errors
    /// A model without closed-form terms, or of which the teacher is not at hand; an unreadable image; no
    /// image that the model does not know; [`Cancelled`](ErrorKind::Cancelled) if the observer asked for
    /// it.
    pub fn run(self) -> Result<Extended> {
        pool(self.threads)?.install(|| self.extend())
    }

    fn extend(self) -> Result<Extended> {
        let mut model = self.model;
        let settings = model.header.settings.clone();
        if !terms::used(&settings).any(|kind| kind.closed_form) {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Model,
                "it has no terms of the closed form, which alone can learn more images: train it anew",
            ));
        }
        let teacher = teacher_of(&model.header, model.teacher.clone(), Some(&self.library))?;
        let levels = model.header.teacher_levels.clone();
        let learned = Learned::new(&settings, &levels)?;
        let of_tensors = (&model.tensors, &model.packed);
        let judging = Judging::new(&Cpu, &settings, &learned, of_tensors, &model.statistics)?;
        let ready = Cpu.forward(&teacher.network, &teacher.weights, input_shape(&settings))?;
        let scratch = self.scratch.unwrap_or_else(std::env::temp_dir);
        let GoodImages {
            train: mut sources,
            held_out,
            root,
        } = self.images;
        // To add to a model none is held out.
        sources.extend(held_out);
        let places = GoodPlaces::new(&settings, &levels, sources.len(), &scratch)?;
        let places =
            places.ok_or_else(|| Error::internal("closed-form terms that look at no place"))?;
        let mut nobody = Nobody;
        let view = View::of_model(&settings, model.header.alignment.as_ref(), &model.tensors)?;
        let mut looking = Looking {
            view: &view,
            levels: levels.len(),
            judging: &judging,
            teacher: &*ready,
            places,
            seen: Vec::new(),
            known: Vec::new(),
            hashes: (model.header.learned_images())
                .map(|record| record.sha256.clone())
                .collect(),
        };
        looking.look((&sources, &root), self.observer.unwrap_or(&mut nobody))?;
        let Looking {
            mut places,
            seen,
            known,
            ..
        } = looking;
        if seen.is_empty() {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Dataset,
                "it has no good image that the model does not know already",
            ));
        }
        let mut errors = Vec::with_capacity(seen.len());
        let mut records = Vec::with_capacity(seen.len());
        let mut frames = Vec::with_capacity(seen.len());
        for (record, of_image) in seen {
            records.push(record);
            let (of_pieces, their_frames): (Vec<_>, Vec<_>) = of_image.into_iter().unzip();
            errors.extend(of_pieces);
            frames.push(their_frames);
        }
        fit_more(&mut model, &learned, &mut places, &mut errors)?;
        let size = settings.image_size;
        let all = size.width * size.height * errors.len();
        let every = all.div_ceil(MOST_PIXELS).max(1);
        let (mut scores, mut pixels) = (Vec::new(), Vec::new());
        let mut of_pieces = errors.iter();
        for frames in &frames {
            let mut score = f32::NEG_INFINITY;
            for (frame, errors) in frames.iter().zip(&mut of_pieces) {
                let maps = judging.fuse(&judging.at_pixels(errors), &model.header.terms);
                let maps = maps.within(&frame.evidence(size));
                score = score.max(maps.score());
                let of_piece = judge::pixels(frame, size, &maps);
                pixels.extend(of_piece.into_iter().step_by(every));
            }
            scores.push(score);
        }
        if view.cuts() {
            model.header.pieces.extend(frames.iter().map(Vec::len));
        }
        let header = &mut model.header;
        let given = header.calibration.as_ref().is_some_and(|one| one.given);
        let thresholds = with(&header.thresholds, &scores, pixels, &settings);
        header.thresholds = match given {
            false => thresholds,
            true => {
                let [image, check] = [header.thresholds.image, header.thresholds.check];
                thresholds.at_scores(Some(image), Some(check)).as_own()
            }
        };
        if let Some(calibration) = &mut header.calibration {
            calibration.good_images.extend(records.iter().cloned());
        }
        header.added_images.extend(records);
        Ok(Extended { model, known })
    }
}

/// Fits a model's closed-form terms to more images too, whose pieces' errors become those as if each image had
/// been left out.
fn fit_more(
    model: &mut Model,
    learned: &Learned,
    places: &mut GoodPlaces,
    errors: &mut [TermErrors],
) -> Result<()> {
    let settings = &model.header.settings;
    let known = model.header.good_pieces();
    for (at, kind) in terms::used(settings).enumerate() {
        if !kind.closed_form {
            continue;
        }
        let mut term = (kind.make)(&Parts {
            settings,
            learned,
            tensors: &model.tensors,
            packed: &model.packed,
            statistics: &model.statistics,
        })?;
        let left_out = term.fit_good(places, known)?.unwrap_or_default();
        for (of_piece, left_out) in errors.iter_mut().zip(left_out) {
            of_piece[at] = left_out;
        }
        model.tensors.extend(term.tensors());
        model.packed.extend(term.packed());
    }
    Ok(())
}

/// What is made of a piece: the errors of all terms, where it lies, and what those of the closed form look at.
type Looked = (TermErrors, Frame, EncodedMaps);

/// What is kept of an image's pieces.
type Kept = Vec<(TermErrors, Frame)>;

/// Looking at images with a model that does not know them.
struct Looking<'a> {
    view: &'a View,
    levels: usize,
    judging: &'a Judging,
    teacher: &'a dyn Forward,
    places: GoodPlaces,
    seen: Vec<(ImageRecord, Kept)>,
    known: Vec<ImageRecord>,
    hashes: HashSet<String>,
}

impl Looking<'_> {
    /// Looks at all of them, but those that are known.
    fn look(
        &mut self,
        (images, root): (&[Source], &Path),
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let total = images.len();
        let at_a_time = 2 * rayon::current_num_threads();
        let mut memories = Vec::new();
        memories.resize_with(at_a_time, Memory::default);
        for (chunk, now) in images.chunks(at_a_time).enumerate() {
            let found = (now.par_iter().zip(&mut memories))
                .map(|(source, memory)| self.see(source, root, memory))
                .collect::<Result<Vec<_>>>()?;
            for (record, seen) in found {
                // Two of the same count once.
                if !self.hashes.insert(record.sha256.clone()) {
                    self.known.push(record);
                    continue;
                }
                let mut kept = Vec::with_capacity(seen.len());
                for (errors, frame, features) in seen {
                    self.places.push(self.seen.len(), features)?;
                    kept.push((errors, frame));
                }
                self.seen.push((record, kept));
            }
            let done = (chunk * at_a_time + now.len()).min(total);
            if observer
                .progress(&Progress::Preparing { done, total })
                .is_break()
            {
                return Err(Error::cancelled("before the model was changed"));
            }
        }
        Ok(())
    }

    /// What the model says of one, and what its closed-form terms look at, piece by piece; nothing of one
    /// that it knows.
    fn see(
        &self,
        source: &Source,
        root: &Path,
        memory: &mut Memory,
    ) -> Result<(ImageRecord, Vec<Looked>)> {
        let (sights, record) = load(source, root, self.view)?;
        if self.hashes.contains(&record.sha256) {
            return Ok((record, Vec::new()));
        }
        let see = |sight: Sight| {
            let teacher = TeacherSource::Run(self.teacher);
            let errors = self.judging.errors(&sight.image, teacher, memory)?;
            let maps = memory.teacher_levels(self.teacher, self.levels);
            Ok((errors, sight.frame, self.places.encode(&maps)))
        };
        let seen = sights.into_iter().map(see).collect::<Result<_>>()?;
        Ok((record, seen))
    }
}

/// Thresholds that take more scores, and these images' pixels, into account.
fn with(
    thresholds: &Thresholds,
    scores: &[f32],
    mut pixels: Vec<f32>,
    settings: &Settings,
) -> Thresholds {
    let rate = settings.detection.pixel_false_alarm_rate;
    let before = &thresholds.scores;
    let [known, came] = [before.good.len(), scores.len()].map(|count| count as f64);
    let of_came = f64::from(quantile(&mut pixels, 1.0 - rate));
    let scores = GoodScores {
        good: [&before.good[..], scores].concat(),
        // The pixels before are gone: each quantile counts as many images as it is of.
        pixel: (known * before.pixel + came * of_came) / (known + came),
        least_std: before.least_std,
    };
    Thresholds::of(scores, thresholds.rates())
}
