//! Shards that are killed, stopped, or started twice.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{MANIFEST, collect, detect, three};
use crate::world::World;

/// Trainings that last some seconds.
fn slow(world: &World, more: &str) -> Command {
    world.train(&format!(
        "--manifest parts.csv -o out --iterations 300 --checkpoint-every 20 --no-audit {more}"
    ))
}

/// Starts a command, and gives it once a line of its standard error begins with `cue`.
fn begun(command: &mut Command, cue: &str) -> Child {
    heard(command, cue).0
}

/// The same, and what it says after that.
fn heard(command: &mut Command, cue: &str) -> (Child, JoinHandle<String>) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in &mut lines {
        let line = line.unwrap();
        if line.starts_with(cue) {
            // What is written later must not block.
            let rest = std::thread::spawn(move || {
                let rest = lines.map_while(Result::ok);
                rest.collect::<Vec<_>>().join("\n")
            });
            return (child, rest);
        }
        said += &(line + "\n");
    }
    child.wait().unwrap();
    panic!("no '{cue}' in {said}");
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

fn checkpointed(world: &World, child: &mut Child) {
    for _ in 0..600 {
        if world.path("out/parts/b/model.oddspot.checkpoint").exists() {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no checkpoint was written");
}

#[test]
fn a_shard_that_is_killed_loses_no_finished_part_and_goes_on_in_the_one_at_work() {
    let world = three();
    // The first part is finished, the second has a checkpoint.
    let mut child = begun(&mut slow(&world, ""), "b: train");
    checkpointed(&world, &mut child);
    signal(&child, Signal::SIGKILL);
    child.wait().unwrap();
    let run = collect(&world, "out", 3);
    assert!(
        run.stdout.contains("  b: begun, and not finished"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("  c: not begun"), "{}", run.stdout);

    // A training begins with a model without networks, which is not the part's.
    assert!(world.path("out/parts/b/model.oddspot").exists());
    let run = world.ends_with(&mut detect(&world, "-o out"), 3);
    for told in ["a: done in", "error: b: its training is not finished"] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }

    // Ctrl-C keeps the checkpoint too, and says one thing.
    let (mut child, rest) = heard(&mut slow(&world, ""), "b: train");
    checkpointed(&world, &mut child);
    signal(&child, Signal::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said = rest.join().unwrap();
    // Its checkpoint is that of before if it was at the images still.
    assert!(
        said.contains("interrupted ") && said.contains("the same command goes on where it was"),
        "{said}"
    );
    assert!(
        !said.contains("--resume") && !said.contains("--replace"),
        "{said}"
    );
    assert!(world.path("out/parts/b/model.oddspot.checkpoint").exists());

    let run = world.succeeds(&mut slow(&world, ""));
    assert!(run.stderr.contains("a: finished before"), "{}", run.stderr);
    assert!(
        run.stderr.contains("2 done, 1 finished before"),
        "{}",
        run.stderr
    );
    // It is the model of a training that was never broken off.
    world.succeeds(
        &mut world.train(
            "data/b -o b.oddspot --iterations 300 --checkpoint-every 20 --seed 3 --no-audit",
        ),
    );
    assert!(world.read("b.oddspot") == world.read("out/parts/b/model.oddspot"));
    let left = world.files();
    let left = left.keys().filter(|name| name.starts_with("out/"));
    let left: Vec<_> = left
        .filter(|name| {
            name.contains("checkpoint") || name.ends_with(".tmp") || name.ends_with(".lock")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_checkpoint_of_other_settings_is_not_gone_on_with() {
    let world = three();
    let mut child = begun(&mut slow(&world, "--shard 2/3"), "b: train");
    checkpointed(&world, &mut child);
    signal(&child, Signal::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    world.write("parts.csv", MANIFEST.replace(";3\n", ";4\n"));
    world.succeeds(&mut slow(&world, "--shard 2/3"));
    world.succeeds(
        &mut world.train(
            "data/b -o b.oddspot --iterations 300 --checkpoint-every 20 --seed 4 --no-audit",
        ),
    );
    assert!(world.read("b.oddspot") == world.read("out/parts/b/model.oddspot"));
}

#[test]
fn two_runs_of_the_same_shard_share_its_parts_and_do_each_once() {
    let world = three();
    let mut first = begun(&mut slow(&world, ""), "a: train");
    // It takes the parts that the first is not at, and waits for that one's end.
    let run = world.succeeds(&mut slow(&world, ""));
    assert!(
        run.stderr.contains("another run is at it"),
        "{}",
        run.stderr
    );
    assert_eq!(first.wait().unwrap().code(), Some(0));
    collect(&world, "out", 0);
}

#[test]
fn a_part_of_a_killed_run_is_taken_over_by_the_one_that_waits() {
    let world = three();
    let shard = "--shard 2/3 --iterations 2000";
    let mut first = begun(&mut slow(&world, shard), "b: train");
    let mut second = begun(&mut slow(&world, shard), "b: another run is at it");
    checkpointed(&world, &mut first);
    signal(&first, Signal::SIGKILL);
    first.wait().unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0));
    collect(&world, "out --of train", 3);
    assert!(world.path("out/parts/b/model.oddspot").exists());
}
