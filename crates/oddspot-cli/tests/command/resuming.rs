//! A training that was interrupted goes on as if it had never stopped.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use oddspot::model::Model;
use oddspot::settings::Method;
use serde_json::Value;

use crate::world::{Run, World, board, with_header};

/// Long enough that a signal after the first step comes before the last.
/// What images are aligned by is learned anew when it goes on.
const LONG: &str = "boards --iterations 300 --checkpoint-every 1000 --alignment shift";

/// Runs a command, and signals it once a line of its standard error begins with `cue`.
fn signalled(command: &mut Command, cue: &str, signal: Signal) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = String::new();
    let mut cued = false;
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if !cued && line.starts_with(cue) {
            cued = true;
            kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        }
        stderr += &(line + "\n");
    }
    assert!(cued, "{stderr}");
    let mut run = Run::from(child.wait_with_output().unwrap());
    run.stderr = stderr;
    run
}

/// A world with a training interrupted in its first steps.
fn interrupted() -> World {
    let world = World::new();
    world.boards("boards", 4);
    let run = signalled(
        &mut world.train(&format!("{LONG} -o m.oddspot")),
        "training 1/",
        Signal::SIGINT,
    );
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("of 300; the checkpoint is m.oddspot.checkpoint")
    );
    assert!(
        run.stderr
            .contains("go on with the same command and --resume")
    );
    // What was written first: nothing is trained in it.
    let first = Model::load(&world.path("m.oddspot")).unwrap();
    assert_eq!(first.header.settings.method, Method::Instant);
    world
}

#[test]
fn resumed_is_uninterrupted_byte_for_byte() {
    let world = interrupted();
    // Once more, by the signal of a machine that shuts down.
    let resume = format!("{LONG} -o m.oddspot --resume");
    let run = signalled(&mut world.train(&resume), "training ", Signal::SIGTERM);
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    let resumed = world.succeeds(&mut world.train(&resume));
    assert!(!world.path("m.oddspot.checkpoint").exists());

    let whole = world.succeeds(&mut world.train(&format!("{LONG} -o whole.oddspot")));
    assert!(world.read("m.oddspot") == world.read("whole.oddspot"));
    let rest = |run: &Run| {
        let rest = run.stdout.split_once('\n').unwrap().1;
        rest.replace("whole.oddspot", "m.oddspot")
    };
    assert_eq!(rest(&resumed), rest(&whole));

    let log = world.text("m.oddspot.log.jsonl");
    assert_eq!(log, world.text("whole.oddspot.log.jsonl"));
    for (index, line) in log.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["iteration"], index + 1);
    }
    assert_eq!(log.lines().count(), 300);
}

#[test]
fn a_hang_up_interrupts_unless_it_is_ignored() {
    let world = World::new();
    world.boards("boards", 4);
    let train = world.train(&format!("{LONG} -o m.oddspot"));
    // As `nohup` has it.
    let run = signalled(
        &mut world.limited(&train, "trap '' HUP"),
        "training 1/",
        Signal::SIGHUP,
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    if cfg!(target_os = "linux") {
        let longer = "boards --iterations 3000 --checkpoint-every 10000 -o n.oddspot";
        let run = signalled(&mut world.train(longer), "training 1/", Signal::SIGHUP);
        assert_eq!(run.code, Some(130), "{}", run.stderr);
        assert!(world.path("n.oddspot.checkpoint").exists());
    }
}

#[test]
fn steps_that_came_after_the_checkpoint_are_logged_once() {
    let world = World::new();
    world.boards("boards", 4);
    // Killed outright: the log is ahead of the checkpoint.
    let mut child = world
        .train("boards -o m.oddspot --iterations 300 --checkpoint-every 2")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !world.path("m.oddspot.checkpoint").exists() {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "ended without a checkpoint"
        );
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What lies there is the first model, and says so.
    let said = "warning: m.oddspot is the first model of a training that is not done";
    let run = world.succeeds(&mut world.oddspot("detect m.oddspot boards -o out --no-pictures"));
    assert!(run.stderr.contains(said), "{}", run.stderr);
    fs::copy(world.path("m.oddspot"), world.path("anew.oddspot")).unwrap();
    world.succeeds(&mut world.train("boards -o anew.oddspot --iterations 2"));
    assert!(!world.path("anew.oddspot.bak").exists());
    let run = world.succeeds(&mut world.oddspot("verify anew.oddspot"));
    assert!(!run.stderr.contains("first model"), "{}", run.stderr);
    let torn = world.text("m.oddspot.log.jsonl") + "{\"iteration\":";
    world.write("m.oddspot.log.jsonl", torn);
    world.succeeds(&mut world.train("boards -o m.oddspot --iterations 300 --resume"));
    let log = world.text("m.oddspot.log.jsonl");
    assert_eq!(log.lines().count(), 300);
    for (index, line) in log.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["iteration"], index + 1);
    }
}

#[test]
fn an_interrupt_before_the_first_step_leaves_nothing() {
    let world = World::new();
    world.boards("boards", 40);
    let before = world.files();
    let run = signalled(
        &mut world.train(&format!("{LONG} -o m.oddspot --image-size 512")),
        "preparing 1/",
        Signal::SIGINT,
    );
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(
        run.stderr.ends_with("nothing was written\n"),
        "{}",
        run.stderr
    );
    assert!(world.files() == before);
}

#[test]
fn a_checkpoint_is_never_overwritten_unasked() {
    let world = interrupted();
    world.fails(
        &mut world.train(&format!("{LONG} -o m.oddspot")),
        &["m.oddspot.checkpoint", "--resume", "--restart"],
    );
    world.succeeds(&mut world.train("boards -o m.oddspot --restart"));
    assert!(!world.path("m.oddspot.checkpoint").exists());
    world.fails(
        &mut world.train("boards -o m.oddspot --resume"),
        &["m.oddspot.checkpoint", "start without --resume"],
    );
    world.ends_with(
        &mut world.train("boards -o m.oddspot --resume --restart"),
        2,
    );
}

#[test]
fn a_checkpoint_resumes_only_its_own_training() {
    let world = interrupted();
    let resume = |more: &str| world.train(&format!("boards -o m.oddspot --resume {more}"));
    for (option, difference) in [
        ("--seed 5", "training.seed is 5, not 0"),
        ("--iterations 12", "training.iterations is 12, not 300"),
        (
            "--iterations 300 --widths 4,4,8,9",
            "student.widths is 4,4,8,9, not 4,4,8,8",
        ),
        (
            "--iterations 300 --preset paper",
            "training.feature_norm is l2, not whiten",
        ),
        ("--iterations 300 --teacher random", "the teacher"),
    ] {
        world.fails(
            &mut resume(option),
            &["m.oddspot.checkpoint", difference, "--restart"],
        );
    }

    let sound = world.read("boards/1.png");
    for image in 0..4 {
        // Whichever of them were trained on, they are no longer the same.
        world.picture(format!("boards/{image}.png"), &board(90 + image));
    }
    world.fails(
        &mut resume("--iterations 300"),
        &[
            "m.oddspot.checkpoint",
            "the training images differ",
            ".png",
            "--restart",
        ],
    );
    world.boards("boards", 4);
    assert!(world.read("boards/1.png") == sound);
    world.boards("boards", 5);
    world.fails(
        &mut resume("--iterations 300"),
        &["the training images differ", ".png for one"],
    );
}

#[test]
fn how_a_training_is_run_may_change_when_it_is_resumed() {
    let world = interrupted();
    // No settings: those of the checkpoint.
    world.succeeds(&mut world.oddspot(
        "train boards -o m.oddspot --resume --checkpoint-every 7 --cache-mib 0 --threads 2",
    ));
    let model = oddspot::Model::load(&world.path("m.oddspot")).unwrap();
    assert_eq!(model.header.iterations, 300);
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let world = interrupted();
    let sound = world.read("m.oddspot.checkpoint");
    let (header, metadata) = safetensors::SafeTensors::read_metadata(&sound).unwrap();
    let (start, _) = metadata.info("optimizer").unwrap().data_offsets;
    let mut flipped = sound.clone();
    flipped[8 + header + start + 100] ^= 1;
    let newer = with_header(&sound, r#"\"format\":6,"#, r#"\"format\":9,"#);
    for (bytes, reason) in [
        (flipped, "not those that were written"),
        (sound[..sound.len() - 1].to_vec(), "truncated"),
        (Vec::new(), "truncated"),
        (b"once upon a time".to_vec(), "not a .safetensors file"),
        (
            world.read("teacher.safetensors"),
            "no checkpoint of this program's",
        ),
        (newer, "format 9"),
    ] {
        world.write("m.oddspot.checkpoint", bytes);
        world.fails(
            &mut world.train(&format!("{LONG} -o m.oddspot --resume")),
            &["m.oddspot.checkpoint", reason],
        );
    }
}
