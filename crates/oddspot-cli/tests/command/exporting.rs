//! Models as ONNX: what is written, what is refused, and that nothing is half-written.

use oddspot::Model;
use serde_json::Value;

use crate::world::World;

const INSTANT: &str = "train boards -o m.oddspot --preset instant --teacher teacher.safetensors --image-size 96 --threads 1";

/// With an instant model of eight boards, with more arguments.
fn with_instant(arguments: &str) -> World {
    let world = World::new();
    world.boards("boards", 8);
    world.succeeds(&mut world.oddspot(&format!("{INSTANT} {arguments}")));
    world
}

#[test]
fn an_export_has_a_graph_and_says_how_it_is_used() {
    let world = World::with_model();
    let run = world.succeeds(&mut world.oddspot("export model.oddspot -o part.onnx"));
    for said in [
        "part.onnx (",
        "part.onnx.json",
        "in: image [1, 96, 96, 3]",
        "position",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let card: Value = serde_json::from_str(&world.text("part.onnx.json")).unwrap();
    let model = Model::load(&world.path("model.oddspot")).unwrap();
    assert_eq!(card["input"]["shape"], serde_json::json!([96, 96, 3]));
    assert_eq!(
        card["labels"],
        serde_json::json!(["good", "check", "anomalous"])
    );
    let threshold = card["thresholds"]["image"].as_f64();
    assert_eq!(threshold, Some(model.header.thresholds.image));
    for output in [
        "score",
        "map",
        "looks_wrong",
        "wrong_place",
        "unusual_here",
        "reconstruction",
        "memory",
    ] {
        assert!(card["outputs"][output].is_string(), "{output}");
    }
    // The same model gives the same bytes.
    let first = world.read("part.onnx");
    world.succeeds(&mut world.oddspot("export model.oddspot -o other.onnx"));
    assert!(first == world.read("other.onnx"));
}

#[test]
fn what_is_there_already_is_replaced_only_if_that_is_asked_for() {
    let world = World::with_model();
    world.succeeds(&mut world.oddspot("export model.oddspot -o part.onnx"));
    world.fails(
        &mut world.oddspot("export model.oddspot -o part.onnx --batch 2"),
        &["part.onnx is there already", "--replace"],
    );
    let before = world.read("part.onnx");
    world.succeeds(&mut world.oddspot("export model.oddspot -o part.onnx --batch 2 --replace"));
    assert!(before != world.read("part.onnx"));
    world.fails(
        &mut world.oddspot("export model.oddspot -o model.oddspot --replace"),
        &[
            "model.oddspot is a model; `oddspot export` takes a model and, by -o, a file for the export",
            "`oddspot export model.oddspot -o model.onnx --replace`",
        ],
    );
    world.make_folder("folder");
    world.fails(
        &mut world.oddspot("export model.oddspot -o folder"),
        &["folder is a folder; give a file name, such as folder/model.onnx"],
    );
    world.fails(
        &mut world.oddspot("export model.oddspot -o nowhere/part.onnx"),
        &["nowhere/part.onnx", "existing folder"],
    );
}

#[test]
fn what_onnx_cannot_say_is_refused_by_name_and_nothing_is_written() {
    for (training, named) in [
        ("--alignment shift", "--alignment"),
        ("--tile 48 --tile-overlap 8", "--tile"),
    ] {
        let world = with_instant(training);
        world.fails(
            &mut world.oddspot("export m.oddspot -o part.onnx"),
            &[named, "ONNX"],
        );
    }
    let world = with_instant("");
    let region = r#"{"inspect": [[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]]]}"#;
    world.write("region.json", region);
    world.boards("more", 12);
    let calibrate = "calibrate m.oddspot more -o later.oddspot --region region.json --force";
    world.succeeds(&mut world.oddspot(calibrate));
    world.fails(
        &mut world.oddspot("export later.oddspot -o part.onnx"),
        &["region", "after the training"],
    );
    world.fails(
        &mut world.oddspot("export boards/0.png -o part.onnx"),
        &["boards/0.png"],
    );
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_neither_the_graph_nor_what_is_said_of_it() {
    let world = World::with_model();
    let export = world.oddspot("export model.oddspot -o part.onnx");
    let mut on_a_full_disk = world.on_a_full_disk(&export, 8);
    world.fails(&mut on_a_full_disk, &["cannot write part.onnx"]);
}

#[test]
#[cfg(not(feature = "onnx"))]
fn a_program_without_another_engine_says_so() {
    let world = World::new();
    world.fails(
        &mut world.oddspot("verify-export m n i"),
        &["--features onnx"],
    );
}

#[test]
#[cfg(feature = "onnx")]
fn an_export_is_held_to_its_model() {
    let world = World::with_model();
    world.boards("in", 4);
    world.write("in/9.png", "no picture");
    for (arguments, file) in [
        ("", "part.onnx"),
        ("--input f32-nchw --batch 2", "pairs.onnx"),
        ("--batch dynamic", "any.onnx"),
    ] {
        world.succeeds(&mut world.oddspot(&format!("export model.oddspot -o {file} {arguments}")));
        let verify = format!("verify-export model.oddspot {file} in/0.png in/1.png in/2.png");
        let run = world.succeeds(&mut world.oddspot(&verify));
        for said in [
            "3 images: scores differ by at most",
            "0 verdicts flipped",
            "allowed by --tolerance 0.001: scores ",
            "verified: ",
        ] {
            assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
        }
    }
    let run = world.ends_with(
        &mut world.oddspot("verify-export model.oddspot part.onnx in"),
        3,
    );
    assert!(
        run.stdout.contains("in/9.png: cannot use image"),
        "{}",
        run.stdout
    );
    // The last digits of sums differ.
    let none = "verify-export model.oddspot part.onnx in/0.png --tolerance 0";
    let run = world.ends_with(&mut world.oddspot(none), 5);
    assert!(run.stdout.contains("NOT verified"), "{}", run.stdout);
}

#[test]
#[cfg(feature = "onnx")]
fn a_foreign_or_damaged_export_is_a_sentence() {
    let world = World::with_model();
    world.boards("in", 12);
    world.succeeds(&mut world.oddspot("export model.oddspot -o part.onnx"));
    world.succeeds(&mut world.oddspot("extend model.oddspot in -o other.oddspot"));
    world.fails(
        &mut world.oddspot("verify-export other.oddspot part.onnx in"),
        &["part.onnx is not of other.oddspot", "SHA-256"],
    );
    let whole = world.read("part.onnx");
    world.write("half.onnx", &whole[..whole.len() / 2]);
    world.write("text.onnx", "no graph");
    for (file, said) in [
        ("half.onnx", "damaged"),
        ("text.onnx", "damaged"),
        ("model.oddspot", "takes a model, its export, then images"),
    ] {
        let verify = format!("verify-export model.oddspot {file} in");
        world.fails(&mut world.oddspot(&verify), &[file, said]);
    }
    world.fails(
        &mut world.oddspot("verify-export model.oddspot none.onnx in"),
        &["none.onnx"],
    );
}
