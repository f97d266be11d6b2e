//! What becomes of earlier results where new ones are written.

use serde_json::Value;

use crate::detection::lines;
use crate::world::World;

#[test]
fn pictures_of_an_earlier_run_are_not_judged() {
    let world = World::with_model();
    world.boards("boards", 2);
    for _ in 0..2 {
        let run = world
            .succeeds(&mut world.oddspot("detect model.oddspot boards -o boards/out --replace"));
        assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
        assert_eq!(lines(&world.text("boards/out/results.jsonl")).len(), 2);
    }
}

#[test]
fn pictures_that_earlier_results_name_are_gone_beside_new_ones() {
    let world = World::with_model();
    world.boards("boards", 2);
    world.boards("boards/sub", 1);
    world.write("out/figure/notes.txt", "not of this program");
    world.write("out/total/1.tiff", "not of this program");
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out"));
    assert!(world.path("out/total/sub/0.png").exists());
    let run =
        world.succeeds(&mut world.oddspot("detect model.oddspot boards/0.png -o out --replace"));
    let said = "removed 18 pictures and maps of an earlier run";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let files = || -> Vec<String> {
        let files = world.files().into_keys();
        files.filter(|file| file.starts_with("out/")).collect()
    };
    let kept = [
        "out/figure/notes.txt",
        "out/index.html",
        "out/results.csv",
        "out/results.jsonl",
        "out/total/1.tiff",
    ];
    let kinds = ["contour", "figure", "looks_wrong", "total", "wrong_place"];
    let mut expected: Vec<String> = kinds.map(|kind| format!("out/{kind}/0.png")).to_vec();
    expected.push("out/page/0.jpg".to_owned());
    expected.extend(kept.map(str::to_owned));
    expected.sort();
    assert_eq!(files(), expected);

    let options = "detect model.oddspot boards -o out --no-pictures --replace";
    let run = world.succeeds(&mut world.oddspot(options));
    assert!(run.stderr.contains("; results in out"), "{}", run.stderr);
    assert_eq!(files(), kept);
    let results = lines(&world.text("out/results.jsonl"));
    assert_eq!(results[0]["files"], Value::Array(Vec::new()));
}

#[test]
fn earlier_results_and_pictures_stay_where_new_ones_cannot_be_written() {
    let world = World::with_model();
    world.boards("boards", 1);
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out"));
    std::fs::remove_file(world.path("out/results.csv")).unwrap();
    world.make_folder("out/results.csv");
    world.fails(
        &mut world.oddspot("detect model.oddspot boards -o out --replace"),
        &["out/results.csv", "choose an -o that you may write to"],
    );
}

#[test]
fn results_that_somebody_changed_lead_to_no_file_that_is_not_ours() {
    let world = World::with_model();
    world.boards("boards", 1);
    world.boards("precious", 1);
    world.write("out/total/0.txt", "of nobody");
    world.write("out/0.png", "of nobody");
    let long = "total/".to_owned() + &"long".repeat(100) + ".png";
    let names = [
        "../precious/0.png",
        "total/../../precious/0.png",
        "total/0.txt",
        "0.png",
        "",
        "/",
        "total",
        "total/\\u0000.png",
        &long,
    ];
    let files = names.map(|name| format!("{{\"files\":[\"{name}\"]}}"));
    world.write("out/results.jsonl", files.join("\n") + "\n{\n[]\n\u{0}");
    let kept = ["precious/0.png", "out/total/0.txt", "out/0.png"];
    let before = kept.map(|file| world.read(file));
    world
        .succeeds(&mut world.oddspot("detect model.oddspot boards -o out --no-pictures --replace"));
    assert!(before == kept.map(|file| world.read(file)));
}

#[test]
fn results_may_lie_among_the_images() {
    let world = World::with_model();
    world.boards("boards", 2);
    for _ in 0..2 {
        let run =
            world.succeeds(&mut world.oddspot("detect model.oddspot boards -o boards --replace"));
        assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    }
}
