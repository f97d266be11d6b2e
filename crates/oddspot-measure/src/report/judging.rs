//! Every test image through the detector, once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{JudgedImages, MapKind};
use oddspot::datasets::{Dataset, Label, Sample, TestLook};
use oddspot::files::digest::hex;
use oddspot::images::{
    ImageFile, ImageSize, Mask, Reading, Source, check_each, decode_masks, has_image_extension,
};
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
    let records = header.learned_images().chain(scored);
    refuse((dataset, header.settings.reading()), records)
}

/// Refuses test images of which one of the records is.
fn refuse<'a>(
    (dataset, reading): (&Dataset, Reading),
    records: impl Iterator<Item = &'a ImageRecord>,
) -> Result<()> {
    let mut seen = HashSet::new();
    let mut were_in_memory = false;
    for record in records {
        seen.insert(record.sha256.as_str());
        were_in_memory |= !has_image_extension(record.name.as_ref());
    }
    let images = &dataset.test;
    let mut are_known = Vec::with_capacity(images.len());
    for sample in images {
        let sha256 = ImageFile::open(&sample.image)?.sha256()?;
        are_known.push(seen.contains(sha256.as_str()));
    }
    if were_in_memory {
        // Those are known by their pixels, and to decode all once more is a small part of measuring.
        let sources: Vec<Source> = images.iter().map(|one| Source::file(&one.image)).collect();
        let pixels = check_each((&sources, reading), |_, _| ControlFlow::Continue(()));
        for (is_known, pixels) in are_known.iter_mut().zip(pixels.into_iter().flatten()) {
            *is_known |= seen.contains(hex(&pixels?).as_str());
        }
    }
    let known = images.iter().zip(are_known);
    let known: Vec<String> = known
        .filter(|(_, is_known)| *is_known)
        .map(|(sample, _)| sample.image.display().to_string())
        .collect();
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

    #[test]
    fn images_that_the_model_has_seen_are_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        for (name, shade) in [("test/good/0.png", 1), ("test/good/1.png", 2)] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let image = ::image::RgbImage::from_pixel(8, 8, [shade; 3].into());
            image.save(path).unwrap();
        }
        let dataset = Dataset::open(root.path()).unwrap();
        let path = &dataset.test[1].image;
        let reading = Reading::default();
        let pixels = check_each((&[Source::file(path)], reading), |_, _| {
            ControlFlow::Continue(())
        });
        // The same file under another name; the same pixels, that the model learned from memory.
        let seen = [
            (
                "renamed.png",
                ImageFile::open(path).unwrap().sha256().unwrap(),
            ),
            ("000001", hex(pixels.unwrap()[0].as_ref().unwrap())),
        ];
        for (name, sha256) in seen {
            let name = name.to_owned();
            let seen = ImageRecord { name, sha256 };
            let error = refuse((&dataset, reading), [&seen].into_iter()).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("good/1.png") && !error.contains("0.png"),
                "{error}"
            );
        }
    }
}
