//! Detector × labelled test set → measures under two named protocols, verdicts, and one record
//! per image.
//!
//! Every test image is judged once. The measures are then computed from the kept maps, one
//! protocol and one group of images at a time; at the official protocol's sizes that takes
//! about 9 bytes per pixel of the whole test set (100 images of 1024×1024: 1 GB).

mod judging;
mod measures;
mod table;
mod text;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use judging::{Judged, check_test_set, check_unseen, judge_one};
pub use measures::{Curves, MAX_FPR, MapMeasures, Measures, OperatingPoint, ProtocolMeasures};

use crate::config::{Config, Method};
use crate::dataset::{Dataset, Label};
use crate::detector::Detector;
use crate::error::{Error, Result};
use crate::model_file::Header;
use crate::shares::Shares;
use crate::teacher::TeacherIdentity;
use crate::threshold::Thresholds;
pub(crate) use text::{UNDEFINED, notes, percent, signed, three_digits, threshold, title};

/// At which size maps and ground truth are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The paper's: maps and masks at the model's `image_size`.
    Paper,
    /// MVTec AD's: maps resized bilinearly to the size of the ground truth (for a good image:
    /// of the image), masks as they are.
    Official,
}

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Paper, Self::Official];

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Official => "official",
        }
    }
}

/// Which map is measured: the rows of the paper's Table 2. An image's score is its maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapKind {
    /// The model's own map: `e`, which in the baseline is `e_rec`.
    Total,
    /// The normalised `e_rec` alone.
    Rec,
    /// The normalised `e_pos` alone.
    Pos,
}

impl MapKind {
    /// All maps that a method has: the baseline's only part is its whole.
    pub fn of(method: Method) -> &'static [Self] {
        match method {
            Method::Full => &[Self::Total, Self::Rec, Self::Pos],
            Method::Baseline => &[Self::Total],
        }
    }

    /// What tables call the map of a method.
    pub(crate) fn title(self, method: Method) -> &'static str {
        match (self, method) {
            (Self::Total, Method::Full) => "full",
            (Self::Total, Method::Baseline) => "e_rec (baseline)",
            (Self::Rec, _) => "e_rec alone",
            (Self::Pos, _) => "e_pos alone",
        }
    }
}

/// What an evaluation is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Judging, image by image.
    Judging,
    /// Computing the measures, a table's row at a time.
    Measuring,
}

/// Everything that was measured. Serialised, it is the result of `oddspot evaluate --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Version of oddspot that measured.
    pub oddspot: &'static str,
    /// The model.
    pub model: ModelSummary,
    /// The test set.
    pub data: DataSummary,
    /// What the threshold made of the images.
    pub verdicts: Verdicts,
    /// The measures under both protocols.
    pub protocols: BTreeMap<Protocol, ProtocolMeasures>,
    /// One record per test image, in path order.
    pub images: Vec<TestImage>,
    /// Curves of the model's own map over all images, under the paper's protocol.
    #[serde(skip)]
    pub curves: Curves,
}

impl Evaluation {
    fn new(
        header: &Header,
        data: String,
        judged: &[Judged],
        (protocols, curves): (BTreeMap<Protocol, ProtocolMeasures>, Curves),
    ) -> Self {
        Self {
            oddspot: env!("CARGO_PKG_VERSION"),
            model: ModelSummary::of(header),
            data: DataSummary::of(data, judged),
            verdicts: Verdicts::of(&header.thresholds, judged),
            protocols,
            images: judged.iter().map(TestImage::of).collect(),
            curves,
        }
    }
}

/// Which model was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    /// Version of oddspot that trained it.
    pub oddspot: String,
    /// Its teacher.
    pub teacher: TeacherIdentity,
    /// Iterations trained.
    pub iterations: usize,
    /// Its configuration.
    pub config: Config,
}

impl ModelSummary {
    fn of(header: &Header) -> Self {
        Self {
            oddspot: header.oddspot.clone(),
            teacher: header.teacher.clone(),
            iterations: header.iterations,
            config: header.config.clone(),
        }
    }
}

/// What it was measured on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataSummary {
    /// Name of the data set's folder.
    pub name: String,
    /// Good test images.
    pub good: usize,
    /// Test images of each defect.
    pub defects: BTreeMap<String, usize>,
    /// Test images with a ground-truth mask.
    pub masks: usize,
}

impl DataSummary {
    fn of(name: String, judged: &[Judged]) -> Self {
        let mut defects = BTreeMap::new();
        for image in judged {
            if let Label::Defect(defect) = &image.label {
                *defects.entry(defect.clone()).or_default() += 1;
            }
        }
        Self {
            name,
            good: count(judged, |image| image.label == Label::Good),
            defects,
            masks: count(judged, |image| image.mask.is_some()),
        }
    }
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Those counted.
    pub count: usize,
    /// All of them.
    pub of: usize,
}

impl Count {
    /// As a share in [0, 1]; None of none.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }
}

/// The verdicts at the image threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdicts {
    /// An image is called anomalous when its score lies above this.
    pub threshold: f64,
    /// The model's own threshold, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_threshold: Option<f64>,
    /// Images judged rightly; as a share: the accuracy.
    pub right: Count,
    /// Good images called anomalous.
    pub false_alarms: Count,
    /// Anomalous images called good, per defect.
    pub misses: BTreeMap<String, Count>,
}

impl Verdicts {
    fn of(thresholds: &Thresholds, judged: &[Judged]) -> Self {
        let mut verdicts = Self {
            threshold: thresholds.image,
            replaced_threshold: thresholds.replaced,
            right: Count::default(),
            false_alarms: Count::default(),
            misses: BTreeMap::new(),
        };
        for image in judged {
            let (wrong, kind) = match &image.label {
                Label::Good => (image.anomalous, &mut verdicts.false_alarms),
                Label::Defect(defect) => {
                    let misses = verdicts.misses.entry(defect.clone()).or_default();
                    (!image.anomalous, misses)
                }
            };
            kind.count += usize::from(wrong);
            kind.of += 1;
            verdicts.right.count += usize::from(!wrong);
            verdicts.right.of += 1;
        }
        verdicts
    }
}

/// What was found in one test image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestImage {
    /// Path below the data set's folder, with `/`.
    pub name: String,
    /// "good", or the defect's name.
    #[serde(with = "label_text")]
    pub label: Label,
    /// The image's score: the maximum of the model's map at `image_size`.
    pub score: f32,
    /// The verdict: whether the score lies above the threshold.
    pub anomalous: bool,
    /// What its peak and what stands out with it are owed to.
    pub shares: Shares,
    /// Maximum of the normalised `e_rec`.
    pub rec: f32,
    /// Maximum of the normalised `e_pos`; absent in the baseline.
    pub pos: Option<f32>,
}

impl TestImage {
    fn of(image: &Judged) -> Self {
        Self {
            name: image.name.clone(),
            label: image.label.clone(),
            score: image.score,
            anomalous: image.anomalous,
            shares: image.shares,
            rec: image.rec.peak().0,
            pos: image.pos.as_ref().map(|pos| pos.peak().0),
        }
    }
}

/// A label as "good", or the defect's name.
pub(crate) mod label_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::dataset::Label;

    pub(crate) fn text(label: &Label) -> &str {
        match label {
            Label::Good => "good",
            Label::Defect(name) => name,
        }
    }

    pub(crate) fn serialize<S: Serializer>(
        label: &Label,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text(label))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Label, D::Error> {
        Ok(match String::deserialize(deserializer)? {
            good if good == "good" => Label::Good,
            defect => Label::Defect(defect),
        })
    }
}

fn count(judged: &[Judged], is: impl Fn(&Judged) -> bool) -> usize {
    judged.iter().filter(|image| is(image)).count()
}

/// Judges every test image and measures the given maps ([`MapKind::of`] for all) under both
/// protocols.
///
/// `progress` is told, from 0 on, how many images of how many are judged, then how many groups of
/// images are measured; None if it breaks. A measure that the test set leaves undefined (one class only, no masks) is
/// None with its reason. Without any masks the images are measured all the same.
///
/// # Errors
/// A data set without test images, or with any [`crate::dataset::Problem`] (each file named);
/// test images that the model has seen in training; an image that cannot be read.
pub fn evaluate(
    detector: &Detector,
    dataset: &Dataset,
    maps: &[MapKind],
    progress: impl FnMut(Phase, usize, usize) -> ControlFlow<()>,
) -> Result<Option<Evaluation>> {
    let examined = examine(detector, dataset, maps, progress)?;
    Ok(examined.map(|(evaluation, _)| evaluation))
}

/// As [`evaluate`], with every judged image, in the order of the data set's test images.
///
/// # Errors
/// Those of [`evaluate`].
pub fn examine(
    detector: &Detector,
    dataset: &Dataset,
    maps: &[MapKind],
    mut progress: impl FnMut(Phase, usize, usize) -> ControlFlow<()>,
) -> Result<Option<(Evaluation, Vec<Judged>)>> {
    let header = detector.header();
    check_test_set(dataset)?;
    check_unseen(dataset, header)?;
    let judged = judging::judge(detector, dataset, |done, total| {
        progress(Phase::Judging, done, total)
    })?;
    let Some(judged) = judged else {
        return Ok(None);
    };
    let measured = measures::measure(&judged, maps, header.config.image_size, |done, total| {
        progress(Phase::Measuring, done, total)
    });
    let Some(measured) = measured else {
        return Ok(None);
    };
    let folder = dataset.root.canonicalize();
    let folder = folder.as_ref().unwrap_or(&dataset.root);
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let evaluation = Evaluation::new(header, name, &judged, measured);
    Ok(Some((evaluation, judged)))
}

/// Refuses a model as the baseline that another's maps are shown beside.
///
/// # Errors
/// One that is not of the baseline method, or judges images of another size; a model that is a
/// baseline itself.
pub fn check_baseline(model: &Header, baseline: &Header, path: &Path) -> Result<()> {
    let fail = |reason: String| Err(Error::model_file(path, reason));
    if baseline.config.method != Method::Baseline {
        return fail(
            "it is no baseline: give a model that was trained with --method baseline".to_owned(),
        );
    }
    if model.config.method == Method::Baseline {
        return fail(
            "the model to evaluate is of the baseline method itself: a baseline is shown beside \
             a model of the full method"
                .to_owned(),
        );
    }
    let [size, expected] = [baseline, model].map(|header| header.config.image_size);
    if size != expected {
        return fail(format!(
            "it judges images at {size}, the model to evaluate at {expected}: train one with \
             --image-size {expected}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
