//! Preset, file and options: which one wins, and values that cannot work.

use oddspot::config::{FeatureNorm, Moments, Schedule};
use oddspot::model_file::Model;

use crate::world::World;

#[test]
fn options_beat_the_file_and_the_file_beats_the_preset() {
    let world = World::new();
    world.boards("boards", 3);
    world.write(
        "settings.toml",
        "image_size = 104\n[student]\noutput_stride = 4\n[training]\niterations = 7\n\
         learning_rate = 0.002\n[position]\npairs = 5\nhidden = 9\n",
    );
    // Not `World::train`, whose own settings would be in the way.
    world.succeeds(&mut world.oddspot(
        "train boards -o m.oddspot --preset paper --config settings.toml --iterations 3 \
         --output-stride 8 --moments local --level-weights 0.5,1,2 --hardest 0.75 --teacher teacher.safetensors --widths 4,4,8,8 --offset 16 --threads 1",
    ));
    let config = Model::load(&world.path("m.oddspot")).unwrap().header.config;
    // Options:
    assert_eq!(config.training.iterations, 3);
    assert_eq!(config.student.output_stride, 8);
    assert_eq!(config.position.offset, 16);
    assert_eq!(config.training.hardest, 0.75);
    assert_eq!(config.teacher, "teacher.safetensors");
    // The file:
    assert_eq!(config.image_size, "104".parse().unwrap());
    assert_eq!((config.position.pairs, config.position.hidden), (5, 9));
    assert_eq!(config.training.learning_rate, 0.002);
    // The preset:
    assert_eq!(config.training.feature_norm, FeatureNorm::L2);
    assert_eq!(config.training.level_weights, [0.5, 1.0, 2.0]);
    assert_eq!(config.training.schedule, Schedule::Constant);
    assert_eq!(config.detection.smoothing, 0.0);
    assert_eq!(config.detection.moments, Moments::Local);
    assert_eq!(world.text("m.oddspot.log.jsonl").lines().count(), 3);
}

#[test]
fn the_configuration_that_inspect_prints_trains_the_same_model() {
    let world = World::with_model();
    world.boards("boards", 8);
    let shown = world
        .succeeds(&mut world.oddspot("inspect model.oddspot"))
        .stdout;
    let (_, config) = shown.split_once("(as for --config)\n").unwrap();
    world.write("again.toml", config);
    world.succeeds(&mut world.oddspot("train boards -o again.oddspot --config again.toml"));
    assert!(world.read("again.oddspot") == world.read("model.oddspot"));
}

#[test]
fn a_bad_settings_file_is_named_with_its_line_or_field() {
    let world = World::new();
    world.boards("boards", 2);
    for (text, mentions) in [
        ("a = 1\nimage_size = [", "line 2: "),
        ("[student]\nwidhts = [4, 4, 8, 8]", "widhts"),
        ("[training]\niterations = \"many\"", "training.iterations"),
        ("[training]\nfeature_norm = \"l3\"", "l3"),
        ("image_size = \"wide\"", "image_size"),
    ] {
        world.write("bad.toml", text);
        world.fails(
            &mut world.oddspot("train boards -o m.oddspot --config bad.toml"),
            &["bad.toml", mentions],
        );
    }
    world.fails(
        &mut world.oddspot("train boards -o m.oddspot --config nowhere.toml"),
        &["nowhere.toml", "No such file"],
    );
}

#[test]
fn a_value_out_of_range_is_told_with_its_option_even_if_it_is_negative() {
    let world = World::new();
    world.boards("boards", 2);
    for (options, mentions) in [
        (
            "--smoothing -1",
            "detection.smoothing (--smoothing): -1: must lie",
        ),
        (
            "--iterations 0",
            "training.iterations (--iterations): 0: must lie",
        ),
        ("--weight-decay -0.5", "(--weight-decay): -0.5"),
        (
            "--level-weights -1,0.5,1",
            "(--level-weights): [-1.0, 0.5, 1.0]",
        ),
    ] {
        let command = format!("train boards -o m.oddspot {options}");
        world.fails(&mut world.oddspot(&command), &[mentions]);
    }
    world.write("hidden.toml", "[position]\nhidden = 0");
    world.fails(
        &mut world.oddspot("train boards -o m.oddspot --config hidden.toml"),
        &["position.hidden: 0: must lie"],
    );
    let command = "train boards -o m.oddspot --threads -2";
    let run = world.ends_with(&mut world.oddspot(command), 2);
    let said = "invalid value '-2' for '--threads <THREADS>'";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn a_size_that_cannot_work_comes_with_one_that_does() {
    let world = World::new();
    world.boards("boards", 2);
    world.fails(
        &mut world.train("boards -o m.oddspot --image-size 100x97"),
        &["image_size", "100x97", "multiple of 8", "104x96"],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --image-size 128 --offset 64"),
        &["image_size", "128x128", "136x136", "position.offset"],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --image-size 200x64 --offset 64"),
        &["image_size", "200x64", "136x136"],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --image-size 8192"),
        &["image_size", "4096"],
    );
    world.succeeds(
        &mut world.train("boards -o m.oddspot --image-size 136 --offset 64 --iterations 2"),
    );
    world.succeeds(
        &mut world.train("boards -o b.oddspot --image-size 8 --method baseline --iterations 2"),
    );
}

#[test]
fn a_value_out_of_range_is_named_with_its_range() {
    let world = World::new();
    world.boards("boards", 2);
    for (option, mentions) in [
        (
            "--output-stride 3",
            ["student.output_stride", "1, 2, 4 or 8"],
        ),
        ("--offset 20", ["position.offset", "multiple"]),
        ("--widths 4,4,8", ["--widths", "four numbers"]),
        ("--widths 4,4,8,0", ["student.widths", "between 1 and"]),
        ("--iterations 0", ["training.iterations", "between 1 and"]),
        ("--batch 0", ["training.batch", "between 1 and"]),
        ("--pairs 0", ["position.pairs", "between 1 and"]),
        ("--learning-rate 0", ["training.learning_rate", "positive"]),
        (
            "--learning-rate NaN",
            ["training.learning_rate", "positive"],
        ),
        ("--weight-decay=-1", ["training.weight_decay", "positive"]),
        (
            "--smoothing 65",
            ["detection.smoothing", "between 0 and 64"],
        ),
        (
            "--false-alarm-rate 0.9",
            ["detection.false_alarm_rate", "0.5"],
        ),
        (
            "--checkpoint-every 0",
            ["training.checkpoint_every", "between 1"],
        ),
        ("--device nonsense", ["nonsense", "cpu"]),
    ] {
        world.fails(
            &mut world.train(&format!("boards -o m.oddspot {option}")),
            &mentions,
        );
    }
}

#[test]
fn a_misspelt_option_is_a_usage_error() {
    let world = World::new();
    for command in [
        "train boards",
        "train boards -o m --method ful",
        "detect",
        "retrain",
    ] {
        world.ends_with(&mut world.oddspot(command), 2);
    }
    for command in ["--help", "train --help", "detect --help", "--version"] {
        let run = world.succeeds(&mut world.oddspot(command));
        assert!(run.stdout.contains("oddspot"));
    }
}
