//! What must be known of a test set beside its measures, in words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use oddspot::datasets::{Dataset, Label, Sample, TestLook};

/// Names that a note lists.
const SHOWN: usize = 3;

/// The notes of a test set.
pub(super) fn notes(dataset: &Dataset, look: &TestLook) -> Vec<String> {
    let mut notes = Vec::new();
    if !look.left_out.is_empty() {
        let shown = look.left_out.iter().take(SHOWN).map(String::as_str);
        let more = (look.left_out.len() > SHOWN).then_some("…");
        notes.push(format!(
            "{} images or folders could not be read and count in no measure: {}",
            look.left_out.len(),
            shown.chain(more).collect::<Vec<_>>().join("; ")
        ));
    }
    if !dataset
        .test
        .iter()
        .any(|sample| sample.label == Label::Good)
    {
        notes.push(format!(
            "no test image is good ({}): false alarms and the AUC of images are not known; good images lie in \
             test/good, or in ok, normal or 0",
            labels(dataset.test.iter())
        ));
    }
    let without = |sample: &&Sample| look.without_mask.contains(&sample.image);
    let masks = dataset.test.iter().any(|sample| !sample.masks.is_empty());
    if masks && !look.without_mask.is_empty() {
        notes.push(format!(
            "{} of {} images of defects have no mask and count in no measure of pixels: {}",
            look.without_mask.len(),
            dataset
                .test
                .iter()
                .filter(|sample| sample.label != Label::Good)
                .count(),
            labels(dataset.test.iter().filter(without))
        ));
    }
    if look.inverted {
        notes.push(
            "the masks mark most of their images, all of them: they were taken as inverted, with defects black"
                .to_owned(),
        );
    }
    let mut files = |files: &[PathBuf], said: &str| {
        if !files.is_empty() {
            notes.push(format!("{} {said}: {}", files.len(), named(dataset, files)));
        }
    };
    files(
        &look.doubtful,
        "masks mark most of their images; are they inverted?",
    );
    files(
        &look.nearly_all,
        "masks mark nearly all of their images; are they inverted, or is what is good no black in them?",
    );
    files(
        &look.cut,
        "masks have shades between, as JPEG leaves them, and were cut at half",
    );
    files(
        &look.scaled,
        "masks are of another size than their images, and were scaled to it",
    );
    files(
        &dataset.besides.spare_masks,
        "files or folders of ground_truth are of no test image, by their names",
    );
    notes
}

/// The labels of some images, each with how many there are.
fn labels<'a>(samples: impl Iterator<Item = &'a Sample>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples {
        let label = match &sample.label {
            Label::Good => "good",
            Label::Defect(name) => name,
        };
        *counts.entry(label).or_default() += 1;
    }
    let labels = counts
        .iter()
        .map(|(label, count)| format!("{label} ({count})"));
    labels.collect::<Vec<_>>().join(", ")
}

/// The first few of some files, by their names below the data set.
fn named(dataset: &Dataset, files: &[PathBuf]) -> String {
    let name = |file: &PathBuf| {
        let below = file.strip_prefix(&dataset.root).unwrap_or(file);
        below.display().to_string()
    };
    let mut names: Vec<String> = files.iter().take(SHOWN).map(name).collect();
    if files.len() > SHOWN {
        names.push("…".to_owned());
    }
    names.join(", ")
}
