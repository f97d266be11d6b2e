//! Images as cameras write them: deep samples, an alpha that means nothing, pages; and shapes that lose what
//! is small.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, RgbImage, Rgba, RgbaImage};
use oddspot::Model;
use serde_json::Value;
use tiff::encoder::{TiffEncoder, colortype};

use crate::world::{World, board};

/// The lines of a folder's results.jsonl.
fn results(world: &World, folder: &str) -> Vec<Value> {
    let text = world.text(format!("{folder}/results.jsonl"));
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn scores(world: &World, folder: &str) -> Vec<f64> {
    let score = |line: &Value| line["score"].as_f64().unwrap();
    results(world, folder).iter().map(score).collect()
}

fn encoded(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn paged<const N: usize>(pages: [&RgbImage; N]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut file = TiffEncoder::new(&mut bytes).unwrap();
    for page in pages {
        let (width, height) = page.dimensions();
        file.write_image::<colortype::RGB8>(width, height, page)
            .unwrap();
    }
    bytes.into_inner()
}

#[test]
fn twelve_bits_in_sixteen_are_judged_as_eight() {
    let world = World::new();
    let deep = |grey: &image::GrayImage| {
        let sample = |x, y| {
            let level = u16::from(grey.get_pixel(x, y).0[0]);
            Luma([level << 4 | level >> 4])
        };
        DynamicImage::ImageLuma16(ImageBuffer::from_fn(grey.width(), grey.height(), sample))
    };
    for seed in 0..6 {
        let folder = if seed < 4 { "good" } else { "new" };
        let grey = DynamicImage::ImageRgb8(board(seed)).to_luma8();
        let of_12 = encoded(deep(&grey), ImageFormat::Png);
        world.write(format!("of_12/{folder}/{seed}.png"), of_12);
        let of_8 = encoded(DynamicImage::ImageLuma8(grey), ImageFormat::Png);
        world.write(format!("of_8/{folder}/{seed}.png"), of_8);
    }
    for depth in ["of_8", "of_12"] {
        let train = format!("{depth}/good -o {depth}.oddspot --seed 3");
        let run = world.succeeds(&mut world.train(&train));
        let told = "4 of 4 good images have 16 bits a sample: white is 4095 (12 bits)";
        assert_eq!(
            run.stderr.contains(told),
            depth == "of_12",
            "{}",
            run.stderr
        );
        let detect = format!("detect {depth}.oddspot {depth}/new -o out_{depth} --no-pictures");
        let run = world.succeeds(&mut world.oddspot(&detect));
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
    assert_eq!(scores(&world, "out_of_8"), scores(&world, "out_of_12"));
    let inspected = world.succeeds(&mut world.oddspot("inspect of_12.oddspot --json"));
    let inspected: Value = serde_json::from_str(&inspected.stdout).unwrap();
    assert_eq!(inspected["header"]["settings"]["bit_depth"], 12);

    // A model of 8 bits says so of others, once.
    let detect = "detect of_8.oddspot of_12 -o mixed --no-pictures";
    let run = world.succeeds(&mut world.oddspot(detect));
    let told =
        "warning: 6 of 6 images are of another number of bits a sample than the good ones (8): ";
    assert_eq!(run.stderr.matches(told).count(), 1, "{}", run.stderr);
    // And one whose white was set too low that samples are cut off.
    let train = "of_12/good -o low.oddspot --bit-depth 10";
    let run = world.succeeds(&mut world.train(train));
    assert!(
        run.stderr.contains("4 of 4 good images have samples above"),
        "{}",
        run.stderr
    );
    let run = world.succeeds(&mut world.oddspot("detect low.oddspot of_12/new -o low"));
    let told = "2 of 2 images are in part above what the model takes for white (10 bits)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn an_alpha_that_is_0_everywhere_changes_no_score() {
    let world = World::with_model();
    for seed in 0..2 {
        let plain = board(seed);
        let bare = RgbaImage::from_fn(96, 96, |x, y| {
            let [red, green, blue] = plain.get_pixel(x, y).0;
            Rgba([red, green, blue, 0])
        });
        let bare = encoded(DynamicImage::ImageRgba8(bare), ImageFormat::Png);
        world.write(format!("bare/{seed}.png"), bare);
    }
    world.boards("plain", 2);
    for folder in ["bare", "plain"] {
        let detect = format!("detect model.oddspot {folder} -o out_{folder} --no-pictures");
        world.succeeds(&mut world.oddspot(&detect));
    }
    assert_eq!(scores(&world, "out_bare"), scores(&world, "out_plain"));
}

#[test]
fn every_page_has_a_row_and_pictures_of_its_own() {
    let world = World::with_model();
    let (first, second) = (board(801), board(802));
    world.write("in/two.tif", paged([&first, &second]));
    world.picture("in/second.png", &second);
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o out"));
    let results = results(&world, "out");
    let names: Vec<&str> = results
        .iter()
        .map(|line| line["image"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["in/second.png", "in/two.tif#1", "in/two.tif#2"]);
    assert_eq!(results[0]["score"], results[2]["score"]);
    assert_ne!(results[1]["score"], results[2]["score"]);
    for picture in ["second", "two.tif#1", "two.tif#2"] {
        assert!(
            world.path(format!("out/figure/{picture}.png")).is_file(),
            "{picture}"
        );
    }
    let csv = world.text("out/results.csv");
    assert!(csv.contains("\nin/two.tif#2,"), "{csv}");

    // What is learned from has one picture a file.
    world.boards("good", 3);
    world.write("good/two.tif", paged([&first, &second]));
    world.fails(
        &mut world.train("good -o m.oddspot"),
        &[
            "good/two.tif",
            "it has 2 pages",
            "save each as a file of its own",
        ],
    );
}

#[test]
fn images_that_are_squashed_are_told_with_what_helps() {
    let world = World::new();
    for seed in 0..4 {
        let strip = image::imageops::resize(
            &board(seed),
            1536,
            96,
            image::imageops::FilterType::Triangle,
        );
        world.picture(format!("strips/{seed}.png"), &strip);
    }
    let run = world.succeeds(&mut world.train("strips -o m.oddspot"));
    let told = "warning: 4 of 4 good images are resized from 1536x96 to 96x96, 16.0 times smaller across and 1.0 \
                times down: small defects vanish; try --image-size 1536x96";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains("or --tile 96"), "{}", run.stderr);
    world.boards("boards", 3);
    let run = world.succeeds(&mut world.train("boards -o other.oddspot"));
    assert!(!run.stderr.contains("are resized"), "{}", run.stderr);
}

#[test]
fn images_of_another_kind_than_the_good_ones_are_told_once() {
    let world = World::with_model();
    world.boards("new", 2);
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot new -o same --no-pictures"));
    assert!(!run.stderr.contains("the good ones"), "{}", run.stderr);
    for seed in 2..7 {
        let small = image::imageops::thumbnail(&board(seed), 64, 64);
        world.picture(format!("new/small{seed}.png"), &small);
    }
    let grey = DynamicImage::ImageRgb8(board(9)).to_luma8();
    world.write(
        "new/grey.png",
        encoded(DynamicImage::ImageLuma8(grey), ImageFormat::Png),
    );
    let wide = image::imageops::thumbnail(&board(8), 96, 48);
    world.picture("new/wide.png", &wide);
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot new -o out --no-pictures"));
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains("the good ones"))
        .collect();
    assert_eq!(lines.len(), 3, "{}", run.stderr);
    let sizes = "warning: 5 of 9 images are of another size than the good ones (96x96): new/small2.png (64x64), ";
    assert!(
        lines[0].starts_with(sizes) && lines[0].ends_with(" and 2 more"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains("1 of 9 images is of another shape"),
        "{}",
        lines[1]
    );
    assert!(lines[2].ends_with("is grey, where the good ones are in colour: new/grey.png"));
    let printed = |name: &str| run.stdout.lines().find(|line| line.contains(name)).unwrap();
    let first = "wide.png  of another shape than the good ones (96x96), and squashed";
    assert!(printed("wide.png").contains(first), "{}", run.stdout);
    // Each image's line says it too, for who sees no terminal.
    let said = |name: &str| {
        let of = |line: &&str| line.contains(&format!("/{name}\""));
        let line = world
            .text("out/results.jsonl")
            .lines()
            .find(of)
            .unwrap()
            .to_owned();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["differs"].clone()
    };
    let grey = "grey, where the good ones are in colour";
    assert_eq!(said("grey.png"), serde_json::json!([grey]));
    let shape = "of another shape than the good ones (96x96), and squashed to theirs";
    assert_eq!(said("wide.png"), serde_json::json!([shape]));
    let table = world.text("out/results.csv");
    assert!(table.contains(shape) && table.contains(grey), "{table}");
    let page = world.text("out/index.html");
    assert!(page.contains("Grey, where the good ones are in colour"));
}

#[test]
fn images_of_another_compression_than_the_good_ones_are_told() {
    let world = World::with_model();
    world.picture("new/0.png", &board(20));
    for seed in 1..3 {
        let jpeg = encoded(DynamicImage::ImageRgb8(board(20 + seed)), ImageFormat::Jpeg);
        world.write(format!("new/{seed}.jpg"), jpeg);
    }
    let detect = "detect model.oddspot new -o out --no-pictures --replace";
    let run = world.succeeds(&mut world.oddspot(detect));
    let words = "saved with losses, as JPEG does, where the good ones are saved without";
    let said = format!("warning: 2 of 3 images are {words}: new/1.jpg, new/2.jpg\n");
    assert!(run.stderr.contains(&said), "{}", run.stderr);
    let differs: Vec<Value> = (results(&world, "out").iter())
        .map(|line| line["differs"].clone())
        .collect();
    let differs_in = |what: &[&str]| serde_json::json!(what);
    assert_eq!(differs[1..], [differs_in(&[words]), differs_in(&[words])]);
    assert_ne!(differs[0], differs[1]);
    // A model from before it kept that says nothing of it.
    let mut model = Model::load(&world.path("model.oddspot")).unwrap();
    let kinds = model.header.images.as_mut().unwrap();
    assert_eq!((kinds.lossy, kinds.lossless), (0, kinds.images));
    kinds.lossless = 0;
    model.save(&world.path("model.oddspot")).unwrap();
    let run = world.succeeds(&mut world.oddspot(detect));
    assert!(!run.stderr.contains("losses"), "{}", run.stderr);
}

#[test]
fn larger_images_are_taken_where_that_is_asked_for() {
    let world = World::with_model();
    world.picture("wide.png", &RgbImage::new(30_001, 4));
    let detect = "detect model.oddspot wide.png -o out --no-pictures";
    let run = world.ends_with(&mut world.oddspot(detect), 3);
    assert!(
        run.stderr
            .contains("30001x4 pixels, more than 30000 on a side"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--max-side"), "{}", run.stderr);
    // Nothing was judged: there is no time to tell.
    assert!(!run.stderr.contains("per image"), "{}", run.stderr);
    world.succeeds(&mut world.oddspot(&format!("{detect} --replace --max-side 40000")));
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot wide.png -o out --max-side 40000 --no-pictures --max-megapixels 0"), 2);
    assert!(run.stderr.contains("--max-megapixels"), "{}", run.stderr);
}

#[test]
fn images_of_one_colour_are_told_before_they_are_learned() {
    let world = World::new();
    world.boards("good", 3);
    world.picture("good/black.png", &RgbImage::new(96, 96));
    let run = world.succeeds(&mut world.train("good -o m.oddspot"));
    let told = "warning: 1 of 4 good images show a single colour and nothing else";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn one_image_that_reaches_far_beyond_the_others_does_not_darken_them() {
    let world = World::new();
    for seed in 0..6 {
        let grey = DynamicImage::ImageRgb8(board(seed)).to_luma8();
        let deep = ImageBuffer::from_fn(grey.width(), grey.height(), |x, y| {
            let level = u16::from(grey.get_pixel(x, y).0[0]);
            // A patch as a glare leaves it, with shades around, in one of them; a stamp in all.
            match (x, y) {
                (0..12, 0..4) => Luma([u16::MAX]),
                (40..60, 40..60) if seed == 5 => Luma([20_000 + 1_000 * (x as u16 - 40)]),
                _ => Luma([level << 4 | level >> 4]),
            }
        });
        let png = encoded(DynamicImage::ImageLuma16(deep), ImageFormat::Png);
        world.write(format!("good/{seed}.png"), png);
    }
    let run = world.succeeds(&mut world.train("good -o m.oddspot"));
    for told in [
        "6 of 6 good images have 16 bits a sample: white is 4095 (12 bits); --bit-depth says otherwise",
        "warning: 5 of 6 good images use 12 bits of their samples, and 1 uses 16: 5.png; ",
        "set --bit-depth 12",
        "warning: 6 of 6 good images have samples above what --bit-depth takes for white: they are cut off there (",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

#[test]
fn images_that_their_alpha_hides_and_grey_ones_among_coloured_are_told() {
    let world = World::new();
    for seed in 0..4 {
        let plain = board(seed);
        let faint = RgbaImage::from_fn(96, 96, |x, y| {
            let [red, green, blue] = plain.get_pixel(x, y).0;
            Rgba([red, green, blue, 13 + (x % 4) as u8])
        });
        let faint = encoded(DynamicImage::ImageRgba8(faint), ImageFormat::Png);
        world.write(format!("faint/{seed}.png"), faint);
        let grey = DynamicImage::ImageRgb8(plain.clone()).to_luma8();
        let grey = encoded(DynamicImage::ImageLuma8(grey), ImageFormat::Png);
        match seed {
            0 => world.write("mixed/0.png", grey),
            _ => world.picture(format!("mixed/{seed}.png"), &plain),
        };
    }
    let run = world.succeeds(&mut world.train("faint -o faint.oddspot"));
    let told = "warning: 4 of 4 good images are nearly black by the alpha of their files";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = world.succeeds(&mut world.train("mixed -o m.oddspot"));
    let told = "1 of 4 good images are grey and 3 in colour";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = world.succeeds(&mut world.oddspot("detect m.oddspot faint -o out --no-pictures"));
    let told = "warning: 4 of 4 images are nearly black by the alpha of the file";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
