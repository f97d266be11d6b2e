//! Folders that mean something else than they seem to: data sets that pass images over, test folders given for good
//! ones, and folders called like what they do not hold.

use std::fs;

use crate::world::{World, board};

#[test]
fn images_that_a_data_set_passes_over_are_told_and_refused_where_they_are_most() {
    let world = World::with_model();
    for number in 0..3 {
        world.picture(format!("set/train/good/{number}.png"), &board(50 + number));
    }
    world.boards("set", 4);
    let said = [
        "3 good images",
        "4 that lie beside",
        "set (4)",
        "give set/train/good",
        "--force",
    ];
    world.fails(&mut world.train("set -o m.oddspot"), &said);
    for command in [
        "extend model.oddspot set",
        "calibrate model.oddspot set --dry-run",
    ] {
        world.fails(&mut world.oddspot(command), &said);
    }
    let told = "4 images lie beside the folders of the data set and count as nothing: set (4)";
    let run =
        world.succeeds(&mut world.train("set -o m.oddspot --iterations 2 --no-audit --force"));
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = world.succeeds(
        &mut world.oddspot("audit set --teacher teacher.safetensors --image-size 96 --threads 1"),
    );
    assert!(run.stderr.contains(told), "{}", run.stderr);
    // Fewer are told alone, wherever they lie.
    fs::remove_dir_all(world.path("set")).unwrap();
    for number in 0..4 {
        world.picture(format!("set/train/good/{number}.png"), &board(50 + number));
    }
    for (number, folder) in ["set/train", "set/train/more", "set/beside"]
        .iter()
        .enumerate()
    {
        world.boards(folder, 1);
        world.picture(format!("{folder}/0.png"), &board(number as u64));
    }
    let run = world.succeeds(&mut world.train("set -o n.oddspot --iterations 2 --no-audit"));
    let told = "3 images lie beside the folders of the data set and count as nothing: set/beside (1), set/train (1), \
                set/train/more (1)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn an_empty_folder_called_train_or_test_makes_no_data_set() {
    let world = World::new();
    world.boards("boards", 3);
    world.make_folder("boards/Test");
    world.make_folder("boards/train/good");
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --iterations 2 --no-audit"));
    assert!(
        run.stderr
            .contains("2 good images to learn from, 1 held out"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_labelled_test_folder_is_not_learned_from() {
    let world = World::with_model();
    world.data_set("set", 20);
    let said = [
        "set/test looks like a labelled test folder",
        "missing",
        "give set/test/good",
        "--force",
    ];
    world.fails(&mut world.train("set/test -o m.oddspot"), &said);
    for command in [
        "extend model.oddspot set/test",
        "calibrate model.oddspot set/test --dry-run",
    ] {
        world.fails(&mut world.oddspot(command), &said);
    }
    for (good, other) in [("OK", "scratch"), ("normal", "x"), ("0", "1")] {
        let folder = format!("parts_{other}");
        world.boards(&format!("{folder}/line/{good}"), 2);
        world.picture(format!("{folder}/line/{other}/9.png"), &board(9));
        let give = format!("give {folder}/line/{good}");
        world.fails(
            &mut world.train(&format!("{folder} -o m.oddspot")),
            &[&give],
        );
    }
    // Cameras and days are no labels.
    world.boards("cameras/left", 2);
    world.picture("cameras/right/9.png", &board(9));
    world.succeeds(&mut world.train("cameras -o c.oddspot --iterations 2 --no-audit"));
}

#[test]
fn folders_called_like_good_ones_are_no_bad_ones_without_force() {
    let world = World::with_model();
    for number in 0..4 {
        world.picture(format!("fresh/{number}.png"), &board(60 + number));
    }
    for (folder, number) in [("bad/cut", 11), ("bad/good", 12)] {
        world.picture(format!("{folder}/{number}.png"), &board(number));
    }
    let calibrate = "calibrate model.oddspot fresh --dry-run --bad bad";
    let said = ["among the bad images of bad", "good (1)", "--force"];
    world.fails(&mut world.oddspot(calibrate), &said);
    world.fails(
        &mut world.oddspot(&format!("{calibrate}/good")),
        &["bad/good is called like a folder of good images"],
    );
    world.succeeds(&mut world.oddspot(&format!("{calibrate} --force")));
    world.succeeds(&mut world.oddspot(&format!("{calibrate}/cut")));
}

#[test]
fn a_test_set_tells_what_does_not_fit() {
    let world = World::with_model();
    world.data_set("set", 20);
    world.picture("set/test/good/NOK/7.png", &board(77));
    let white = image::RgbImage::from_fn(96, 96, |_, y| image::Rgb([255 * u8::from(y > 10); 3]));
    world.picture("set/ground_truth/missing/120_mask.png", &white);
    world.picture("set/ground_truth/missing/9_mask.png", &white);
    world.picture("set/ground_truth/missings/1_mask.png", &white);
    let run = world.succeeds(&mut world.oddspot("evaluate model.oddspot set"));
    let warning =
        "good test images lie in folders that are called like bad ones: test/good/NOK (1)";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    for note in [
        "1 masks mark nearly all of their images",
        "2 files or folders of ground_truth are of no test image, by their names: ground_truth/missing/9_mask.png, \
         ground_truth/missings",
    ] {
        assert!(run.stdout.contains(note), "{note}: {}", run.stdout);
    }
}

#[test]
fn what_a_model_may_read_holds_for_test_sets_and_masks_too() {
    let world = World::new();
    let long = |seed: u64| {
        image::imageops::resize(
            &board(seed),
            30_100,
            4,
            image::imageops::FilterType::Nearest,
        )
    };
    for seed in 0..4 {
        world.picture(format!("set/train/good/{seed}.png"), &long(seed));
    }
    world.picture("set/test/good/0.png", &long(9));
    world.picture("set/test/cut/0.png", &long(10));
    let mask =
        image::RgbImage::from_fn(30_100, 4, |x, _| image::Rgb([255 * u8::from(x < 3000); 3]));
    world.picture("set/ground_truth/cut/0.png", &mask);
    world.picture("new/no extension", &long(11));
    let train = "set -o m.oddspot --iterations 2 --no-audit";
    let run = world.ends_with(&mut world.train(train), 1);
    assert!(
        run.stderr.contains("more than 30000 on a side"),
        "{}",
        run.stderr
    );
    world.succeeds(&mut world.train(&format!("{train} --max-side 40000")));
    world.succeeds(&mut world.oddspot("evaluate m.oddspot set"));
    let run = world.succeeds(&mut world.oddspot("detect m.oddspot new"));
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    let help = world.succeeds(&mut world.oddspot("--help")).stdout;
    assert!(
        help.contains("100 megapixels") && help.contains("30000 pixels a side"),
        "{help}"
    );
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains("100 megapixels") && readme.contains("30 000 pixels a side"));
}
