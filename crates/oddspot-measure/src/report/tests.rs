//! The report over made-up judgements.

use oddspot::datasets::Label;
use oddspot::images::{ImageSize, Mask, Reading};
use oddspot::maps::ScoreMap;
use oddspot::settings::Settings;
use oddspot::terms;
use oddspot::verdict::{GoodScores, Rates, Shares, TermMap, Thresholds, Verdict};

use super::*;

const SIDE: usize = 4;
const THRESHOLD: f64 = 5.0;
const CHECK: f64 = 2.5;

/// A 4×4 image of constant scores but for one pixel, which is anomalous if it is a defect.
/// `e_pos` is 1 everywhere, so that the model's own map lies 1 above `e_rec`.
fn image(name: &str, defect: Option<&str>, spot: f32) -> Judged {
    let mut rec = ScoreMap::filled(SIDE, SIDE, 0.5);
    rec.values[5] = spot;
    let mut mask = Mask {
        height: SIDE,
        width: SIDE,
        anomalous: vec![false; SIDE * SIDE],
    };
    mask.anomalous[5] = true;
    Judged {
        name: name.to_owned(),
        label: defect.map_or(Label::Good, |defect| Label::Defect(defect.to_owned())),
        size: ImageSize::square(SIDE),
        mask: defect.map(|_| mask),
        score: spot + 1.0,
        verdict: match f64::from(spot + 1.0) {
            score if score > THRESHOLD => Verdict::Anomalous,
            score if score > CHECK => Verdict::Check,
            _ => Verdict::Good,
        },
        shares: Shares::of(1.0, 0.0),
        placement: None,
        terms: vec![
            term("reconstruction", rec),
            term("position", ScoreMap::filled(SIDE, SIDE, 1.0)),
        ],
    }
}

/// Good images score 2, 4 and 7; `cut` 6 and 9; `hole` 3.
fn images() -> Vec<Judged> {
    vec![
        image("test/cut/0.png", Some("cut"), 5.0),
        image("test/cut/1.png", Some("cut"), 8.0),
        image("test/good/0.png", None, 1.0),
        image("test/good/1.png", None, 3.0),
        image("test/good/2.png", None, 6.0),
        image("test/hole/0.png", Some("hole"), 2.0),
    ]
}

fn term(name: &str, map: ScoreMap) -> TermMap {
    let kind = terms::kind(name).unwrap();
    TermMap { kind, map }
}

fn alone(name: &str) -> MapKind {
    MapKind::named(name).unwrap()
}

fn settings(method: Method) -> Settings {
    Settings {
        method,
        image_size: ImageSize::square(SIDE),
        // Two terms are enough to tell apart.
        closed_form: Settings::paper().closed_form,
        ..Settings::default()
    }
}

/// What a model of a method makes of the images.
fn measured(method: Method, judged: &[Judged]) -> Evaluation {
    let settings = settings(method);
    let judged = &kept(settings.image_size, judged);
    let maps = MapKind::of(&settings);
    let on = |_, _| ControlFlow::Continue(());
    let measured = measures::measure(judged, &maps, settings.image_size, on).unwrap();
    let teacher = r#"{"name": "random", "architecture": "vgg16", "sha256": ""}"#;
    let model = ModelSummary {
        oddspot: "0.0.0".to_owned(),
        teacher: serde_json::from_str(teacher).unwrap(),
        iterations: 7,
        settings,
    };
    let good = [THRESHOLD as f32, CHECK as f32];
    let thresholds = Thresholds::of(
        GoodScores::new(&good, &good, 0.0),
        Rates::from(&Settings::default().detection),
    );
    let thresholds = thresholds.at_scores(Some(THRESHOLD), Some(CHECK)).as_own();
    let verdicts = Verdicts::of(&thresholds, judged);
    let data = DataSummary::of("bolts".to_owned(), judged, Vec::new());
    Evaluation::new(data, model, verdicts, judged, measured.unwrap())
}

fn kept(size: ImageSize, judged: &[Judged]) -> JudgedImages {
    let mut kept = JudgedImages::new(size);
    judged
        .iter()
        .cloned()
        .for_each(|one| kept.push(one).unwrap());
    kept
}

fn evaluated(judged: &[Judged]) -> Evaluation {
    measured(Method::Full, judged)
}

/// What a baseline makes of the images.
fn baseline() -> Evaluation {
    let mut judged = images();
    for image in &mut judged {
        image.terms.truncate(1);
    }
    measured(Method::Baseline, &judged)
}

fn overall(evaluation: &Evaluation, protocol: Protocol) -> &Measures {
    &evaluation.protocols[&protocol].maps[&MapKind::Total].overall
}

#[test]
fn a_defect_is_measured_with_its_own_images_and_all_good_ones() {
    let evaluation = evaluated(&images());
    let maps = &evaluation.protocols[&Protocol::Paper].maps;
    let defects = &maps[&MapKind::Total].defects;
    // Pairs won: cut 6 beats 2 and 4, cut 9 beats all three, hole 3 beats 2.
    let auc = |measures: &Measures| measures.image_auc.unwrap();
    assert_eq!(auc(&maps[&MapKind::Total].overall), 6.0 / 9.0);
    assert_eq!(auc(&defects["cut"]), 5.0 / 6.0);
    assert_eq!(auc(&defects["hole"]), 1.0 / 3.0);
    assert_eq!(defects.len(), 2);
}

#[test]
fn pixels_of_all_images_rank_together_and_each_region_counts_the_same() {
    let evaluation = evaluated(&images());
    let measures = overall(&evaluation, Protocol::Paper);
    // 3 anomalous pixels score 6, 9, 3; of 93 normal ones 90 score 1.5, the others 2, 4, 7.
    let pairs = 3.0 * 93.0;
    assert!((measures.pixel_auc.unwrap() - (pairs - 3.0) / pairs).abs() < 1e-12);
    // Precision at each recall: 1/1 (9), 2/3 (6), 3/5 (3).
    let ap = (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0;
    assert!((measures.pixel_ap.unwrap() - ap).abs() < 1e-12);
    let best = measures.pixel_f1.unwrap();
    assert_eq!((best.f1, best.threshold), (0.75, 3.0));
    // Of 93 normal pixels one is passed at an overlap of 1/3, one at 2/3, the others at 1.
    let limit = 0.3 * 93.0;
    let area = 1.0 / 3.0 + 2.0 / 3.0 + (limit - 2.0);
    assert!((measures.au_pro.unwrap() - area / limit).abs() < 1e-12);
    assert!(measures.undefined.is_empty());
}

#[test]
fn each_part_is_measured_by_its_own_map_and_maximum() {
    let evaluation = evaluated(&images());
    let maps = &evaluation.protocols[&Protocol::Official].maps;
    let threshold = |kind| maps[&kind].overall.image_f1.unwrap().threshold;
    assert_eq!(
        threshold(MapKind::Total),
        threshold(alone("reconstruction")) + 1.0
    );
    // A constant map tells nothing.
    assert_eq!(maps[&alone("position")].overall.image_auc, Some(0.5));
    let image = &evaluation.images[0];
    assert!(image.has_parts());
    assert_eq!(image.peak("reconstruction"), Some(5.0));
    assert_eq!(image.peak("position"), Some(1.0));
}

#[test]
fn the_official_protocol_resizes_maps_to_the_ground_truth_and_the_paper_s_shrinks_masks() {
    let mut judged = images();
    for image in &mut judged {
        image.size = ImageSize {
            width: 2 * SIDE,
            height: 3 * SIDE,
        };
        if let Some(mask) = &mut image.mask {
            *mask = mask.shrink(image.size);
        }
    }
    // At 4×4, a single pixel of 8×12 covers less than half of its place.
    if let Some(mask) = &mut judged[5].mask {
        mask.anomalous = vec![false; 6 * SIDE * SIDE];
        mask.anomalous[10] = true;
    }
    let evaluation = evaluated(&judged);
    let [paper, official] = Protocol::ALL.map(|protocol| &evaluation.protocols[&protocol]);
    assert_eq!(paper.smallest, ImageSize::square(SIDE));
    assert_eq!(official.largest, judged[0].size);
    assert_eq!(paper.vanished_masks, ["test/hole/0.png"]);
    assert!(official.vanished_masks.is_empty());
    // The enlarged peak lies between its pixel and its neighbours, at the largest tap.
    let threshold = official.maps[&alone("reconstruction")]
        .overall
        .image_f1
        .unwrap()
        .threshold;
    let resized = judged
        .iter()
        .map(|image| image.terms[0].map.resize_bilinear(3 * SIDE, 2 * SIDE));
    assert!(
        resized
            .map(|map| map.peak().0)
            .any(|peak| peak == threshold)
    );
    // The hole's own pixels are all normal under the paper's protocol, but not its label.
    let hole = &paper.maps[&MapKind::Total].defects["hole"];
    assert_eq!((hole.image_auc, hole.pixel_auc), (Some(1.0 / 3.0), None));
    assert!(hole.undefined.contains_key("au_pro"));
}

#[test]
fn without_masks_the_images_are_measured_and_the_reason_is_kept() {
    let mut judged = images();
    for image in &mut judged {
        image.mask = None;
    }
    let evaluation = evaluated(&judged);
    let measures = overall(&evaluation, Protocol::Paper);
    assert_eq!(measures.image_auc, Some(6.0 / 9.0));
    assert_eq!((measures.pixel_auc, measures.au_pro), (None, None));
    assert!(measures.undefined["au_pro"].contains("ground_truth/<defect>"));
    assert_eq!(evaluation.data.masks, 0);
    let json = serde_json::to_value(&evaluation).unwrap();
    let json = &json["protocols"]["paper"]["maps"]["total"]["overall"];
    assert!(json["au_pro"].is_null() && json["undefined"]["au_pro"].is_string());
    assert!(
        evaluation
            .to_string()
            .contains("AU-PRO: there are no ground-truth masks")
    );
}

#[test]
fn images_without_a_mask_count_as_images_alone() {
    let all = images();
    let is_hole = |image: &&Judged| image.label == Label::Defect("hole".to_owned());
    let rest: Vec<Judged> = all.iter().filter(|one| !is_hole(one)).cloned().collect();
    let mut judged = all.clone();
    for image in judged.iter_mut().filter(|one| is_hole(&&**one)) {
        image.mask = None;
    }
    assert!(rest.len() < all.len() && rest.iter().any(|image| image.mask.is_some()));
    let [found, whole, of_rest] = [&judged, &all, &rest].map(|images| evaluated(images));
    for protocol in Protocol::ALL {
        let [found, whole, of_rest] =
            [&found, &whole, &of_rest].map(|evaluation| overall(evaluation, protocol));
        assert_eq!(found.image_auc, whole.image_auc);
        assert_eq!(found.image_f1, whole.image_f1);
        assert_eq!(found.pixel_auc, of_rest.pixel_auc);
        assert_eq!(found.pixel_ap, of_rest.pixel_ap);
        assert_eq!(found.au_pro, of_rest.au_pro);
        assert!(found.pixel_auc.is_some());
    }
    let hole = &found.protocols[&Protocol::Official].maps[&MapKind::Total].defects["hole"];
    assert!(hole.image_auc.is_some() && hole.pixel_auc.is_none());
}

#[test]
fn one_class_alone_gives_what_it_can() {
    let (good, defective): (Vec<_>, Vec<_>) = images()
        .into_iter()
        .partition(|image| image.label == Label::Good);
    let evaluation = evaluated(&defective);
    let measures = overall(&evaluation, Protocol::Official);
    assert_eq!(measures.image_auc, None);
    assert!(measures.undefined["image_auc"].contains("good images"));
    assert!(measures.pixel_auc.is_some() && measures.au_pro.is_some());
    assert_eq!(evaluation.verdicts.false_alarms.share(), None);

    let evaluation = evaluated(&good);
    let measures = overall(&evaluation, Protocol::Official);
    assert_eq!(measures.undefined.len(), 7);
    assert_eq!(evaluation.verdicts.false_alarms, Count { count: 1, of: 3 });
    assert!(evaluation.to_string().contains('–'));
}

#[test]
fn verdicts_count_false_alarms_and_misses_at_the_model_s_threshold() {
    let verdicts = evaluated(&images()).verdicts;
    assert_eq!(verdicts.right, Count { count: 4, of: 6 });
    assert_eq!(verdicts.false_alarms, Count { count: 1, of: 3 });
    assert_eq!(verdicts.misses["cut"], Count { count: 0, of: 2 });
    assert_eq!(verdicts.misses["hole"], Count { count: 1, of: 1 });
    assert_eq!(verdicts.missed(), Count { count: 1, of: 3 });
    assert_eq!(verdicts.good_to_check, Count { count: 1, of: 3 });
    assert_eq!(verdicts.misses_to_check, Count { count: 1, of: 1 });
}

#[test]
fn a_break_while_measuring_ends_it() {
    let size = ImageSize::square(SIDE);
    let mut calls = 0;
    let measured = measures::measure(
        &kept(size, &images()),
        &[MapKind::Total],
        size,
        |done, total| {
            assert_eq!((done, total), (calls, 6)); // 2 protocols of all, cut and hole
            calls += 1;
            if done == 4 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    assert!(measured.unwrap().is_none() && calls == 5);
}

#[test]
fn the_table_has_a_row_per_map_and_defect_under_each_protocol() {
    let text = evaluated(&images()).to_string();
    assert_eq!(text, include_str!("table.txt"), "\n{text}");
}

#[test]
fn a_baseline_has_a_column_of_verdicts_and_a_row_of_measures() {
    let text = evaluated(&images()).beside(&baseline()).to_string();
    assert_eq!(text, include_str!("beside.txt"), "\n{text}");
}

#[test]
fn the_baseline_has_one_map() {
    let evaluation = baseline();
    let text = evaluation.to_string();
    assert!(
        text.contains("e_rec (baseline)") && !text.contains("alone"),
        "{text}"
    );
    assert!(!evaluation.images[0].has_parts());
    assert_eq!(evaluation.images[0].peak("position"), None);
}

/// A data set of black images with the given names.
fn dataset(names: &[(&str, u8)]) -> (tempfile::TempDir, Dataset) {
    let root = tempfile::tempdir().unwrap();
    for (name, shade) in names {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let image = ::image::RgbImage::from_pixel(8, 8, [*shade; 3].into());
        image.save(path).unwrap();
    }
    let dataset = Dataset::open(root.path()).unwrap();
    (root, dataset)
}

#[test]
fn a_set_without_any_mask_passes_and_one_with_some_says_which_lack_theirs() {
    let (_root, maskless) = dataset(&[("test/good/0.png", 1), ("test/cut/0.png", 2)]);
    let look = check_test_set(&maskless, Reading::default()).unwrap();
    assert_eq!(notes::notes(&maskless, &look), Vec::<String>::new());
    let (_root, partly) = dataset(&[
        ("test/cut/0.png", 2),
        ("test/cut/1.png", 3),
        ("ground_truth/cut/0_mask.png", 255),
    ]);
    let look = check_test_set(&partly, Reading::default()).unwrap();
    let notes = notes::notes(&partly, &look);
    assert!(
        notes[0].starts_with("no test image is good (cut (2))"),
        "{notes:?}"
    );
    let said = "1 of 2 images of defects have no mask and count in no measure of pixels: cut (1)";
    assert_eq!(notes[1], said);
    // The mask is white all over.
    let all = "1 masks mark nearly all of their images";
    assert!(notes.len() == 3 && notes[2].starts_with(all), "{notes:?}");
    let (_root, unlabelled) = dataset(&[("0.png", 1)]);
    let error = check_test_set(&unlabelled, Reading::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("test/<defect>"), "{error}");
}
