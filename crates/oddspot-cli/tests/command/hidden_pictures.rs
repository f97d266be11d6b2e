//! Files of several pictures, of which none is passed over in silence.

use std::io::Write;
use std::process::Stdio;

use crate::detection::lines;
use crate::world::{World, board, png};

#[test]
fn pictures_behind_a_picture_are_judged_from_a_file_and_from_a_pipe() {
    let world = World::with_model();
    let two = [png(&board(1)), png(&board(2))].concat();
    world.write("in/two.png", &two);
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out"));
    let results = lines(&world.text("out/results.jsonl"));
    let images: Vec<&str> = results
        .iter()
        .map(|line| line["image"].as_str().unwrap())
        .collect();
    assert_eq!(images, ["in/two.png#1", "in/two.png#2"]);
    assert_ne!(results[0]["score"], results[1]["score"]);
    let mut piped = world.oddspot("detect model.oddspot -");
    let mut running = piped
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(&two).unwrap();
    let told = String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(told.lines().count(), 2, "{told}");
    // To learn from it would be to learn from the first alone.
    world.boards("boards", 3);
    world.write("boards/two.png", &two);
    world.fails(
        &mut world.train("boards -o m.oddspot"),
        &[
            "boards/two.png",
            "it has 2 pictures, one behind the other",
            "--exclude",
        ],
    );
}
