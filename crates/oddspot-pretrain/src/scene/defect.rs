//! Defects planted in a scene: a second picture that differs from the first in some places.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{
    FillRule, FilterQuality, GradientStop, Paint, Path, Pattern, Pixmap, Point, RadialGradient,
    Shader, SpreadMode, Transform,
};

use super::SIDE;
use super::painter::{color, disc, polyline, rectangle, round, stroke, turned, whole};
use crate::material::any_colour;

/// Difference of a colour, of 255, from which on a pixel counts as changed.
const VISIBLE: u8 = 24;

/// A picture with defects, and the pixels that they change visibly.
pub struct Damaged {
    /// The picture.
    pub picture: Pixmap,
    /// Changed pixels, `SIDE`×`SIDE`.
    pub changed: Vec<bool>,
}

/// Plants one to four defects, shades among them if wanted.
pub fn plant(sound: &Pixmap, shades: bool, rng: &mut ChaCha8Rng) -> Damaged {
    let mut picture = sound.clone();
    for _ in 0..rng.random_range(1..=4) {
        match rng.random_range(0..4 + u32::from(shades)) {
            0 => scratch(&mut picture, rng),
            1 => stain(&mut picture, rng),
            2 => spot(&mut picture, rng),
            3 => paste(&mut picture, sound, rng),
            _ => shade(&mut picture, rng),
        }
    }
    let changed = (sound.pixels().iter().zip(picture.pixels()))
        .map(|(a, b)| {
            let apart = |a: u8, b: u8| a.abs_diff(b) > VISIBLE;
            apart(a.red(), b.red()) || apart(a.green(), b.green()) || apart(a.blue(), b.blue())
        })
        .collect();
    Damaged { picture, changed }
}

fn fill(picture: &mut Pixmap, path: &Path, shader: Shader<'_>) {
    let paint = Paint {
        shader,
        anti_alias: true,
        ..Paint::default()
    };
    picture.fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
}

fn anywhere(rng: &mut ChaCha8Rng) -> [f32; 2] {
    [0; 2].map(|_| rng.random_range(0.1..0.9) * SIDE as f32)
}

/// A thin line that wanders.
fn scratch(picture: &mut Pixmap, rng: &mut ChaCha8Rng) {
    let mut at = anywhere(rng);
    let mut angle = rng.random_range(0.0..TAU);
    let mut points = vec![at];
    for _ in 0..rng.random_range(2..9) {
        angle += rng.random_range(-0.6..0.6);
        let length = rng.random_range(4.0..14.0);
        at = [at[0] + length * angle.cos(), at[1] + length * angle.sin()];
        points.push(at);
    }
    let opacity = rng.random_range(0.5..1.0);
    stroke(
        picture,
        &polyline(&points),
        any_colour(rng),
        opacity,
        rng.random_range(0.8..3.5),
    );
}

/// A see-through blob.
fn stain(picture: &mut Pixmap, rng: &mut ChaCha8Rng) {
    let phases: [f32; 2] = [0; 2].map(|_| rng.random_range(0.0..TAU));
    let radius = rng.random_range(5.0..24.0);
    let path = round(anywhere(rng), 60, |t| {
        let wave = 1.0 + 0.25 * (2.0 * t + phases[0]).sin() + 0.15 * (3.0 * t + phases[1]).sin();
        [radius * wave * t.cos(), radius * wave * t.sin()]
    });
    let shader = Shader::SolidColor(color(any_colour(rng), rng.random_range(0.25..0.8)));
    fill(picture, &path, shader);
}

/// A wide patch, darker or lighter than it was, that fades out towards its edge.
fn shade(picture: &mut Pixmap, rng: &mut ChaCha8Rng) {
    let middle = anywhere(rng);
    let radius = rng.random_range(12.0..60.0);
    let grey = if rng.random_bool(0.5) { 0.0 } else { 1.0 };
    let opacity = rng.random_range(0.15..0.5);
    let shade = |opacity: f32| color([grey; 3], opacity);
    let stops = vec![
        GradientStop::new(0.0, shade(opacity)),
        GradientStop::new(rng.random_range(0.3..0.9), shade(opacity)),
        GradientStop::new(1.0, shade(0.0)),
    ];
    let [x, y] = middle;
    let turn = rng.random_range(0.0..360.0);
    let oval = Transform::from_translate(-x, -y)
        .post_scale(1.0, rng.random_range(0.3..1.0))
        .post_rotate(turn)
        .post_translate(x, y);
    let at = Point::from_xy(x, y);
    let gradient = RadialGradient::new(at, 0.0, at, radius, stops, SpreadMode::Pad, oval);
    if let Some(shader) = gradient {
        fill(picture, &whole(), shader);
    }
}

/// A small hole or grain.
fn spot(picture: &mut Pixmap, rng: &mut ChaCha8Rng) {
    let middle = anywhere(rng);
    let radius = rng.random_range(1.5..6.0);
    let colour = any_colour(rng);
    let shader = Shader::SolidColor(color(colour, 1.0));
    fill(picture, &disc(middle, radius), shader);
    if rng.random_bool(0.5) {
        let edge = colour.map(|c| 1.0 - c);
        stroke(picture, &disc(middle, radius), edge, 0.6, 0.8);
    }
}

/// A piece of the picture from elsewhere, turned (CutPaste, Li et al. 2021).
fn paste(picture: &mut Pixmap, sound: &Pixmap, rng: &mut ChaCha8Rng) {
    let middle = anywhere(rng);
    let half = [0; 2].map(|_| rng.random_range(3.0..20.0));
    let corner = [middle[0] - half[0], middle[1] - half[1]];
    let path = rectangle(corner, half.map(|h| 2.0 * h));
    let path = turned(path, rng.random_range(0.0..360.0), middle);
    let from = anywhere(rng);
    let turn = rng.random_range(0.0..360.0);
    let transform = Transform::from_translate(-from[0], -from[1])
        .post_rotate(turn)
        .post_translate(middle[0], middle[1]);
    let shader = Pattern::new(
        sound.as_ref(),
        SpreadMode::Reflect,
        FilterQuality::Bilinear,
        1.0,
        transform,
    );
    fill(picture, &path, shader);
}
