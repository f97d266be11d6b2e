//! Every test image through the detector, once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use super::MapKind;
use crate::dataset::{Dataset, Label, Sample};
use crate::detector::Detector;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::image::{ImageSize, Mask, decode, decode_masks, read_file};
use crate::map::ScoreMap;
use crate::model_file::Header;
use crate::placement::Placement;
use crate::shares::Shares;

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
    /// Which of its pixels are anomalous, at the mask's own size.
    pub mask: Option<Mask>,
    /// The normalised `e_rec` at the model's `image_size`.
    pub rec: ScoreMap,
    /// The normalised `e_pos`, likewise; absent in the baseline.
    pub pos: Option<ScoreMap>,
    /// The image's score.
    pub score: f32,
    /// The verdict.
    pub anomalous: bool,
    /// What its peak and what stands out with it are owed to.
    pub shares: Shares,
    /// What the position classifier says of the place where `e_pos` peaks; none in a baseline.
    pub placement: Option<Placement>,
}

impl Judged {
    /// One of its maps. The sum is made on demand: it would be half as much again to keep.
    pub fn map(&self, kind: MapKind) -> Cow<'_, ScoreMap> {
        match (kind, &self.pos) {
            (MapKind::Rec, _) | (_, None) => Cow::Borrowed(&self.rec),
            (MapKind::Pos, Some(pos)) => Cow::Borrowed(pos),
            (MapKind::Total, Some(pos)) => {
                let both = self.rec.values.iter().zip(&pos.values);
                Cow::Owned(ScoreMap {
                    values: both.map(|(rec, pos)| rec + pos).collect(),
                    ..self.rec
                })
            }
        }
    }
}

/// Refuses a test set that cannot be measured on fairly, whatever the model.
///
/// # Errors
/// A data set without test images, or with any [`crate::dataset::Problem`], each file named.
pub fn check_test_set(dataset: &Dataset) -> Result<()> {
    if dataset.test.is_empty() {
        return Err(Error::dataset(
            &dataset.root,
            "it has no labelled test images: put some into test/good and test/<defect>, or list \
             them with the split test",
        ));
    }
    if dataset.test.iter().any(|sample| !sample.masks.is_empty()) {
        dataset.check_test()?;
    } else {
        // No masks at all is a choice, not a slip: the images are measured alone.
        let maskless = |sample: &Sample| Sample {
            label: Label::Good,
            ..sample.clone()
        };
        let images_alone = Dataset {
            test: dataset.test.iter().map(maskless).collect(),
            ..dataset.clone()
        };
        images_alone.check_test()?;
    }
    Ok(())
}

/// Refuses test images that the model was trained on or took its threshold from.
///
/// # Errors
/// The names of such images; an image that cannot be read.
pub fn check_unseen(dataset: &Dataset, header: &Header) -> Result<()> {
    let records = (header.training_images.iter()).chain(&header.held_out_images);
    let seen: HashSet<&str> = records.map(|record| record.sha256.as_str()).collect();
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
    dataset: &Dataset,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<Judged>>> {
    let total = dataset.test.len();
    let mut judged = Vec::with_capacity(total);
    let mut flow = progress(0, total);
    for sample in &dataset.test {
        if flow.is_break() {
            return Ok(None);
        }
        judged.push(judge_one(detector, dataset, sample)?);
        flow = progress(judged.len(), total);
    }
    Ok(Some(judged))
}

/// Judges one of a data set's test images.
///
/// # Errors
/// An image or a mask that cannot be read; a damaged model.
pub fn judge_one(detector: &Detector, dataset: &Dataset, sample: &Sample) -> Result<Judged> {
    let image = decode(&sample.image)?;
    let found = detector.detect(&image)?;
    Ok(Judged {
        name: dataset.name_of(sample),
        label: sample.label.clone(),
        size: ImageSize {
            width: image.width() as usize,
            height: image.height() as usize,
        },
        mask: decode_masks(&sample.masks)?,
        rec: found.maps.rec,
        pos: found.maps.pos,
        score: found.score,
        anomalous: found.anomalous,
        shares: found.shares,
        placement: found.placement,
    })
}
