//! Images that lie otherwise than good ones.

use image::{Rgb, RgbImage};
use oddspot::model::Model;
use serde_json::Value;

use crate::detection::lines;
use crate::world::{World, board};

const TRAIN: &str = "boards -o m.oddspot --preset instant --teacher teacher.safetensors \
                     --image-size 96 --threads 1";

/// An image moved to the right and down; its ends are drawn on.
fn moved(image: &RgbImage, [right, down]: [i64; 2]) -> RgbImage {
    let at =
        |to: u32, by: i64, side: u32| (i64::from(to) - by).clamp(0, i64::from(side) - 1) as u32;
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        *image.get_pixel(at(x, right, image.width()), at(y, down, image.height()))
    })
}

fn results(world: &World) -> Vec<Value> {
    lines(&world.text("out/results.jsonl"))
}

#[test]
fn what_is_found_lies_where_it_is_in_a_moved_image() {
    let world = World::new();
    world.boards("boards", 8);
    let run = world.succeeds(&mut world.oddspot(&format!("train {TRAIN} --alignment shift")));
    assert!(
        run.stderr
            .contains("aligned: good images are moved by 0.0 pixels"),
        "{}",
        run.stderr
    );
    let inspected = world
        .succeeds(&mut world.oddspot("inspect m.oddspot"))
        .stdout;
    assert!(inspected.contains("Alignment: shift"), "{inspected}");
    let mut odd = board(20);
    for (x, y) in (0..10).flat_map(|x| (0..10).map(move |y| (x, y))) {
        odd.put_pixel(40 + x, 44 + y, Rgb([255, 0, 255]));
    }
    world.picture("images/0.png", &odd);
    world.picture("images/1.png", &moved(&odd, [9, -6]));
    world.succeeds(&mut world.oddspot("detect m.oddspot images -o out"));
    let found = results(&world);
    let number = |value: &Value| value.as_f64().unwrap();
    for (result, by) in found.iter().zip([[0.0, 0.0], [9.0, -6.0]]) {
        assert_eq!(result["alignment"]["trusted"], true, "{result}");
        for (axis, by) in ["dx", "dy"].into_iter().zip(by) {
            let found = number(&result["alignment"][axis]);
            assert!((found - by).abs() <= 1.0, "{axis}: {found}");
        }
    }
    let apart = |axis: &str| number(&found[1]["peak"][axis]) - number(&found[0]["peak"][axis]);
    assert!(
        (apart("x") - 9.0).abs() <= 2.0 && (apart("y") + 6.0).abs() <= 2.0,
        "{found:?}"
    );
}

#[test]
fn where_an_aligned_image_lay_is_no_fault_of_it() {
    let world = World::new();
    // So many that it is known how good images lie.
    world.boards("boards", 14);
    world.picture("images/0.png", &moved(&board(20), [5, -4]));
    for (alignment, is_told) in [("none", true), ("shift", false), ("rigid", false)] {
        let train = format!("train {TRAIN} --alignment {alignment} --replace");
        world.succeeds(&mut world.oddspot(&train));
        world.succeeds(&mut world.oddspot("detect m.oddspot images -o out --replace"));
        let found = &results(&world)[0];
        let beyond = found["health"]["beyond"].as_array().unwrap();
        let of_place = ["right", "down", "larger", "turned"];
        let tells = |one: &Value| of_place.iter().any(|name| one["measure"] == **name);
        assert_eq!(beyond.iter().any(tells), is_told, "{alignment}: {found}");
    }
}

#[test]
fn an_image_of_something_else_could_not_be_aligned_and_that_is_said() {
    let world = World::new();
    world.boards("boards", 6);
    world.succeeds(&mut world.oddspot(&format!("train {TRAIN} --alignment rigid")));
    let stripes = RgbImage::from_fn(96, 96, |x, _| Rgb([(x / 5 % 2 * 200) as u8; 3]));
    world.picture("images/stripes.png", &stripes);
    let run = world.succeeds(&mut world.oddspot("detect m.oddspot images -o out"));
    assert!(
        run.stdout.contains("could not be aligned"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr
            .contains("1 image could not be aligned: look at it yourself")
    );
    assert_eq!(results(&world)[0]["alignment"]["trusted"], false);
}

#[test]
fn the_same_images_are_aligned_alike_each_time() {
    let world = World::new();
    for seed in 0..6 {
        let by = [(seed % 3) as i64 * 4 - 4, (seed % 2) as i64 * 5];
        world.picture(format!("boards/{seed}.png"), &moved(&board(seed), by));
    }
    let train = |more: &str| {
        let arguments = format!("boards --alignment rigid --checkpoint-every 4 {more}");
        world.succeeds(&mut world.train(&arguments));
    };
    train("-o whole.oddspot");
    train("-o again.oddspot");
    assert_eq!(world.read("whole.oddspot"), world.read("again.oddspot"));
    let model = Model::load(&world.path("whole.oddspot")).unwrap();
    let known = model.header.alignment.unwrap();
    assert!(known.moved[1] >= 4.0, "{known:?}");
    assert!(model.tensors.contains_key("alignment.edges"));
}
