//! Nested outlines whose radius waves around (radial contours, RCDB).

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, LineCap, Paint, PathBuilder, Pixmap, Stroke, Transform};

use super::TILE;

/// Points of an outline.
const VERTICES: usize = 160;

/// Outlines around a common middle.
#[derive(Clone, Debug)]
pub struct Contour {
    outlines: usize,
    corners: usize,
    squeeze: f32,
    /// Waves of the radius: how many around, how strong.
    waves: Vec<(f32, f32)>,
    thickness: f32,
}

impl Contour {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let waves = (0..rng.random_range(1..=4))
            .map(|_| {
                let around = rng.random_range(2..=24) as f32;
                (around, rng.random_range(0.03..0.3) / around.sqrt())
            })
            .collect();
        Self {
            outlines: rng.random_range(2..=14),
            corners: rng.random_range(3..=9),
            squeeze: rng.random_range(0.5..1.0),
            waves,
            thickness: rng.random_range(0.8..3.0),
        }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let Some(mut picture) = Pixmap::new(TILE as u32, TILE as u32) else {
            return vec![0.0; TILE * TILE];
        };
        picture.fill(Color::BLACK);
        let turn = rng.random_range(0.0..TAU);
        let squeeze = self.squeeze * rng.random_range(0.9..1.1);
        let rounded = rng.random_bool(0.5);
        let waves: Vec<[f32; 3]> = (self.waves.iter())
            .map(|&(around, strength)| {
                [
                    around,
                    strength * rng.random_range(0.8..1.2),
                    rng.random_range(0.0..TAU),
                ]
            })
            .collect();
        let half = 0.5 * TILE as f32;
        for outline in 1..=self.outlines {
            let radius = 0.95 * half * outline as f32 / self.outlines as f32;
            let mut path = PathBuilder::new();
            for vertex in 0..VERTICES {
                let angle = vertex as f32 / VERTICES as f32 * TAU;
                let wave: f32 = (waves.iter())
                    .map(|[around, strength, phase]| strength * (around * angle + phase).sin())
                    .sum();
                let sector = TAU / self.corners as f32;
                let polygon = (0.5 * sector).cos() / (angle % sector - 0.5 * sector).cos();
                let radius = radius * (1.0 + wave) * if rounded { 1.0 } else { polygon };
                let (sin, cos) = (angle + turn).sin_cos();
                let at = (half + radius * cos, half + radius * squeeze * sin);
                match vertex {
                    0 => path.move_to(at.0, at.1),
                    _ => path.line_to(at.0, at.1),
                }
            }
            path.close();
            let Some(path) = path.finish() else { continue };
            let mut paint = Paint::default();
            let grey = rng.random_range(90..=255);
            paint.set_color_rgba8(grey, grey, grey, 255);
            let stroke = Stroke {
                width: self.thickness,
                line_cap: LineCap::Round,
                ..Stroke::default()
            };
            picture.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
        (picture.pixels().iter())
            .map(|pixel| f32::from(pixel.red()) / 255.0)
            .collect()
    }
}
