//! Two views of a scene: at another scale, turned a little, each under its conditions.

use oddspot::images::{MEAN, STD};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{
    FilterQuality, Paint, Pattern, Pixmap, PixmapRef, Point, Rect, SpreadMode, Transform,
};

use crate::conditions::Conditions;
use crate::scene::SIDE;

/// Where two views of a scene lie in it.
#[derive(Clone, Copy, Debug)]
pub struct Placements {
    /// From the scene's pixels to each view's.
    pub to_views: [Transform; 2],
}

impl Placements {
    /// Turned, mirrored and sized at will, together; a little more, each by itself.
    pub fn new(side: usize, rng: &mut ChaCha8Rng) -> Self {
        let half = 0.5 * SIDE as f32;
        let size = rng.random_range((0.55f32).ln()..(1.4f32).ln()).exp();
        let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
        let upright = rng.random_bool(0.5);
        let turn = match upright {
            true => 90.0 * rng.random_range(0..4) as f32,
            false => rng.random_range(0.0..360.0),
        };
        // What the views would see beyond the scene is its mirror image: keep it little.
        let reach = (half - 0.5 * side as f32 / size).max(0.0);
        let [x, y] = [0; 2].map(|_| half + rng.random_range(-1.0..1.0) * reach);
        let view = |rng: &mut ChaCha8Rng| {
            let [dx, dy] = [0; 2].map(|_| rng.random_range(-0.12..0.12) * side as f32);
            let size = size * rng.random_range(0.87..1.15);
            Transform::from_translate(-x, -y)
                .post_scale(mirror * size, size)
                .post_rotate(turn + rng.random_range(-12.0..12.0))
                .post_translate(0.5 * side as f32 + dx, 0.5 * side as f32 + dy)
        };
        Self {
            to_views: [view(rng), view(rng)],
        }
    }

    /// The place in the scene of a place in the first view, and that in the second view.
    pub fn follow(&self, at: [f32; 2]) -> Option<([f32; 2], [f32; 2])> {
        let mut point = [Point::from_xy(at[0], at[1])];
        self.to_views[0].invert()?.map_points(&mut point);
        let scene = [point[0].x, point[0].y];
        self.to_views[1].map_points(&mut point);
        Some((scene, [point[0].x, point[0].y]))
    }
}

/// A view `[side, side, 3]`, normalised.
pub fn look(
    picture: PixmapRef<'_>,
    to_view: Transform,
    side: usize,
    under: &Conditions,
    rng: &mut ChaCha8Rng,
) -> Vec<f32> {
    let mut seen =
        Pixmap::new(side as u32, side as u32).unwrap_or_else(|| unreachable!("a view has a size"));
    let paint = Paint {
        shader: Pattern::new(
            picture,
            SpreadMode::Reflect,
            FilterQuality::Bilinear,
            1.0,
            to_view,
        ),
        ..Paint::default()
    };
    if let Some(all) = Rect::from_xywh(0.0, 0.0, side as f32, side as f32) {
        seen.fill_rect(all, &paint, Transform::identity(), None);
    }
    let mut pixels: Vec<f32> = (seen.pixels().iter())
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .map(|value| f32::from(value) / 255.0)
        .collect();
    under.apply(&mut pixels, side, rng);
    for pixel in pixels.as_chunks_mut::<3>().0 {
        for ((value, mean), deviation) in pixel.iter_mut().zip(MEAN).zip(STD) {
            *value = (value.clamp(0.0, 1.0) - mean) / deviation;
        }
    }
    pixels
}

/// The colour of a normalised pixel.
pub fn pixel_of(normalised: [f32; 3]) -> [u8; 3] {
    [0, 1, 2].map(|c| ((normalised[c] * STD[c] + MEAN[c]) * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::seed;
    use tiny_skia::PremultipliedColorU8;

    /// The middle of what is bright in a view.
    fn brightest(view: &[f32], side: usize) -> Option<[f32; 2]> {
        let mut sums = [0.0f32; 3];
        for (i, pixel) in view.as_chunks::<3>().0.iter().enumerate() {
            if pixel_of(*pixel)[1] > 128 {
                let middle = |at: usize| at as f32 + 0.5;
                let parts = [middle(i % side), middle(i / side), 1.0];
                sums = std::array::from_fn(|k| sums[k] + parts[k]);
            }
        }
        (sums[2] > 8.0).then(|| [sums[0] / sums[2], sums[1] / sums[2]])
    }

    #[test]
    fn a_place_is_followed_from_view_to_view() {
        let side = 96;
        let mut picture = Pixmap::new(SIDE as u32, SIDE as u32).unwrap();
        let dot = [100.0, 92.0];
        for (i, pixel) in picture.pixels_mut().iter_mut().enumerate() {
            let [x, y] = [(i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5];
            let value = if (x - dot[0]).hypot(y - dot[1]) < 4.0 {
                255
            } else {
                0
            };
            *pixel = PremultipliedColorU8::from_rgba(value, value, value, 255).unwrap();
        }
        let mut followed = 0;
        for trial in 0..40 {
            let rng = &mut seed::stream(trial, "view");
            let placements = Placements::new(side, rng);
            let views = placements
                .to_views
                .map(|to_view| look(picture.as_ref(), to_view, side, &Conditions::new(rng), rng));
            let [first, second] = views.map(|view| brightest(&view, side));
            let (Some(first), Some(second)) = (first, second) else {
                continue;
            };
            let edge = |at: f32| !(8.0..side as f32 - 8.0).contains(&at);
            if first.into_iter().chain(second).any(edge) {
                continue;
            }
            let (place, seen) = placements.follow(first).unwrap();
            for axis in 0..2 {
                assert!((place[axis] - dot[axis]).abs() < 1.5, "{trial}: {place:?}");
                assert!(
                    (seen[axis] - second[axis]).abs() < 1.5,
                    "{trial}: {seen:?} {second:?}"
                );
            }
            followed += 1;
        }
        assert!(followed > 5, "{followed}");
    }

    #[test]
    fn a_view_is_a_normalised_picture() {
        let picture = Pixmap::new(SIDE as u32, SIDE as u32).unwrap();
        let rng = &mut seed::stream(0, "view");
        let view = look(
            picture.as_ref(),
            Transform::identity(),
            32,
            &Conditions::new(rng),
            rng,
        );
        assert_eq!(view.len(), 32 * 32 * 3);
        for pixel in view.as_chunks::<3>().0 {
            for channel in 0..3 {
                let value = pixel[channel] * STD[channel] + MEAN[channel];
                assert!((-1e-5..=1.0 + 1e-5).contains(&value), "{value}");
            }
        }
    }
}
