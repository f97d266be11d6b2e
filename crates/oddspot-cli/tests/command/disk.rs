//! Places that cannot be written, and disks that fill up.
#![cfg(unix)]

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::world::{World, board, teacher};

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let world = World::with_model();
    world.boards("boards", 2);
    world.write("file", "in the way");
    for output in [
        "file/m.oddspot",
        "no/such/folder/m.oddspot",
        "/proc/m.oddspot",
    ] {
        let run = world.fails(
            &mut world.train(&format!("boards -o {output}")),
            &[output, "choose an existing folder", "(-o)"],
        );
        assert!(run.contains("(os error"), "{run}");
    }
    assert!(!world.path("no").exists());
    world.fails(
        &mut world.train("boards -o boards"),
        &[
            "boards is a folder of images",
            "oddspot train boards -o boards.oddspot",
        ],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --log file/log.jsonl"),
        &["cannot write file/log.jsonl"],
    );
    world.fails(
        &mut world.oddspot("detect model.oddspot boards -o file"),
        &["file is a file", "give -o a folder"],
    );
    for output in ["file/out", "/proc/out"] {
        world.fails(
            &mut world.oddspot(&format!("detect model.oddspot boards -o {output}")),
            &[output, "choose an -o that you may write to"],
        );
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let world = World::new();
    world.write("file", "in the way");
    world.fails(
        world
            .oddspot("teacher import teacher.safetensors")
            .env("ODDSPOT_CACHE", world.path("file/cache")),
        &["file/cache/teachers"],
    );
}

#[test]
fn a_disk_full_at_a_checkpoint_leaves_the_older_one_whole() {
    let world = World::new();
    world.boards("boards", 3);
    // In the training, or only at its end: it goes on, but there is no room for its model either.
    for every in [4, 100] {
        let train = world.train(&format!("boards -o m.oddspot --checkpoint-every {every}"));
        let run = world.ends_with(&mut world.on_a_full_disk(&train, 20), 1);
        let warning = "warning: cannot write m.oddspot.checkpoint: File too large";
        assert_eq!(run.stderr.matches(warning).count(), 1, "{}", run.stderr);
        for said in [
            "nothing of its end could be written",
            "cannot write m.oddspot: ",
        ] {
            assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        }
        assert_only_whole_logs_are_new(&world);
    }

    // With a checkpoint there, that one stays.
    world.fails_leaving(
        &mut world.train("boards -o m.oddspot --learning-rate 1e30 --checkpoint-every 1"),
        &["m.oddspot.checkpoint"],
    );
    let kept = world.read("m.oddspot.checkpoint");
    let train = world.train("boards -o m.oddspot --checkpoint-every 1 --restart");
    world.fails_leaving(
        &mut world.on_a_full_disk(&train, 20),
        &["cannot write m.oddspot: File too large"],
    );
    assert!(world.read("m.oddspot.checkpoint") == kept);
}

/// No model, no checkpoint, no temporary file; every line of the log parses.
fn assert_only_whole_logs_are_new(world: &World) {
    for (name, bytes) in world.files() {
        match name.as_str() {
            "teacher.safetensors" | "big.safetensors" => {}
            board if board.starts_with("boards/") => {}
            log => {
                assert_eq!(log, "m.oddspot.log.jsonl");
                for line in String::from_utf8(bytes).unwrap().lines() {
                    serde_json::from_str::<Value>(line).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_disk_full_at_the_model_loses_no_training() {
    let world = World::new();
    world.boards("boards", 3);
    // Its weights make the model larger than the checkpoint.
    world.write("big.safetensors", teacher([8, 16, 48, 64]));
    let settings = "boards --teacher big.safetensors";
    world.succeeds(&mut world.train(&format!("{settings} -o whole.oddspot")));
    let whole = world.read("whole.oddspot");

    let train = world.train(&format!("{settings} -o m.oddspot"));
    let blocks = whole.len() / 512 - 20;
    world.fails_leaving(
        &mut world.on_a_full_disk(&train, blocks),
        &[
            "m.oddspot",
            "File too large",
            "m.oddspot.checkpoint",
            "--resume",
        ],
    );
    let m: Vec<_> = world
        .files()
        .into_keys()
        .filter(|n| n.contains("m.odd"))
        .collect();
    // The first model stays.
    assert_eq!(
        m,
        ["m.oddspot", "m.oddspot.checkpoint", "m.oddspot.log.jsonl"]
    );
    assert!(world.read("m.oddspot") != whole);

    world.succeeds(&mut world.train(&format!("{settings} -o m.oddspot --resume")));
    assert!(world.read("m.oddspot") == whole);
    assert!(world.read("m.oddspot.log.jsonl") == world.read("whole.oddspot.log.jsonl"));
}

#[test]
fn a_disk_full_while_detecting_leaves_no_half_picture() {
    let world = World::with_model();
    world.boards("boards", 1);
    let detect = world.oddspot("detect model.oddspot boards -o out --maps");
    let message = world.fails_leaving(&mut world.on_a_full_disk(&detect, 20), &["out/"]);
    assert!(message.contains("File too large"), "{message}");
    for (name, bytes) in world.files() {
        assert!(!name.ends_with(".tmp"), "{name}");
        if name.starts_with("out/") && name.ends_with(".png") {
            image::load_from_memory(&bytes).unwrap();
        }
    }
}

#[test]
fn a_disk_full_at_an_import_leaves_no_half_teacher() {
    let world = World::new();
    world.write("big.safetensors", teacher([8, 16, 48, 64]));
    let import = world.oddspot("teacher import big.safetensors");
    world.fails(
        &mut world.on_a_full_disk(&import, 20),
        &["cache/teachers/vgg16.safetensors", "File too large"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_grow_does_not_stop_the_training() {
    let world = World::new();
    world.boards("boards", 2);
    // A program that would read the device to its end fails here, and not the machine.
    let train = world.train("boards -o m.oddspot --log /dev/full");
    let run = world.succeeds(&mut world.limited(&train, "ulimit -v 8000000"));
    assert!(
        run.stderr
            .contains("warning: the log /dev/full is incomplete")
    );
    assert!(world.path("m.oddspot").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_no_panic() {
    let world = World::with_model();
    world.boards("boards", 2);
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    world.fails(
        world.oddspot("inspect model.oddspot").stdout(full()),
        &["cannot print"],
    );
    // What is in files too is worth going on for.
    world.succeeds(world.train("boards -o m.oddspot").stdout(full()));
    world.succeeds(
        world
            .oddspot("detect m.oddspot boards -o out")
            .stdout(full()),
    );
    assert_eq!(world.text("out/results.jsonl").lines().count(), 2);
    // Nor does it matter that nobody reads what is said beside the results.
    let mut silent = world.train("boards -o n.oddspot");
    assert!(silent.stderr(full()).status().unwrap().success());
    let mut silent = world.oddspot("detect model.oddspot boards -o again");
    assert!(silent.stderr(full()).status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_printed_alone_is_not_lost_without_a_word() {
    let world = World::with_model();
    for seed in 60..64 {
        world.picture(format!("more/{seed}.png"), &board(seed));
    }
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for command in [
        "detect model.oddspot more",
        "detect model.oddspot more --json",
        "verify model.oddspot",
        "calibrate model.oddspot more --dry-run --force",
    ] {
        world.fails(world.oddspot(command).stdout(full()), &["cannot print"]);
    }
    // A quiet run prints nothing that could be lost, and one that nobody reads to the end goes on.
    world.succeeds(world.oddspot("detect model.oddspot more -q").stdout(full()));
    let mut unread = world.oddspot("detect model.oddspot more");
    let unread = unread.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut unread = unread.spawn().unwrap();
    drop(unread.stdout.take());
    assert!(unread.wait().unwrap().success());
}

#[test]
fn what_killed_runs_left_is_removed_at_the_next_start() {
    let world = World::with_model();
    world.boards("boards", 3);
    let left = [
        ".m.oddspot.AbC123.tmp",
        ".m.oddspot.checkpoint.AbC123.tmp",
        "out/figure/sub/.0.png.AbC123.tmp",
    ];
    let kept = [
        ".other.oddspot.AbC123.tmp",
        "out/figure/.notes.txt.AbC123.tmp",
    ];
    for name in left.iter().chain(&kept) {
        world.write(name, "half of something");
    }
    world.succeeds(&mut world.train("boards -o m.oddspot"));
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out"));
    let files = world.files();
    let are_there = |names: &[&str]| {
        names
            .iter()
            .filter(|name| files.contains_key(**name))
            .count()
    };
    assert_eq!((are_there(&left), are_there(&kept)), (0, kept.len()));
}

#[test]
fn an_output_that_another_run_writes_is_refused() {
    let world = World::with_model();
    world.boards("boards", 2);
    world.data_set("all/set", 0);
    world.make_folder("out");
    for (held, command) in [
        ("m.oddspot", "train boards -o m.oddspot"),
        #[cfg(feature = "pretrain")]
        ("w.safetensors", "pretrain -o w.safetensors --steps 1"),
        ("out/results.jsonl", "detect model.oddspot boards -o out"),
        ("r.json", "evaluate model.oddspot all/set --json r.json"),
    ] {
        let hold = oddspot::files::lock::Hold::take(&world.path(held)).unwrap();
        world.fails(&mut world.oddspot(command), &[held, "another run"]);
        drop(hold);
    }
    let _hold = oddspot::files::lock::Hold::take(&world.path("out/benchmark.json")).unwrap();
    world.fails_leaving(
        &mut world.oddspot("benchmark all -o out"),
        &["out/benchmark.json", "another run"],
    );
}
