//! Fleets: parts of a manifest, shard by shard, on any machine and as often as one likes.

mod broken_off;
mod refused;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::world::{Run, World};

/// What makes a part last a fraction of a second.
const QUICK: &str =
    "--preset instant --teacher teacher.safetensors --image-size 96 --threads 1 --no-audit";

/// Three parts of boards, each with images to learn, to judge and to measure on.
fn three() -> World {
    let world = World::new();
    for (part, first) in [("a", 0), ("b", 20), ("c", 40)] {
        world.data_set(&format!("data/{part}"), first);
    }
    world.write("parts.csv", MANIFEST);
    world
}

/// One cell has two folders, one path is as Windows has it.
const MANIFEST: &str = "Name;Data;Images;Seed\n\
                        a;data/a;data/a/test;\n\
                        b;data/b;data/b/test/good;3\n\
                        c;data\\c;\"data/c/test/good; data/c/test/missing\";\n";

fn train(world: &World, more: &str) -> Command {
    world.oddspot(&format!("train --manifest parts.csv {QUICK} {more}"))
}

fn detect(world: &World, more: &str) -> Command {
    world.oddspot(&format!(
        "detect --manifest parts.csv --threads 1 --no-pictures {more}"
    ))
}

fn evaluate(world: &World, more: &str) -> Command {
    world.oddspot(&format!("evaluate --manifest parts.csv --threads 1 {more}"))
}

/// A table without what differs from run to run: the columns of times.
fn without_times(world: &World, file: &str) -> Vec<Vec<String>> {
    let text = world.text(file);
    let rows = csv::ReaderBuilder::new();
    let mut rows = rows.from_reader(text.as_bytes());
    let columns = rows.headers().unwrap().clone();
    let is_kept = |column: &str| column != "time" && !column.ends_with("_seconds");
    let mut all = vec![columns.iter().map(str::to_owned).collect::<Vec<_>>()];
    all.extend(rows.records().map(|row| {
        let row = row.unwrap();
        let cells = columns.iter().zip(row.iter());
        cells
            .filter(|(column, _)| is_kept(column))
            .map(|(_, cell)| cell.to_owned())
            .collect()
    }));
    all
}

/// Lines of results without what differs from run to run.
fn lines(world: &World, file: &str) -> Vec<Value> {
    let text = world.text(file);
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let object = line.as_object_mut().unwrap();
        for time in ["time", "milliseconds"] {
            object.remove(time);
        }
        line
    };
    text.lines().map(line).collect()
}

fn collect(world: &World, arguments: &str, code: i32) -> Run {
    world.ends_with(
        &mut world.oddspot(&format!("collect --manifest parts.csv {arguments}")),
        code,
    )
}

#[test]
fn shards_together_make_what_one_run_makes() {
    let world = three();
    for out in ["one", "many"] {
        let shards = if out == "one" {
            vec!["1/1"]
        } else {
            vec!["2/3", "1/3", "3/3"]
        };
        let mut trained = BTreeSet::new();
        for shard in shards {
            let run = world.succeeds(&mut train(&world, &format!("-o {out} --shard {shard}")));
            for part in ["a", "b", "c"] {
                if run.stderr.contains(&format!("{part}: done in")) {
                    assert!(trained.insert(part), "{part} was trained twice");
                }
            }
            world.succeeds(&mut detect(&world, &format!("-o {out} --shard {shard}")));
            world.succeeds(&mut evaluate(&world, &format!("-o {out} --shard {shard}")));
        }
        assert_eq!(trained.len(), 3);
        let run = collect(&world, out, 0);
        assert!(
            run.stdout.contains("detect: 3 of 3 parts finished"),
            "{}",
            run.stdout
        );
    }
    for part in ["a", "b", "c"] {
        let model = |out: &str| world.read(format!("{out}/parts/{part}/model.oddspot"));
        assert!(model("one") == model("many"), "{part}");
    }
    assert_eq!(
        world.text("one/evaluation.csv"),
        world.text("many/evaluation.csv")
    );
    assert_eq!(
        without_times(&world, "one/results.csv"),
        without_times(&world, "many/results.csv")
    );
    assert_eq!(
        without_times(&world, "one/parts.csv"),
        without_times(&world, "many/parts.csv")
    );
    assert_eq!(
        lines(&world, "one/results.jsonl"),
        lines(&world, "many/results.jsonl")
    );

    // It is what the commands say of a part alone.
    world.succeeds(&mut world.oddspot(&format!("train data/b -o b.oddspot --seed 3 {QUICK}")));
    assert!(world.read("b.oddspot") == world.read("one/parts/b/model.oddspot"));
    world.succeeds(&mut world.oddspot("evaluate b.oddspot data/b --json b.json --threads 1"));
    assert_eq!(
        world.text("b.json"),
        world.text("many/parts/b/evaluation.json")
    );
    let rows = without_times(&world, "many/evaluation.csv");
    let cell = |name: &str, column: &str| {
        let at = rows[0].iter().position(|one| one == column).unwrap();
        let row = rows.iter().find(|row| row[0] == name).unwrap();
        row[at].parse::<f64>().unwrap()
    };
    let auc = |name: &str| cell(name, "image_auc_paper");
    assert!((auc("mean") - (auc("a") + auc("b") + auc("c")) / 3.0).abs() < 1e-12);
    let names: Vec<_> = lines(&world, "many/results.jsonl");
    assert_eq!(names.iter().filter(|line| line["name"] == "a").count(), 4);
    assert_eq!(names.iter().filter(|line| line["name"] == "b").count(), 2);
}

#[test]
fn folders_of_several_machines_are_collected_into_one() {
    let world = three();
    world.succeeds(&mut train(&world, "-o first --shard 1/2"));
    world.succeeds(&mut train(&world, "-o second --shard 2/2"));
    let run = collect(&world, "first", 3);
    assert!(run.stdout.contains("b: not begun"), "{}", run.stdout);
    collect(&world, "first second -o all", 0);
    let rows = without_times(&world, "all/parts.csv");
    let told: Vec<_> = rows[1..].iter().map(|row| row.join(" ")).collect();
    assert_eq!(told, ["a done", "b done", "c done"]);
}

#[test]
fn what_is_finished_is_left_and_what_has_changed_is_done_again() {
    let world = three();
    world.succeeds(&mut train(&world, "-o out"));
    world.succeeds(&mut detect(&world, "-o out"));
    let before = world.files();
    let again = world.succeeds(&mut train(&world, "-o out"));
    assert!(
        again.stderr.contains("0 done, 3 finished before, 0 failed"),
        "{}",
        again.stderr
    );
    let again = world.succeeds(&mut detect(&world, "-o out"));
    assert!(
        again.stderr.contains("0 done, 3 finished before, 0 failed"),
        "{}",
        again.stderr
    );
    assert!(before == world.files());

    // Threads change nothing, and neither does a copy of a file.
    let copied = world.read("data/a/train/good/1.png");
    world.write("data/a/train/good/1.png", copied);
    let again = world.succeeds(&mut train(&world, "-o out --threads 2"));
    assert!(
        again.stderr.contains("3 finished before"),
        "{}",
        again.stderr
    );

    // One image more, other settings, and an output that is gone.
    world.write(
        "data/a/train/good/99.png",
        world.read("data/a/test/good/100.png"),
    );
    world.write("parts.csv", MANIFEST.replace(";3\n", ";4\n"));
    fs::remove_file(world.path("out/parts/c/model.oddspot")).unwrap();
    let again = world.succeeds(&mut train(&world, "-o out"));
    for told in [
        "a: finished before from other files; it is done again",
        "b: finished before with other settings; it is done again",
        "c: finished before and what it wrote is gone; it is done again",
        "3 done, 0 finished before",
    ] {
        assert!(again.stderr.contains(told), "{told}: {}", again.stderr);
    }
    // By another model there are other verdicts; c's model is the same.
    let again = world.succeeds(&mut detect(&world, "-o out"));
    assert!(
        again.stderr.contains("2 done, 1 finished before"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_list_of_images_that_are_left_out_begins_at_the_manifest_and_is_looked_at_again() {
    let world = three();
    world.write(
        "lists/parts.csv",
        "name,data,exclude\na,../data/a,@out.txt\nb,../data/b,21.png\n",
    );
    world.write("lists/out.txt", "0.png\n");
    let train = || world.oddspot(&format!("train --manifest lists/parts.csv -o out {QUICK}"));
    world.succeeds(&mut train());
    world.write("lists/out.txt", "0.png\n1.png\n");
    let again = world.succeeds(&mut train());
    assert!(
        again.stderr.contains("1 done, 1 finished before"),
        "{}",
        again.stderr
    );
    world.write(
        "lists/parts.csv",
        "name,data,exclude\na,../data/a,@none.txt\n",
    );
    world.fails(&mut train(), &["line 2: there is no lists/none.txt"]);
}

#[test]
fn a_broken_part_is_named_and_does_not_end_the_others() {
    let world = three();
    let whole = world.read("data/b/train/good/20.png");
    world.write("data/b/train/good/20.png", "no image");
    let run = world.ends_with(&mut train(&world, "-o out"), 3);
    assert!(run.stderr.contains("error: b: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("2 done, 0 finished before, 1 failed"),
        "{}",
        run.stderr
    );
    let run = collect(&world, "out", 3);
    assert!(
        run.stdout.contains("train: 2 of 3 parts finished"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("  b: failed: "), "{}", run.stdout);
    // The verdicts lack a model.
    let run = world.ends_with(&mut detect(&world, "-o out"), 3);
    assert!(
        run.stderr
            .contains("error: b: there is no model out/parts/b/model.oddspot: train it first"),
        "{}",
        run.stderr
    );
    assert_eq!(without_times(&world, "out/parts.csv").len(), 4);
    // Mended, only it is done.
    world.write("data/b/train/good/20.png", whole);
    let run = world.succeeds(&mut train(&world, "-o out"));
    assert!(
        run.stderr.contains("1 done, 2 finished before, 0 failed"),
        "{}",
        run.stderr
    );
    collect(&world, "out --of train", 0);
    collect(&world, "out", 3);
    // Of a damaged record it is said, and not that nothing was begun.
    world.write("out/parts/c/train.json", "broken");
    let run = collect(&world, "out --of train", 3);
    let told = "  c: its record out/parts/c/train.json cannot be read (";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}

#[test]
fn a_part_whose_results_lack_images_is_named() {
    let world = three();
    world.succeeds(&mut train(&world, "-o out"));
    world.write("data/b/test/good/broken.png", "no image");
    let run = world.ends_with(&mut detect(&world, "-o out"), 3);
    let told = "not all images could be used: b";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = collect(&world, "out", 0);
    let told = "detect: 3 of 3 parts finished\n  without some images: b\n";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    assert!(
        world
            .text("out/parts.csv")
            .contains("done, without some images")
    );
}

#[test]
fn benchmarks_of_parts_are_one_table_with_the_mean() {
    let world = three();
    let benchmark = |more: &str| {
        world.oddspot(&format!(
            "benchmark --manifest parts.csv --methods instant --teacher teacher.safetensors --image-size 96 --offset 16 \
             --threads 1 {more}"
        ))
    };
    for shard in ["1/2", "2/2"] {
        world.succeeds(&mut benchmark(&format!("-o out --shard {shard}")));
    }
    collect(&world, "out", 0);
    let table = world.text("out/benchmark/table1-paper.csv");
    for name in ["a", "b", "c", "mean"] {
        assert!(table.lines().any(|line| line.starts_with(name)), "{table}");
    }
}

#[test]
fn the_data_sets_of_a_folder_are_parts_and_are_named_without_work() {
    let world = three();
    let list = "train --manifest data -o out --list --shard";
    let run = world.succeeds(&mut world.oddspot(&format!("{list} 1/2")));
    assert_eq!(run.stdout, "a\nc\n");
    assert!(!world.path("out").exists());
    let run = world
        .succeeds(&mut world.oddspot(&format!("train --manifest data -o out --shard 2/2 {QUICK}")));
    assert!(run.stderr.contains("b: done in"), "{}", run.stderr);
    let run = world.ends_with(&mut world.oddspot("collect --manifest data out"), 3);
    assert!(run.stdout.contains("  a: not begun"), "{}", run.stdout);
}
