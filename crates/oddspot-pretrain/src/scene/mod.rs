//! Scenes put together from materials and shapes, with the class of every pixel's texture.

mod board;
pub mod defect;
mod fading;
mod leaves;
mod painter;
mod part;
mod surface;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Pixmap;

use crate::formula::Pool;
pub use fading::Fading;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::CLASSES;
    use oddspot::seed;

    #[test]
    fn scenes_repeat_differ_and_know_their_textures() {
        let pool = Pool::at_step(0, 0);
        let scene = |number: u64| Scene::new(&pool, &mut seed::stream(number, "scene"));
        let mut known = 0;
        for number in 0..30 {
            let drawn = scene(number);
            assert_eq!(drawn.picture, scene(number).picture);
            assert_ne!(drawn.picture, scene(number + 1).picture);
            assert!(drawn.picture.pixels().iter().all(|pixel| pixel.is_opaque()));
            assert!(drawn.classes.iter().flatten().all(|&class| class < CLASSES));
            known += drawn.classes.iter().flatten().count();
        }
        // Plain surfaces have none.
        let share = known as f32 / (30 * SIDE * SIDE) as f32;
        assert!((0.3..0.95).contains(&share), "{share}");
    }

    #[test]
    fn a_planted_defect_changes_what_it_says_and_little_else() {
        let pool = Pool::at_step(0, 0);
        let mut planted = 0;
        for number in 0..40 {
            let rng = &mut seed::stream(number, "defect");
            let sound = Scene::new(&pool, rng).picture;
            let damaged = defect::plant(&sound, number % 2 == 1, rng);
            let pixels = sound.pixels().iter().zip(damaged.picture.pixels());
            for ((before, after), &changed) in pixels.zip(&damaged.changed) {
                assert!(!changed || before != after);
            }
            let count = damaged.changed.iter().filter(|&&changed| changed).count();
            assert!(count < SIDE * SIDE / 2, "{number}: {count}");
            planted += usize::from(count > 10);
        }
        assert!(planted > 30, "{planted}");
    }
}
