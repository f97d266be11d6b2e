//! What `detect` and `evaluate` write.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use oddspot::image::ImageSize;
use oddspot::scene::{self, Counts, Defect};
use tempfile::tempdir;
use tiff::decoder::{Decoder, DecodingResult};

use super::common::{boards, detect, model, names, oddspot};

fn results(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("results.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn tiff_map(path: &Path) -> (u32, u32, Vec<f32>) {
    let mut decoder = Decoder::new(File::open(path).unwrap()).unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    match decoder.read_image().unwrap() {
        DecodingResult::F32(values) => (width, height, values),
        _ => panic!("{} is not of 32-bit floats", path.display()),
    }
}

#[test]
fn every_promised_file_is_there_at_the_original_size() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    boards(&images, 2);
    let size = ImageSize {
        width: 200,
        height: 120,
    };
    let (odd, _) = scene::defective(size, 7, Defect::Swapped);
    std::fs::create_dir(images.join("deep")).unwrap();
    odd.save(images.join("deep/odd.png")).unwrap();
    let found = folder.path().join("found");
    let run = detect(&[&images], &found, &["--maps"]).succeeded();
    assert_eq!(run.stdout.lines().count(), 3);
    assert!(
        run.stderr.contains("p99") && run.stderr.contains("peak memory"),
        "{}",
        run.stderr
    );

    let kinds = ["contour", "figure", "looks_wrong", "total", "wrong_place"];
    let mut expected = kinds.to_vec();
    expected.extend(["results.csv", "results.jsonl"]);
    expected.sort_unstable();
    assert_eq!(names(&found), expected);
    for kind in kinds.iter().filter(|kind| **kind != "figure") {
        let picture = image::open(found.join(kind).join("deep/odd.png")).unwrap();
        assert_eq!((picture.width(), picture.height()), (200, 120), "{kind}");
    }
    assert!(image::open(found.join("figure/000.png")).unwrap().width() > 400);

    let maps = ["total", "looks_wrong", "wrong_place"]
        .map(|kind| tiff_map(&found.join(kind).join("deep/odd.tiff")));
    let [total, rec, pos] = &maps;
    assert_eq!((total.0, total.1), (200, 120));
    for i in 0..total.2.len() {
        let sum = rec.2[i] + pos.2[i];
        assert!((total.2[i] - sum).abs() <= 1e-4 * (1.0 + sum.abs()));
    }

    let results = results(&found);
    assert_eq!(results.len(), 3);
    let odd = results.iter().find(|r| r["width"] == 200).unwrap();
    let shares =
        odd["looks_wrong_share"].as_f64().unwrap() + odd["wrong_place_share"].as_f64().unwrap();
    assert!((shares - 1.0).abs() < 1e-9 || shares == 0.0, "{shares}");
    let peak = &odd["peak"];
    let at = (peak["y"].as_u64().unwrap() * 200 + peak["x"].as_u64().unwrap()) as usize;
    let highest = total.2.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert_eq!(total.2[at], highest);
    for region in odd["regions"].as_array().unwrap() {
        let number = |key: &str| region[key].as_u64().unwrap();
        assert!(number("left") + number("width") <= 200);
        assert!(number("top") + number("height") <= 120);
        assert!((1..=number("width") * number("height")).contains(&number("area")));
    }
}

#[test]
fn the_two_result_files_agree() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    boards(&images, 3);
    let found = folder.path().join("found");
    detect(&[&images], &found, &[]).succeeded();
    let lines = results(&found);
    let mut csv = csv::Reader::from_path(found.join("results.csv")).unwrap();
    let rows: Vec<HashMap<String, String>> = csv.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(row["image"], line["image"].as_str().unwrap());
        let score: f64 = row["score"].parse().unwrap();
        assert!((score - line["score"].as_f64().unwrap()).abs() < 1e-4);
        let above = score > line["threshold"].as_f64().unwrap();
        assert_eq!(line["anomalous"].as_bool().unwrap(), above);
        assert_eq!(row["verdict"], if above { "anomalous" } else { "good" });
        let regions = line["regions"].as_array().unwrap().len();
        assert_eq!(row["regions"], regions.to_string());
    }
}

#[test]
fn one_image_twice_is_judged_once_and_own_pictures_are_left_out() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    boards(&images, 2);
    let inside = images.join("found");
    for _ in 0..2 {
        let run = detect(&[&images, &images.join("000.png")], &inside, &[]).succeeded();
        assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    }
}

#[test]
fn a_bad_image_is_reported_and_skipped_and_the_rest_is_done() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    boards(&images, 2);
    std::fs::write(images.join("broken.png"), b"not a picture").unwrap();
    let found = folder.path().join("found");
    let run = detect(&[&images], &found, &[]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("broken.png"), "{}", run.stderr);
    let results = results(&found);
    assert_eq!(results.len(), 3);
    let errors: Vec<&serde_json::Value> =
        results.iter().filter(|r| !r["error"].is_null()).collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["image"].as_str().unwrap().ends_with("broken.png"));
    assert_eq!(names(&found.join("figure")), ["000.png", "001.png"]);
}

#[test]
fn an_output_that_cannot_be_written_is_refused() {
    let folder = tempdir().unwrap();
    boards(folder.path(), 1);
    let image = folder.path().join("000.png");
    detect(&[&image], &image.join("found"), &[]).failed_saying(&["found", "-o"]);
    detect(
        &[&folder.path().join("none")],
        &folder.path().join("found"),
        &[],
    )
    .failed_saying(&["none"]);
}

fn labelled(root: &Path) {
    let counts = Counts {
        train: 2,
        test_good: 2,
        test_per_defect: 1,
    };
    scene::write_mvtec(root, ImageSize::square(144), counts, 99).unwrap();
}

#[test]
fn evaluation_measures_both_protocols_per_defect_and_writes_what_was_asked() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("boards");
    labelled(&data);
    let [json, chart] = ["r.json", "r.svg"].map(|name| folder.path().join(name));
    let arguments = [
        "evaluate".as_ref(),
        model().into_os_string().as_os_str(),
        data.as_os_str(),
        "--json".as_ref(),
        json.as_os_str(),
        "--chart".as_ref(),
        chart.as_os_str(),
    ]
    .map(std::ffi::OsStr::to_owned);
    let run = oddspot(arguments).succeeded();
    for word in [
        "`paper`",
        "`official`",
        "scratch",
        "swapped",
        "e_pos alone",
        "AU-PRO",
    ] {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    for protocol in ["paper", "official"] {
        let overall = &report["protocols"][protocol]["maps"]["total"]["overall"];
        for measure in ["image_auc", "pixel_auc", "au_pro", "image_ap", "pixel_ap"] {
            let value = overall[measure].as_f64().unwrap();
            assert!(
                (0.0..=1.0).contains(&value),
                "{protocol} {measure}: {value}"
            );
        }
    }
    assert_eq!(report["images"].as_array().unwrap().len(), 8);
    assert!(std::fs::read_to_string(&chart).unwrap().starts_with("<svg"));
}

#[test]
fn a_test_set_at_fault_is_refused_with_every_name() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("boards");
    labelled(&data);
    std::fs::remove_file(data.join("ground_truth/scratch/000_mask.png")).unwrap();
    image::GrayImage::from_pixel(8, 8, image::Luma([255]))
        .save(data.join("ground_truth/stain/000_mask.png"))
        .unwrap();
    std::fs::copy(
        data.join("train/good/000.png"),
        data.join("test/good/000.png"),
    )
    .unwrap();
    let run = oddspot(["evaluate".as_ref(), model().as_os_str(), data.as_os_str()]);
    assert_eq!(run.code, Some(1));
    for name in ["scratch/000", "stain/000", "test/good/000"] {
        assert!(
            run.stderr.replace('\\', "/").contains(name),
            "{name}: {}",
            run.stderr
        );
    }
}
