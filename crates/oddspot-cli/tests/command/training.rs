//! What a training writes, that it can be repeated, and how it fails.

use oddspot::Model;
use serde_json::Value;

use crate::world::World;

#[test]
fn a_training_leaves_a_model_and_a_log_and_nothing_else() {
    let world = World::new();
    world.boards("boards", 4);
    let before = world.files();
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --checkpoint-every 5"));
    assert!(
        run.stdout.starts_with("model m.oddspot\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr
            .contains("3 good images to learn from, 1 held out")
    );
    let after = world.files();
    let new: Vec<_> = after.keys().filter(|n| !before.contains_key(*n)).collect();
    assert_eq!(
        new,
        ["m.oddspot", "m.oddspot.audit.html", "m.oddspot.log.jsonl"]
    );
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{name}");
    }
}

#[test]
fn the_log_has_one_line_of_numbers_an_iteration() {
    let world = World::new();
    world.boards("boards", 3);
    world.succeeds(&mut world.train("boards -o m.oddspot --log other.jsonl"));
    assert!(!world.path("m.oddspot.log.jsonl").exists());
    let text = world.text("other.jsonl");
    assert_eq!(text.lines().count(), 12);
    for (index, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["iteration"], index + 1);
        for number in ["L_rec", "L_pos", "loss", "learning_rate"] {
            assert!(line[number].is_f64(), "{line}");
        }
        let accuracy = line["position_accuracy"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy), "{line}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let world = World::new();
    world.boards("boards", 4);
    for (output, seed) in [("a", 7), ("b", 7), ("c", 8)] {
        world.succeeds(&mut world.train(&format!("boards -o {output}.oddspot --seed {seed}")));
    }
    assert!(world.read("a.oddspot") == world.read("b.oddspot"));
    assert!(world.read("a.oddspot.log.jsonl") == world.read("b.oddspot.log.jsonl"));
    let [a, c] = ["a.oddspot", "c.oddspot"].map(|m| Model::load(&world.path(m)).unwrap());
    assert_ne!(a.tensors, c.tensors);
    assert_eq!(a.teacher, c.teacher);
}

#[test]
fn teacher_maps_on_disk_give_the_same_networks_as_in_memory() {
    let world = World::new();
    world.boards("boards", 4);
    world.succeeds(&mut world.train("boards -o memory.oddspot"));
    world.succeeds(&mut world.train("boards -o disk.oddspot --cache-mib 0"));
    let [memory, disk] =
        ["memory", "disk"].map(|m| Model::load(&world.path(format!("{m}.oddspot"))).unwrap());
    assert_eq!(memory.tensors, disk.tensors);
    assert_eq!(memory.header.thresholds, disk.header.thresholds);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_training_and_says_what_to_lower() {
    let world = World::new();
    world.boards("boards", 3);
    let message = world.fails_leaving(
        &mut world.train("boards -o m.oddspot --learning-rate 1e30"),
        &[
            "diverged at iteration 2",
            "no checkpoint",
            "lower --learning-rate",
        ],
    );
    assert!(message.contains("not a finite number"), "{message}");
    let files = world.files().into_keys();
    let new: Vec<_> = files.filter(|n| n.contains("m.oddspot")).collect();
    // The model that was written first is of use.
    assert_eq!(new, ["m.oddspot", "m.oddspot.log.jsonl"]);
}

#[test]
fn a_training_that_diverges_keeps_its_last_good_checkpoint() {
    let world = World::new();
    world.boards("boards", 3);
    world.fails_leaving(
        &mut world.train("boards -o m.oddspot --learning-rate 1e30 --checkpoint-every 1"),
        &[
            "iteration 1 is kept in m.oddspot.checkpoint",
            "--learning-rate",
        ],
    );
    let kept = world.read("m.oddspot.checkpoint");

    // The same again says the same; nothing is lost.
    world.fails_leaving(
        &mut world.train("boards -o m.oddspot --resume"),
        &["--learning-rate"],
    );
    assert!(world.read("m.oddspot.checkpoint") == kept);
    world.succeeds(&mut world.train("boards -o m.oddspot --restart"));
    assert!(!world.path("m.oddspot.checkpoint").exists());
}

#[test]
fn an_older_model_is_replaced_whole_or_not_at_all() {
    let world = World::with_model();
    world.boards("boards", 3);
    let old = world.read("model.oddspot");
    world.fails_leaving(
        &mut world.train("boards -o model.oddspot --learning-rate 1e30 --replace"),
        &["--learning-rate"],
    );
    assert!(world.read("model.oddspot") == old);
    world.succeeds(&mut world.train("boards -o model.oddspot --replace"));
    assert!(world.read("model.oddspot") != old);
    assert!(world.read("model.oddspot.bak") == old);
    Model::load(&world.path("model.oddspot")).unwrap();
}

#[test]
fn the_baseline_has_no_classifier() {
    let world = World::new();
    world.boards("boards", 3);
    world.succeeds(&mut world.train("boards -o m.oddspot --method baseline"));
    let model = Model::load(&world.path("m.oddspot")).unwrap();
    let mut tensors = model.tensors.keys();
    assert!(!tensors.any(|name| name.starts_with("position.")));
    let shown = world.succeeds(&mut world.oddspot("inspect m.oddspot --json"));
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(shown["parameters"]["student"].is_u64());
    assert!(shown["parameters"]["position"].is_null());
    let header = &shown["header"];
    assert_eq!(header["settings"]["method"], "baseline");
    let images = |list: &str| header[list].as_array().unwrap().len();
    assert_eq!(
        (images("training_images"), images("held_out_images")),
        (2, 1)
    );
    let log = world.text("m.oddspot.log.jsonl");
    assert!(log.lines().all(|line| line.contains("\"L_pos\":null")));
    world.succeeds(&mut world.oddspot("detect m.oddspot boards -o out --maps"));
    assert!(world.path("out/looks_wrong/0.tiff").exists());
    assert!(!world.path("out/wrong_place").exists());
}
