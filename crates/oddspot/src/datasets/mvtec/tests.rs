//! Folders of this layout, whole and not.

use super::super::tests::{names, tree};
use super::*;

#[test]
fn what_the_layout_passes_over_is_noted() {
    let root = tree(&[
        "train/good/0.png",
        "train/1.png",
        "train/more/2.png",
        "train/more/deep/3.png",
        "4.png",
        "other/5.png",
        "other/notes.txt",
        "test/good/6.png",
        "test/cut/7.png",
        "ground_truth/cut/7_mask.png",
        "ground_truth/cut/8_mask.png",
        "ground_truth/cuts/9_mask.png",
        "validation/bad/9.png",
    ]);
    let dataset = Dataset::open(root.path()).unwrap();
    let below = |path: &PathBuf| {
        path.strip_prefix(root.path())
            .unwrap()
            .display()
            .to_string()
    };
    let passed: Vec<_> = (dataset.besides.passed_over.iter())
        .map(|(folder, &count)| (below(folder), count))
        .collect();
    let expected = [
        "",
        "other",
        "train",
        "train/more",
        "train/more/deep",
        "validation/bad",
    ];
    assert_eq!(passed, expected.map(|folder| (folder.to_owned(), 1)));
    let spare: Vec<String> = dataset.besides.spare_masks.iter().map(below).collect();
    assert_eq!(spare, ["ground_truth/cut/8_mask.png", "ground_truth/cuts"]);
}

#[test]
fn an_empty_folder_makes_no_data_set() {
    for empty in ["train", "Test", "train/good"] {
        let root = tree(&["0.png", "more/1.png"]);
        fs::create_dir_all(root.path().join(empty)).unwrap();
        let dataset = Dataset::open(root.path()).unwrap();
        assert_eq!((dataset.layout, dataset.train.len()), (Layout::Folder, 2));
    }
}

#[test]
fn mvtec_masks_are_found_with_and_without_their_suffix() {
    let root = tree(&[
        "train/good/0.png",
        "test/good/0.png",
        "test/cut/a.png",
        "test/cut/b.jpg",
        "test/cut/deep/c.png",
        "test/cut/d.png",
        "ground_truth/cut/a_mask.png",
        "ground_truth/cut/a.png",
        "ground_truth/cut/b.BMP",
        "ground_truth/cut/deep/c_mask.tif",
        "readme.txt",
    ]);
    let dataset = Dataset::open(root.path()).unwrap();
    assert_eq!(dataset.layout, Layout::MvtecAd);
    assert_eq!(names(root.path(), &dataset.train), ["train/good/0.png"]);
    let found: Vec<_> = dataset
        .test
        .iter()
        .map(|s| {
            let mut masks = s.masks.iter().map(|m| m.strip_prefix(root.path()).unwrap());
            let mask = masks.next().map(|m| m.display().to_string());
            assert_eq!(masks.next(), None);
            (s.label.clone(), mask)
        })
        .collect();
    let cut = |mask: Option<&str>| {
        let mask = mask.map(|m| format!("ground_truth/cut/{m}"));
        (Label::Defect("cut".into()), mask)
    };
    assert_eq!(
        found,
        [
            cut(Some("a_mask.png")),
            cut(Some("b.BMP")),
            cut(None),
            cut(Some("deep/c_mask.tif")),
            (Label::Good, None),
        ]
    );
}

#[test]
fn good_images_may_be_called_ok_and_capital_letters_make_no_difference() {
    let root = tree(&[
        "Train/OK/0.png",
        "Train/nok/9.png",
        "Test/Good/0.png",
        "Test/0/1.png",
        "Test/@eaDir/0.png",
        "Test/KO/2.png",
        "ground_truth/ko/2.bmp",
    ]);
    let dataset = Dataset::open(root.path()).unwrap();
    assert_eq!(names(root.path(), &dataset.train), ["Train/OK/0.png"]);
    let test: Vec<_> = (dataset.test.iter())
        .map(|sample| (sample.label.clone(), sample.masks.len()))
        .collect();
    let ko = Label::Defect("KO".to_owned());
    assert_eq!(test, [(Label::Good, 0), (Label::Good, 0), (ko, 1)]);
    assert_eq!(dataset.besides.folders.len(), 1);
}

#[test]
fn a_test_folder_alone_can_be_measured_on() {
    let root = tree(&["test/good/0.png"]);
    let dataset = Dataset::open(root.path()).unwrap();
    assert_eq!((dataset.train.len(), dataset.test.len()), (0, 1));
}

#[test]
fn loco_has_several_masks_an_image_and_its_own_held_out_images() {
    let root = tree(&[
        "train/good/000.png",
        "validation/good/000.png",
        "validation/good/001.png",
        "test/good/000.png",
        "test/logical_anomalies/000.png",
        "test/logical_anomalies/001.png",
        "test/structural_anomalies/000.png",
        "ground_truth/logical_anomalies/000/000.png",
        "ground_truth/logical_anomalies/000/001.png",
        "ground_truth/logical_anomalies/001/000.png",
        "ground_truth/structural_anomalies/000/000.png",
        "defects_config.json",
    ]);
    let dataset = Dataset::open(root.path()).unwrap();
    assert_eq!(
        names(root.path(), &dataset.held_out),
        ["validation/good/000.png", "validation/good/001.png"]
    );
    let masks: Vec<_> = dataset.test.iter().map(|s| s.masks.len()).collect();
    assert_eq!(masks, [0, 2, 1, 1]);
    let split = dataset.split(0).unwrap();
    assert_eq!((split.train.len(), split.held_out.len()), (1, 2));
}
