//! More good images for a model that is trained already: its closed-form terms learn them, and its
//! thresholds take them into account. Its networks stay as they are.

use std::path::PathBuf;

use super::extended::{Extended, Odd};
use super::looking::Looking;
use super::observer::{Nobody, Observer};
use super::places::GoodPlaces;
use super::set::GoodImages;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::health::Glance;
use crate::judge::{
    self, Judging, Memory, TermErrors, input_shape, pool, score_as_seen, teacher_of,
};
use crate::maps::quantile;
use crate::model::{Header, ImageRecord, Model, examples};
use crate::net::engine::{Cpu, Engine, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::Library;
use crate::settings::Settings;
use crate::terms::{self, Parts};
use crate::verdict::{AnomalyMaps, GoodScores, Thresholds, Verdict};
use crate::view::{Frame, View};

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
        for (record, kind, of_image) in seen {
            records.push(record);
            if let Some(kinds) = &mut model.header.images {
                kinds.add(&kind);
            }
            let (of_pieces, their_frames): (Vec<_>, Vec<_>) = of_image.into_iter().unzip();
            errors.extend(of_pieces);
            frames.push(their_frames);
        }
        let scoring = Scoring {
            judging: &judging,
            view: &view,
            frames: &frames,
        };
        let before = scoring.scores(&model.header, &errors, |_| {});
        let odd = odd(&model.header, &records, &glances, &before);
        fit_more(&mut model, &learned, &mut places, &mut errors)?;
        let size = settings.image_size;
        let all = size.width * size.height * errors.len();
        let every = all.div_ceil(MOST_PIXELS).max(1);
        let mut pixels = Vec::new();
        let found = scoring.scores(&model.header, &errors, |(frame, maps)| {
            let of_piece = judge::pixels(frame, size, maps);
            pixels.extend(of_piece.into_iter().step_by(every));
        });
        let (scores, unlike): (Vec<f32>, Vec<f32>) = found.into_iter().unzip();
        if view.cuts() {
            model.header.pieces.extend(frames.iter().map(Vec::len));
        }
        let header = &mut model.header;
        // An image that a calibration scored is the model's own now, and counts once.
        let before = &header.thresholds.scores;
        let mut good = before.good.clone();
        let calibration = header.calibration.as_mut();
        let new = match calibration {
            None => {
                good.extend(&scores);
                vec![true; scores.len()]
            }
            Some(calibration) => calibration.add_good(&records, (&scores, &mut good)),
        };
        let came = scores.len();
        let scores = GoodScores {
            pixel: with_pixels((before.pixel, good.len() - came), (pixels, came), &settings),
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
        header.health.add(&only(&new, glances), &only(&new, unlike));
        judge_examples(&mut model, &learned, &*ready)?;
        Ok(Extended {
            model,
            known,
            new: came,
            odd,
        })
    }
}

/// New images, piece by piece, and how they are judged.
struct Scoring<'a> {
    judging: &'a Judging,
    view: &'a View,
    /// Of each image.
    frames: &'a [Vec<Frame>],
}

impl Scoring<'_> {
    /// Each image's score, and how unlike good ones it is nearly everywhere, by the errors of all pieces; `each` is
    /// told of the pieces.
    fn scores(
        &self,
        header: &Header,
        errors: &[TermErrors],
        mut each: impl FnMut((&Frame, &AnomalyMaps)),
    ) -> Vec<(f32, f32)> {
        let mut of_pieces = errors.iter();
        let of_image = |frames: &Vec<Frame>| {
            let (mut score, mut everywhere) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
            for (frame, errors) in frames.iter().zip(&mut of_pieces) {
                let evidence = self.view.evidence(frame);
                let errors = self.judging.at_pixels(errors);
                let inspected = evidence.inspected();
                let maps = self.judging.fuse(&errors, &header.terms, inspected);
                let maps = maps.within(&evidence);
                score = score.max(maps.score());
                everywhere = everywhere.max(maps.nearly_everywhere());
                each((frame, &maps));
            }
            (score, everywhere)
        };
        self.frames.iter().map(of_image).collect()
    }
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
