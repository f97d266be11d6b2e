//! What lies in folders beside sound images, and what becomes of it.

use std::fs;

use oddspot::Model;

use crate::detection::lines;
use crate::world::{World, board, odd_image, png};

/// What a run says, but the lines of its progress.
fn said(stderr: &str) -> Vec<&str> {
    let is_told = |line: &&str| !line.contains("images/s");
    stderr.lines().filter(is_told).collect()
}

#[test]
fn other_files_are_counted_and_images_of_other_names_are_judged() {
    let world = World::with_model();
    world.boards("boards", 1);
    world.picture("boards/b.jfif", &board(11));
    world.picture("boards/c", &board(12));
    world.write("boards/d.gif", b"GIF89a\x01\0\x01\0");
    world.write("boards/e.pgm", "P5\n2 2\n255\n1234");
    for name in ["notes.txt", "sub/more.TXT", "README"] {
        world.write(format!("boards/{name}"), "words");
    }
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot boards -o out"), 3);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    let said = said(&run.stderr);
    assert!(
        said.contains(&"3 other files were passed over: 2 .txt, 1 without an extension"),
        "{said:?}"
    );
    let by_content = "2 files are images by content, whatever the name: ";
    assert!(
        said.iter().any(|line| line.starts_with(by_content)),
        "{said:?}"
    );
    for skipped in ["boards/d.gif", "boards/e.pgm"] {
        let told = said
            .iter()
            .filter(|line| line.starts_with("skipped: ") && line.contains(skipped));
        assert_eq!(told.count(), 1, "{said:?}");
    }
    assert_eq!(lines(&world.text("out/results.jsonl")).len(), 5);
    // Nobody asked for these by name, so that a training goes on without them, and says so.
    world.boards("boards", 2);
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --iterations 2 --no-audit"));
    assert!(
        run.stderr
            .contains("3 good images to learn from, 1 held out"),
        "{}",
        run.stderr
    );
    let told = "2 images are damaged or of a format that is not read, and left out: boards/d.gif, boards/e.pgm";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    world.write("only/words.txt", "words");
    let command = "detect model.oddspot only -o none";
    world.fails(
        &mut world.oddspot(command),
        &["only", "1 other file was passed over: 1 .txt"],
    );
    world.fails(
        &mut world.train("only -o n.oddspot"),
        &["no images (.png", "there are 1 .txt"],
    );
}

#[test]
fn what_a_network_drive_and_this_program_left_is_left_out_and_told() {
    let world = World::with_model();
    world.boards("boards", 3);
    for number in 0..3 {
        let thumb = format!("boards/@eaDir/{number}.png/SYNOPHOTO_THUMB_M.jpg");
        world.write(thumb, png(&board(10 + number)));
    }
    world.picture("boards/#recycle/7.png", &board(7));
    world.picture("boards/.thumbnails/8.png", &board(8));
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o boards/found"));
    let findings = world
        .files()
        .into_keys()
        .filter(|name| name.starts_with("boards/found/figure/"));
    assert_eq!(findings.count(), 3);
    let run =
        world.succeeds(&mut world.oddspot("detect model.oddspot boards -o other --no-pictures"));
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    for told in [
        "left out, as what systems and network drives keep for themselves: ",
        "left out, as pictures of earlier findings: ",
        "left out, as hidden: boards/.thumbnails",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --iterations 2 --no-audit"));
    let said = said(&run.stderr);
    assert_eq!(
        said[0],
        "2 good images to learn from, 1 held out for the threshold"
    );
    assert!(
        said.iter().any(|line| line.contains("boards/@eaDir")),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_in_a_folder_is_skipped_and_the_rest_is_judged() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let world = World::with_model();
    world.boards("boards", 2);
    world.boards("boards/locked", 1);
    symlink("nowhere", world.path("boards/gone")).unwrap();
    let locked = world.path("boards/locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read anything.
    let skipped = if fs::read_dir(&locked).is_ok() { 1 } else { 2 };
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot boards -o out"), 3);
    assert_eq!(
        run.stderr.matches("skipped: ").count(),
        skipped,
        "{}",
        run.stderr
    );
    let results = lines(&world.text("out/results.jsonl"));
    // Of a folder that can be read its image is judged.
    assert_eq!(results.len(), 4);
    let gone = results
        .iter()
        .find(|line| line["image"] == "boards/gone")
        .unwrap();
    let error = gone["error"].as_str().unwrap();
    assert_eq!(error.matches("os error").count(), 1, "{error}");
    world.fails(
        &mut world.train("boards -o m.oddspot"),
        &["boards/", "(os error"],
    );
    // Of several folders all is named at once.
    world.boards("more", 2);
    symlink("nowhere", world.path("more/gone")).unwrap();
    let run = world.ends_with(&mut world.oddspot("extend model.oddspot boards more"), 1);
    for gone in ["boards/gone", "more/gone"] {
        assert!(run.stderr.contains(gone), "{}", run.stderr);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn folders_called_like_bad_images_are_no_good_ones_without_force() {
    let world = World::with_model();
    world.boards("boards", 2);
    for (folder, number) in [
        ("boards/sub", 2),
        ("boards/NOK", 3),
        ("boards/line 2/bad_parts", 4),
    ] {
        world.picture(format!("{folder}/{number}.png"), &board(number));
    }
    let said = [
        "boards are folders",
        "NOK (1)",
        "line 2/bad_parts (1)",
        "--exclude",
        "--force",
    ];
    world.fails(&mut world.train("boards -o m.oddspot"), &said);
    world.fails(
        &mut world.oddspot("extend model.oddspot boards"),
        &["NOK (1)", "--force"],
    );
    let calibrate = "calibrate model.oddspot boards --dry-run";
    world.fails(&mut world.oddspot(calibrate), &["NOK (1)", "--force"]);
    let train = "boards -o m.oddspot --iterations 2 --no-audit";
    let mut excluding = world.train(train);
    excluding.args(["--exclude", "NOK/*", "--exclude", "line 2/bad_parts/*"]);
    let run = world.succeeds(&mut excluding);
    assert!(
        run.stderr.contains("of 2 folders: its own (2), sub (1)"),
        "{}",
        run.stderr
    );
    let run = world.succeeds(&mut world.train(&format!("{train} --force --replace")));
    assert!(run.stderr.contains("of 4 folders: "), "{}", run.stderr);
    assert_eq!(
        Model::load(&world.path("m.oddspot"))
            .unwrap()
            .header
            .good_images(),
        5
    );
    // The folder's own name is one too, however it is given; a bad one's images are asked for.
    world.boards("new/fail", 12);
    let calibrate = "calibrate model.oddspot new/fail --bad boards/NOK --dry-run";
    let refused = ["new/fail is called like a folder of bad images", "--force"];
    world.fails(&mut world.oddspot(calibrate), &refused);
    world.succeeds(&mut world.oddspot(&format!("{calibrate} --force")));
    world.fails(
        world
            .train(". -o ../m2.oddspot")
            .current_dir(world.path("boards/NOK")),
        &["is called like a folder of bad images"],
    );
}

#[test]
fn copies_of_good_images_count_once() {
    let world = World::new();
    world.boards("boards", 3);
    for copy in ["a.png", "deep/b.png", "z.png"] {
        world.picture(format!("boards/{copy}"), &board(1));
    }
    let run = world.succeeds(&mut world.train("boards -o m.oddspot --iterations 2"));
    let said = said(&run.stderr);
    assert_eq!(
        said[0], "2 good images to learn from, 1 held out for the threshold",
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|line| line.starts_with("3 of 6 good images show the same pixels as others")),
        "{said:?}"
    );
    let header = Model::load(&world.path("m.oddspot")).unwrap().header;
    let hashes = |images: &[oddspot::model::ImageRecord]| -> Vec<String> {
        images.iter().map(|image| image.sha256.clone()).collect()
    };
    let held_out = hashes(&header.held_out_images);
    assert!(
        hashes(&header.training_images)
            .iter()
            .all(|hash| !held_out.contains(hash))
    );
    for number in 0..12 {
        world.picture(format!("still/{number}.png"), &board(5));
    }
    world.fails(
        &mut world.train("still -o n.oddspot"),
        &["12 good images", "count once"],
    );
}

#[test]
fn all_broken_images_are_named_at_once_before_the_work() {
    let world = World::with_model();
    world.boards("boards", 6);
    for number in [1, 3, 4] {
        let whole = world.read(format!("boards/{number}.png"));
        world.write(format!("boards/{number}.png"), &whole[..whole.len() / 2]);
    }
    for command in [
        "train boards -o m.oddspot",
        "extend model.oddspot boards",
        "calibrate model.oddspot boards --dry-run",
    ] {
        let run = world.ends_with(&mut world.oddspot(command), 1);
        assert!(
            run.stderr.contains("3 of its images cannot be used:"),
            "{command}: {}",
            run.stderr
        );
        for number in [1, 3, 4] {
            assert!(
                run.stderr.contains(&format!("boards/{number}.png")),
                "{}",
                run.stderr
            );
        }
        assert!(!run.stderr.contains("preparing"), "{}", run.stderr);
        let helps = run.stderr.contains("(--exclude NAME");
        assert_eq!(helps, command.starts_with("train"), "{}", run.stderr);
    }
    world.data_set("set", 20);
    for number in [120, 121] {
        world.write(
            format!("set/test/missing/{number}.png"),
            odd_image("exif_1.jpg").split_at(300).0,
        );
    }
    let evaluate = "evaluate model.oddspot set --json r.json";
    let run = world.ends_with(&mut world.oddspot(evaluate), 3);
    let named = run.stderr.matches("left out: ").count();
    assert_eq!(named, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("2 images or folders of the test set"),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.contains("2 test images, 2 good"),
        "{}",
        run.stdout
    );
    let note = "2 images or folders could not be read and count in no measure: ";
    assert!(run.stdout.contains(note) && world.text("r.json").contains(note));
    for number in [120, 121] {
        world.write(format!("set/test/good/{number}.png"), "no picture");
    }
    let run = world.ends_with(&mut world.oddspot("evaluate model.oddspot set"), 1);
    assert!(
        run.stderr
            .contains("set: none of its test images can be used"),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn names_that_are_long_or_no_text_lead_back_to_their_files() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = World::with_model();
    let long = |letter: &str| format!("boards/{}.png", letter.repeat(83));
    world.picture(long("検"), &board(1));
    world.picture(long("査"), &board(2));
    let mut names = vec![long("検"), long("査")];
    if cfg!(target_os = "linux") {
        for byte in [0xfe, 0xff] {
            let name = [b"boards/bad", &[byte][..], b".png"].concat();
            world.picture(std::path::Path::new(OsStr::from_bytes(&name)), &board(3));
            names.push(format!("boards/bad\\x{byte:02x}.png"));
        }
    }
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out --maps"));
    let results = lines(&world.text("out/results.jsonl"));
    let mut found: Vec<String> = Vec::new();
    let mut pictures = std::collections::BTreeSet::new();
    for line in &results {
        found.push(line["image"].as_str().unwrap().to_owned());
        for file in line["files"].as_array().unwrap() {
            let file = file.as_str().unwrap();
            assert!(world.path("out").join(file).is_file(), "{file}");
            assert!(pictures.insert(file.to_owned()), "{file}");
        }
    }
    found.sort();
    names.sort();
    assert_eq!(found, names);
}

#[cfg(target_os = "linux")]
#[test]
fn a_picture_that_cannot_be_named_does_not_end_the_run() {
    let world = World::with_model();
    // Deeper than any path may be, below the output, and not below the images.
    let deep = format!("{}/", "x".repeat(200)).repeat(19);
    world.boards("i", 1);
    let folder = format!("i/{deep}");
    world.make_folder(&folder);
    world.picture(format!("{folder}/{}.png", "y".repeat(40)), &board(1));
    let output = "o".repeat(200);
    let detect = format!("detect model.oddspot i -o {output} --threads 1");
    let run = world.ends_with(&mut world.oddspot(&detect), 3);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(
        run.stderr.contains("without pictures: i/xx"),
        "{}",
        run.stderr
    );
    let results = lines(&world.text(format!("{output}/results.jsonl")));
    let without = results
        .iter()
        .find(|line| line["error"].is_string())
        .unwrap();
    assert!(without["score"].is_number() && without["files"].as_array().unwrap().is_empty());
}

#[test]
fn good_is_spelled_in_many_ways_and_a_set_without_good_images_says_so() {
    let world = World::with_model();
    for good in ["ok", "Good", "0", "Gut"] {
        let set = format!("set_{good}");
        for number in 0..2 {
            world.picture(format!("{set}/train/{good}/{number}.png"), &board(number));
            world.picture(
                format!("{set}/test/{good}/{number}.png"),
                &board(20 + number),
            );
            world.picture(format!("{set}/test/ko/{number}.png"), &board(30 + number));
        }
        let run = world.succeeds(&mut world.oddspot(&format!("evaluate model.oddspot {set}")));
        assert!(
            run.stdout.contains("4 test images, 2 good, 2 anomalous"),
            "{}",
            run.stdout
        );
        let train = format!("{set} -o {set}.oddspot --iterations 2 --no-audit");
        world.succeeds(&mut world.train(&train));
    }
    fs::remove_dir_all(world.path("set_ok/test/ok")).unwrap();
    let run = world.succeeds(&mut world.oddspot("evaluate model.oddspot set_ok"));
    assert!(
        run.stdout.contains("note: no test image is good (ko (2))"),
        "{}",
        run.stdout
    );
}
