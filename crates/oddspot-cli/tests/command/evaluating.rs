//! What `oddspot evaluate` measures and writes, and the test sets that it refuses.

use image::{Rgb, RgbImage};
use oddspot::images::ImageSize;
use oddspot_demo::{Counts, Defect};
use serde_json::Value;

use crate::world::{World, board};

/// With a model, and a data set with one board of every defect.
fn labelled() -> World {
    let world = World::with_model();
    let counts = Counts {
        train: 2,
        test_good: 2,
        test_per_defect: 1,
    };
    oddspot_demo::write_mvtec(&world.path("boards"), ImageSize::square(144), counts, 99).unwrap();
    world
}

#[test]
fn both_protocols_are_measured_for_every_defect_and_written_as_asked() {
    let world = labelled();
    let run = world.succeeds(
        &mut world.oddspot("evaluate model.oddspot boards --json r.json --chart r.svg --threads 1"),
    );
    let said = |text: &str| assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    for text in ["`paper`", "`official`", "e_pos alone", "AU-PRO"] {
        said(text);
    }
    for defect in Defect::ALL {
        said(&defect.to_string());
    }
    let report: Value = serde_json::from_slice(&world.read("r.json")).unwrap();
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
    let images = report["images"].as_array().unwrap();
    assert_eq!(images.len(), 2 + Defect::ALL.len());
    assert!(world.text("r.svg").starts_with("<svg"));
}

#[test]
fn another_threshold_is_told_beside_the_models_own() {
    let world = labelled();
    let evaluate = "evaluate model.oddspot boards --json r.json --html r.html --replace";
    world.succeeds(&mut world.oddspot(evaluate));
    let report = || -> Value { serde_json::from_slice(&world.read("r.json")).unwrap() };
    let own = report()["verdicts"]["threshold"].clone();
    assert!(report()["verdicts"]["replaced_threshold"].is_null());
    let run = world.succeeds(&mut world.oddspot(&format!("{evaluate} --threshold -1000")));
    assert!(
        run.stdout.contains("above -1000 (its own is "),
        "{}",
        run.stdout
    );
    let verdicts = &report()["verdicts"];
    assert_eq!(verdicts["threshold"], -1000.0);
    assert_eq!(verdicts["replaced_threshold"], own);
    assert_eq!(verdicts["false_alarms"]["count"], 2);
    assert!(world.text("r.html").contains("-1000 (its own is "));

    world.boards("eight", 8);
    world.succeeds(&mut world.train("eight -o base.oddspot --method baseline"));
    let beside = format!("{evaluate} --baseline base.oddspot");
    let options = format!("{beside} --false-alarm-rate 0.2");
    let run = world.succeeds(&mut world.oddspot(&options));
    for model in ["model.oddspot: threshold", "base.oddspot: threshold"] {
        assert!(run.stderr.contains(model), "{model}: {}", run.stderr);
    }
    assert!(
        run.stdout.contains(", the baseline's above "),
        "{}",
        run.stdout
    );
    world.fails(
        &mut world.oddspot(&format!("{beside} --threshold 1")),
        &["--false-alarm-rate instead of --threshold"],
    );

    // The tables and the JSON have the baseline without a page too.
    let run =
        world.succeeds(&mut world.oddspot(
            "evaluate model.oddspot boards --baseline base.oddspot --json r.json --replace",
        ));
    assert!(run.stdout.contains("(baseline)"), "{}", run.stdout);
    let report = report();
    assert_ne!(report["protocols"], report["baseline"]["protocols"]);
    assert_eq!(
        report["baseline"]["model"]["settings"]["method"],
        "baseline"
    );
}

#[test]
fn a_report_that_is_there_is_replaced_only_where_that_is_asked_for() {
    let world = labelled();
    for (option, file) in [
        ("--json", "r.json"),
        ("--chart", "r.svg"),
        ("--html", "r.html"),
    ] {
        world.write(file, "of before");
        let evaluate = format!("evaluate model.oddspot boards {option} {file}");
        world.fails(
            &mut world.oddspot(&evaluate),
            &[file, "there already", "--replace"],
        );
        let run = world.succeeds(&mut world.oddspot(&format!("{evaluate} --replace")));
        assert!(
            run.stderr
                .contains(&format!("{file} is there already and will be replaced")),
            "{}",
            run.stderr
        );
        assert_ne!(world.text(file), "of before");
    }
}

#[test]
fn a_test_set_at_fault_is_refused_with_every_name() {
    let world = labelled();
    world.write("boards/test/scratch/000.png", "spoilt");
    world.picture(
        "boards/ground_truth/stain/000_mask.png",
        &RgbImage::from_pixel(8, 12, Rgb([255; 3])),
    );
    let learned = world.read("boards/train/good/000.png");
    world.write("boards/test/good/000.png", learned);
    let run = world.ends_with(
        &mut world.oddspot("evaluate model.oddspot boards --json r.json"),
        1,
    );
    for name in [
        "boards/test/scratch/000.png",
        "boards/ground_truth/stain/000_mask.png",
        "boards/test/good/000.png",
    ] {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
    assert!(!world.path("r.json").exists());
}

#[test]
fn defects_without_a_mask_are_measured_as_images_and_named() {
    let world = World::with_model();
    world.data_set("set", 40);
    world.picture("set/test/bent/0.png", &board(77));
    let command = "evaluate model.oddspot set --json report.json --html report.html";
    let run = world.succeeds(&mut world.oddspot(command));
    let note = "1 of 3 images of defects have no mask and count in no measure of pixels: bent (1)";
    assert!(run.stdout.contains(note), "{}", run.stdout);
    assert!(world.text("report.html").contains(note));
    let report: serde_json::Value = serde_json::from_slice(&world.read("report.json")).unwrap();
    let measures = &report["protocols"]["official"]["maps"]["total"];
    assert!(measures["overall"]["au_pro"].is_number());
    assert!(measures["defects"]["bent"]["au_pro"].is_null());
    assert!(measures["defects"]["bent"]["image_auc"].is_number());
    assert_eq!(report["data"]["notes"][0], note);
}
