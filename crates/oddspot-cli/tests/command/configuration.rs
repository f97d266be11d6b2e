//! Preset, file and options: which one wins, and values that cannot work.

use oddspot::Model;
use oddspot::settings::{FeatureNorm, Moments, Schedule};

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
    let settings = Model::load(&world.path("m.oddspot"))
        .unwrap()
        .header
        .settings;
    // Options:
    assert_eq!(settings.training.iterations, 3);
    assert_eq!(settings.student.output_stride, 8);
    assert_eq!(settings.position.offset, 16);
    assert_eq!(settings.training.hardest, 0.75);
    assert_eq!(settings.teacher, "teacher.safetensors");
    // The file:
    assert_eq!(settings.image_size, "104".parse().unwrap());
    assert_eq!((settings.position.pairs, settings.position.hidden), (5, 9));
    assert_eq!(settings.training.learning_rate, 0.002);
    // The preset:
    assert_eq!(settings.training.feature_norm, FeatureNorm::L2);
    assert_eq!(settings.training.level_weights, [0.5, 1.0, 2.0]);
    assert_eq!(settings.training.schedule, Schedule::Constant);
    assert_eq!(settings.detection.smoothing, 0.0);
    assert_eq!(settings.detection.moments, Moments::Local);
    assert_eq!(world.text("m.oddspot.log.jsonl").lines().count(), 3);
}

#[test]
fn the_configuration_that_inspect_prints_trains_the_same_model() {
    let world = World::with_model();
    world.boards("boards", 8);
    let shown = world
        .succeeds(&mut world.oddspot("inspect model.oddspot"))
        .stdout;
    let (_, settings) = shown.split_once("(as for --config)\n").unwrap();
    world.write("again.toml", settings);
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
        ("--level-weights -1,0.5,1", "(--level-weights): -1,0.5,1"),
    ] {
        let command = format!("train boards -o m.oddspot {options}");
        world.fails(&mut world.oddspot(&command), &[mentions]);
    }
    world.write("hidden.toml", "[position]\nhidden = 0");
    world.fails(
        &mut world.oddspot("train boards -o m.oddspot --config hidden.toml"),
        &["position.hidden (--hidden): 0: must lie"],
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
        ("--widths 4,4,8,0", ["student.widths", "between 1 and"]),
        ("--iterations 0", ["training.iterations", "between 1 and"]),
        ("--batch 0", ["training.batch", "between 1 and"]),
        ("--pairs 0", ["position.pairs", "between 1 and"]),
        (
            "--learning-rate 0",
            ["training.learning_rate", "finite number above 0"],
        ),
        (
            "--learning-rate NaN",
            ["training.learning_rate", "finite number above 0"],
        ),
        ("--weight-decay=-1", ["training.weight_decay", "0 or more"]),
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
        "train boards -o m --widths 4,4,8",
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

#[test]
fn few_settings_are_shown_unless_all_are_asked_for() {
    let world = World::new();
    for command in ["train", "benchmark"] {
        let help = |option: &str| {
            let run = world.succeeds(&mut world.oddspot(&format!("{command} {option}")));
            run.stdout
        };
        let (few, all) = (help("--help"), help("--help-all"));
        for option in ["--iterations <N>", "--threads <THREADS>", "--output <"] {
            assert!(
                few.contains(option) && all.contains(option),
                "{option}: {few}"
            );
        }
        for option in ["--batch <N>", "--negative-slope <X>"] {
            assert!(
                !few.contains(option) && all.contains(option),
                "{option}: {all}"
            );
        }
    }
}

#[test]
fn what_the_environment_asks_for_in_vain_is_told_with_its_variable() {
    let world = World::with_model();
    let isa = |name: &str| {
        let mut command = world.oddspot("inspect model.oddspot");
        command.env("ODDSPOT_ISA", name);
        command
    };
    world.fails(&mut isa("mmx"), &["ODDSPOT_ISA", "'mmx'", "portable"]);
    world.succeeds(&mut isa("portable"));
}

#[test]
fn far_too_many_threads_are_fewer_and_that_is_told() {
    let world = World::new();
    world.boards("boards", 2);
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --threads 1000000"));
    let told = "--threads 1000000 is far above";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
