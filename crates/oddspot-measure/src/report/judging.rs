//! Every test image through the detector, once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{JudgedImages, MapKind};
use oddspot::datasets::{Dataset, Label, Sample, TestLook};
use oddspot::images::{ImageFile, ImageSize, Mask, Reading, decode_masks};
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
pub fn check_test_set(dataset: &Dataset, reading: Reading) -> Result<TestLook> {
    let look = look_at_test_set(dataset, reading)?;
    look.check(&dataset.root)?;
    Ok(look)
}

/// Says what a test set is like, and what would spoil a measurement on it.
///
/// # Errors
/// A data set without test images.
pub fn look_at_test_set(dataset: &Dataset, reading: Reading) -> Result<TestLook> {
    if dataset.test.is_empty() {
        return Err(Error::dataset(
            &dataset.root,
            "it has no labelled test images: put some into test/good and test/<defect>, or list \
             them with the split test",
        ));
    }
    dataset.look_at_test(reading)
}

/// Looks at a data set's test images, and takes out those that cannot be used: why not, one by one.
///
/// # Errors
/// A data set without test images, or of which none can be used.
pub fn usable_test_set(dataset: &mut Dataset, reading: Reading) -> Result<(TestLook, Vec<String>)> {
    let mut look = look_at_test_set(dataset, reading)?;
    let left_out = dataset.leave_out_unreadable(&mut look);
    if dataset.test.is_empty() {
        let shown: String = (left_out.iter().take(SHOWN))
            .map(|reason| format!("\n  {reason}"))
            .collect();
        let reason = format!("none of its test images can be used:{shown}");
        return Err(Error::dataset(&dataset.root, reason));
    }
    Ok((look, left_out))
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
        if seen.contains(ImageFile::open(&sample.image)?.sha256()?.as_str()) {
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
            "the model has seen these of its test images, in training or since (extend, calibrate): evaluate on \
             others, or train without them\n  {shown}{more}"
        ),
    ))
}

/// Judges every test image, telling at the start and after each how many of how many are done;
/// None if told to stop.
pub(super) fn judge(
    detector: &Detector,
    (dataset, inverted): (&Dataset, bool),
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<JudgedImages>> {
    let total = dataset.test.len();
    let mut judged = JudgedImages::new(detector.header().settings.image_size);
    let mut flow = progress(0, total);
    for sample in &dataset.test {
        if flow.is_break() {
            return Ok(None);
        }
        judged.push(judge_one(detector, dataset, (sample, inverted))?)?;
        flow = progress(judged.count(), total);
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
    let size = ImageSize::of(&image);
    // A large image goes before its masks come.
    drop(image);
    Ok(Judged {
        name: dataset.name_of(sample),
        label: sample.label.clone(),
        size,
        mask: decode_masks((&sample.masks, detector.reading().limits), size, inverted)?,
        terms: found.maps.terms,
        score: found.score,
        verdict: found.verdict,
        shares: found.shares,
        placement: found.placement,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::terms;
    use oddspot::verdict::AnomalyMaps;

    #[test]
    fn a_term_that_a_model_lacks_has_no_map_and_the_sum_is_of_all_it_has() {
        let term = |name, value| TermMap {
            kind: terms::kind(name).unwrap(),
            map: ScoreMap::filled(2, 3, value),
        };
        let alone = |name| MapKind::named(name).unwrap();
        let mut image = Judged {
            name: "test/cut/0.png".to_owned(),
            label: Label::Good,
            size: ImageSize::square(4),
            mask: None,
            terms: vec![term("reconstruction", 5.0), term("position", 1.0)],
            score: 6.0,
            verdict: Verdict::Good,
            shares: Shares::of(1.0, 0.0),
            placement: None,
        };
        let total = image.map(MapKind::Total).unwrap();
        assert_eq!(*total, AnomalyMaps::of(image.terms.clone()).total);
        image.terms.truncate(1);
        assert_eq!(image.map(alone("position")), None);
        let only = image.map(MapKind::Total);
        assert_eq!(only.as_deref(), Some(&image.terms[0].map));
    }
}
