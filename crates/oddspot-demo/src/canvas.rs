//! Antialiased shapes by their signed distance, drawn on a picture of floats.

use image::RgbImage;

use oddspot::images::{ImageSize, Mask};

/// A point or vector in board units, (x, y).
pub(crate) type Point = [f32; 2];
/// Red, green and blue in [0, 1].
pub(crate) type Colour = [f32; 3];

/// An outline in board units; its distance is negative inside.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A rectangle with rounded corners: centre, half width and height, corner radius.
    Box(Point, Point, f32),
    /// A disc: centre, radius.
    Disc(Point, f32),
    /// A line through points with round ends: points, half thickness.
    Line(Vec<Point>, f32),
    /// A disc whose radius swells and shrinks around it: centre, radius, phase.
    Blob(Point, f32, f32),
}

impl Shape {
    /// The same shape elsewhere.
    pub(crate) fn moved(&self, [dx, dy]: Point) -> Self {
        let shift = |[x, y]: Point| [x + dx, y + dy];
        match self {
            Self::Box(centre, half, radius) => Self::Box(shift(*centre), *half, *radius),
            Self::Disc(centre, radius) => Self::Disc(shift(*centre), *radius),
            Self::Line(points, half) => {
                Self::Line(points.iter().map(|&p| shift(p)).collect(), *half)
            }
            Self::Blob(centre, radius, phase) => Self::Blob(shift(*centre), *radius, *phase),
        }
    }

    /// The same shape turned by a quarter around the origin.
    pub(crate) fn turned(&self) -> Self {
        let turn = |[x, y]: Point| [-y, x];
        match self {
            Self::Box(centre, [width, height], radius) => {
                Self::Box(turn(*centre), [*height, *width], *radius)
            }
            Self::Disc(centre, radius) => Self::Disc(turn(*centre), *radius),
            Self::Line(points, half) => {
                Self::Line(points.iter().map(|&p| turn(p)).collect(), *half)
            }
            Self::Blob(centre, radius, phase) => {
                Self::Blob(turn(*centre), *radius, phase - std::f32::consts::FRAC_PI_2)
            }
        }
    }

    /// The signed distance from a point to the outline.
    fn distance(&self, [x, y]: Point) -> f32 {
        match self {
            Self::Box([cx, cy], [half_width, half_height], radius) => {
                let across = (x - cx).abs() - half_width + radius;
                let down = (y - cy).abs() - half_height + radius;
                across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - radius
            }
            Self::Disc([cx, cy], radius) => (x - cx).hypot(y - cy) - radius,
            Self::Line(points, half) => {
                points
                    .windows(2)
                    .map(|ends| segment_distance([x, y], ends[0], ends[1]))
                    .fold(f32::INFINITY, f32::min)
                    - half
            }
            Self::Blob([cx, cy], radius, phase) => {
                let angle = (y - cy).atan2(x - cx);
                let swell = 0.09 * (3.0 * angle + phase).sin()
                    + 0.08 * (2.0 * angle - 2.0 * phase).sin()
                    + 0.06 * (5.0 * angle - phase).sin();
                (x - cx).hypot(y - cy) - radius * (1.0 + swell)
            }
        }
    }

    /// A (low, high) corner pair that holds the whole shape.
    fn bounds(&self) -> (Point, Point) {
        let around = |[x, y]: Point, [w, h]: Point| ([x - w, y - h], [x + w, y + h]);
        match self {
            Self::Box(centre, half, _) => around(*centre, *half),
            Self::Disc(centre, radius) => around(*centre, [*radius; 2]),
            Self::Blob(centre, radius, _) => around(*centre, [1.3 * radius; 2]),
            Self::Line(points, half) => points.iter().fold(
                ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]),
                |(low, high), &[x, y]| {
                    (
                        [low[0].min(x - half), low[1].min(y - half)],
                        [high[0].max(x + half), high[1].max(y + half)],
                    )
                },
            ),
        }
    }
}

fn segment_distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = (dx * dx + dy * dy).max(f32::EPSILON);
    let along = (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0);
    (x - ax - along * dx).hypot(y - ay - along * dy)
}

/// Where the board lies in the picture: pixel = centre + scale · rotation · (board − 128).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    /// Pixels of the board's middle, (x, y).
    pub centre: Point,
    /// Pixels per board unit.
    pub scale: f32,
    /// Radians.
    pub angle: f32,
}

impl Placement {
    fn to_board(self, [x, y]: Point) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        let (dx, dy) = (
            (x - self.centre[0]) / self.scale,
            (y - self.centre[1]) / self.scale,
        );
        [128.0 + cos * dx + sin * dy, 128.0 - sin * dx + cos * dy]
    }

    fn to_picture(self, [x, y]: Point) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        let (dx, dy) = ((x - 128.0) * self.scale, (y - 128.0) * self.scale);
        [
            self.centre[0] + cos * dx - sin * dy,
            self.centre[1] + sin * dx + cos * dy,
        ]
    }
}

/// A picture being drawn, `[height, width]`.
pub(crate) struct Canvas {
    size: ImageSize,
    placement: Placement,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// An empty picture; a colour for each pixel from its place on the board.
    pub(crate) fn new(
        size: ImageSize,
        placement: Placement,
        colour: impl Fn(Point) -> Colour,
    ) -> Self {
        let mut canvas = Self {
            size,
            placement,
            pixels: Vec::with_capacity(size.width * size.height),
        };
        for row in 0..size.height {
            for column in 0..size.width {
                canvas.pixels.push(colour(canvas.board_point(row, column)));
            }
        }
        canvas
    }

    /// Paints a shape. `soft` board units of blur make a shadow of it; `colour` is given the
    /// place on the board and returns the paint and its opacity.
    pub(crate) fn paint(
        &mut self,
        shape: &Shape,
        soft: f32,
        colour: impl Fn(Point) -> (Colour, f32),
    ) {
        let (rows, columns) = self.reach(shape, soft);
        for row in rows {
            for column in columns.clone() {
                let at = self.board_point(row, column);
                let covered = self.coverage(shape, at, soft);
                if covered > 0.0 {
                    let (paint, opacity) = colour(at);
                    let pixel = &mut self.pixels[row * self.size.width + column];
                    for (value, paint) in pixel.iter_mut().zip(paint) {
                        *value += (paint - *value) * covered * opacity;
                    }
                }
            }
        }
    }

    /// Marks the pixels of which a shape covers at least half.
    pub(crate) fn mark(&self, shape: &Shape, mask: &mut Mask) {
        let (rows, columns) = self.reach(shape, 0.0);
        for row in rows {
            for column in columns.clone() {
                if self.coverage(shape, self.board_point(row, column), 0.0) >= 0.5 {
                    mask.anomalous[row * self.size.width + column] = true;
                }
            }
        }
    }

    /// The finished picture: each channel through `develop`, then rounded to 8 bits.
    pub(crate) fn finish(self, mut develop: impl FnMut(f32) -> f32) -> RgbImage {
        let values = self.pixels.into_iter().flatten();
        let bytes = values.map(|v| (develop(v) * 255.0).round() as u8).collect();
        RgbImage::from_raw(self.size.width as u32, self.size.height as u32, bytes)
            .unwrap_or_default()
    }

    fn board_point(&self, row: usize, column: usize) -> Point {
        self.placement
            .to_board([column as f32 + 0.5, row as f32 + 0.5])
    }

    /// The share of a pixel that a shape covers, in [0, 1], by the distance of its middle.
    fn coverage(&self, shape: &Shape, at: Point, soft: f32) -> f32 {
        let edge = self.placement.scale * shape.distance(at);
        (0.5 - edge / (1.0 + 2.0 * soft * self.placement.scale)).clamp(0.0, 1.0)
    }

    /// The rows and columns that a shape can touch.
    fn reach(&self, shape: &Shape, soft: f32) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let ([left, top], [right, bottom]) = shape.bounds();
        let corners = [[left, top], [right, top], [left, bottom], [right, bottom]]
            .map(|corner| self.placement.to_picture(corner));
        let margin = 1.5 + soft * self.placement.scale;
        let span = |axis: usize, end: usize| {
            let low = corners
                .iter()
                .map(|c| c[axis])
                .fold(f32::INFINITY, f32::min)
                - margin;
            let high = corners
                .iter()
                .map(|c| c[axis])
                .fold(f32::NEG_INFINITY, f32::max)
                + margin;
            // A float cast saturates, so what lies left of the picture starts at 0.
            low as usize..(high.ceil() as usize).min(end)
        };
        (span(1, self.size.height), span(0, self.size.width))
    }
}
