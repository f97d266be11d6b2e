//! Noise of a colour (how its strength falls with frequency) and a direction.

use std::f32::consts::TAU;

use noise::{NoiseFn, Perlin};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{log_uniform, tile};

/// Perlin noise in octaves.
#[derive(Clone, Debug)]
pub struct Noise {
    frequency: f32,
    octaves: usize,
    /// Factor of the strength from octave to octave.
    persistence: f32,
    stretch: f32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Smooth,
    /// Creases at zero.
    Billow,
    /// Sharp crests.
    Ridged,
}

impl Noise {
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            frequency: log_uniform(rng, 1.5, 14.0),
            octaves: rng.random_range(1..=4),
            persistence: rng.random_range(0.35..1.0),
            stretch: if rng.random_bool(0.5) {
                log_uniform(rng, 2.0, 16.0)
            } else {
                1.0
            },
            kind: match rng.random_range(0..3) {
                0 => Kind::Smooth,
                1 => Kind::Billow,
                _ => Kind::Ridged,
            },
        }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let perlin = Perlin::new(rng.random());
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        tile(|x, y| {
            let along = (cos * x + sin * y) / self.stretch;
            let across = cos * y - sin * x;
            let (mut sum, mut frequency, mut strength) = (0.0, self.frequency, 1.0);
            for octave in 0..self.octaves {
                // An offset by octave, or all would be zero together at the lattice's points.
                let apart = 17.3 * octave as f32;
                let at = [along * frequency + apart, across * frequency - apart];
                let value = perlin.get(at.map(f64::from)) as f32;
                sum += strength
                    * match self.kind {
                        Kind::Smooth => value,
                        Kind::Billow => value.abs(),
                        Kind::Ridged => (1.0 - value.abs()).powi(4),
                    };
                frequency *= 2.0;
                strength *= self.persistence;
            }
            sum
        })
    }
}
