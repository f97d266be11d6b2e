//! Detector × labelled test set → measures under two named protocols, verdicts, and one record
//! per image.
//!
//! Every test image is judged once. The measures are then computed from the kept maps, one
//! protocol and one group of images at a time. Maps are kept at the model's size, 256 MiB of them in memory and
//! the others in a temporary file, and resized row by row: a test set of any size takes the same memory.

mod evaluation;
mod judging;
mod kept;
pub mod label_text;
mod map_kind;
mod measures;
mod notes;
mod protocol;
mod table;
mod verdicts;
pub mod words;

use std::ops::ControlFlow;
use std::path::Path;

use oddspot::datasets::{Dataset, TestLook};
use oddspot::judge::Detector;
use oddspot::model::Header;
use oddspot::settings::Method;
use oddspot::{Error, ErrorKind, Result};

pub use evaluation::{DataSummary, Evaluation, ModelSummary, TermPeak, TestImage};
pub use judging::{
    Judged, check_test_set, check_unseen, judge_one, look_at_test_set, usable_test_set,
};
pub use kept::JudgedImages;
pub use map_kind::MapKind;
pub use measures::{Curves, MAX_FPR, MapMeasures, Measures, OperatingPoint, ProtocolMeasures};
pub use notes::doubts;
pub use protocol::Protocol;
pub use verdicts::{Count, Verdicts};

/// What an evaluation is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Judging, image by image.
    Judging,
    /// Computing the measures, a table's row at a time.
    Measuring,
}

/// Judges every test image and measures all of the model's maps ([`MapKind::of`]) under both
/// protocols.
///
/// `progress` is told, from 0 on, how many images of how many are judged, then how many groups of
/// images are measured; None if it breaks. A measure that the test set leaves undefined (one
/// class only, no masks) is None with its reason. Images of defects without a mask count in the measures
/// of images alone.
///
/// # Errors
/// A data set without test images, or with any [`oddspot::datasets::Problem`] (each file named);
/// test images that the model has seen in training; an image that cannot be read.
pub fn evaluate(
    detector: &Detector,
    dataset: &Dataset,
    progress: impl FnMut(Phase, usize, usize) -> ControlFlow<()>,
) -> Result<Option<Evaluation>> {
    let look = look_at_test_set(dataset, detector.reading())?;
    let examined = examine(detector, (dataset, &look), progress)?;
    Ok(examined.map(|(evaluation, _)| evaluation))
}

/// As [`evaluate`], with every judged image, in the order of the data set's test images, of a test set that was
/// looked at.
///
/// # Errors
/// Those of [`evaluate`].
pub fn examine(
    detector: &Detector,
    (dataset, look): (&Dataset, &TestLook),
    mut progress: impl FnMut(Phase, usize, usize) -> ControlFlow<()>,
) -> Result<Option<(Evaluation, JudgedImages)>> {
    let header = detector.header();
    look.check(&dataset.root)?;
    check_unseen(dataset, header)?;
    let judged = judging::judge(detector, (dataset, look.inverted), |done, total| {
        progress(Phase::Judging, done, total)
    })?;
    let Some(judged) = judged else {
        return Ok(None);
    };
    let maps = MapKind::of(&header.settings);
    let measured = measures::measure(&judged, &maps, header.settings.image_size, |done, total| {
        progress(Phase::Measuring, done, total)
    })?;
    let Some(measured) = measured else {
        return Ok(None);
    };
    let folder = dataset.root.canonicalize();
    let folder = folder.as_ref().unwrap_or(&dataset.root);
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let verdicts = Verdicts::of(&header.thresholds, &judged);
    let model = ModelSummary::of(header);
    let data = DataSummary::of(name, &judged, notes::notes(dataset, look));
    let evaluation = Evaluation::new(data, model, verdicts, &judged, measured);
    Ok(Some((evaluation, judged)))
}

/// Refuses a model as the baseline that another's maps are shown beside.
///
/// # Errors
/// One that is not of the baseline method, or judges images of another size; a model that is a
/// baseline itself. All of [`ErrorKind::Mismatch`].
pub fn check_baseline(model: &Header, baseline: &Header, path: &Path) -> Result<()> {
    let fail = |reason: String| Err(Error::model(path, reason).of_kind(ErrorKind::Mismatch));
    if baseline.settings.method != Method::Baseline {
        let method = baseline.settings.method.name();
        return fail(format!("it is no baseline: its method is '{method}'"));
    }
    if model.settings.method == Method::Baseline {
        return fail(
            "the model to evaluate is of the baseline method itself: a baseline is shown beside \
             a model of the full method"
                .to_owned(),
        );
    }
    let [size, expected] = [baseline, model].map(|header| header.settings.image_size);
    if size != expected {
        return fail(format!(
            "it judges images at {size}, the model to evaluate at {expected}: both must be of \
             one size"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
