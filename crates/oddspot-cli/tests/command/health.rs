//! Images that differ from good ones as wholes, and models that are held to known images.

use image::{Rgb, RgbImage};
use serde_json::Value;

use crate::detection::lines;
use crate::world::{World, board};

/// A model of the closed form that knows how good boards look as wholes.
fn world() -> World {
    let world = World::new();
    world.boards("boards", 12);
    world.succeeds(&mut world.oddspot(
        "train boards -o m.oddspot --preset instant --teacher teacher.safetensors --image-size 96 --no-audit",
    ));
    world
}

fn lit(image: &RgbImage, gain: f32) -> RgbImage {
    let level = |level: u8| (f32::from(level) * gain).min(255.0) as u8;
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        Rgb(image.get_pixel(x, y).0.map(level))
    })
}

#[test]
fn another_light_is_no_defect_and_says_what_to_check() {
    let world = world();
    world.picture("images/dark.png", &lit(&board(20), 0.5));
    world.picture("images/good.png", &board(21));
    let run = world.succeeds(&mut world.oddspot("detect m.oddspot images -o out"));
    assert!(run.stdout.contains("UNTRUSTED"), "{}", run.stdout);
    assert!(run.stdout.contains("check the lamp"), "{}", run.stdout);
    assert!(run.stderr.contains("1 untrusted"), "{}", run.stderr);
    let found = lines(&world.text("out/results.jsonl"));
    assert_eq!(found[0]["verdict"], "untrusted");
    assert_eq!(found[0]["why"], Value::Null);
    let beyond = &found[0]["health"]["beyond"];
    let light = beyond.as_array().unwrap().iter();
    assert!(
        light.clone().any(|one| one["measure"] == "light"),
        "{beyond}"
    );
    assert_ne!(found[1]["verdict"], "untrusted", "{}", found[1]);
    assert_eq!(found[1]["health"]["beyond"].as_array().unwrap().len(), 0);
    let csv = world.text("out/results.csv");
    let head = csv.lines().next().unwrap();
    assert!(head.ends_with("turned,unlike"), "{head}");
    assert!(csv.contains("check the lamp"), "{csv}");
    // Images that were added say what is usual too.
    for i in 0..6 {
        let dark = lit(&board(30 + i), 0.5 + 0.01 * i as f32);
        world.picture(format!("dark/{i}.png"), &dark);
    }
    let run = world.succeeds(&mut world.oddspot("calibrate m.oddspot dark --dry-run"));
    let untrusted = "6 of 6 good images are untrusted so far (darker than any good image";
    assert!(run.stderr.contains(untrusted), "{}", run.stderr);
    world.succeeds(&mut world.oddspot("extend m.oddspot dark --force"));
    world.succeeds(&mut world.oddspot("detect m.oddspot images -o again"));
    let again = lines(&world.text("again/results.jsonl"));
    assert_ne!(again[0]["verdict"], "untrusted", "{}", again[0]);
}

#[test]
fn of_an_instant_model_nothing_is_said_of_a_training() {
    let world = world();
    let run = world.succeeds(&mut world.oddspot("inspect m.oddspot"));
    assert!(run.stdout.contains("nothing trained, seed 0"));
    for setting in ["iterations", "learning_rate", "[position]", "student"] {
        assert!(!run.stdout.contains(setting), "{setting}: {}", run.stdout);
    }
    // What the closed form uses is there.
    assert!(run.stdout.contains("\n  seed = 0\n") && run.stdout.contains("components = 64"));
}

#[test]
fn a_model_is_held_to_known_images_and_to_its_own() {
    let world = world();
    let run = world.succeeds(&mut world.oddspot("verify m.oddspot"));
    assert!(
        run.stdout
            .contains("1 of 1 images of the model score as when it was made")
    );
    let mut odd = board(40);
    for (x, y) in (0..14).flat_map(|x| (0..14).map(move |y| (x, y))) {
        odd.put_pixel(40 + x, 40 + y, Rgb([255, 0, 255]));
    }
    world.picture("set/odd.png", &odd);
    world.picture("set/good.png", &board(3));
    let golden = |good: &str, odd: &str| {
        let text = format!(
            "{{\"image\": \"good.png\", \"verdict\": \"{good}\"}}\n{{\"image\": \"odd.png\", \"verdict\": \"{odd}\"}}\n"
        );
        world.write("set/golden.jsonl", text);
    };
    golden("good", "anomalous");
    let run = world.succeeds(&mut world.oddspot("verify m.oddspot set/golden.jsonl"));
    assert!(run.stdout.contains("verified: m.oddspot"), "{}", run.stdout);
    golden("anomalous", "good");
    let run = world.ends_with(&mut world.oddspot("verify m.oddspot set/golden.jsonl"), 5);
    assert!(run.stdout.contains("1 missed") && run.stdout.contains("1 false alarms"));
    assert!(run.stdout.contains("NOT verified"), "{}", run.stdout);
    world.succeeds(
        &mut world.oddspot("verify m.oddspot set/golden.jsonl --max-misses 1 --max-false-alarms 1"),
    );
    // Results of detect are known images, scores and all; of another model they are not.
    world.succeeds(
        &mut world.oddspot("detect m.oddspot set/good.png set/odd.png -o out --no-pictures"),
    );
    let run = world.succeeds(&mut world.oddspot("verify m.oddspot out/results.jsonl"));
    assert!(
        run.stdout.contains("0 of 2 scores are not those noted"),
        "{}",
        run.stdout
    );
    let moved = world
        .text("out/results.jsonl")
        .replace("\"score\":", "\"score\":9");
    world.write("out/moved.jsonl", moved);
    world.ends_with(&mut world.oddspot("verify m.oddspot out/moved.jsonl"), 5);
    // As editors of Windows write it.
    let text = world.text("out/results.jsonl").replace('\n', "\r\n");
    world.write("out/edited.jsonl", format!("\u{feff}{text}"));
    world.succeeds(&mut world.oddspot("verify m.oddspot out/edited.jsonl"));
    let half = world.text("out/results.jsonl");
    world.write("out/half.jsonl", &half[..half.len() - 40]);
    world.fails(
        &mut world.oddspot("verify m.oddspot out/half.jsonl"),
        &["half.jsonl: line 2", "it breaks off"],
    );
    world.write("out/bad.jsonl", "{\"image\": \"good.png\"}\n");
    world.fails(
        &mut world.oddspot("verify m.oddspot out/bad.jsonl"),
        &["bad.jsonl: line 1", "no `verdict`"],
    );
}
