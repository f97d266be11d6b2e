//! Parts on a table: washers, gears, plates with holes, screws, pins in a row.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Path;

use super::SIDE;
use super::painter::{Painter, disc, polyline, rectangle, round, turned};
use crate::formula::Pool;
use crate::material::{Material, any_colour};

pub fn paint(painter: &mut Painter, pool: &Pool, rng: &mut ChaCha8Rng) {
    let table = material(pool, 0.5, rng);
    painter.cover(&table, rng);
    let many = rng.random_bool(0.4);
    let count = if many {
        rng.random_range(4..14)
    } else {
        rng.random_range(1..4)
    };
    for _ in 0..count {
        let largest = if many { 34.0 } else { 90.0 };
        let radius = rng.random_range(0.3..1.0) * largest;
        let middle = [0; 2].map(|_| rng.random_range(0.1..0.9) * SIDE as f32);
        match rng.random_range(0..4) {
            0 => wheel(painter, pool, middle, radius, rng),
            1 => plate(painter, pool, middle, radius, rng),
            2 => screw(painter, pool, middle, 0.6 * radius, rng),
            _ => comb(painter, pool, middle, radius, rng),
        }
    }
}

fn material(pool: &Pool, textured: f64, rng: &mut ChaCha8Rng) -> Material {
    match rng.random_bool(textured) {
        true => Material::textured(pool, rng),
        false => Material::plain(any_colour(rng)),
    }
}

/// Fills a shape, shades it and sometimes outlines it.
fn body(painter: &mut Painter, path: &Path, material: &Material, rng: &mut ChaCha8Rng) {
    painter.fill(path, material, rng);
    let strength = rng.random_range(0.05..0.55);
    painter.shade(path, strength, rng);
    if rng.random_bool(0.5) {
        let dark = material.colour.map(|c| 0.4 * c);
        painter.stroke(path, dark, rng.random_range(0.6..2.0));
    }
}

/// Rings within rings, the outermost with teeth or without.
fn wheel(painter: &mut Painter, pool: &Pool, middle: [f32; 2], radius: f32, rng: &mut ChaCha8Rng) {
    let teeth = if rng.random_bool(0.5) {
        rng.random_range(6..30) as f32
    } else {
        0.0
    };
    let depth = rng.random_range(0.04..0.15);
    let outline = round(middle, 160, |t| {
        let tooth = depth * (4.0 * (teeth * t).sin()).clamp(-1.0, 1.0) * f32::from(teeth > 0.0);
        [
            radius * (1.0 + tooth) * t.cos(),
            radius * (1.0 + tooth) * t.sin(),
        ]
    });
    body(painter, &outline, &material(pool, 0.5, rng), rng);
    let mut inner = radius;
    for _ in 0..rng.random_range(1..4) {
        inner *= rng.random_range(0.4..0.85);
        body(
            painter,
            &disc(middle, inner),
            &material(pool, 0.4, rng),
            rng,
        );
    }
    let holes = rng.random_range(0..7);
    for i in 0..holes {
        let (sin, cos) = (i as f32 / holes as f32 * std::f32::consts::TAU).sin_cos();
        let at = [
            middle[0] + 0.75 * radius * cos,
            middle[1] + 0.75 * radius * sin,
        ];
        painter.fill(&disc(at, 0.09 * radius), &Material::plain([0.06; 3]), rng);
    }
}

/// A plate with holes in a grid.
fn plate(painter: &mut Painter, pool: &Pool, middle: [f32; 2], radius: f32, rng: &mut ChaCha8Rng) {
    let half = [radius, radius * rng.random_range(0.3..1.0)];
    let turn = rng.random_range(0.0..360.0);
    let corner = [middle[0] - half[0], middle[1] - half[1]];
    let outline = turned(rectangle(corner, half.map(|h| 2.0 * h)), turn, middle);
    body(painter, &outline, &material(pool, 0.6, rng), rng);
    let [columns, rows] = [rng.random_range(1..6), rng.random_range(1..4)];
    let size = rng.random_range(0.03..0.09) * radius;
    let hole = Material::plain(any_colour(rng).map(|c| 0.4 * c));
    for i in 0..columns * rows {
        let along = (i % columns) as f32 / columns as f32 * 2.0 + 1.0 / columns as f32;
        let down = (i / columns) as f32 / rows as f32 * 2.0 + 1.0 / rows as f32;
        let at = [corner[0] + half[0] * along, corner[1] + half[1] * down];
        painter.fill(&turned(disc(at, size), turn, middle), &hole, rng);
    }
}

/// A round or six-sided head with a slot or a cross.
fn screw(painter: &mut Painter, pool: &Pool, middle: [f32; 2], radius: f32, rng: &mut ChaCha8Rng) {
    let corners = if rng.random_bool(0.4) { 6 } else { 40 };
    let turn = rng.random_range(0.0..360.0);
    let head = turned(
        round(middle, corners, |t| [radius * t.cos(), radius * t.sin()]),
        turn,
        middle,
    );
    let metal = material(pool, 0.3, rng);
    body(painter, &head, &metal, rng);
    let dark = metal.colour.map(|c| 0.25 * c);
    let slots = rng.random_range(1..=2);
    for slot in 0..slots {
        let half = 0.65 * radius;
        let line = polyline(&[[middle[0] - half, middle[1]], [middle[0] + half, middle[1]]]);
        let line = turned(line, turn + 90.0 * slot as f32, middle);
        painter.stroke(&line, dark, (0.2 * radius).max(1.0));
    }
}

/// A body with long legs in a row.
fn comb(painter: &mut Painter, pool: &Pool, middle: [f32; 2], radius: f32, rng: &mut ChaCha8Rng) {
    let legs = rng.random_range(2..9);
    let turn = 90.0 * rng.random_range(0..4) as f32 + rng.random_range(-8.0..8.0);
    let half = [0.7 * radius, 0.45 * radius];
    let metal = material(pool, 0.3, rng);
    let width = rng.random_range(0.2..0.6) * 2.0 * half[0] / legs as f32;
    for i in 0..legs {
        let along = (i as f32 + 0.5) / legs as f32 * 2.0 * half[0] - half[0];
        let leg = rectangle(
            [middle[0] + along - 0.5 * width, middle[1]],
            [width, 1.3 * radius],
        );
        painter.fill(&turned(leg, turn, middle), &metal, rng);
    }
    let block = rectangle(
        [middle[0] - half[0], middle[1] - half[1]],
        half.map(|h| 2.0 * h),
    );
    body(
        painter,
        &turned(block, turn, middle),
        &material(pool, 0.5, rng),
        rng,
    );
}
