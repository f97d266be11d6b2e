//! Models that are held to known images of which some are pages, contradict each other, or cannot be judged.

use crate::world::{World, board, png};

#[test]
fn every_image_that_cannot_be_judged_is_named_and_the_others_are_judged() {
    let world = World::with_model();
    world.boards("in", 3);
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out --no-pictures"));
    world.succeeds(&mut world.oddspot("verify model.oddspot out/results.jsonl"));
    std::fs::remove_file(world.path("in/0.png")).unwrap();
    world.write("in/2.png", "no picture");
    let run = world.ends_with(
        &mut world.oddspot("verify model.oddspot out/results.jsonl"),
        5,
    );
    for said in [
        "not judged: line 1: ",
        "in/0.png",
        "not judged: line 3: ",
        "1 known image: ",
        "2 more could not be judged",
        "NOT verified",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}

#[test]
fn scores_of_another_model_are_none_that_must_be_met() {
    let world = World::with_model();
    world.boards("in", 2);
    world.boards("more", 10);
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out --no-pictures"));
    world.succeeds(&mut world.oddspot("extend model.oddspot more -o other.oddspot"));
    let run = world.succeeds(&mut world.oddspot("verify other.oddspot out/results.jsonl"));
    let said = "2 noted scores are by another model: verdicts alone are compared there";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(!run.stdout.contains("those noted"), "{}", run.stdout);
}

#[test]
fn pages_are_known_images_too_and_contradictions_are_refused() {
    let world = World::with_model();
    world.write("in/two.png", [png(&board(1)), png(&board(2))].concat());
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out --no-pictures"));
    let run = world.succeeds(&mut world.oddspot("verify model.oddspot out/results.jsonl"));
    assert!(
        run.stdout.contains("0 of 2 scores are not those noted"),
        "{}",
        run.stdout
    );
    let third = world
        .text("out/results.jsonl")
        .replace("two.png#2", "two.png#3");
    world.write("out/third.jsonl", third);
    let run = world.ends_with(
        &mut world.oddspot("verify model.oddspot out/third.jsonl"),
        5,
    );
    assert!(run.stdout.contains("it has no picture 3"), "{}", run.stdout);
    let both = "{\"image\": \"in/two.png#1\", \"verdict\": \"good\"}\n{\"image\": \"./in/two.png#1\", \"verdict\": \"bad\"}\n";
    world.write("both.jsonl", both);
    world.fails(
        &mut world.oddspot("verify model.oddspot both.jsonl"),
        &["both.jsonl: line 2: line 1 says something else"],
    );
}
