//! Paths in the wrong places: one sentence says what lies there, what the command takes, and what to type.

use crate::world::{World, board, png};

/// A model, good images, and their results in `found`.
fn world() -> World {
    let world = World::with_model();
    world.boards("good", 3);
    world.make_folder("empty");
    world.succeeds(&mut world.oddspot("detect model.oddspot good -o found --no-pictures"));
    world
}

/// Whether a command is refused with these words about what lies there, and this line to type.
fn is_mended(world: &World, command: &str, there: &str, line: &str) {
    let before = world.files();
    let run = world.ends_with(&mut world.oddspot(command), 1);
    assert!(before == world.files(), "{command} wrote something");
    let said = run.stderr.strip_prefix("error: ").unwrap();
    assert_eq!(said.lines().count(), 1, "{command}: {said}");
    assert!(said.starts_with(there), "{command}: {said}");
    let end = format!(": `oddspot {line}`\n");
    assert!(said.ends_with(&end), "{command}: {said}");
}

#[test]
fn a_model_and_images_that_were_exchanged_are_told_with_the_line_to_type() {
    let world = world();
    const BOTH: &str = "good is a folder of images and model.oddspot is a model; `oddspot ";
    for (command, line) in [
        (
            "detect good model.oddspot -o out",
            "detect model.oddspot good -o out",
        ),
        ("evaluate good model.oddspot", "evaluate model.oddspot good"),
        (
            "extend good model.oddspot --force",
            "extend model.oddspot good --force",
        ),
        (
            "calibrate good model.oddspot",
            "calibrate model.oddspot good",
        ),
    ] {
        is_mended(&world, command, BOTH, line);
    }
    is_mended(
        &world,
        "train model.oddspot -o good --preset instant",
        "model.oddspot is a model and good is a folder of images; `oddspot train` takes good images and, by -o, a file",
        "train good -o model.oddspot --preset instant --replace",
    );
    is_mended(
        &world,
        "train model.oddspot --output=good",
        "model.oddspot is a model and good is a folder of images; ",
        "train good -o model.oddspot --replace",
    );
    is_mended(
        &world,
        "export part.onnx -o model.oddspot",
        "part.onnx is an export by its name and model.oddspot is a model; ",
        "export model.oddspot -o part.onnx",
    );
    // What is typed is what works.
    world.succeeds(&mut world.oddspot("export model.oddspot -o part.onnx"));
}

#[test]
fn what_is_of_the_wrong_kind_is_called_what_it_is() {
    let world = world();
    for (command, there, line) in [
        (
            "train good -o found",
            "found is a folder of results; ",
            "train good -o found.oddspot",
        ),
        (
            "audit model.oddspot",
            "model.oddspot is a model; ",
            "audit GOOD",
        ),
        (
            "audit model.oddspot good",
            "model.oddspot is a model; ",
            "audit good",
        ),
        (
            "inspect good",
            "good is a folder of images; `oddspot inspect` takes a model (`oddspot train` writes models)",
            "inspect MODEL",
        ),
        (
            "inspect found/results.jsonl",
            "found/results.jsonl is a list of images; ",
            "inspect MODEL",
        ),
        (
            "extend model.oddspot model.oddspot",
            "model.oddspot is a model; ",
            "extend model.oddspot GOOD",
        ),
        (
            "watch model.oddspot -m good -o res",
            "model.oddspot is a model and good is a folder of images; ",
            "watch good -m model.oddspot -o res",
        ),
    ] {
        if command.contains("-o found") {
            world.picture("found/a.png", &board(1));
        }
        is_mended(&world, command, there, line);
    }
}

#[test]
fn known_images_are_taken_from_a_folder_of_results_and_told_apart_from_models() {
    let world = world();
    let run = world.succeeds(&mut world.oddspot("verify model.oddspot found"));
    let said = "the known images are those of found/results.jsonl";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stdout.contains("3 known images: "), "{}", run.stdout);
    is_mended(
        &world,
        "verify found/results.jsonl model.oddspot",
        "found/results.jsonl is a list of images and model.oddspot is a model; ",
        "verify model.oddspot found/results.jsonl",
    );
    is_mended(
        &world,
        "verify model.oddspot empty",
        "empty is a folder without results.jsonl; ",
        "verify model.oddspot RESULTS.jsonl",
    );
}

#[test]
fn paths_without_their_option_are_told_with_it() {
    let world = world();
    let mut cases = vec![
        (
            "watch model.oddspot good",
            "model.oddspot is a model and good is a folder of images; `oddspot watch` takes the folder that images come",
            "watch good -m model.oddspot -o RESULTS",
        ),
        (
            "watch good model.oddspot -o res --quiet",
            "model.oddspot is a model; ",
            "watch good -m model.oddspot -o res --quiet",
        ),
        (
            "train good model.oddspot",
            "model.oddspot is a model; ",
            "train good -o model.oddspot --replace",
        ),
    ];
    if cfg!(feature = "serve") {
        cases.push((
            "serve model.oddspot good",
            "model.oddspot is a model and good is a folder of images; ",
            "serve --model model.oddspot --folder good",
        ));
        cases.push((
            "serve model.oddspot",
            "model.oddspot is a model; ",
            "serve --model model.oddspot",
        ));
    }
    for (command, there, line) in cases {
        let before = world.files();
        let run = world.ends_with(&mut world.oddspot(command), 2);
        assert!(before == world.files(), "{command} wrote something");
        let start = format!("error: {there}");
        assert!(run.stderr.starts_with(&start), "{command}: {}", run.stderr);
        let end = format!(": `oddspot {line}`\n");
        assert!(run.stderr.ends_with(&end), "{command}: {}", run.stderr);
    }
    // What has nothing to do with paths is told as before.
    let run = world.ends_with(&mut world.oddspot("watch good --wait"), 2);
    assert!(run.stderr.contains("'--wait'") && run.stderr.contains("--help"));
    let run = world.succeeds(&mut world.oddspot("watch --help"));
    assert!(run.stdout.contains("--model <MODEL>"), "{}", run.stdout);
}

#[test]
fn a_picture_takes_the_place_of_images_and_a_name_with_spaces_is_quoted() {
    let world = world();
    world.write("my part.png", png(&board(4)));
    let before = world.files();
    let mut command = world.oddspot("detect");
    let run = world.ends_with(command.args(["my part.png", "model.oddspot"]), 1);
    assert!(before == world.files());
    let end = "`oddspot detect model.oddspot 'my part.png'`\n";
    assert!(run.stderr.ends_with(end), "{}", run.stderr);
}
