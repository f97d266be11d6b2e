//! Manifests and shards that are refused before work begins.

use super::{MANIFEST, QUICK, detect, three, train};
use crate::world::World;

#[test]
fn all_that_is_wrong_with_a_manifest_is_told_before_work_begins() {
    let world = three();
    world.write(
        "parts.csv",
        "name,data,preset,image-size,mask\na,data/a,,,\nb,data/none,,,\nc,data/c,instnt,,\nd,data/a,,1x,m.png\na,,,,\n",
    );
    let told = world.fails_manifest("train --manifest parts.csv -o out");
    for mention in [
        "parts.csv: 4 of its lines need mending",
        "line 3: there is no data/none\n",
        "line 4: invalid value 'instnt' for '--preset <PRESET>'",
        "line 5: there is no m.png; invalid value '1x' for '--image-size",
        "line 6: the name 'a' is on line 2 too; train needs something in the column 'data'\n",
    ] {
        assert!(told.contains(mention), "{mention}: {told}");
    }
    // Cell by cell, and what a cell has too much of.
    world.write(
        "parts.csv",
        "name,data,preset,seed,image-size\na,data/a,instnt,many,1x\nb,data/a;data/b,,,\n",
    );
    let told = world.fails_manifest("train --manifest parts.csv -o out");
    for mention in [
        "line 2: invalid value '1x' for '--image-size",
        "; invalid value 'instnt' for '--preset <PRESET>'",
        "; invalid value 'many' for '--seed",
        "line 3: train takes one folder or list of images, and the column 'data' has 2, parted by semicolons",
    ] {
        assert!(told.contains(mention), "{mention}: {told}");
    }
    assert!(!told.contains("unexpected argument"), "{told}");
    assert!(!world.path("out").exists());
    world.write("parts.csv", "name,data,imagesize\na,data/a,3\n");
    let told = world.fails_manifest("train --manifest parts.csv -o out");
    assert!(
        told.contains("line 1: the column 'imagesize' is not known"),
        "{told}"
    );
    for (arguments, mention) in [
        (
            "train --manifest parts.csv -o out --shard 0/3",
            "counted from 1",
        ),
        (
            "train --manifest parts.csv -o out --shard 4/3",
            "no shard 4 of 3",
        ),
        (
            "train --manifest parts.csv -o out --shard 1/0",
            "1 shard at least",
        ),
        ("train --manifest parts.csv", "needs -o FOLDER"),
        (
            "train --manifest parts.csv -o out --resume",
            "--resume is not for the parts",
        ),
        (
            "train --manifest parts.csv -o out data/a",
            "cannot be used with",
        ),
        ("train data/a -o m --shard 1/2", "--manifest"),
    ] {
        let run = world.ends_with(&mut world.oddspot(arguments), 2);
        assert!(run.stderr.contains(mention), "{mention}: {}", run.stderr);
    }
    // More shards than parts.
    world.write("parts.csv", MANIFEST);
    let run = world.succeeds(&mut train(&world, "-o out --shard 4/5"));
    assert!(
        run.stderr
            .contains("shard 4/5 of 3 parts has nothing to do"),
        "{}",
        run.stderr
    );
    world.fails(
        &mut world.oddspot("collect --manifest parts.csv none"),
        &["there is no folder none"],
    );
}

#[test]
fn two_parts_that_would_write_one_model_are_refused_and_may_share_it_to_judge() {
    let world = three();
    world.write(
        "parts.csv",
        "name,data,images,model\na,data/a,data/a/test,./out/parts/c/model.oddspot\nc,data/c,data/c/test,\n",
    );
    world.fails(
        &mut train(&world, "-o out"),
        &["line 3: line 2 has the same model"],
    );
    world.write("one.csv", "name,data\nc,data/c\n");
    world.succeeds(&mut world.oddspot(&format!("train --manifest one.csv -o out {QUICK}")));
    let run = world.succeeds(&mut detect(&world, "-o out"));
    assert!(run.stderr.contains("2 done"), "{}", run.stderr);
}

impl World {
    /// Runs a command that must refuse a manifest, and gives what it says.
    fn fails_manifest(&self, arguments: &str) -> String {
        let run = self.ends_with(&mut self.oddspot(arguments), 1);
        run.stderr
    }
}
