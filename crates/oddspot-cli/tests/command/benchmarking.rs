//! `oddspot benchmark`: what it runs, what it writes, and what stays when something is wrong.

use std::process::Command;

use serde_json::Value;

use crate::world::World;

fn two_sets() -> World {
    let world = World::new();
    world.data_set("all/first", 0);
    world.data_set("all/deep/second", 20);
    world
}

fn benchmark(world: &World, arguments: &str) -> Command {
    world.oddspot(&format!(
        "benchmark all -o out --teacher teacher.safetensors --image-size 96 --offset 16 \
         --widths 4,4,8,8 --pairs 8 --iterations 8 --threads 1 {arguments}"
    ))
}

fn json(world: &World, file: &str) -> Value {
    serde_json::from_slice(&world.read(file)).unwrap()
}

#[test]
fn its_runs_are_those_of_train_and_evaluate_and_are_made_once() {
    let world = two_sets();
    let arguments = "--seeds 2 --contextual second";
    let run = world.succeeds(&mut benchmark(&world, arguments));
    assert!(
        run.stdout.contains("| mean of contextual |"),
        "{}",
        run.stdout
    );
    let report = json(&world, "out/benchmark.json");
    assert_eq!(report["runs"].as_array().unwrap().len(), 8);
    for file in [
        "tables.md",
        "tables.tex",
        "table1-paper.csv",
        "table2-official.csv",
    ] {
        assert!(
            world.text(format!("out/{file}")).contains("second"),
            "{file}"
        );
    }

    world.succeeds(&mut world.train("all/first -o m.oddspot --seed 1 --iterations 8"));
    world.succeeds(&mut world.oddspot("evaluate m.oddspot all/first --json m.json --threads 1"));
    assert!(world.read("m.oddspot") == world.read("out/runs/first-full-1.oddspot"));
    let expected = json(&world, "m.json");
    let found = json(&world, "out/runs/first-full-1.evaluation.json");
    assert_eq!(found["protocols"], expected["protocols"]);
    assert_eq!(found["images"], expected["images"]);
    let record = json(&world, "out/runs/first-full-1.json");
    let overall = &expected["protocols"]["paper"]["maps"]["total"]["overall"];
    assert_eq!(
        record["measures"]["paper"]["total"]["pro"],
        overall["au_pro"]
    );
    assert_eq!(record["images"]["held_out"], 1);

    // A second time there is nothing to do, and the tables are the same.
    let before = world.files();
    let again = world.succeeds(&mut benchmark(&world, arguments));
    assert_eq!(again.stdout, run.stdout);
    assert!(!again.stderr.contains("training"), "{}", again.stderr);
    assert!(before == world.files());

    // Other settings are other runs.
    let other = world.succeeds(&mut benchmark(
        &world,
        "--categories first --learning-rate 0.002",
    ));
    assert!(
        other
            .stderr
            .contains("first-baseline-0 was run with another teacher, settings")
    );
}

#[test]
fn the_closed_form_alone_is_a_method_with_the_models_of_train() {
    let world = two_sets();
    let run = world.succeeds(&mut benchmark(&world, "--methods instant"));
    let said = |text: &str| assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    said("| first | instant | 1 |");
    said("| second | instant | ");
    world.succeeds(&mut world.oddspot(
        "train all/first -o one.oddspot --method instant --teacher teacher.safetensors \
         --image-size 96 --offset 16 --widths 4,4,8,8 --pairs 8 --iterations 8 --threads 1 --no-audit",
    ));
    let of_benchmark = world.read("out/runs/first-instant-0.oddspot");
    assert!(world.read("one.oddspot") == of_benchmark);
}

#[test]
fn a_data_set_that_fails_is_named_and_the_others_are_measured() {
    let world = two_sets();
    world.write("all/broken/train/good/0.png", "no picture");
    world.write("all/broken/train/good/1.png", "no picture");
    world.write("all/broken/test/good/0.png", "no picture");
    let run = world.ends_with(&mut benchmark(&world, "--methods full"), 1);
    let said = |text: &str| assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    said("error: broken: ");
    said("broken/test/good/0.png");
    said("not everything of broken");
    assert!(run.stdout.contains("| second |") && run.stdout.contains("| first |"));
}

#[test]
fn what_cannot_be_benchmarked_is_said_before_anything_is_trained() {
    let world = two_sets();
    world.make_folder("empty");
    world.fails(
        &mut world.oddspot("benchmark empty"),
        &["empty", "no data set"],
    );
    world.fails(
        &mut world.oddspot("benchmark nowhere"),
        &["nowhere", "No such file"],
    );
    world.fails(
        &mut benchmark(&world, "--categories third"),
        &["no data set third", "first, second"],
    );
    world.fails(
        &mut benchmark(&world, "--contextual cable"),
        &["cable", "first, second"],
    );
    world.fails(&mut benchmark(&world, "--method full"), &["--methods"]);
    world.data_set("all/other/first", 40);
    world.fails(
        &mut benchmark(&world, ""),
        &["two data sets", "all/first", "all/other/first"],
    );
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_what_is_finished_stays() {
    let world = two_sets();
    world.succeeds(&mut benchmark(&world, "--methods full --categories first"));
    let finished = world.read("out/runs/first-full-0.json");
    let run = world.on_a_full_disk(&benchmark(&world, "--methods full"), 4);
    let message = world.fails_leaving(&mut { run }, &["out/"]);
    assert!(
        message.contains("large") || message.contains("space"),
        "{message}"
    );
    assert!(world.read("out/runs/first-full-0.json") == finished);
    let whole = world.succeeds(&mut benchmark(&world, "--methods full"));
    assert!(whole.stdout.contains("| second |"), "{}", whole.stdout);
    assert!(!whole.stderr.contains("first-full-0"), "{}", whole.stderr);
}
