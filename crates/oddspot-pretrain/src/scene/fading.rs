//! Faint scenes: of little contrast, many of them without colour, as metal, paper or cloth are.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Pixmap, PremultipliedColorU8};

use crate::material::luma;

/// Least distance of a faint picture's colours to black and white, of 255.
const MARGIN: f32 = 40.0;

/// How a faint picture's colours come from a full one's: drawn together, and moved.
#[derive(Clone, Copy, Debug)]
pub struct Fading {
    contrast: f32,
    /// What the grey in the middle of all colours becomes, of 255.
    middle: [f32; 3],
    grey: bool,
}

impl Fading {
    /// Any fading, to a brightness near a picture's own.
    pub fn new(picture: &Pixmap, rng: &mut ChaCha8Rng) -> Self {
        let contrast = rng.random_range((0.15f32).ln()..(0.6f32).ln()).exp();
        let grey = rng.random_bool(0.5);
        let mean = (picture.pixels().iter())
            .map(|pixel| luma([pixel.red(), pixel.green(), pixel.blue()].map(f32::from)))
            .sum::<f32>()
            / picture.pixels().len() as f32;
        // Neither so dark nor so light that other light would cut off what contrast is left.
        let least = MARGIN + 127.5 * contrast;
        let middle = mean + rng.random_range(-0.25..0.25) * 255.0;
        let middle = middle.clamp(least, 255.0 - least);
        let tint = if grey { 0.0 } else { 12.0 };
        Self {
            contrast,
            middle: [0; 3].map(|_| middle + tint * rng.random_range(-1.0..1.0)),
            grey,
        }
    }

    /// Fades a picture. Two that fade alike stay as alike as they were.
    pub fn fade(&self, picture: &mut Pixmap) {
        for pixel in picture.pixels_mut() {
            let mut colour = [pixel.red(), pixel.green(), pixel.blue()].map(f32::from);
            if self.grey {
                colour = [luma(colour); 3];
            }
            let faint = |c: usize| {
                let value = self.middle[c] + self.contrast * (colour[c] - 127.5);
                value.round() as u8
            };
            let [r, g, b] = [faint(0), faint(1), faint(2)];
            // Every colour is valid under full opacity.
            if let Some(faded) = PremultipliedColorU8::from_rgba(r, g, b, 255) {
                *pixel = faded;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::Pool;
    use crate::scene::Scene;
    use oddspot::seed;

    #[test]
    fn a_faint_scene_keeps_its_shapes_and_loses_contrast() {
        let pool = Pool::at_step(0, 0);
        let spread = |picture: &Pixmap| {
            let values = || {
                picture
                    .pixels()
                    .iter()
                    .map(|pixel| f32::from(pixel.green()))
            };
            let count = picture.pixels().len() as f32;
            let mean = values().sum::<f32>() / count;
            (values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()
        };
        for number in 0..20 {
            let rng = &mut seed::stream(number, "faint");
            let full = Scene::new(&pool, rng).picture;
            let mut faint = full.clone();
            let fading = Fading::new(&full, rng);
            fading.fade(&mut faint);
            assert!(faint.pixels().iter().all(|pixel| pixel.is_opaque()));
            if !fading.grey {
                let share = spread(&faint) / spread(&full);
                assert!((share - fading.contrast).abs() < 0.05, "{number}: {share}");
            } else {
                let grey = |pixel: &PremultipliedColorU8| pixel.red() == pixel.blue();
                assert!(faint.pixels().iter().all(grey), "{number}");
            }
        }
    }
}
