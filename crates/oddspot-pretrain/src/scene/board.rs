//! Circuit boards of any layout: tracks, vias, chips with pins, small parts, lettering.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::SIDE;
use super::painter::{Painter, disc, polyline, rectangle, turned};
use crate::formula::Pool;
use crate::material::{Colour, Material, any_colour};

pub fn paint(painter: &mut Painter, pool: &Pool, rng: &mut ChaCha8Rng) {
    let ground = any_colour(rng);
    let ground = match rng.random_bool(0.6) {
        true => Material::plain(ground),
        false => Material::textured(pool, rng),
    };
    painter.cover(&ground, rng);
    let copper = [0, 1, 2].map(|c| (ground.colour[c] * rng.random_range(0.6..1.6) + 0.08).min(1.0));
    let metal = [rng.random_range(0.5..0.95); 3];
    let width = rng.random_range(1.0..3.5);
    for _ in 0..rng.random_range(4..22) {
        track(painter, copper, metal, width, rng);
    }
    for _ in 0..rng.random_range(2..9) {
        chip(painter, pool, metal, rng);
    }
    for _ in 0..rng.random_range(0..14) {
        let middle = [0; 2].map(|_| rng.random_range(0.0..SIDE as f32));
        let radius = rng.random_range(1.5..6.0);
        painter.fill(&disc(middle, radius), &Material::plain(metal), rng);
        painter.fill(
            &disc(middle, 0.5 * radius),
            &Material::plain([0.05; 3]),
            rng,
        );
    }
    for _ in 0..rng.random_range(0..5) {
        lettering(painter, rng);
    }
}

/// A track that runs straight and bends at 45 degrees, with a pad at its end.
fn track(painter: &mut Painter, copper: Colour, metal: Colour, width: f32, rng: &mut ChaCha8Rng) {
    let mut at = [0; 2].map(|_| rng.random_range(0.0..SIDE as f32));
    let mut direction = rng.random_range(0..8);
    let mut points = vec![at];
    for _ in 0..rng.random_range(2..5) {
        let (sin, cos) = (direction as f32 * std::f32::consts::FRAC_PI_4).sin_cos();
        let length = rng.random_range(8.0..70.0);
        at = [at[0] + length * cos, at[1] + length * sin];
        points.push(at);
        direction += if rng.random_bool(0.5) { 1 } else { 7 };
    }
    painter.stroke(&polyline(&points), copper, width);
    painter.fill(&disc(at, 1.6 * width), &Material::plain(metal), rng);
}

/// A body with a row of pins on two sides, or with two end caps.
fn chip(painter: &mut Painter, pool: &Pool, metal: Colour, rng: &mut ChaCha8Rng) {
    let middle: [f32; 2] = [0; 2].map(|_| rng.random_range(10.0..SIDE as f32 - 10.0));
    let half = [rng.random_range(5.0..32.0), rng.random_range(4.0..22.0f32)];
    let quarter = if rng.random_bool(0.5) { 90.0 } else { 0.0 };
    let pins = rng.random_range(1..9);
    let [pin, reach] = [rng.random_range(1.2..3.0), rng.random_range(2.0..7.0)];
    for side in [-1.0, 1.0] {
        for i in 0..pins {
            let along = (i as f32 + 0.5) / pins as f32 * 2.0 * half[0] - half[0];
            let start = middle[1] + side * half[1] - if side < 0.0 { reach } else { 0.0 };
            let path = rectangle([middle[0] + along - 0.5 * pin, start], [pin, reach]);
            painter.fill(&turned(path, quarter, middle), &Material::plain(metal), rng);
        }
    }
    let body = rectangle(
        [middle[0] - half[0], middle[1] - half[1]],
        [2.0 * half[0], 2.0 * half[1]],
    );
    let body = turned(body, quarter, middle);
    let material = match rng.random_bool(0.75) {
        true => Material::plain(any_colour(rng).map(|c| c * rng.random_range(0.2..1.0))),
        false => Material::textured(pool, rng),
    };
    painter.fill(&body, &material, rng);
    let strength = rng.random_range(0.0..0.35);
    painter.shade(&body, strength, rng);
    if rng.random_bool(0.5) {
        let mark = [middle[0] - 0.7 * half[0], middle[1] - 0.6 * half[1]];
        painter.fill(
            &turned(disc(mark, 1.5), quarter, middle),
            &Material::plain(any_colour(rng)),
            rng,
        );
    }
}

/// Short strokes in a row, as of print.
fn lettering(painter: &mut Painter, rng: &mut ChaCha8Rng) {
    let colour = any_colour(rng);
    let height = rng.random_range(3.0..9.0);
    let mut at = [0; 2].map(|_| rng.random_range(0.0..SIDE as f32));
    for _ in 0..rng.random_range(2..9) {
        let points: Vec<[f32; 2]> = (0..rng.random_range(2..=4))
            .map(|_| {
                let [across, down] = [0; 2].map(|_| rng.random_range(0..=2) as f32 * 0.5);
                [at[0] + 0.6 * height * across, at[1] + height * down]
            })
            .collect();
        painter.stroke(&polyline(&points), colour, 0.16 * height);
        at[0] += 0.9 * height;
    }
}
