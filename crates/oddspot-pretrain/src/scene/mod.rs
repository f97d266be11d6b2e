//! Scenes put together from materials and shapes, with the class of every pixel's texture.

mod board;
pub mod defect;
mod leaves;
mod painter;
mod part;
mod surface;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Pixmap;

use crate::formula::Pool;
use painter::Painter;

/// Side of a scene, in pixels.
pub const SIDE: usize = 192;

/// A picture and what is seen in it.
pub struct Scene {
    /// The picture, `SIDE`×`SIDE`.
    pub picture: Pixmap,
    /// Class of each pixel's texture; none where the surface is plain.
    pub classes: Vec<Option<usize>>,
}

impl Scene {
    /// A scene of any kind.
    pub fn new(pool: &Pool, rng: &mut ChaCha8Rng) -> Self {
        let mut painter = Painter::new();
        match rng.random_range(0..100) {
            0..40 => leaves::paint(&mut painter, pool, rng),
            40..60 => surface::paint(&mut painter, pool, rng),
            60..78 => board::paint(&mut painter, pool, rng),
            _ => part::paint(&mut painter, pool, rng),
        }
        painter.finish()
    }
}
