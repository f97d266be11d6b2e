//! `--quiet`, which every command knows that tells how far it is: what went wrong, and nothing else.

use std::process::Command;

use crate::world::{World, board};

/// Runs a command that must end with 0 and say nothing but warnings.
fn quiet(world: &World, command: &mut Command) {
    let run = world.succeeds(command);
    assert_eq!(run.stdout, "", "{command:?}");
    for line in run.stderr.lines() {
        assert!(line.starts_with("warning: "), "{command:?}: {line}");
    }
}

#[test]
fn a_quiet_run_of_any_command_says_what_went_wrong_alone() {
    let world = World::new();
    world.data_set("all/set", 0);
    for seed in 60..64 {
        world.picture(format!("more/{seed}.png"), &board(seed));
    }
    world.write("more/notes.txt", "passed over");
    quiet(&world, &mut world.train("all/set -o m.oddspot -q"));
    quiet(
        &world,
        &mut world.train("all/set -o m.oddspot --replace --seed 1 --quiet"),
    );
    assert!(world.path("m.oddspot.bak").is_file());
    for command in [
        "audit all/set -o a.html --json a.json --teacher teacher.safetensors --image-size 96",
        "evaluate m.oddspot all/set --json e.json --html e.html",
        "evaluate m.oddspot all/set --json e.json --replace --false-alarm-rate 0.2",
        "detect m.oddspot more -o found",
        "detect m.oddspot more -o found --replace --false-alarm-rate 0.2",
        "calibrate m.oddspot more --force -o c.oddspot",
        "extend m.oddspot more --force -o x.oddspot",
        "verify m.oddspot",
        "benchmark all -o bench --teacher teacher.safetensors --image-size 96 --offset 16 --widths 4,4,8,8 --pairs 8 \
         --iterations 4",
    ] {
        quiet(
            &world,
            &mut world.oddspot(&format!("{command} -q --threads 1")),
        );
    }
    for file in [
        "a.html",
        "e.json",
        "found/results.jsonl",
        "c.oddspot",
        "x.oddspot",
        "bench/tables.md",
    ] {
        assert!(world.path(file).is_file(), "{file}");
    }
}

#[test]
fn a_quiet_run_tells_of_good_images_that_are_called_like_bad_ones() {
    let world = World::with_model();
    for seed in 60..64 {
        world.picture(format!("more/{seed}.png"), &board(seed));
    }
    world.picture("more/bad_20.png", &board(64));
    for command in ["calibrate", "extend"] {
        let command = format!("{command} model.oddspot more --force -o {command}.oddspot -q");
        let run = world.succeeds(&mut world.oddspot(&command));
        assert_eq!(run.stdout, "");
        assert!(
            run.stderr.contains("warning: more: ") && run.stderr.contains("bad_20.png"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_quiet_run_tells_of_test_images_that_may_be_good_and_of_none_that_is() {
    let world = World::with_model();
    world.picture("set/test/OK_2/0.png", &board(100));
    world.picture("set/test/cut/0.png", &board(101));
    let evaluate = "evaluate model.oddspot set --threads 1";
    let said = [
        "no test image is good (OK_2 (1), cut (1))",
        "taken for defects although called like good images: OK_2 (1); if they are good",
    ];
    let run = world.succeeds(&mut world.oddspot(&format!("{evaluate} -q")));
    assert_eq!(run.stdout, "");
    for text in said {
        let line = format!("warning: {text}");
        assert!(run.stderr.contains(&line), "{}", run.stderr);
    }
    let run = world.succeeds(&mut world.oddspot(evaluate));
    for text in said {
        assert!(run.stdout.contains(text), "{}", run.stdout);
    }
}

#[test]
fn a_quiet_run_tells_what_went_wrong() {
    let world = World::with_model();
    world.picture("boards/0.png", &board(0));
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o found --threads 1"));
    let right = world.text("found/results.jsonl");
    let verdict = |name: &str| format!("\"verdict\":\"{name}\"");
    let [good, odd] = ["good", "anomalous"].map(verdict);
    let wrong = match right.contains(&good) {
        true => right.replace(&good, &odd),
        false => right.replace(&odd, &good),
    };
    assert_ne!(wrong, right);
    world.write("wrong.jsonl", wrong);
    let verify = "verify model.oddspot wrong.jsonl -q --threads 1";
    let run = world.ends_with(&mut world.oddspot(verify), 5);
    assert!(run.stdout.contains("NOT verified"), "{}", run.stdout);
    world.write("boards/broken.png", "no picture");
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot boards -q"), 3);
    assert!(run.stderr.starts_with("skipped: ") && run.stdout.is_empty());
    world.fails(
        &mut world.oddspot("calibrate model.oddspot boards -q"),
        &["broken.png"],
    );
}

#[test]
fn a_quiet_fleet_tells_of_no_part() {
    let world = World::new();
    world.data_set("a", 0);
    world.write("parts.csv", "name,data\na,a\n");
    quiet(&world, &mut world.train("--manifest parts.csv -o out -q"));
    let run = world.succeeds(&mut world.train("--manifest parts.csv -o out"));
    assert!(run.stderr.contains("a: finished before"), "{}", run.stderr);
}
