//! Dead leaves (Lee, Mumford & Huang, 2001) with textured leaves: shapes of all sizes that hide
//! one another.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Path;

use super::SIDE;
use super::painter::{Painter, rectangle, round, turned};
use crate::formula::Pool;
use crate::material::{Material, any_colour};

pub fn paint(painter: &mut Painter, pool: &Pool, rng: &mut ChaCha8Rng) {
    let count = rng.random_range(3..=9);
    let mut materials: Vec<Material> = (0..count).map(|_| Material::textured(pool, rng)).collect();
    materials.extend((0..rng.random_range(1..=5)).map(|_| Material::plain(any_colour(rng))));
    painter.cover(&materials[0], rng);
    let outlined = rng.random_bool(0.3);
    let shaded = rng.random_bool(0.5);
    for _ in 0..rng.random_range(20..180) {
        let path = leaf(rng);
        let material = &materials[rng.random_range(0..materials.len())];
        painter.fill(&path, material, rng);
        if shaded {
            let strength = rng.random_range(0.0..0.5);
            painter.shade(&path, strength, rng);
        }
        if outlined {
            painter.stroke(&path, any_colour(rng), 1.2);
        }
    }
}

/// An ellipse, polygon, star, blob or box, its size of a density of r⁻³.
fn leaf(rng: &mut ChaCha8Rng) -> Path {
    let (smallest, largest) = (4.0f32, 70.0f32);
    let share: f32 = rng.random_range(0.0..1.0);
    let [a, b] = [smallest.powi(-2), largest.powi(-2)];
    let radius = (a + share * (b - a)).powf(-0.5);
    let middle = [0; 2].map(|_| rng.random_range(0.0..SIDE as f32));
    let squeeze = rng.random_range(0.3..1.0);
    let turn = rng.random_range(0.0..360.0);
    let path = match rng.random_range(0..5) {
        0 => round(middle, 40, |t| {
            [radius * t.cos(), radius * squeeze * t.sin()]
        }),
        1 => rectangle(
            [middle[0] - radius, middle[1] - radius * squeeze],
            [2.0 * radius, 2.0 * radius * squeeze],
        ),
        2 => {
            let corners = rng.random_range(3..=8);
            round(middle, corners, |t| {
                [radius * t.cos(), radius * squeeze * t.sin()]
            })
        }
        3 => {
            let points = rng.random_range(4..=9) as f32;
            round(middle, 80, |t| {
                let wave = 0.65 + 0.35 * (points * t).cos();
                [radius * wave * t.cos(), radius * wave * t.sin()]
            })
        }
        _ => {
            let phases: [f32; 3] = [0; 3].map(|_| rng.random_range(0.0..TAU));
            round(middle, 60, |t| {
                let wave = 1.0
                    + 0.2 * (2.0 * t + phases[0]).sin()
                    + 0.15 * (3.0 * t + phases[1]).sin()
                    + 0.1 * (5.0 * t + phases[2]).sin();
                [radius * wave * t.cos(), radius * squeeze * wave * t.sin()]
            })
        }
    };
    turned(path, turn, middle)
}
