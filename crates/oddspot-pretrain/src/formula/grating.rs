//! Waves, and lattices made of two of them.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{log_uniform, tile};

/// The shape of a wave of period 1, in [−1, 1].
#[derive(Clone, Copy, Debug)]
enum Wave {
    Sine,
    Square,
    Saw,
    /// Thin lines far apart.
    Pulse(f32),
}

impl Wave {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Sine,
            1 => Self::Square,
            2 => Self::Saw,
            _ => Self::Pulse(rng.random_range(0.1..0.4)),
        }
    }

    fn at(self, x: f32) -> f32 {
        let phase = x - x.floor();
        // Flanks of a tenth of a period stand for antialiasing.
        let soft = |x: f32| (10.0 * x).clamp(-1.0, 1.0);
        match self {
            Self::Sine => (TAU * phase).sin(),
            Self::Square => soft(0.25 - (phase - 0.5).abs()),
            Self::Saw => (2.0 * phase - 1.0) * soft(1.0 - phase).max(0.0),
            Self::Pulse(share) => soft(0.5 * share - (phase - 0.5).abs()),
        }
    }
}

/// A sum of one to three waves, bent a little.
#[derive(Clone, Debug)]
pub struct Grating {
    /// Shape, periods across the tile, direction.
    waves: Vec<(Wave, f32, f32)>,
    bend: f32,
}

impl Grating {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let waves = (0..rng.random_range(1..=3))
            .map(|_| {
                let periods = log_uniform(rng, 4.0, 32.0);
                (Wave::new(rng), periods, rng.random_range(0.0..TAU))
            })
            .collect();
        let bend = if rng.random_bool(0.4) {
            rng.random_range(0.02..0.15)
        } else {
            0.0
        };
        Self { waves, bend }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let turn = rng.random_range(0.0..TAU);
        let bend: [f32; 2] = [rng.random_range(2.0..5.0), rng.random_range(0.0..TAU)];
        let waves: Vec<(Wave, [f32; 3])> = (self.waves.iter())
            .map(|&(wave, periods, angle)| {
                let (sin, cos) = (angle + turn).sin_cos();
                let half = 0.5 * periods * rng.random_range(0.9..1.1);
                (wave, [half * cos, half * sin, rng.random_range(0.0..1.0)])
            })
            .collect();
        tile(|x, y| {
            let (x, y) = (
                x + self.bend * (bend[0] * y + bend[1]).sin(),
                y + self.bend * (bend[0] * x - bend[1]).sin(),
            );
            (waves.iter())
                .map(|(wave, [a, b, phase])| wave.at(a * x + b * y + phase))
                .sum()
        })
    }
}

/// Two waves, crossed.
#[derive(Clone, Debug)]
pub struct Lattice {
    waves: [Wave; 2],
    periods: [f32; 2],
    /// Between the two directions.
    angle: f32,
    crossing: Crossing,
}

#[derive(Clone, Copy, Debug)]
enum Crossing {
    /// Checks.
    Product,
    /// A net.
    Larger,
    /// Dots.
    Smaller,
    /// One over the other in turns.
    Weave,
}

impl Lattice {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let periods = log_uniform(rng, 4.0, 20.0);
        Self {
            waves: [Wave::new(rng), Wave::new(rng)],
            periods: [periods, periods * rng.random_range(0.6..1.6)],
            angle: if rng.random_bool(0.6) {
                0.25 * TAU
            } else {
                rng.random_range(0.1..0.3) * TAU
            },
            crossing: match rng.random_range(0..4) {
                0 => Crossing::Product,
                1 => Crossing::Larger,
                2 => Crossing::Smaller,
                _ => Crossing::Weave,
            },
        }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let turn = rng.random_range(0.0..TAU);
        let size = 0.5 * rng.random_range(0.9..1.1);
        let phases: [f32; 2] = [rng.random_range(0.0..1.0), rng.random_range(0.0..1.0)];
        let directions = [turn, turn + self.angle].map(f32::sin_cos);
        tile(|x, y| {
            let along = |i: usize| {
                let (sin, cos) = directions[i];
                size * self.periods[i] * (cos * x + sin * y) + phases[i]
            };
            let [u, v] = [along(0), along(1)];
            let [first, second] = [self.waves[0].at(u), self.waves[1].at(v)];
            match self.crossing {
                Crossing::Product => first * second,
                Crossing::Larger => first.max(second),
                Crossing::Smaller => first.min(second),
                Crossing::Weave => {
                    let over = (u.floor() as i32 + v.floor() as i32) % 2 == 0;
                    if over { first } else { 0.6 * second }
                }
            }
        })
    }
}
