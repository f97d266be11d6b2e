//! One surface that fills the picture, as of cloth, wood or ground metal; sometimes with a seam
//! or a second texture over the first.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::SIDE;
use super::painter::{Painter, rectangle, turned, whole};
use crate::formula::Pool;
use crate::material::Material;

pub fn paint(painter: &mut Painter, pool: &Pool, rng: &mut ChaCha8Rng) {
    painter.cover(&Material::textured(pool, rng), rng);
    let side = SIDE as f32;
    if rng.random_bool(0.4) {
        let at = rng.random_range(0.2..0.8) * side;
        let width = rng.random_range(0.1..1.5) * side;
        let band = rectangle([at, -side], [width, 3.0 * side]);
        let band = turned(band, rng.random_range(0.0..360.0), [0.5 * side; 2]);
        painter.fill(&band, &Material::textured(pool, rng), rng);
    }
    if rng.random_bool(0.6) {
        let strength = rng.random_range(0.1..0.6);
        painter.shade(&whole(), strength, rng);
    }
}
