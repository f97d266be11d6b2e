//! More good images for a model that is trained already: its closed-form terms learn them, and its
//! thresholds take them into account. Its networks stay as they are.

use std::path::PathBuf;

use super::extended::{Extended, Odd};
use super::looking::{Kept, Looking};
use super::observer::{Nobody, Observer};
use super::places::GoodPlaces;
use super::scoring::Scoring;
use super::set::GoodImages;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::health::Glance;
use crate::images::Kind;
use crate::judge::{Judging, Memory, TermErrors, input_shape, pool, score_as_seen, teacher_of};
use crate::maps::quantile;
use crate::model::{Header, ImageRecord, Model, examples};
use crate::net::engine::{Cpu, Engine, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::Library;
use crate::settings::Settings;
use crate::terms::{self, Parts};
use crate::verdict::{GoodScores, Thresholds, Verdict};
use crate::view::{Frame, View};

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
        check_terms(&settings)?;
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
        let of_tensors = (&model.tensors, &model.packed);
        let view = View::of_model(&settings, model.header.alignment.as_ref(), of_tensors)?;
        let mut looking = Looking {
            view: &view,
            levels: levels.len(),
            judging: &judging,
            teacher: &*ready,
            places,
            seen: Vec::new(),
            glances: Vec::new(),
            known: Vec::new(),
            hashes: (model.header.learned_images())
                .map(|record| record.sha256.clone())
                .collect(),
        };
        looking.look((&sources, &root), self.observer.unwrap_or(&mut nobody))?;
        let Looking {
            mut places,
            seen,
            glances,
            known,
            ..
        } = looking;
        let New {
            records,
            mut errors,
            frames,
        } = New::of(seen, &mut model.header)?;
        let scoring = Scoring {
            judging: &judging,
            view: &view,
            frames: &frames,
        };
        let before = scoring.scores(&model.header, &errors, |_| {});
        let odd = odd(&model.header, &records, &glances, &before);
        fit_more(&mut model, &learned, &mut places, &mut errors)?;
        let (found, pixels) = scoring.with_pixels(&model.header, &errors);
        let (scores, unlike): (Vec<f32>, Vec<f32>) = found.into_iter().unzip();
        if view.cuts() {
            model.header.pieces.extend(frames.iter().map(Vec::len));
        }
        let came = scores.len();
        let new = take_in(&mut model.header, records, (&scores, pixels));
        (model.header.health).add(&only(&new, glances), &only(&new, unlike));
        judge_examples(&mut model, &learned, &*ready)?;
        Ok(Extended {
            model,
            known,
            new: came,
            odd,
        })
    }
}

/// Refuses a model of which nothing can learn more images.
fn check_terms(settings: &Settings) -> Result<()> {
    match terms::used(settings).any(|kind| kind.closed_form) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Invalid,
            Subject::Model,
            "it has no terms of the closed form, which alone can learn more images: train it anew",
        )),
    }
}

/// What is kept of new images.
struct New {
    /// Of each image.
    records: Vec<ImageRecord>,
    /// Of each piece.
    errors: Vec<TermErrors>,
    /// Of each image those of its pieces.
    frames: Vec<Vec<Frame>>,
}

impl New {
    /// Of what was seen; what they are as files is the model's too from now on.
    fn of(seen: Vec<(ImageRecord, Kind, Kept)>, header: &mut Header) -> Result<Self> {
        if seen.is_empty() {
            return Err(Error::new(
                ErrorKind::Invalid,
                Subject::Dataset,
                "it has no good image that the model does not know already",
            ));
        }
        let mut new = Self {
            records: Vec::with_capacity(seen.len()),
            errors: Vec::with_capacity(seen.len()),
            frames: Vec::with_capacity(seen.len()),
        };
        for (record, kind, of_image) in seen {
            new.records.push(record);
            if let Some(kinds) = &mut header.images {
                kinds.add(&kind);
            }
            let (of_pieces, frames): (Vec<_>, Vec<_>) = of_image.into_iter().unzip();
            new.errors.extend(of_pieces);
            new.frames.push(frames);
        }
        Ok(new)
    }
}

/// Adds new images to a model's records, and their scores and pixels to those that its thresholds come from. Which of
/// them no calibration has scored before.
fn take_in(
    header: &mut Header,
    records: Vec<ImageRecord>,
    (scores, pixels): (&[f32], Vec<f32>),
) -> Vec<bool> {
    // An image that a calibration scored is the model's own now, and counts once.
    let before = &header.thresholds.scores;
    let mut good = before.good.clone();
    let new = match header.calibration.as_mut() {
        None => {
            good.extend(scores);
            vec![true; scores.len()]
        }
        Some(calibration) => calibration.add_good(&records, (scores, &mut good)),
    };
    let came = scores.len();
    let known = (before.pixel, good.len() - came);
    let scores = GoodScores {
        pixel: with_pixels(known, (pixels, came), &header.settings),
        least_std: before.least_std,
        good,
    };
    let thresholds = Thresholds::of(scores, header.thresholds.rates());
    let given = header.given_thresholds();
    let [image, check] = [header.thresholds.image, header.thresholds.check];
    header.thresholds = (thresholds)
        .at_scores(given[0].then_some(image), given[1].then_some(check))
        .as_own();
    header.added_images.extend(records);
    new
}

/// Those of new images that a model does not call good, by their scores and how unlike good ones they are.
fn odd(
    header: &Header,
    records: &[ImageRecord],
    glances: &[Glance],
    found: &[(f32, f32)],
) -> Vec<Odd> {
    let usual = header.health.ready();
    let images = records.iter().zip(glances).zip(found);
    let judge = |((record, glance), &(score, unlike)): ((&ImageRecord, &Glance), &(f32, f32))| {
        let health = usual.judge(glance, unlike);
        let verdict = match health.is_trusted() {
            true => header.thresholds.verdict(score),
            false => Verdict::Untrusted,
        };
        (!verdict.is_good()).then(|| Odd {
            record: record.clone(),
            verdict,
            score,
            health,
        })
    };
    images.filter_map(judge).collect()
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

/// What the changed terms say of the good images that lie in the model.
fn judge_examples(model: &mut Model, learned: &Learned, teacher: &dyn Forward) -> Result<()> {
    let of_tensors = (&model.tensors, &model.packed);
    let settings = &model.header.settings;
    let judging = Judging::new(&Cpu, settings, learned, of_tensors, &model.statistics)?;
    let mut memory = Memory::default();
    let pictures = examples::pictures(&model.packed);
    let of_each = pictures.iter().map(|picture| {
        let terms = &model.header.terms;
        score_as_seen((&judging, teacher), terms, picture, &mut memory)
    });
    model.header.examples = of_each.collect::<Result<_>>()?;
    Ok(())
}

/// The pixels' quantile of images that were known, and of those that came: the pixels before are gone, so that each
/// quantile counts as many images as it is of.
fn with_pixels(
    (before, known): (f64, usize),
    (mut pixels, came): (Vec<f32>, usize),
    settings: &Settings,
) -> f64 {
    let rate = settings.detection.pixel_false_alarm_rate;
    let of_came = f64::from(quantile(&mut pixels, 1.0 - rate));
    let [known, came] = [known, came].map(|count| count as f64);
    (known * before + came * of_came) / (known + came)
}

/// Those that are wanted.
fn only<T>(wanted: &[bool], all: Vec<T>) -> Vec<T> {
    let of_all = all.into_iter().zip(wanted);
    of_all
        .filter_map(|(one, &wanted)| wanted.then_some(one))
        .collect()
}
