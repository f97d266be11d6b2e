//! Models measured on labelled images, and good images looked through.

use std::path::{Path, PathBuf};

use oddspot::audit::Audit;
use oddspot::datasets::Dataset;
use oddspot::judge::pool;
use oddspot::model::ImageRecord;
use oddspot::settings::{Method, Settings};
use oddspot::train::Progress;
use oddspot::{Error, ErrorKind, Training};
use oddspot_measure::report::{Phase, examine, usable_test_set};
use pyo3::prelude::*;
use pythonize::pythonize;

use crate::conducting::{Teller, conduct};
use crate::detector::Detector;
use crate::errors::raised;
use crate::good::good_images;
use crate::held::library;
use crate::settings::{Given, settings_of};

/// Measures a detector: everything that was measured, the tables, and what could not be read.
#[pyfunction]
pub fn evaluate<'py>(
    py: Python<'py>,
    detector: &Bound<'py, Detector>,
    data: PathBuf,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, String, Vec<String>)> {
    let threads = detector.get().threads();
    let detector = detector.get().detector(py)?;
    let work = |teller: &Teller| {
        let mut dataset = Dataset::open(&data)?;
        let pool = pool(threads)?;
        let (look, left_out) =
            pool.install(|| usable_test_set(&mut dataset, detector.reading()))?;
        let mut progress = |phase, done, total| match phase {
            Phase::Judging => teller.tell("judging", done, total),
            Phase::Measuring => teller.tell("measuring", done, total),
        };
        let examined = pool.install(|| examine(&detector, (&dataset, &look), &mut progress))?;
        let (evaluation, _) = examined.ok_or_else(|| Error::cancelled("while measuring"))?;
        Ok((evaluation, left_out))
    };
    let (evaluation, left_out) = conduct(py, progress, work, nothing_written)?;
    Ok((
        pythonize(py, &evaluation)?,
        evaluation.to_string(),
        left_out,
    ))
}

/// Images that cannot be used, by their names, and why not.
type Unusable = Vec<(String, String)>;

/// What is said of each image, in words.
type Words = Vec<Vec<String>>;

/// Looks through good images.
#[pyfunction]
pub fn audit<'py>(
    py: Python<'py>,
    good: &Bound<'py, PyAny>,
    settings: Given,
    threads: usize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Words, Unusable)> {
    let settings = settings_of("instant", &settings).map_err(|error| raised(py, &error))?;
    let settings = Settings {
        method: Method::Instant,
        ..settings
    };
    let good = good_images(good, settings.reading().limits)?;
    let work = |teller: &Teller| {
        let root = good.root.clone();
        let pool = pool(threads)?;
        let usable = pool.install(|| {
            good.usable(settings.reading(), |done, total| {
                teller.tell("checking", done, total)
            })
        });
        let (images, broken) = usable.ok_or_else(|| Error::cancelled("while checking"))?;
        let unusable = broken.iter().map(|(image, error)| {
            let record = ImageRecord::of(&image.name(), &root, String::new());
            // What the system refuses has no reason but the system's own.
            let reason = match error.reason() {
                "" => error.in_full(),
                reason => reason.to_owned(),
            };
            (record.name, reason)
        });
        let unusable: Unusable = unusable.collect();
        if images.train.is_empty() {
            return Err(none_usable(&unusable, &root));
        }
        let mut left_out = Vec::new();
        let mut observer = |event: &Progress| match *event {
            Progress::Preparing { done, total } => teller.tell("preparing", done, total),
            Progress::Fitting { term, done, total } => {
                teller.tell(&format!("fitting {term}"), done, total)
            }
            Progress::Comparing { done, total } => {
                teller.tell("comparing good images", done, total)
            }
            Progress::Scoring { done, total } => teller.tell("scoring good images", done, total),
            _ => teller.flow(),
        };
        let model = Training::new(settings, images.clone())
            .library(library())
            .threads(threads)
            .left_out(&mut left_out)
            .observe(&mut observer)
            .run()?;
        let mut looking = |done: usize, total: usize| teller.tell("looking through", done, total);
        let audit = pool.install(|| Audit::of(images, &model.header, left_out, &mut looking))?;
        Ok((audit, unusable))
    };
    let (audit, unusable) = conduct(py, progress, work, nothing_written)?;
    let unlike = audit.images.iter().map(|image| {
        let words = image.unlike.iter().map(|unlike| unlike.words());
        words.collect()
    });
    Ok((pythonize(py, &audit)?, unlike.collect(), unusable))
}

/// Why there is nothing to look through; the first ten images are named.
fn none_usable(unusable: &[(String, String)], root: &Path) -> Error {
    const NAMED: usize = 10;
    let mut reason = format!("none of {} good images can be used:", unusable.len());
    let named = unusable.iter().take(NAMED);
    reason.extend(named.map(|(name, why)| format!("\n  {name}: {why}")));
    if unusable.len() > NAMED {
        reason += &format!("\n  and {} more", unusable.len() - NAMED);
    }
    Error::dataset(root, reason).of_kind(ErrorKind::NotFound)
}

fn nothing_written(error: &Error) -> String {
    format!("stopped {}; nothing was written", error.reason())
}
