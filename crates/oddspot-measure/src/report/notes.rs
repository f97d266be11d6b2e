//! What must be known of a test set beside its measures, in words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use oddspot::datasets::{Dataset, Label, Sample, TestLook, may_be_good};

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
    notes.extend(doubts(dataset));
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

/// What makes all measures of a test set doubtful, by its labels alone: that no image is good, and that what counts as
/// a defect may be good.
pub fn doubts(dataset: &Dataset) -> Vec<String> {
    let mut doubts = Vec::new();
    let test = &dataset.test;
    if !test.iter().any(|sample| sample.label == Label::Good) {
        doubts.push(format!(
            "no test image is good ({}): false alarms and the AUC of images are not known; good images lie in \
             test/good, or in ok, normal or 0",
            labels(test.iter())
        ));
    }
    let is_doubtful =
        |sample: &&Sample| matches!(&sample.label, Label::Defect(name) if may_be_good(name));
    let doubtful: Vec<&Sample> = test.iter().filter(is_doubtful).collect();
    if !doubtful.is_empty() {
        doubts.push(format!(
            "taken for defects although called like good images: {}; if they are good, call the folder or label good",
            labels(doubtful.into_iter())
        ));
    }
    doubts
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_image_hides_no_folder_that_is_only_called_so() {
        let root = tempfile::tempdir().unwrap();
        let add = |name: &str| {
            let folder = root.path().join("test").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("0.png"), "").unwrap();
        };
        let doubts = || doubts(&Dataset::open(root.path()).unwrap());
        add("good");
        add("not ok");
        assert_eq!(doubts(), Vec::<String>::new());
        add("good_parts");
        let said =
            "taken for defects although called like good images: good_parts (1); if they are good";
        assert!(doubts().len() == 1 && doubts()[0].starts_with(said));
    }
}
