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
    for said in [
        "2 noted verdicts are by another model, with the SHA-256 ",
        "(this one was extended by 2 good images: perhaps it is the one before that): verdicts alone are compared",
    ] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert!(!run.stdout.contains("those noted"), "{}", run.stdout);
}

#[test]
fn a_model_that_was_changed_since_is_told_as_what_judges_otherwise() {
    let world = World::with_model();
    world.boards("in", 2);
    world.boards("more", 10);
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out --no-pictures"));
    world.succeeds(&mut world.oddspot("extend model.oddspot more"));
    // The model before is kept beside it, and by its SHA-256 it is the one that judged.
    let run = world.succeeds(&mut world.oddspot("verify model.oddspot out"));
    let which = "by model.oddspot.bak, the model before it was extended by 2 good images";
    assert!(run.stderr.contains(which), "{}", run.stderr);
    let other = world
        .text("out/results.jsonl")
        .replace("\"verdict\":\"good\"", "\"verdict\":\"untrusted\"")
        .replace("\"verdict\":\"check\"", "\"verdict\":\"untrusted\"")
        .replace("\"verdict\":\"anomalous\"", "\"verdict\":\"untrusted\"");
    world.write("out/other.jsonl", other);
    let verify = "verify model.oddspot out/other.jsonl";
    let run = world.ends_with(&mut world.oddspot(verify), 5);
    let said = format!(
        "NOT verified: model.oddspot judges otherwise than noted {which}. Where its verdicts"
    );
    assert!(run.stdout.contains(&said), "{}", run.stdout);
    assert!(!run.stdout.contains("go live"), "{}", run.stdout);
    // Of the model's own verdicts it is this machine that is wrong, or the list.
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o now --no-pictures"));
    let own = world
        .text("now/results.jsonl")
        .replace("\"score\":", "\"score\":1");
    world.write("now/own.jsonl", own);
    let verify = "verify model.oddspot now/own.jsonl";
    let run = world.ends_with(&mut world.oddspot(verify), 5);
    assert!(run.stdout.contains("do not let model.oddspot go live"));
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

#[test]
fn lists_with_the_paths_and_encodings_of_windows_are_read() {
    let world = World::with_model();
    world.boards("known/new", 2);
    world.succeeds(&mut world.oddspot("detect model.oddspot known/new -o out --no-pictures"));
    let text = (world
        .text("out/results.jsonl")
        .replace("known/new/", "new\\\\"))
    .replace('\n', "\r\n");
    assert!(text.contains("\"new\\\\0.png\""), "{text}");
    let marked = "\u{feff}".to_owned() + &text;
    let wide =
        |order: fn(u16) -> [u8; 2]| -> Vec<u8> { marked.encode_utf16().flat_map(order).collect() };
    for bytes in [
        text.clone().into_bytes(),
        marked.clone().into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ] {
        world.write("known/list.jsonl", bytes);
        let run = world.succeeds(&mut world.oddspot("verify model.oddspot known/list.jsonl"));
        assert!(run.stdout.contains("2 known images: "), "{}", run.stdout);
    }
    // A page of a file too; and of another encoding the line is told.
    world.write(
        "known/list.jsonl",
        "{\"image\": \"new\\\\0.png#1\", \"verdict\": \"good\"}\n",
    );
    let verify = "verify model.oddspot known/list.jsonl --max-false-alarms 1";
    world.succeeds(&mut world.oddspot(verify));
    world.write(
        "known/list.jsonl",
        b"{\"image\": \"\xe4.png\", \"verdict\": \"good\"}\n",
    );
    world.fails(
        &mut world.oddspot("verify model.oddspot known/list.jsonl"),
        &[
            "known/list.jsonl",
            "line 1: it is not UTF-8 text: save it as UTF-8",
        ],
    );
}
