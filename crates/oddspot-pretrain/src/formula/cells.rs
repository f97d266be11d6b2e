//! Cells around scattered points (Worley, 1996): grains, cobbles, foam.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{log_uniform, tile};

/// What a pixel takes from its nearest points.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// The distance to the nearest: bumps.
    Distance,
    /// How much farther the second nearest is: walls between cells.
    Wall,
    /// The nearest one's own grey: grains.
    Grain,
}

/// Points, one in each square of a lattice, more or less out of its middle.
#[derive(Clone, Debug)]
pub struct Cells {
    across: f32,
    disorder: f32,
    squeeze: f32,
    value: Value,
}

impl Cells {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            across: log_uniform(rng, 4.0, 20.0),
            disorder: rng.random_range(0.2..1.0),
            squeeze: rng.random_range(0.4..1.0),
            value: match rng.random_range(0..3) {
                0 => Value::Distance,
                1 => Value::Wall,
                _ => Value::Grain,
            },
        }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        // Turned squares reach √2 beyond the tile, their neighbours one more.
        let squares = (1.5 * self.across) as usize + 4;
        let mut points: Vec<[f32; 3]> = Vec::with_capacity(squares * squares);
        for i in 0..squares * squares {
            let mut out = || 0.5 + self.disorder * rng.random_range(-0.5..0.5);
            let [x, y] = [(i % squares) as f32 + out(), (i / squares) as f32 + out()];
            points.push([x, y, rng.random_range(0.0..1.0)]);
        }
        let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
        let (half, middle) = (0.5 * self.across, 0.5 * squares as f32);
        tile(|x, y| {
            let u = middle + half * (cos * x + sin * y);
            let v = middle + half * self.squeeze * (cos * y - sin * x);
            let (column, row) = (u as usize, v as usize);
            let (mut nearest, mut second, mut grey) = (f32::INFINITY, f32::INFINITY, 0.0);
            for row in row.saturating_sub(1)..(row + 2).min(squares) {
                for column in column.saturating_sub(1)..(column + 2).min(squares) {
                    let [px, py, pg] = points[row * squares + column];
                    let distance = (px - u).hypot(py - v);
                    if distance < nearest {
                        (second, nearest, grey) = (nearest, distance, pg);
                    } else {
                        second = second.min(distance);
                    }
                }
            }
            match self.value {
                Value::Distance => nearest.min(1.2),
                Value::Wall => (second - nearest).min(0.25),
                Value::Grain => grey,
            }
        })
    }
}
