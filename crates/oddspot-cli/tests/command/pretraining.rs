//! `oddspot pretrain`, as a user meets it.

use crate::world::World;

/// A recipe small enough for a test.
const RECIPE: &str = "scenes = 2\nview = 32\nwidths = [8, 8, 8, 8]\npoints = 8\nwarm_up = 2\n";

/// What is in a file of weights but for its header, which tells the seconds.
fn tensors(bytes: &[u8]) -> &[u8] {
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    &bytes[8 + header..]
}

fn world() -> World {
    let world = World::new();
    world.write("recipe.toml", RECIPE);
    world
}

#[test]
fn a_resumed_pretraining_equals_an_uninterrupted_one_and_teaches() {
    let world = world();
    let pretrain = |rest: &str| world.oddspot(&format!("pretrain --recipe recipe.toml {rest}"));
    world.succeeds(&mut pretrain(
        "-o whole.safetensors --steps 6 --snapshot-every 3",
    ));
    // The cool-down of 6 steps begins after the fourth; that checkpoint is kept.
    let from = "--resume-from whole.safetensors.plateau";
    world.succeeds(&mut pretrain(&format!(
        "-o again.safetensors --steps 6 {from}"
    )));
    let [whole, again] = ["whole", "again"].map(|name| world.read(format!("{name}.safetensors")));
    assert_eq!(tensors(&whole), tensors(&again));
    assert_ne!(tensors(&whole), tensors(&world.read("whole.3.safetensors")));
    // The same checkpoint serves a longer pretraining, but not one of another recipe.
    world.succeeds(&mut pretrain(&format!(
        "-o longer.safetensors --steps 8 {from}"
    )));
    world.fails(
        &mut pretrain(&format!("-o other.safetensors --seed 5 --steps 6 {from}")),
        &["whole.safetensors.plateau", "another recipe"],
    );
    let threads = world.succeeds(&mut pretrain("-o one.safetensors --steps 6 --threads 1"));
    assert!(threads.stdout.contains("SHA-256"), "{}", threads.stdout);
    assert_eq!(tensors(&whole), tensors(&world.read("one.safetensors")));

    world.boards("boards", 2);
    world.succeeds(&mut world.train("boards -o m.oddspot --teacher whole.safetensors"));
}

#[test]
fn batches_are_handed_out_and_the_checkpoint_beside_them_is_resumed() {
    let world = world();
    let pretrain =
        |rest: &str| world.oddspot(&format!("pretrain --recipe recipe.toml --steps 3 {rest}"));
    let mut hands_out = pretrain("-o away.safetensors --batches");
    let batches = std::fs::File::create(world.path("batches")).unwrap();
    world.succeeds(hands_out.stdout(batches));
    // Two steps of two scenes in two views; besides them, the counts and the points.
    let views = 2 * 4 * 32 * 32 * 3 * 4;
    let written = world.read("batches").len();
    assert!((views + 48..views + 8192).contains(&written), "{written}");

    // Nobody has learned from them: the checkpoint is that of the start.
    world.succeeds(&mut pretrain("-o away.safetensors --resume"));
    world.succeeds(&mut pretrain("-o here.safetensors"));
    let [away, here] = ["away", "here"].map(|name| world.read(format!("{name}.safetensors")));
    assert_eq!(tensors(&away), tensors(&here));
    assert!(!world.path("away.safetensors.checkpoint").exists());
}

#[test]
fn a_preview_shows_what_is_learned_from() {
    let world = world();
    world.succeeds(
        &mut world.oddspot("pretrain --recipe recipe.toml -o x.safetensors --preview sheet.png"),
    );
    let sheet = image::load_from_memory(&world.read("sheet.png")).unwrap();
    assert_eq!(sheet.height(), 34);
    let colours: std::collections::HashSet<_> = sheet.to_rgb8().pixels().copied().collect();
    assert!(colours.len() > 100, "{} colours", colours.len());
    assert!(!world.path("x.safetensors").exists());
}

#[test]
fn bad_recipes_and_checkpoints_are_named() {
    let world = world();
    world.write("unknown.toml", "stepz = 3\n");
    world.write("zero.toml", "temperature = 0.0\n");
    world.write("damaged.checkpoint", "not a checkpoint at all");
    for (options, texts) in [
        ("--recipe unknown.toml", ["unknown.toml", "stepz"]),
        ("--recipe zero.toml", ["temperature", "0.02"]),
        ("--recipe missing.toml", ["missing.toml", "No such file"]),
        ("--steps 0", ["steps", "from 1 to"]),
        ("--resume", ["x.safetensors.checkpoint", "without --resume"]),
        (
            "--resume-from damaged.checkpoint",
            ["damaged.checkpoint", "safetensors"],
        ),
    ] {
        let mut pretrain = world.oddspot(&format!("pretrain -o x.safetensors {options}"));
        world.fails(&mut pretrain, &texts);
    }
    world.write("x.safetensors.checkpoint", "an earlier one");
    let mut pretrain = world.oddspot("pretrain -o x.safetensors --recipe recipe.toml --steps 1");
    world.fails(
        &mut pretrain,
        &["x.safetensors.checkpoint", "--resume", "--restart"],
    );
}
