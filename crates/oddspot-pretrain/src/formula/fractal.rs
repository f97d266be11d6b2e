//! Attractors of iterated function systems (FractalDB), their maps parametrised by rotation and
//! contraction so that every system converges (Anderson & Farrell, 2022).

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::TILE;

/// Points of an attractor.
const POINTS: usize = 24_000;

/// Affine maps of the plane.
#[derive(Clone, Debug)]
pub struct Fractal {
    maps: Vec<Map>,
}

#[derive(Clone, Copy, Debug)]
struct Map {
    turns: [f32; 2],
    scales: [f32; 2],
    flip: f32,
    shift: [f32; 2],
}

impl Map {
    /// The matrix `R(turn 1) · diag(scales) · R(turn 2)`, row-major.
    fn matrix(&self) -> [f32; 4] {
        let [(s1, c1), (s2, c2)] = self.turns.map(f32::sin_cos);
        let [a, b] = [self.scales[0], self.scales[1] * self.flip];
        [
            a * c1 * c2 - b * s1 * s2,
            -a * c1 * s2 - b * s1 * c2,
            a * s1 * c2 + b * c1 * s2,
            -a * s1 * s2 + b * c1 * c2,
        ]
    }
}

impl Fractal {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let count = rng.random_range(2..=5);
        let map = |rng: &mut ChaCha8Rng| Map {
            turns: [rng.random_range(0.0..TAU), rng.random_range(0.0..TAU)],
            scales: [rng.random_range(0.35..0.85), rng.random_range(0.15..0.75)],
            flip: if rng.random_bool(0.5) { 1.0 } else { -1.0 },
            shift: [rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)],
        };
        Self {
            maps: (0..count).map(|_| map(rng)).collect(),
        }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        // An instance differs from its class by a few percent in every parameter.
        let mut vary = |value: f32| value * rng.random_range(0.92..1.08);
        let maps: Vec<([f32; 4], [f32; 2])> = (self.maps.iter())
            .map(|map| {
                let varied = Map {
                    turns: map.turns.map(|turn| turn + 0.1 * (vary(1.0) - 1.0)),
                    scales: map.scales.map(|scale| vary(scale).min(0.9)),
                    ..*map
                };
                (varied.matrix(), map.shift.map(&mut vary))
            })
            .collect();
        let shares: Vec<f32> = (maps.iter())
            .map(|([a, b, c, d], _)| (a * d - b * c).abs().max(0.02))
            .collect();
        let total: f32 = shares.iter().sum();
        let mut at = [0.0f32; 2];
        let mut points = Vec::with_capacity(POINTS);
        for i in 0..POINTS + 20 {
            let mut draw = rng.random_range(0.0..total);
            let mut chosen = 0;
            while chosen + 1 < shares.len() && draw >= shares[chosen] {
                draw -= shares[chosen];
                chosen += 1;
            }
            let ([a, b, c, d], [e, f]) = maps[chosen];
            at = [a * at[0] + b * at[1] + e, c * at[0] + d * at[1] + f];
            if i >= 20 {
                points.push(at);
            }
        }
        density(&points)
    }
}

/// The logarithm of the number of points in each pixel of the square that holds them.
fn density(points: &[[f32; 2]]) -> Vec<f32> {
    let mut low = [f32::INFINITY; 2];
    let mut high = [f32::NEG_INFINITY; 2];
    for point in points {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let size = (high[0] - low[0]).max(high[1] - low[1]).max(1e-6);
    let scale = (TILE as f32 - 1.0) / size;
    let mut counts = vec![0.0f32; TILE * TILE];
    for point in points {
        let [x, y] = [0, 1].map(|axis| {
            let middle = 0.5 * (low[axis] + high[axis]);
            ((point[axis] - middle) * scale + 0.5 * TILE as f32) as usize
        });
        counts[y.min(TILE - 1) * TILE + x.min(TILE - 1)] += 1.0;
    }
    counts
        .iter()
        .map(|count| (1.0 + count).ln().min(2.5))
        .collect()
}
