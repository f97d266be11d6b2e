//! Which part of images is inspected: `--mask` and `--region`.

use image::{Rgb, RgbImage};
use oddspot::Model;
use oddspot::images::ImageSize;
use serde_json::Value;

use crate::detection::lines;
use crate::world::{World, board};

const TRAIN: &str = "boards -o m.oddspot --preset instant --teacher teacher.safetensors \
                     --image-size 96 --threads 1";
/// A box of 40×40 pixels in the middle, as JSON and as a mask.
const BOX: &str =
    r#"{"inspect": [[[28, 28], [68, 28], [68, 68], [28, 68]]], "width": 96, "height": 96}"#;

fn inside(x: u32, y: u32) -> bool {
    (28..68).contains(&x) && (28..68).contains(&y)
}

/// With eight boards, and the box as a mask and as polygons.
fn world() -> World {
    let world = World::new();
    world.boards("boards", 8);
    world.write("box.json", BOX);
    let level = |x, y| Rgb([255 * u8::from(inside(x, y)); 3]);
    world.picture("box.png", &RgbImage::from_fn(96, 96, level));
    world
}

/// A board with a bright square whose upper left corner lies there.
fn with_square(mut image: RgbImage, [left, top]: [u32; 2]) -> RgbImage {
    for (x, y) in (0..12).flat_map(|x| (0..12).map(move |y| (x, y))) {
        image.put_pixel(left + x, top + y, Rgb([255, 0, 255]));
    }
    image
}

fn results(world: &World) -> Vec<Value> {
    lines(&world.text("out/results.jsonl"))
}

#[test]
fn nothing_that_is_ignored_moves_a_verdict() {
    let world = world();
    let run = world.succeeds(&mut world.oddspot(&format!("train {TRAIN} --mask box.png")));
    assert!(
        run.stdout.contains("17 % of each image is inspected"),
        "{}",
        run.stdout
    );
    let told = world
        .succeeds(&mut world.oddspot("inspect m.oddspot"))
        .stdout;
    assert!(told.contains("Region of interest"), "{told}");
    let good = board(20);
    let noise = |x: u32, y: u32| match inside(x, y) {
        true => *good.get_pixel(x, y),
        false => Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, 255]),
    };
    world.picture("images/0.png", &good);
    world.picture("images/1.png", &RgbImage::from_fn(96, 96, noise));
    world.picture("images/2.png", &with_square(good.clone(), [4, 6]));
    world.picture("images/3.png", &with_square(good.clone(), [42, 42]));
    world.succeeds(&mut world.oddspot("detect m.oddspot images -o out"));
    let found = results(&world);
    for other in [&found[1], &found[2]] {
        for what in ["score", "verdict", "peak", "health", "regions", "terms"] {
            assert_eq!(other[what], found[0][what], "{what}");
        }
    }
    let score = |at: usize| found[at]["score"].as_f64().unwrap();
    assert!(score(3) > 2.0 * score(0).abs(), "{} {}", score(3), score(0));
    assert_ne!(found[3]["verdict"], "good");
    for result in &found {
        let [x, y] = ["x", "y"].map(|axis| result["peak"][axis].as_u64().unwrap() as u32);
        assert!(inside(x, y), "{x} {y}");
    }
    // What is ignored is veiled on the picture.
    let contour = image::open(world.path("out/contour/0.png"))
        .unwrap()
        .into_rgb8();
    assert_eq!(contour.get_pixel(40, 40), good.get_pixel(40, 40));
    assert_ne!(contour.get_pixel(3, 90), good.get_pixel(3, 90));
    let page = image::open(world.path("out/page/0.jpg"))
        .unwrap()
        .into_rgb8();
    let corner = page.get_pixel(page.width() * 3 / 96, page.height() * 90 / 96);
    let differs = |c: usize| corner.0[c].abs_diff(good.get_pixel(3, 90).0[c]) > 20;
    assert!((0..3).any(differs), "{corner:?}");

    world.data_set("set", 50);
    world.succeeds(&mut world.oddspot("evaluate m.oddspot set --html report.html"));
    let report = world.text("report.html");
    assert!(report.contains("what is ignored is greyed"));
}

/// A part of each image, as shares of its sides, that falls between the model's pixels.
const PART: [[f64; 2]; 2] = [[0.401, 0.703], [0.121, 0.475]];

/// The images with that part black, white and noise, which all score as the image does.
fn paintings(image: &RgbImage) -> [RgbImage; 3] {
    let paint = |colour: fn(u32, u32) -> [u8; 3]| {
        let mut image = image.clone();
        let sides = [image.width(), image.height()].map(f64::from);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let middle = [
                (f64::from(x) + 0.5) / sides[0],
                (f64::from(y) + 0.5) / sides[1],
            ];
            if (0..2).all(|axis| (PART[axis][0]..PART[axis][1]).contains(&middle[axis])) {
                *pixel = Rgb(colour(x, y));
            }
        }
        image
    };
    [
        paint(|_, _| [0; 3]),
        paint(|_, _| [255; 3]),
        paint(|x, y| [(x * 37 + y * 91) as u8, (x * y) as u8, (x ^ y) as u8]),
    ]
}

#[test]
fn nothing_of_what_is_ignored_comes_in_where_images_are_resized() {
    let world = World::new();
    let [[left, right], [top, bottom]] = PART;
    let part = format!(
        "{{\"ignore\": [[[{left}, {top}], [{right}, {top}], [{right}, {bottom}], [{left}, {bottom}]]]}}"
    );
    world.write("part.json", part);
    for (width, height, options) in [
        (1000, 1000, ""),
        (700, 900, ""),
        (96, 96, ""),
        (50, 70, ""),
        (1000, 1000, "--tile 700 --tile-overlap 100"),
        (300, 200, "--tile 96"),
    ] {
        let size = ImageSize { width, height };
        let board = |seed| oddspot_demo::good(size, seed);
        for folder in ["good", "images"] {
            std::fs::remove_dir_all(world.path(folder)).ok();
        }
        for seed in 0..8 {
            world.picture(format!("good/{seed}.png"), &board(seed));
        }
        for seed in 20..22 {
            let image = board(seed);
            world.picture(format!("images/{seed}_0.png"), &image);
            for (at, painted) in paintings(&image).iter().enumerate() {
                world.picture(format!("images/{seed}_{}.png", at + 1), painted);
            }
        }
        let train = "train good -o m.oddspot --preset instant --teacher teacher.safetensors --image-size 96 --no-audit";
        world.succeeds(
            &mut world.oddspot(&format!("{train} --replace --region part.json {options}")),
        );
        world
            .succeeds(&mut world.oddspot("detect m.oddspot images -o out --replace --no-pictures"));
        let found = results(&world);
        for of_one in found.chunks(4) {
            for (painted, what) in of_one[1..].iter().zip(["black", "white", "noise"]) {
                for told in ["score", "verdict", "peak", "health", "regions", "terms"] {
                    assert_eq!(
                        painted[told], of_one[0][told],
                        "{told}: {what}, {width}x{height} {options}"
                    );
                }
            }
        }
        assert_eq!(found.len(), 8);
    }
}

#[test]
fn a_mask_and_polygons_make_the_same_model() {
    let world = world();
    let mut models = ["--mask box.png", "--region box.json"].map(|option| {
        world.succeeds(&mut world.oddspot(&format!("train {TRAIN} --no-audit --replace {option}")));
        Model::load(&world.path("m.oddspot")).unwrap()
    });
    assert!(models[0].packed.contains_key("region.inspect"));
    let [one, other] = &mut models;
    assert_eq!(one, other);
}

#[test]
fn a_model_of_whole_images_inspects_a_region_for_a_run_or_from_now_on() {
    let world = world();
    world.succeeds(&mut world.oddspot(&format!("train {TRAIN} --no-audit")));
    let good = board(20);
    let outside = with_square(good.clone(), [4, 6]);
    world.picture("images/0.png", &good);
    world.picture("images/1.png", &outside);
    let scores = |options: &str| {
        world.succeeds(&mut world.oddspot(&format!(
            "detect m.oddspot images -o out --replace {options}"
        )));
        let scores = results(&world);
        [0, 1].map(|at: usize| scores[at]["score"].as_f64().unwrap())
    };
    let whole = scores("--no-pictures");
    assert!(whole[1] > whole[0] + 1.0, "{whole:?}");
    let [of_good, of_odd] = scores("--no-pictures --region box.json");
    // What is odd outside does not show, and no border makes a good image odder than it is.
    assert!((of_good - of_odd).abs() < 0.1, "{of_good} {of_odd}");
    assert!(of_good <= whole[0] + 1e-3, "{of_good} {}", whole[0]);
    for number in 30..36 {
        world.picture(format!("more/{number}.png"), &board(number));
    }
    world.succeeds(&mut world.oddspot("calibrate m.oddspot more --region box.json"));
    assert_eq!(scores("--no-pictures"), [of_good, of_odd]);
}

#[test]
fn a_region_moves_along_with_the_image() {
    let world = world();
    world.succeeds(&mut world.oddspot(&format!(
        "train {TRAIN} --no-audit --alignment shift --region box.json"
    )));
    // Moved by (9, −6): what lies at (62, 30) then is at (53, 36) of a board, inside; (28, 62) is at (19, 68), outside.
    let moved = |image: RgbImage| {
        let at = |to: u32, by: i64| (i64::from(to) - by).clamp(0, 95) as u32;
        RgbImage::from_fn(96, 96, |x, y| *image.get_pixel(at(x, 9), at(y, -6)))
    };
    world.picture("images/0.png", &moved(board(20)));
    world.picture("images/1.png", &moved(with_square(board(20), [53, 30])));
    world.picture("images/2.png", &moved(with_square(board(20), [12, 70])));
    world.succeeds(&mut world.oddspot("detect m.oddspot images -o out --replace"));
    let found = results(&world);
    let score = |at: usize| found[at]["score"].as_f64().unwrap();
    assert!(score(1) > score(0) && score(1) > score(2), "{found:?}");
    let [x, y] = ["x", "y"].map(|axis| found[1]["peak"][axis].as_u64().unwrap());
    assert!((62..78).contains(&x) && (22..38).contains(&y), "{x} {y}");
    assert_eq!(score(0), score(2));
}

#[test]
fn what_does_not_fit_is_refused_with_advice() {
    let world = world();
    world.picture("wide.png", &RgbImage::from_pixel(192, 96, Rgb([255; 3])));
    let train = |option: &str| world.oddspot(&format!("train {TRAIN} {option}"));
    let said = ["wide.png", "192x96", "96x96", "--mask"];
    world.fails(&mut train("--mask wide.png"), &said);
    world.fails(&mut train("--region boards"), &["boards"]);
    world.write("far.json", BOX.replace("68", "680"));
    world.fails(
        &mut train("--region far.json"),
        &["far.json", "680", "outside"],
    );
}
