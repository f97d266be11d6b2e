//! A model that judges images, as Python has it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use oddspot::train::remarks::{self, Weight};
use oddspot::verdict::Doubts;
use oddspot::{Error, Model, judge};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyType};
use pythonize::pythonize;

use crate::changing::{By, Changed};
use crate::conducting::{Teller, conduct};
use crate::depth::{Guesses, bit_depth_of};
use crate::errors::{invalid, mismatch, raised};
use crate::good::{bad_images, good_images};
use crate::held::{Held, save};
use crate::images::{bytes_of, path_of, source_of};
use crate::inspections::Inspections;
use crate::results::{Found, How};
use crate::settings::{named, setting};
use crate::warnings::warn;

/// A model ready to judge images, on threads of its own.
///
/// Threads may share it: the interpreter's lock is let go while it works. A forked process may go on with it; there it
/// begins threads anew. A pickle holds the bytes of the model's file.
#[pyclass(frozen, module = "oddspot._oddspot")]
pub struct Detector {
    /// Locked under the interpreter's lock alone, so that no forked process finds it locked.
    held: Mutex<Held>,
    threads: usize,
    guesses: Guesses,
}

/// How a pickled detector is made again: a function, and what it is given.
type Again<'py> = (Bound<'py, PyAny>, (Py<PyBytes>, usize));

impl Detector {
    /// Of what was made ready.
    pub fn of(held: Held, threads: usize) -> Self {
        Self {
            held: Mutex::new(held),
            threads,
            guesses: Guesses::default(),
        }
    }

    /// What it is in this process: in one that was forked, on new threads.
    fn here(&self, py: Python<'_>) -> PyResult<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_of_here() {
            let here = held.again(self.threads);
            *held = here.map_err(|error| raised(py, &error))?;
        }
        Ok(held.clone())
    }

    /// Threads that it was asked to have; 0 for as many as there are cores.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The detector in this process.
    pub fn detector(&self, py: Python<'_>) -> PyResult<Arc<judge::Detector>> {
        Ok(Arc::clone(&self.here(py)?.detector))
    }

    /// Whether guessed bits are to be told of: not to who has said which.
    fn guesses_by(&self, how: How) -> Guesses {
        match how.bit_depth {
            Some(_) => Guesses::known(),
            None => self.guesses.clone(),
        }
    }

    /// Takes a changed model in the place of what it was, and gives the thresholds and rates before and now.
    fn take(
        &self,
        py: Python<'_>,
        changed: Changed,
        before: &Held,
    ) -> PyResult<[[(f64, f64); 2]; 2]> {
        let Changed { held, doubts } = changed;
        let now = held.ok_or_else(|| refused(py, &doubts))?;
        for words in doubts.words() {
            warn(py, &words, 1)?;
        }
        let header = &now.model.header;
        let told = std::iter::once(remarks::source(header))
            .chain(remarks::of_good_images(header, &setting));
        for remark in told.filter(|remark| remark.weight > Weight::Note) {
            warn(py, &remark.words, 1)?;
        }
        let thresholds = [before.thresholds(), now.thresholds()];
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(thresholds)
    }
}

#[pymethods]
impl Detector {
    /// Makes a model ready, from its file or from the bytes of it.
    ///
    /// `threads` is how many it may compute with: 0 for as many as there are cores. `bit_depth` says which bits are in use
    /// of images with 16 bits a sample, 8 to 16, in the place of what the model has from its training: `save` keeps it.
    /// "auto" guesses them from each image without a warning. Raises `NotFoundError`, `DamagedError` for a file that was
    /// whole once, `InvalidError` for another file, and `MismatchError` for a model of another version.
    #[classmethod]
    #[pyo3(signature = (model, *, threads = 0, bit_depth = None))]
    fn load(
        _class: &Bound<'_, PyType>,
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = count_of_threads)] threads: usize,
        bit_depth: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let bit_depth = bit_depth_of(bit_depth)?;
        let bytes = bytes_of(model)?;
        let path = path_of(model)?;
        let loaded = match (bytes, path) {
            (Some(bytes), _) => py.detach(|| Model::from_bytes(bytes)),
            (None, Some(path)) => py.detach(|| Model::load(&path)),
            (None, None) => {
                return Err(PyTypeError::new_err(format!(
                    "a model is the path of its file, or the bytes of it, not a {}",
                    model.get_type().name()?
                )));
            }
        };
        let ready = loaded.and_then(|mut model| {
            if let Some(bit_depth) = bit_depth {
                model.header.settings.bit_depth = bit_depth;
            }
            py.detach(|| Held::of(model, threads))
        });
        let held = ready.map_err(|error| raised(py, &error))?;
        Ok(Self {
            guesses: match bit_depth {
                Some(_) => Guesses::known(),
                None => Guesses::default(),
            },
            ..Self::of(held, threads)
        })
    }

    /// Judges one image of any size: a path, the bytes of a file, a PIL image, or an array `[h, w]`, `[h, w, 3]` (RGB)
    /// or `[h, w, 4]` (RGBA) of uint8 or uint16, of any strides.
    ///
    /// Maps are at the model's size, or with `full_size=True` at the image's own; then there is a mask of the regions
    /// too. An array or a PNG gives to the bit what `oddspot detect` says of the same pixels. Of OpenCV's images the
    /// channels must be turned: `image[:, :, ::-1]`. `bit_depth` says which bits of 16 a sample are in use, 8 to 16; without
    /// it those of the model. Raises `InvalidError`, `NotFoundError`, `TooLargeError`, and `TypeError` for what is no image.
    #[pyo3(signature = (image, *, full_size = false, bit_depth = None))]
    fn inspect(
        &self,
        image: &Bound<'_, PyAny>,
        full_size: bool,
        bit_depth: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = image.py();
        let how = How {
            full_size,
            bit_depth: bit_depth_of(bit_depth)?,
        };
        let detector = self.detector(py)?;
        let source = source_of(image, detector.reading().limits)?;
        let found = py.detach(|| Found::of_source(&detector, &source, how));
        let found = found.map_err(|error| raised(py, &error))?;
        found.into_python(py, &self.guesses_by(how))
    }

    /// Judges many images on all threads, in their order: a folder, or any iterable of images.
    ///
    /// Images are taken as they are needed: at most four for each thread are in memory. What is found comes once there
    /// are enough images for all threads, or no more: judge those of a live camera by `inspect`. An image that cannot be
    /// used raises when its turn comes, and the next call goes on; with `return_exceptions=True` the exception is given
    /// in its place. `bit_depth` is as of `inspect`. Raises `NotFoundError` for a folder that is not there, or has no image.
    #[pyo3(signature = (images, *, full_size = false, bit_depth = None, return_exceptions = false))]
    fn inspect_all(
        &self,
        images: &Bound<'_, PyAny>,
        full_size: bool,
        bit_depth: Option<&Bound<'_, PyAny>>,
        return_exceptions: bool,
    ) -> PyResult<Inspections> {
        let py = images.py();
        let helper = py.import("oddspot._images")?;
        let images = helper.call_method1("several", (images,))?.try_iter()?;
        let detector = self.detector(py)?;
        let how = How {
            full_size,
            bit_depth: bit_depth_of(bit_depth)?,
        };
        let judging = (detector, self.threads);
        let asked = (how, return_exceptions);
        Inspections::new(judging, images.unbind(), asked, self.guesses_by(how))
            .map_err(|error| raised(py, &error))
    }

    /// Sets the thresholds anew by good images that the model has not learned from; bad ones tell what is missed.
    ///
    /// Images that it has learned from are left out: those of the same file, and those of the same pixels where it
    /// learned from arrays or PIL images. A model of files does not know them as arrays.
    ///
    /// The rates are shares of good images, in (0, 0.5]: those that are called anomalous, and those that are called
    /// anomalous or are to be checked; without them the model's. Where the first alone is given and reaches the second,
    /// that one follows in the proportion of before. It changes this detector: `save` keeps it, and `extend` keeps to the
    /// rates. Raises `InvalidError` for a check rate below the other, and `MismatchError` where the images seem to be of
    /// another part, unless `force`.
    #[pyo3(signature = (good, bad = None, *, false_alarm_rate = None, check_rate = None, force = false, progress = None))]
    #[allow(clippy::too_many_arguments, reason = "Python names them")]
    fn calibrate(
        &self,
        good: &Bound<'_, PyAny>,
        bad: Option<&Bound<'_, PyAny>>,
        false_alarm_rate: Option<f64>,
        check_rate: Option<f64>,
        force: bool,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = good.py();
        for rate in [false_alarm_rate, check_rate].into_iter().flatten() {
            if !(rate > 0.0 && rate <= 0.5) {
                let said =
                    format!("a rate of {rate}: give a share above 0, and at most 0.5, as 0.03");
                return Err(invalid(py, &said));
            }
        }
        let held = self.here(py)?;
        let limits = held.detector.reading().limits;
        let good = good_images(good, limits)?;
        let bad = bad.map(|bad| bad_images(bad, limits)).transpose()?;
        let bad = bad.unwrap_or_default();
        let work = |teller: &Teller| {
            let by = By {
                held: &held,
                threads: self.threads,
                force,
                teller,
            };
            by.calibrate((good, &bad), [false_alarm_rate, check_rate])
        };
        let (changed, verdicts) = conduct(py, progress, work, unchanged)?;
        let [before, now] = self.take(py, changed, &held)?;
        let made = py.import("oddspot._reports")?.getattr("Calibrated")?;
        let made = made.call_method1("_made", (before, now, pythonize(py, &verdicts)?))?;
        Ok(made.unbind())
    }

    /// Learns more good images, in the time that it takes to look at them. Networks stay as they are, and so do the rates
    /// that the thresholds aim at.
    ///
    /// Images that it knows are left out, as `calibrate` does. It changes this detector: `save` keeps it. Raises
    /// `MismatchError` where most images are not good by the model as it is, unless `force`.
    #[pyo3(signature = (good, *, force = false, progress = None))]
    fn extend(
        &self,
        good: &Bound<'_, PyAny>,
        force: bool,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = good.py();
        let held = self.here(py)?;
        let good = good_images(good, held.detector.reading().limits)?;
        let work = |teller: &Teller| {
            let by = By {
                held: &held,
                threads: self.threads,
                force,
                teller,
            };
            by.extend(good)
        };
        let (changed, [new, known]) = conduct(py, progress, work, unchanged)?;
        let [before, now] = self.take(py, changed, &held)?;
        let made = py.import("oddspot._reports")?.getattr("Extended")?;
        Ok(made
            .call_method1("_made", (before, now, new, known))?
            .unbind())
    }

    /// Writes the model's file, whole or not at all; gives where a file is kept that lay there, if one did.
    ///
    /// Raises `MismatchError` where a file is there already, unless `replace`.
    #[pyo3(signature = (path, *, replace = false))]
    fn save(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<Option<PathBuf>> {
        if path.is_file() && !replace {
            let said = format!(
                "{0} is there already: give replace=True to put this model in its place (the one before is kept \
                 as {0}.bak), or another path",
                path.display()
            );
            return Err(mismatch(py, &said));
        }
        let model = self.here(py)?.model.clone();
        let saved = py.detach(|| save(&model, &path));
        saved.map_err(|error| raised(py, &error))
    }

    /// The bytes of the model's file.
    fn to_bytes(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        let model = self.here(py)?.model.clone();
        let bytes = py.detach(|| model.to_bytes());
        let bytes = bytes.map_err(|error| raised(py, &error))?;
        Ok(PyBytes::new(py, &bytes).unbind())
    }

    /// Threads that it was asked to have; 0 for as many as there are cores.
    #[getter]
    #[pyo3(name = "threads")]
    fn asked_threads(&self) -> usize {
        self.threads
    }

    /// The scores above which an image is anomalous, and to be checked.
    #[getter]
    fn thresholds(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let [thresholds, _] = self.here(py)?.thresholds();
        let made = py.import("oddspot._result")?.getattr("Thresholds")?;
        Ok(made.call1(thresholds)?.unbind())
    }

    /// The shares of good images that the thresholds aim at: those of the training, or of the last `calibrate`.
    #[getter]
    fn rates(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let [_, rates] = self.here(py)?.thresholds();
        let made = py.import("oddspot._result")?.getattr("Rates")?;
        Ok(made.call1(rates)?.unbind())
    }

    /// What it was trained with, but the rates, which are those in force: every setting by its name, as text.
    #[getter]
    fn settings(&self, py: Python<'_>) -> PyResult<BTreeMap<&'static str, String>> {
        Ok(named(&self.here(py)?.model.header.settings_in_force())
            .into_iter()
            .collect())
    }

    /// Names of the good images that it comes from.
    #[getter]
    fn good_images(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let header = &self.here(py)?.model.header;
        Ok(header
            .learned_images()
            .map(|record| record.name.clone())
            .collect())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Again<'py>> {
        let again = py.import("oddspot._result")?.getattr("detector_again")?;
        Ok((again, (slf.get().to_bytes(py)?, slf.get().threads)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let header = &self.here(py)?.model.header;
        Ok(format!(
            "<oddspot.Detector: {} of {} good images, {}, anomalous above {:.2}, check above {:.2}>",
            header.settings.method.name(),
            header.good_images(),
            header.settings.image_size,
            header.thresholds.image,
            header.thresholds.check,
        ))
    }
}

/// So many threads; `True` is a whole number to Python, and none here.
fn count_of_threads(given: &Bound<'_, PyAny>) -> PyResult<usize> {
    let is_bool = given.is_instance_of::<PyBool>();
    let count = (!is_bool).then(|| given.extract::<i32>().ok()).flatten();
    match count.and_then(|count| usize::try_from(count).ok()) {
        Some(count) => Ok(count),
        None => {
            let said = "give a whole number, 0 for as many as there are cores";
            Err(invalid(
                given.py(),
                &format!("threads={}: {said}", given.repr()?),
            ))
        }
    }
}

fn unchanged(error: &Error) -> String {
    format!("stopped {}; the model stays as it was", error.reason())
}

fn refused(py: Python<'_>, doubts: &Doubts) -> PyErr {
    let said = format!(
        "{}; the model stays as it was: look whether they are good images of this part, and give force=True if \
         they are",
        doubts.words().join("; ")
    );
    mismatch(py, &said)
}
