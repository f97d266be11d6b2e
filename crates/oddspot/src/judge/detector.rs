//! The façade of detection: a model that judges images.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;
use rayon::ThreadPool;

use super::examined::Examined;
use super::in_flight::{Admitted, InFlight};
use super::in_order::{in_order, pool};
use super::judging::{Judging, Memory, input_shape};
use super::teacher::teacher_of;
use crate::error::{Error, Result, Subject};
use crate::files::PackedTensors;
use crate::health::{Health, UsualHealth};
use crate::images::{Limits, PIXELS_AT_A_TIME, Reading, RegionOfInterest, Source};
use crate::model::{Header, Model, examples};
use crate::net::engine::{Cpu, Engine, Forward};
use crate::net::learned::Learned;
use crate::net::teachers::Library;
use crate::terms::position::Placement;
use crate::verdict::{AnomalyMaps, Finding, Shares, Thresholds, Verdict};
use crate::view::{Aligned, View, of_region};

/// Bytes of files that are in memory at a time, unless one alone has more.
const BYTES_AT_A_TIME: u64 = 64 << 20;

/// How a model is made ready.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads of the detector's own; 0 for as many as there are cores.
    pub threads: usize,
    /// Where the teacher of a model lies that was saved without it.
    pub library: Option<Library>,
    /// What computes.
    pub engine: Arc<dyn Engine>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            library: None,
            engine: Arc::new(Cpu),
        }
    }
}

/// What was found in one image, at the model's size.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The anomaly map and its parts over the whole image, as it lies: at the model's `image_size`, or, of an
    /// image in pieces, at a quarter of their scale.
    pub maps: AnomalyMaps,
    /// The maximum of the map where good images lie.
    pub score: f32,
    /// What follows from the score by the model's thresholds.
    pub verdict: Verdict,
    /// What the peak and what stands out with it are owed to.
    pub shares: Shares,
    /// What the position classifier says of what is odd at the peak; none in a baseline.
    pub placement: Option<Placement>,
    /// How the image lies; none of a model that looks at images as they are.
    pub aligned: Option<Aligned>,
    /// Its light, focus and colours against those of good images.
    pub health: Health,
    /// Which pixels of its maps are inspected, row by row; None where all are.
    pub inspected: Option<Vec<bool>>,
}

/// A model ready to judge images, on threads of its own.
///
/// ```
/// use oddspot::{Detector, Training, settings::Settings, train::GoodImages};
/// # use image::{Rgb, RgbImage};
/// # let plate = |i: u32| RgbImage::from_fn(40, 40, |x, y| {
/// #     Rgb([(x * 5) as u8, (y * 5 + i) as u8, 90])
/// # });
/// # let mut settings = Settings::default();
/// # settings.set("training.iterations", "2")?;
/// # settings.set("student.widths", "8,8,8,8")?;
/// # settings.set("image_size", "104")?;
/// let good: GoodImages = (0..6).map(plate).collect();
/// let model = Training::new(settings, good).run()?;
/// let detector = Detector::new(model, Default::default())?;
/// let finding = detector.inspect(&plate(3))?;
/// println!("{}: {:.2}", finding.verdict.word(), finding.score);
/// # Ok::<(), oddspot::Error>(())
/// ```
pub struct Detector {
    pub(super) path: Option<PathBuf>,
    pub(super) header: Header,
    pub(super) view: View,
    /// What the model keeps of what is inspected.
    region: PackedTensors,
    /// What of it was drawn since, on images of one shape.
    pub(super) drawn: Option<RegionOfInterest>,
    pub(super) teacher: Arc<dyn Forward>,
    pub(super) judging: Arc<Judging>,
    pub(super) pool: ThreadPool,
    /// What is usual of good images' light, focus and colours.
    pub(super) health: UsualHealth,
    /// Good images that lie in the model, as it sees them.
    pub(super) examples: Vec<RgbImage>,
    /// Pixels that are decoded by its own threads.
    in_flight: InFlight,
    files_in_flight: InFlight,
    /// Memory of passes: as many as there were images at a time.
    memories: Mutex<Vec<Memory>>,
}

/// They may be used by many threads at a time.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Detector>();
    is_shared::<Model>();
    is_shared::<Finding>();
};

impl Detector {
    /// Makes a model ready.
    ///
    /// # Errors
    /// A model that was saved without its teacher where the library does not have it; a teacher that
    /// is not the one trained with.
    pub fn new(model: Model, options: Options) -> Result<Self> {
        Self::of(None, model, options)
    }

    /// Loads a model file.
    ///
    /// # Errors
    /// An unusable model file, and as [`new`](Self::new).
    pub fn load(path: &Path, options: Options) -> Result<Self> {
        Self::of(Some(path.to_owned()), Model::load(path)?, options)
    }

    /// Loads a model from the bytes of its file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + 'static, options: Options) -> Result<Self> {
        Self::of(None, Model::from_bytes(bytes)?, options)
    }

    fn of(path: Option<PathBuf>, model: Model, options: Options) -> Result<Self> {
        let about = |error: Error| match (&path, error.subject()) {
            (Some(path), Subject::Weights | Subject::Model) => {
                Error::at(error.kind(), Subject::Model, path, error.reason())
            }
            _ => error,
        };
        let pool = pool(options.threads)?;
        let header = model.header;
        let library = options.library.as_ref();
        let teacher = teacher_of(&header, model.teacher, library).map_err(about)?;
        let made = pool.install(|| {
            let (settings, engine) = (&header.settings, &*options.engine);
            let learned = Learned::new(settings, &header.teacher_levels)?;
            let judging = Judging::new(
                engine,
                settings,
                &learned,
                (&model.tensors, &model.packed),
                &model.statistics,
            )?;
            let input = input_shape(settings);
            let teacher = engine.forward(&teacher.network, &teacher.weights, input)?;
            let view = View::of_model(
                settings,
                header.alignment.as_ref(),
                (&model.tensors, &model.packed),
            )?;
            Ok((view, judging, teacher))
        });
        let (view, judging, teacher) = made.map_err(about)?;
        Ok(Self {
            path,
            examples: examples::pictures(&model.packed),
            health: header.health.ready(),
            header,
            view,
            region: of_region(&model.packed),
            drawn: None,
            teacher: Arc::from(teacher),
            judging: Arc::new(judging),
            pool,
            in_flight: InFlight::new(PIXELS_AT_A_TIME),
            files_in_flight: InFlight::new(BYTES_AT_A_TIME),
            memories: Mutex::default(),
        })
    }

    /// The same on so many new threads; 0 for as many as there are cores. What is learned is shared, and lies in
    /// memory once. For a process that was forked: there the threads of before are missing.
    ///
    /// # Errors
    /// Threads that the system does not give.
    pub fn on_threads(&self, threads: usize) -> Result<Self> {
        Ok(Self {
            path: self.path.clone(),
            header: self.header.clone(),
            view: self.view.clone(),
            region: self.region.clone(),
            drawn: self.drawn.clone(),
            teacher: Arc::clone(&self.teacher),
            judging: Arc::clone(&self.judging),
            pool: pool(threads)?,
            health: self.header.health.ready(),
            examples: self.examples.clone(),
            in_flight: InFlight::new(PIXELS_AT_A_TIME),
            files_in_flight: InFlight::new(BYTES_AT_A_TIME),
            memories: Mutex::default(),
        })
    }

    /// How it reads image files.
    pub fn reading(&self) -> Reading {
        self.view.reading()
    }

    /// The same that takes images of other sizes.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.view = self.view.with_limits(limits);
        self
    }

    /// The same with other thresholds (see [`Thresholds::at_rates`], [`Thresholds::at_scores`]).
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.header.thresholds = thresholds;
        self
    }

    /// The same that inspects only a region, of what the model inspects. Images of another shape than it was drawn on
    /// are refused.
    ///
    /// # Errors
    /// Nothing is left to inspect.
    pub fn inspecting(mut self, region: &RegionOfInterest) -> Result<Self> {
        self.view = self.view.restricted(&self.region, region)?;
        self.drawn = Some(region.clone());
        Ok(self)
    }

    /// Share of the images that is inspected, in [0, 1]; None where that is all of them.
    pub fn inspected_share(&self) -> Option<f64> {
        self.view.inspected_share()
    }

    /// The model's header: settings, provenance, statistics, and the thresholds that hold.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The thresholds that hold.
    pub fn thresholds(&self) -> &Thresholds {
        &self.header.thresholds
    }

    /// Judges one image of any size. Several threads may judge at a time.
    ///
    /// # Errors
    /// A map that is not of finite numbers, which only a damaged model gives.
    pub fn detect(&self, image: &RgbImage) -> Result<Detection> {
        self.pool
            .install(|| self.judge(image, &self.header.thresholds))
    }

    /// What is to be said of one image of any size.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn inspect(&self, image: &RgbImage) -> Result<Finding> {
        self.inspect_with(image, &self.header.thresholds)
    }

    /// The same by other thresholds than the model's.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn inspect_with(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Finding> {
        Ok(self.examine_with(image, thresholds)?.finding)
    }

    /// What is to be said of one image of any size, with what pictures of it are drawn from.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn examine(&self, image: &RgbImage) -> Result<Examined> {
        self.examine_with(image, &self.header.thresholds)
    }

    /// The same by other thresholds than the model's.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn examine_with(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Examined> {
        self.pool.install(|| self.found(image, thresholds))
    }

    /// Inspects many images on all threads and tells `each`, here and in the images' order, what was
    /// found, or why an image cannot be used. Few images are in memory at a time. A break ends it.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use oddspot::{Detector, images::Source};
    ///
    /// let detector = Detector::load("part.oddspot".as_ref(), Default::default())?;
    /// let images = ["a.png", "b.png"].map(Source::file);
    /// detector.inspect_all(images.into_iter(), |found| {
    ///     match found {
    ///         Ok(finding) => println!("{} {:.2}", finding.verdict.word(), finding.score),
    ///         Err(error) => println!("skipped: {error}"),
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// # Ok::<(), oddspot::Error>(())
    /// ```
    pub fn inspect_all(
        &self,
        images: impl Iterator<Item = Source> + Send,
        each: impl FnMut(Result<Finding>) -> ControlFlow<()>,
    ) {
        self.in_order(
            images,
            |image| {
                let admitted = self.admit(image.pixels());
                let finding = self.inspect(&*image.decode(self.reading())?);
                drop(admitted);
                finding
            },
            each,
        );
    }

    /// Waits until so many pixels may be decoded beside those that are: 100 megapixels at a time, or one image
    /// alone, whatever the number of threads. To be dropped after the image; who holds one is let in at once.
    pub fn admit(&self, pixels: u64) -> Admitted<'_> {
        self.in_flight.admit(pixels)
    }

    /// Waits until a file of so many bytes may be read beside those that are: 64 MiB at a time, or one file alone.
    /// To be asked for before [`admit`](Self::admit), and dropped after the image.
    pub fn admit_file(&self, bytes: u64) -> Admitted<'_> {
        self.files_in_flight.admit(bytes)
    }

    /// Any work on many items by the detector's threads, each of which may inspect images; `each` is
    /// told of what came of them, here and in order. Few items are on their way at a time; a break
    /// ends it.
    pub fn in_order<T: Send, U: Send>(
        &self,
        items: impl Iterator<Item = T> + Send,
        work: impl Fn(T) -> U + Sync,
        each: impl FnMut(U) -> ControlFlow<()>,
    ) {
        in_order(&self.pool, items, work, each);
    }

    /// Lends a memory to one image's work.
    pub(super) fn with_memory<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        let memories = || self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = memories().pop();
        let mut memory = lent.unwrap_or_default();
        let done = work(&mut memory);
        memories().push(memory);
        done
    }
}
