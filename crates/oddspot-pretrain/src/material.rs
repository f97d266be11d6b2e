//! What things are made of: a texture in colours, or a plain colour.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Pixmap, PremultipliedColorU8};

use crate::formula::{CLASSES, Pool, TILE};

/// Red, green and blue, in [0, 1].
pub type Colour = [f32; 3];

/// A surface to fill shapes with.
pub struct Material {
    /// The texture in colours; none for a plain surface.
    pub pattern: Option<Pixmap>,
    /// Its class in the catalogue, if it has a texture.
    pub class: Option<usize>,
    /// Its mean colour.
    pub colour: Colour,
}

impl Material {
    /// A plain surface.
    pub fn plain(colour: Colour) -> Self {
        Self {
            pattern: None,
            class: None,
            colour,
        }
    }

    /// A surface of any texture of the pool.
    pub fn textured(pool: &Pool, rng: &mut ChaCha8Rng) -> Self {
        let class = rng.random_range(0..CLASSES);
        let colours = ramp(rng);
        // Real surfaces are often of little contrast.
        let contrast = if rng.random_bool(0.4) {
            rng.random_range(0.1..0.4)
        } else {
            1.0
        };
        let base = colours[colours.len() / 2];
        let table: Vec<PremultipliedColorU8> = (0..256)
            .map(|i| {
                let along = i as f32 / 255.0 * (colours.len() - 1) as f32;
                let first = (along as usize).min(colours.len() - 2);
                let part = along - first as f32;
                opaque([0, 1, 2].map(|c| {
                    let value = colours[first][c] * (1.0 - part) + colours[first + 1][c] * part;
                    base[c] + contrast * (value - base[c])
                }))
            })
            .collect();
        let mut pattern = Pixmap::new(TILE as u32, TILE as u32);
        if let Some(pattern) = &mut pattern {
            let values = &pool.tile(class).0;
            for (pixel, value) in pattern.pixels_mut().iter_mut().zip(values) {
                *pixel = table[(value * 255.0) as usize];
            }
        }
        Self {
            pattern,
            class: Some(class),
            colour: base,
        }
    }
}

/// Two to four colours to run through, more or less akin.
fn ramp(rng: &mut ChaCha8Rng) -> Vec<Colour> {
    let spread = rng.random_range(0.1..1.0);
    let base = any_colour(rng);
    (0..rng.random_range(2..=4))
        .map(|_| {
            let other = any_colour(rng);
            // All channels together, for light and dark of the same hue.
            let light = rng.random_range(-0.5..0.5);
            [0, 1, 2]
                .map(|c| (base[c] + spread * (0.5 * (other[c] - base[c]) + light)).clamp(0.0, 1.0))
        })
        .collect()
}

/// A colour, greyish more often than not.
pub fn any_colour(rng: &mut ChaCha8Rng) -> Colour {
    let grey: f32 = rng.random_range(0.02..0.98);
    let saturation = rng.random_range(0.0f32..1.0).powi(2);
    [0; 3].map(|_| grey + saturation * (rng.random_range(0.0..1.0) - grey))
}

/// Brightness of a colour (ITU-R BT.601), on any scale.
pub fn luma([r, g, b]: Colour) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn opaque(colour: Colour) -> PremultipliedColorU8 {
    let [r, g, b] = colour.map(|value| (value.clamp(0.0, 1.0) * 255.0) as u8);
    // Every colour is valid under full opacity.
    PremultipliedColorU8::from_rgba(r, g, b, 255).unwrap_or(PremultipliedColorU8::TRANSPARENT)
}
