//! Draws shapes on a picture and on the picture of their classes.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{
    Color, FillRule, FilterQuality, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path,
    PathBuilder, Pattern, Pixmap, Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::{SIDE, Scene};
use crate::formula::TILE;
use crate::material::{Colour, Material};

/// A scene being drawn.
pub struct Painter {
    picture: Pixmap,
    /// Red is the class, green tells whether there is one.
    classes: Pixmap,
}

impl Painter {
    pub fn new() -> Self {
        let empty = || {
            let side = SIDE as u32;
            Pixmap::new(side, side).unwrap_or_else(|| unreachable!("a scene has a size"))
        };
        Self {
            picture: empty(),
            classes: empty(),
        }
    }

    pub fn finish(self) -> Scene {
        let classes = (self.classes.pixels().iter())
            .map(|pixel| (pixel.green() == 255).then_some(usize::from(pixel.red())))
            .collect();
        Scene {
            picture: self.picture,
            classes,
        }
    }

    /// Covers the whole scene.
    pub fn cover(&mut self, material: &Material, rng: &mut ChaCha8Rng) {
        self.fill(&whole(), material, rng);
    }

    /// Fills a shape, its texture placed, turned and sized by chance.
    pub fn fill(&mut self, path: &Path, material: &Material, rng: &mut ChaCha8Rng) {
        let turn = rng.random_range(0.0..360.0);
        let size = rng.random_range(0.35f32..1.3);
        let [x, y] = [0; 2].map(|_| rng.random_range(0.0..TILE as f32));
        let mut paint = Paint {
            anti_alias: true,
            ..Paint::default()
        };
        match &material.pattern {
            Some(pattern) => {
                let transform = Transform::from_translate(x, y)
                    .post_rotate(turn)
                    .post_scale(size, size);
                paint.shader = Pattern::new(
                    pattern.as_ref(),
                    SpreadMode::Reflect,
                    FilterQuality::Bilinear,
                    1.0,
                    transform,
                );
            }
            None => paint.shader = Shader::SolidColor(color(material.colour, 1.0)),
        }
        self.picture
            .fill_path(path, &paint, FillRule::EvenOdd, Transform::identity(), None);
        self.mark(path, material.class);
    }

    /// Shades a shape from light to dark across it, as if it were bent.
    pub fn shade(&mut self, path: &Path, strength: f32, rng: &mut ChaCha8Rng) {
        let bounds = path.bounds();
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let middle = [
            0.5 * (bounds.left() + bounds.right()),
            0.5 * (bounds.top() + bounds.bottom()),
        ];
        let reach = 0.5 * bounds.width().max(bounds.height());
        let end = |side: f32| {
            Point::from_xy(
                middle[0] + side * reach * cos,
                middle[1] + side * reach * sin,
            )
        };
        let stops = vec![
            GradientStop::new(0.0, color([1.0; 3], strength)),
            GradientStop::new(0.5, color([0.5; 3], 0.0)),
            GradientStop::new(1.0, color([0.0; 3], strength)),
        ];
        let gradient = LinearGradient::new(
            end(-1.0),
            end(1.0),
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = gradient {
            let paint = Paint {
                shader,
                anti_alias: true,
                ..Paint::default()
            };
            self.picture
                .fill_path(path, &paint, FillRule::EvenOdd, Transform::identity(), None);
        }
    }

    /// Draws a line of one colour; under all but a thin one there is no class any more.
    pub fn stroke(&mut self, path: &Path, colour: Colour, width: f32) {
        stroke(&mut self.picture, path, colour, 1.0, width);
        if width > 3.0 {
            let stroke = Stroke {
                width,
                ..Stroke::default()
            };
            self.classes.stroke_path(
                path,
                &class_paint(None),
                &stroke,
                Transform::identity(),
                None,
            );
        }
    }

    fn mark(&mut self, path: &Path, class: Option<usize>) {
        let paint = class_paint(class);
        self.classes
            .fill_path(path, &paint, FillRule::EvenOdd, Transform::identity(), None);
    }
}

// A class fits into a colour's channel.
const _: () = assert!(crate::formula::CLASSES <= 256);

/// Green tells that there is a class.
fn class_paint(class: Option<usize>) -> Paint<'static> {
    let mut paint = Paint {
        anti_alias: false,
        ..Paint::default()
    };
    let (red, green) = class.map_or((0, 0), |class| (class as u8, 255));
    paint.set_color_rgba8(red, green, 0, 255);
    paint
}

/// Draws a line with round ends.
pub fn stroke(picture: &mut Pixmap, path: &Path, colour: Colour, opacity: f32, width: f32) {
    let paint = Paint {
        shader: Shader::SolidColor(color(colour, opacity)),
        anti_alias: true,
        ..Paint::default()
    };
    let stroke = Stroke {
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    picture.stroke_path(path, &paint, &stroke, Transform::identity(), None);
}

/// A colour with an opacity.
pub fn color(colour: Colour, opacity: f32) -> Color {
    let [r, g, b] = colour.map(|value| value.clamp(0.0, 1.0));
    Color::from_rgba(r, g, b, opacity.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
}

/// The outline of the whole scene.
pub fn whole() -> Path {
    rectangle([0.0, 0.0], [SIDE as f32; 2])
}

/// An upright rectangle from its corner and its size.
pub fn rectangle([x, y]: [f32; 2], [width, height]: [f32; 2]) -> Path {
    Rect::from_xywh(x, y, width.max(0.1), height.max(0.1))
        .map(PathBuilder::from_rect)
        .unwrap_or_else(|| unreachable!("a finite rectangle of positive size"))
}

/// A closed outline through points by a function of the angle: radius around a middle.
pub fn round(middle: [f32; 2], vertices: usize, radius: impl Fn(f32) -> [f32; 2]) -> Path {
    let mut path = PathBuilder::new();
    for vertex in 0..vertices {
        let angle = vertex as f32 / vertices as f32 * TAU;
        let [x, y] = radius(angle);
        match vertex {
            0 => path.move_to(middle[0] + x, middle[1] + y),
            _ => path.line_to(middle[0] + x, middle[1] + y),
        }
    }
    path.close();
    path.finish()
        .unwrap_or_else(|| unreachable!("a finite outline of at least three points"))
}

/// A disc.
pub fn disc(middle: [f32; 2], radius: f32) -> Path {
    round(middle, 40, |angle| {
        [radius * angle.cos(), radius * angle.sin()]
    })
}

/// A line through points.
pub fn polyline(points: &[[f32; 2]]) -> Path {
    let mut path = PathBuilder::new();
    for (i, &[x, y]) in points.iter().enumerate() {
        match i {
            0 => path.move_to(x, y),
            _ => path.line_to(x, y),
        }
    }
    path.finish()
        .unwrap_or_else(|| unreachable!("a finite line of at least two points"))
}

/// A shape turned about a place.
pub fn turned(path: Path, degrees: f32, [x, y]: [f32; 2]) -> Path {
    path.transform(Transform::from_rotate_at(degrees, x, y))
        .unwrap_or_else(|| unreachable!("a finite turn"))
}
