//! Every test image through the detector, once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use super::MapKind;
use oddspot::datasets::{Dataset, Label, Sample, TestLook};
use oddspot::files::digest::hex;
use oddspot::images::{ImageSize, Mask, decode_masks, read_file};
use oddspot::judge::Detector;
use oddspot::maps::ScoreMap;
use oddspot::model::{Header, ImageRecord};
use oddspot::terms::position::Placement;
use oddspot::verdict::{Shares, TermMap, Verdict};
use oddspot::{Error, Result};

/// How many images one error names.
const SHOWN: usize = 10;

/// A judged test image with its ground truth.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Path below the data set's folder, with `/`.
    pub name: String,
    /// What it shows.
    pub label: Label,
    /// The image's own size.
    pub size: ImageSize,
    /// Which of its pixels are anomalous.
    pub mask: Option<Mask>,
    /// The maps of the score's terms over the whole image, as the detector gives them, in the order of fusing:
    /// as they are summed.
    pub terms: Vec<TermMap>,
    /// The image's score.
    pub score: f32,
    /// The verdict.
    pub verdict: Verdict,
    /// What its peak and what stands out with it are owed to.
    pub shares: Shares,
    /// What the position classifier says of the place where `e_pos` peaks; none in a baseline.
    pub placement: Option<Placement>,
}

impl Judged {
    /// One of its maps; None of a term that the model lacks. The sum is made on demand: to keep
    /// it would take half as much memory again.
    pub fn map(&self, kind: MapKind) -> Option<Cow<'_, ScoreMap>> {
        let (first, others) = match kind {
            MapKind::Total => self.terms.split_first()?,
            MapKind::Term(kind) => {
                let mut terms = self.terms.iter();
                (terms.find(|term| term.kind.name == kind.name)?, &[][..])
            }
        };
        let mut map = Cow::Borrowed(&first.map);
        for term in others {
            let sums = map.to_mut().values.iter_mut();
            sums.zip(&term.map.values)
                .for_each(|(sum, value)| *sum += value);
        }
        Some(map)
    }

    /// Whether the score has several terms, which its shares tell apart.
    pub fn has_parts(&self) -> bool {
        self.terms.len() > 1
    }
}

/// Refuses a test set that cannot be measured on fairly, whatever the model, and says what it is like.
///
/// # Errors
/// A data set without test images, or with any [`oddspot::datasets::Problem`], each file named.
pub fn check_test_set(dataset: &Dataset) -> Result<TestLook> {
    if dataset.test.is_empty() {
        return Err(Error::dataset(
            &dataset.root,
            "it has no labelled test images: put some into test/good and test/<defect>, or list \
             them with the split test",
        ));
    }
    let look = dataset.look_at_test()?;
    look.check(&dataset.root)?;
    Ok(look)
}

/// Refuses test images that the model has learned from or took its thresholds from.
///
/// # Errors
/// The names of such images; an image that cannot be read.
pub fn check_unseen(dataset: &Dataset, header: &Header) -> Result<()> {
    let calibration = header.calibration.iter();
    let scored = calibration.flat_map(|calibration| &calibration.good_images);
    refuse(dataset, header.learned_images().chain(scored))
}

/// Refuses test images of which one of the records is.
pub(super) fn refuse<'a>(
    dataset: &Dataset,
    seen: impl Iterator<Item = &'a ImageRecord>,
) -> Result<()> {
    let seen: HashSet<&str> = seen.map(|record| record.sha256.as_str()).collect();
    let mut known = Vec::new();
    for sample in &dataset.test {
        if seen.contains(hex(&Sha256::digest(read_file(&sample.image)?)).as_str()) {
            known.push(sample.image.display().to_string());
        }
    }
    if known.is_empty() {
        return Ok(());
    }
    let shown = known[..known.len().min(SHOWN)].join("\n  ");
    let more = match known.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    Err(Error::dataset(
        &dataset.root,
        format!(
            "the model has seen these of its test images in training: evaluate on others, or \
             train without them\n  {shown}{more}"
        ),
    ))
}

/// Judges every test image, telling at the start and after each how many of how many are done;
/// None if told to stop.
pub(super) fn judge(
    detector: &Detector,
    (dataset, inverted): (&Dataset, bool),
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<Judged>>> {
    let total = dataset.test.len();
    let mut judged = Vec::with_capacity(total);
    let mut flow = progress(0, total);
    for sample in &dataset.test {
        if flow.is_break() {
            return Ok(None);
        }
        judged.push(judge_one(detector, dataset, (sample, inverted))?);
        flow = progress(judged.len(), total);
    }
    Ok(Some(judged))
}

/// Judges one of a data set's test images, its masks taken as they are or inverted.
///
/// # Errors
/// An image or a mask that cannot be read; a damaged model.
pub fn judge_one(
    detector: &Detector,
    dataset: &Dataset,
    (sample, inverted): (&Sample, bool),
) -> Result<Judged> {
    let image = detector.reading().decode(&sample.image)?.image;
    let found = detector.detect(&image)?;
    let size = ImageSize {
        width: image.width() as usize,
        height: image.height() as usize,
    };
    Ok(Judged {
        name: dataset.name_of(sample),
        label: sample.label.clone(),
        size,
        mask: decode_masks(&sample.masks, size, inverted)?,
        terms: found.maps.terms,
        score: found.score,
        verdict: found.verdict,
        shares: found.shares,
        placement: found.placement,
    })
}
