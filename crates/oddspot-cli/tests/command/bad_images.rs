//! Image files that cannot be used, and odd ones that can.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use serde_json::Value;

use crate::world::{World, board, odd_image, png};

/// Name, content, and what is said of it.
fn unusable() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    vec![
        (
            "words.png",
            b"not pixels at all".to_vec(),
            "convert it to PNG",
        ),
        (
            "really_a.jpg",
            b"%PDF-1.4 of a photograph".to_vec(),
            "convert it to PNG",
        ),
        ("empty.png", Vec::new(), "the file is empty: copy it again"),
        ("half.png", half(png(&board(1))), "copy or save it again"),
        (
            "half.jpg",
            half(odd_image("exif_1.jpg")),
            "copy or save it again",
        ),
        (
            "half.tif",
            half(odd_image("cmyk.tif")),
            "copy or save it again",
        ),
        ("bomb.png", bomb_png(), "60000x60000 pixels"),
        ("bomb.bmp", bomb_bmp(), "60000x60000 pixels"),
        (
            "floats.tif",
            odd_image("float_rgb.tif"),
            "its samples are floating-point numbers",
        ),
    ]
}

/// Claims 60 000 × 60 000 pixels in 57 bytes.
fn bomb_png() -> Vec<u8> {
    fn chunk(kind_and_data: &[u8]) -> Vec<u8> {
        let crc = !kind_and_data.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
            })
        });
        let length = kind_and_data.len() as u32 - 4;
        [&length.to_be_bytes(), kind_and_data, &crc.to_be_bytes()].concat()
    }
    let side = 60_000_u32.to_be_bytes();
    let header = [b"IHDR", &side[..], &side, &[8, 2, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(&header),
        chunk(b"IDAT"),
        chunk(b"IEND"),
    ]
    .concat()
}

fn bomb_bmp() -> Vec<u8> {
    let side = 60_000_u32.to_le_bytes();
    let mut bytes = b"BM".to_vec();
    bytes.extend([54, 0, 54, 40].map(u32::to_le_bytes).concat());
    bytes.extend([side, side].concat());
    bytes.extend([1, 0, 24, 0]);
    bytes.resize(54, 0);
    bytes
}

#[test]
fn training_stops_at_an_unusable_image_and_names_it() {
    let world = World::new();
    world.boards("boards", 3);
    for (name, bytes, reason) in unusable() {
        let file = format!("boards/{name}");
        world.write(&file, bytes);
        world.fails(&mut world.train("boards -o m.oddspot"), &[&file, reason]);
        std::fs::remove_file(world.path(&file)).unwrap();
    }
}

#[test]
fn an_unusable_image_is_found_before_the_training_even_if_it_is_held_out() {
    let world = World::new();
    world.boards("boards", 4);
    for index in 0..4 {
        let file = format!("boards/{index}.png");
        let sound = world.read(&file);
        world.write(&file, "spoilt");
        world.fails(
            &mut world.train("boards -o m.oddspot --checkpoint-every 1"),
            &[&file],
        );
        world.write(&file, sound);
    }
}

#[test]
fn detection_reports_unusable_images_and_judges_the_rest() {
    let world = World::with_model();
    world.boards("boards", 2);
    let unusable = unusable();
    for (name, bytes, _) in &unusable {
        world.write(format!("boards/{name}"), bytes);
    }
    let run = world.ends_with(
        &mut world.oddspot("detect model.oddspot boards -o out --threads 1"),
        3,
    );
    let skipped = run.stderr.lines().filter(|l| l.starts_with("skipped: "));
    assert_eq!(skipped.count(), unusable.len());
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);

    let results: BTreeMap<String, Value> = results(&world, "out")
        .into_iter()
        .map(|line| (line["image"].as_str().unwrap().to_owned(), line))
        .collect();
    assert_eq!(results.len(), 2 + unusable.len());
    for (name, _, reason) in &unusable {
        let error = results[&format!("boards/{name}")]["error"]
            .as_str()
            .unwrap();
        assert!(error.contains(name) && error.contains(reason), "{error}");
        assert!(run.stderr.contains(error), "{}", run.stderr);
    }
    for good in ["boards/0.png", "boards/1.png"] {
        let line = &results[good];
        assert!(
            line["score"].is_number() && line["error"].is_null(),
            "{line}"
        );
    }
    let files = world.files().into_keys();
    let figures: Vec<_> = files.filter(|f| f.starts_with("out/figure/")).collect();
    assert_eq!(figures, ["out/figure/0.png", "out/figure/1.png"]);
    let csv = world.text("out/results.csv");
    assert_eq!(csv.matches(",skipped,").count(), unusable.len());
}

#[test]
fn an_unusable_image_alone_is_a_skip_and_a_missing_one_an_error() {
    let world = World::with_model();
    world.write("words.png", "no pixels");
    let run = world.ends_with(
        &mut world.oddspot("detect model.oddspot words.png -o out"),
        3,
    );
    assert!(
        run.stderr
            .contains("1 image: 0 anomalous, 0 to check, 0 untrusted, 0 good, 1 skipped")
    );
    world.fails(
        &mut world.oddspot("detect model.oddspot nowhere.png -o other"),
        &[
            "nowhere.png",
            "No such file",
            "look whether the name is right: it is looked for in /",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_opened_is_a_bad_image_like_any_other() {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_model();
    world.boards("boards", 2);
    let locked = world.path("boards/locked.png");
    let link = world.path("boards/link.png");
    world.write("boards/locked.png", png(&board(2)));
    set_permissions(&locked, Permissions::from_mode(0o0)).unwrap();
    // Root may read anything.
    let mut bad = if File::open(&locked).is_ok() {
        std::fs::remove_file(&locked).unwrap();
        vec![]
    } else {
        vec!["locked.png"]
    };
    std::os::unix::fs::symlink("nowhere", link).unwrap();
    bad.push("link.png");

    world.fails(&mut world.train("boards -o m.oddspot"), &[bad[0]]);
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot boards -o out"), 3);
    for name in bad {
        let told = run.stderr.lines().any(|line| {
            line.starts_with("skipped: ") && line.contains(name) && line.contains("(os error")
        });
        assert!(told, "{}", run.stderr);
    }
    assert_eq!(run.stdout.lines().count(), 2);
}

#[test]
fn odd_images_can_be_learned_from_and_judged() {
    let world = World::with_model();
    let mut sizes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let expected: Value = serde_json::from_slice(&odd_image("expected.json")).unwrap();
    for (name, image) in expected.as_object().unwrap() {
        world.write(format!("odd/{name}"), odd_image(name));
        let side = |axis: &str| image[axis].as_u64().unwrap();
        sizes.insert(format!("odd/{name}"), (side("width"), side("height")));
    }
    for kind in [
        "_16.", "cmyk", "alpha", "exif", "bilevel", "palette", "webp",
    ] {
        assert!(sizes.keys().any(|name| name.contains(kind)), "{kind}");
    }
    world.picture(
        "odd/one_pixel.png",
        &RgbImage::from_pixel(1, 1, Rgb([9, 200, 30])),
    );
    sizes.insert("odd/one_pixel.png".to_owned(), (1, 1));
    world.picture("odd/a_png.JPG", &board(3));
    sizes.insert("odd/a_png.JPG".to_owned(), (96, 96));

    world.succeeds(&mut world.train("odd -o m.oddspot --iterations 3"));
    world.succeeds(&mut world.oddspot("detect m.oddspot odd -o out --maps --threads 1"));
    let results = results(&world, "out");
    assert_eq!(results.len(), sizes.len());
    for line in results {
        let image = line["image"].as_str().unwrap();
        let side = |axis: &str| line[axis].as_u64().unwrap();
        assert_eq!((side("width"), side("height")), sizes[image], "{image}");
    }
}

/// The lines of a folder's results.jsonl.
fn results(world: &World, folder: &str) -> Vec<Value> {
    let text = world.text(format!("{folder}/results.jsonl"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[cfg(unix)]
#[test]
fn names_cannot_steer_the_terminal() {
    let world = World::with_model();
    let name = "red\u{1b}[31m\nerror: no such.png";
    world.picture(format!("boards/{name}"), &board(1));
    world.write("boards/\u{9b}2J.png", "no pixels");
    world.boards("boards", 1);
    let detect = "detect model.oddspot boards -o out --threads 1";
    let run = world.ends_with(&mut world.oddspot(detect), 3);
    let said = run.stdout.clone() + &run.stderr;
    assert!(
        !said.contains(|c: char| c.is_control() && c != '\n'),
        "{said:?}"
    );
    assert!(
        said.contains("boards/red\\u001b[31m\\nerror: no such.png"),
        "{said}"
    );
    assert!(said.contains("boards/\\u009b2J.png: "), "{said}");
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    // Programs are told the name itself.
    let results = results(&world, "out");
    assert!(
        results
            .iter()
            .any(|line| line["image"] == format!("boards/{name}"))
    );

    std::fs::remove_file(world.path("boards/\u{9b}2J.png")).unwrap();
    world.succeeds(&mut world.train("boards -o m.oddspot"));
    for options in ["", " --json"] {
        let run = world.succeeds(&mut world.oddspot(&format!("inspect m.oddspot{options}")));
        assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
        assert!(!run.stdout.contains("\nerror"), "{:?}", run.stdout);
    }
}
