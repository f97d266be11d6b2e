//! Conditions under which a view is seen: light, focus and noise.

use std::ops::Range;

use image::{ImageBuffer, Rgb, imageops};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::material::luma;

/// What a camera makes of a scene.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Of red, green and blue.
    gains: [f32; 3],
    gamma: f32,
    lift: f32,
    /// Change of the brightness from the middle to the right and to the bottom.
    slopes: [f32; 2],
    /// Without any colour.
    grey: bool,
    /// Sigma of the blur, in pixels; 0 for none.
    blur: f32,
    /// Standard deviation of the noise.
    noise: f32,
}

impl Conditions {
    /// Any conditions.
    pub fn new(rng: &mut ChaCha8Rng) -> Self {
        let gain: f32 = rng.random_range(0.75..1.25);
        // What does not happen draws nothing, so that what follows is by the same chance.
        let chance = |share: f64, most: Range<f32>, rng: &mut ChaCha8Rng| {
            if rng.random_bool(share) {
                rng.random_range(most)
            } else {
                0.0
            }
        };
        Self {
            gains: [0; 3].map(|_| gain * rng.random_range(0.92..1.08)),
            gamma: rng.random_range(0.8..1.25),
            lift: rng.random_range(-0.06..0.06),
            slopes: [0; 2].map(|_| rng.random_range(-0.2..0.2)),
            grey: rng.random_bool(0.12),
            blur: chance(0.35, 0.3..1.3, rng),
            noise: chance(0.6, 0.0..0.05, rng),
        }
    }

    /// Nearly the same again: what else differs is then the object's own.
    pub fn again(&self, rng: &mut ChaCha8Rng) -> Self {
        let gain = rng.random_range(0.96..1.04);
        Self {
            gains: self.gains.map(|of| of * gain),
            gamma: self.gamma * rng.random_range(0.97..1.03),
            lift: self.lift + rng.random_range(-0.01..0.01),
            slopes: self.slopes.map(|of| of + rng.random_range(-0.03..0.03)),
            ..*self
        }
    }

    /// Changes the pixels `[side, side, 3]` of a view, in [0, 1], to what is seen of them.
    pub fn apply(&self, pixels: &mut Vec<f32>, side: usize, rng: &mut ChaCha8Rng) {
        self.light(pixels, side);
        if self.blur > 0.0 {
            *pixels = blur(std::mem::take(pixels), side, self.blur);
        }
        if self.noise > 0.0 {
            for value in pixels {
                let noise: f32 = StandardNormal.sample(rng);
                *value += self.noise * noise;
            }
        }
    }

    /// Changes brightness (also across the view), colour, contrast and gamma; may take all colour
    /// away.
    fn light(&self, pixels: &mut [f32], side: usize) {
        let Conditions {
            gains,
            gamma,
            lift,
            slopes,
            grey,
            ..
        } = *self;
        for (i, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let across = (i % side) as f32 / side as f32 * 2.0 - 1.0;
            let down = (i / side) as f32 / side as f32 * 2.0 - 1.0;
            let slope = 1.0 + slopes[0] * across + slopes[1] * down;
            if grey {
                *pixel = [luma(*pixel); 3];
            }
            for (value, gain) in pixel.iter_mut().zip(gains) {
                *value = (value.powf(gamma) * gain * slope + lift).clamp(0.0, 1.0);
            }
        }
    }
}

fn blur(pixels: Vec<f32>, side: usize, sigma: f32) -> Vec<f32> {
    match ImageBuffer::<Rgb<f32>, _>::from_raw(side as u32, side as u32, pixels) {
        Some(buffer) => imageops::blur(&buffer, sigma).into_raw(),
        None => unreachable!("three values a pixel"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::seed;

    #[test]
    fn conditions_again_look_nearly_alike_and_others_do_not() {
        let side = 16;
        let seen = |under: &Conditions| {
            let mut pixels = vec![0.5; side * side * 3];
            under.light(&mut pixels, side);
            pixels
        };
        let apart = |a: &[f32], b: &[f32]| {
            let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
            sum / a.len() as f32
        };
        let rng = &mut seed::stream(0, "conditions");
        let mut sums = [0.0f32; 2];
        for trial in 0..50 {
            let first = Conditions::new(rng);
            let (again, other) = (first.again(rng), Conditions::new(rng));
            assert_eq!((again.blur, again.noise), (first.blur, first.noise));
            let near = apart(&seen(&first), &seen(&again));
            assert!(near < 0.07, "{trial}: {near}");
            sums[0] += near;
            sums[1] += apart(&seen(&first), &seen(&other));
        }
        assert!(sums[1] > 4.0 * sums[0], "{sums:?}");
    }
}
