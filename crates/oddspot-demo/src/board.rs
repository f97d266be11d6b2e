//! The board as a whole: its artwork, the parts in their places, the photograph and the defects.

use image::RgbImage;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::artwork::{COLUMNS, ROWS, footprint, lettering, outline, places, tracks, vias};
use crate::canvas::{Canvas, Colour, Placement, Point, Shape};
use crate::part::{Kind, Part};
use oddspot::images::{ImageSize, Mask};

const COPPER_GREEN: Colour = [0.13, 0.45, 0.28];
const TIN: Colour = [0.72, 0.71, 0.64];
const GOLD: Colour = [0.82, 0.68, 0.36];
const HOLE: Colour = [0.07, 0.07, 0.07];
const SILKSCREEN: Colour = [0.86, 0.88, 0.84];

/// What lies in each place of a sound board, row by row, and whether it lies upright. Every kind
/// lies in two places, and two places are bare, so that nothing is odd but for where it is.
const LAYOUT: [[Option<(Kind, bool)>; COLUMNS]; ROWS] = {
    use Kind::{Can, Ceramic, Crystal, Inductor, Lamp, Memory, Resistor};
    [
        [lying(Can), lying(Lamp), lying(Memory), lying(Inductor)],
        [lying(Resistor), None, lying(Can), lying(Crystal)],
        [lying(Inductor), lying(Ceramic), None, upright(Memory)],
        [
            upright(Crystal),
            upright(Resistor),
            upright(Ceramic),
            upright(Lamp),
        ],
    ]
};

const fn lying(kind: Kind) -> Option<(Kind, bool)> {
    Some((kind, false))
}

const fn upright(kind: Kind) -> Option<(Kind, bool)> {
    Some((kind, true))
}

/// The parts of a sound board.
fn parts() -> Vec<Part> {
    let places = LAYOUT.iter().flatten().zip(places());
    let part = |(lying, at): (&Option<(Kind, bool)>, Point)| {
        lying.map(|(kind, turned)| Part { kind, at, turned })
    };
    places.filter_map(part).collect()
}

/// A board and the circumstances of its photograph.
pub(crate) struct Board {
    /// The parts that lie on it.
    parts: Vec<Part>,
    /// Outlines of missing and misplaced parts, for the mask.
    odd_places: Vec<Shape>,
    marks: Vec<Mark>,
    /// Offset in board units, angle in radians.
    offset: Point,
    angle: f32,
    /// Factor on all brightness, and its slope over the board along x and y.
    brightness: f32,
    slope: Point,
    /// Where in the endless texture this board was cut from.
    grain: Point,
    /// Seed of the camera's noise.
    noise: u64,
}

/// A scratch or a stain.
struct Mark {
    shape: Shape,
    colour: Colour,
    opacity: f32,
}

impl Board {
    /// A sound board, a few pixels off and lit a little differently each time.
    pub(crate) fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut within = |limit: f32| rng.random_range(-limit..limit);
        Self {
            parts: parts(),
            odd_places: Vec::new(),
            marks: Vec::new(),
            offset: [within(2.0), within(2.0)],
            angle: within(0.009),
            brightness: 1.0 + within(0.06),
            slope: [within(0.05), within(0.05)],
            grain: [within(4000.0), within(4000.0)],
            noise: rng.random(),
        }
    }

    /// A bright crooked line anywhere on the board.
    pub(crate) fn scratch(&mut self, rng: &mut ChaCha8Rng) {
        let mut at = [rng.random_range(50.0..206.0), rng.random_range(50.0..206.0)];
        let mut heading = rng.random_range(0.0..std::f32::consts::TAU);
        let mut points = vec![at];
        for _ in 0..rng.random_range(4..8) {
            let step = rng.random_range(7.0..11.0);
            heading += rng.random_range(-0.25..0.25_f32);
            at = [0, 1].map(|axis| {
                let along = if axis == 0 {
                    heading.cos()
                } else {
                    heading.sin()
                };
                (at[axis] + step * along).clamp(22.0, 234.0)
            });
            points.push(at);
        }
        self.marks.push(Mark {
            shape: Shape::Line(points, rng.random_range(0.8..1.3)),
            colour: [0.83, 0.85, 0.80],
            opacity: 0.85,
        });
    }

    /// A brown translucent patch anywhere on the board.
    pub(crate) fn stain(&mut self, rng: &mut ChaCha8Rng) {
        let at = [rng.random_range(45.0..211.0), rng.random_range(45.0..211.0)];
        let phase = rng.random_range(0.0..std::f32::consts::TAU);
        self.marks.push(Mark {
            shape: Shape::Blob(at, rng.random_range(9.0..16.0), phase),
            colour: [0.36, 0.26, 0.12],
            opacity: 0.72,
        });
    }

    /// Takes one part away; its pads stay.
    pub(crate) fn remove_part(&mut self, rng: &mut ChaCha8Rng) {
        let part = self.parts.remove(rng.random_range(0..self.parts.len()));
        self.odd_places.extend(outlines(&part));
    }

    /// Exchanges two parts of different kinds, each lying as it lay.
    pub(crate) fn swap_parts(&mut self, rng: &mut ChaCha8Rng) {
        let first = rng.random_range(0..self.parts.len());
        let others: Vec<usize> = (0..self.parts.len())
            .filter(|&other| self.parts[other].kind != self.parts[first].kind)
            .collect();
        if let Some(&second) = others.choose(rng) {
            let [a, b] = [self.parts[first].at, self.parts[second].at];
            self.displace(first, |part| part.at = b);
            self.displace(second, |part| part.at = a);
        }
    }

    /// Turns one part by a quarter.
    pub(crate) fn turn_part(&mut self, rng: &mut ChaCha8Rng) {
        // Of a kind that lies either way on a sound board, so that the turned one looks like others.
        let turnable: Vec<usize> = (0..self.parts.len())
            .filter(|&index| {
                let part = self.parts[index];
                let lies_so =
                    |other: &Part| (other.kind, other.turned) == (part.kind, !part.turned);
                self.parts.iter().any(lies_so)
            })
            .collect();
        if let Some(&index) = turnable.choose(rng) {
            self.displace(index, |part| part.turned = !part.turned);
        }
    }

    /// Shifts one part aside, off its pads.
    pub(crate) fn move_part(&mut self, rng: &mut ChaCha8Rng) {
        let index = rng.random_range(0..self.parts.len());
        let far = rng.random_range(9.0..13.0);
        let heading = rng.random_range(0.0..std::f32::consts::TAU);
        self.displace(index, |part| {
            part.at[0] += far * heading.cos();
            part.at[1] += far * heading.sin();
        });
    }

    /// Changes how a part lies: where it should lie and where it does are odd.
    fn displace(&mut self, index: usize, change: impl FnOnce(&mut Part)) {
        let part = &mut self.parts[index];
        self.odd_places.extend(outlines(part));
        change(part);
        self.odd_places.extend(outlines(part));
    }

    /// The board as the camera sees it, and the mask of what is odd.
    pub(crate) fn photograph(&self, size: ImageSize) -> (RgbImage, Mask) {
        let scale = size.width.min(size.height) as f32 / 256.0;
        let placement = Placement {
            centre: [
                size.width as f32 / 2.0 + self.offset[0] * scale,
                size.height as f32 / 2.0 + self.offset[1] * scale,
            ],
            scale,
            angle: self.angle,
        };
        let mut canvas = Canvas::new(size, placement, |at| self.bench(at));
        self.draw_board(&mut canvas);
        self.draw_artwork(&mut canvas);
        for part in &self.parts {
            self.draw_part(&mut canvas, part);
        }
        let mut mask = Mask {
            height: size.height,
            width: size.width,
            anomalous: vec![false; size.width * size.height],
        };
        for mark in &self.marks {
            canvas.paint(&mark.shape, 0.0, |at| {
                let uneven = 0.75 + 0.5 * self.texture(at, 0.35);
                (self.lit(mark.colour, at), (mark.opacity * uneven).min(1.0))
            });
            canvas.mark(&mark.shape, &mut mask);
        }
        for shape in &self.odd_places {
            canvas.mark(shape, &mut mask);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.noise);
        let image = canvas.finish(|value| {
            // The sum of three uniform numbers is normal enough for a camera.
            let noise: f32 = (0..3).map(|_| rng.random_range(-0.5..0.5_f32)).sum();
            (value + 0.02 * noise).clamp(0.0, 1.0)
        });
        (image, mask)
    }

    /// The dark brushed surface under the board.
    fn bench(&self, at @ [x, y]: Point) -> Colour {
        let brushed = self.texture([x * 0.12, y * 2.0], 1.0);
        let shade = 0.19 + 0.05 * brushed + 0.02 * self.texture(at, 0.05);
        self.lit([shade, shade * 1.01, shade * 1.05], at)
    }

    fn draw_board(&self, canvas: &mut Canvas) {
        let edge = Shape::Box([128.0, 128.0], [118.0, 118.0], 9.0);
        canvas.paint(&edge.moved([2.5, 3.5]), 4.0, |_| ([0.02; 3], 0.6));
        canvas.paint(&edge, 0.0, |at| (self.lit([0.42, 0.50, 0.34], at), 1.0));
        let face = Shape::Box([128.0, 128.0], [116.8, 116.8], 8.0);
        canvas.paint(&face, 0.0, |at| {
            let mottle = self.texture(at, 0.03) - 0.5;
            let weave = self.texture(at, 0.55) - 0.5;
            let shade = 1.0 + 0.16 * mottle + 0.09 * weave;
            (self.lit([0.065, 0.335, 0.205].map(|c| c * shade), at), 1.0)
        });
    }

    /// What is printed and etched on the bare board.
    fn draw_artwork(&self, canvas: &mut Canvas) {
        let mut paint = |shape: &Shape, colour: Colour, opacity: f32| {
            canvas.paint(shape, 0.0, |at| {
                let wear = 0.94 + 0.12 * self.texture(at, 0.4);
                (self.lit(colour.map(|c| c * wear), at), opacity)
            });
        };
        for track in tracks() {
            paint(&track, COPPER_GREEN, 0.9);
        }
        for at in vias() {
            paint(&Shape::Disc(at, 2.3), TIN, 1.0);
            paint(&Shape::Disc(at, 1.0), HOLE, 1.0);
        }
        for at in [[22.0, 22.0], [234.0, 22.0], [22.0, 234.0], [234.0, 234.0]] {
            paint(&Shape::Disc(at, 7.0), GOLD, 1.0);
            paint(&Shape::Disc(at, 4.4), [0.12, 0.12, 0.125], 1.0);
        }
        for stroke in lettering("ODDSPOT", [105.0, 234.0]) {
            paint(&stroke, SILKSCREEN, 0.9);
        }
        for at in places() {
            for stroke in outline(at) {
                paint(&stroke, SILKSCREEN, 0.75);
            }
            for pad in footprint(at) {
                paint(&pad, TIN, 1.0);
            }
        }
    }

    fn draw_part(&self, canvas: &mut Canvas, part: &Part) {
        let layers = part.layers();
        for layer in &layers {
            let shadow = layer.shape.moved([1.6, 2.2]);
            canvas.paint(&shadow, 1.6, |_| ([0.01, 0.03, 0.02], 0.35));
        }
        for layer in &layers {
            canvas.paint(&layer.shape, 0.0, |at| {
                let towards = (part.at[0] + part.at[1] - at[0] - at[1]) / 60.0;
                let shade = 1.0 + layer.shine * towards + 0.05 * (self.texture(at, 0.7) - 0.5);
                (self.lit(layer.colour.map(|c| c * shade), at), 1.0)
            });
        }
    }

    /// A colour under this photograph's light at a place on the board.
    fn lit(&self, colour: Colour, [x, y]: Point) -> Colour {
        let across = (x - 128.0) / 128.0;
        let down = (y - 128.0) / 128.0;
        let vignette = 1.0 - 0.05 * (across * across + down * down);
        let light =
            self.brightness * vignette * (1.0 + self.slope[0] * across + self.slope[1] * down);
        colour.map(|c| c * light)
    }

    /// Smooth noise in [0, 1] with `frequency` bumps per board unit, this board's own.
    fn texture(&self, [x, y]: Point, frequency: f32) -> f32 {
        let (x, y) = (x * frequency + self.grain[0], y * frequency + self.grain[1]);
        let (column, row) = (x.floor(), y.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (across, down) = (ease(x - column), ease(y - row));
        let corner = |dx: i32, dy: i32| lattice_noise(column as i32 + dx, row as i32 + dy);
        let upper = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * across;
        let lower = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * across;
        upper + (lower - upper) * down
    }
}

/// A number in [0, 1] for a lattice point, mixed from its coordinates.
fn lattice_noise(column: i32, row: i32) -> f32 {
    let mut bits =
        (column as u32).wrapping_mul(0x9e37_79b1) ^ (row as u32).wrapping_mul(0x85eb_ca77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    (bits ^ (bits >> 15)) as f32 / u32::MAX as f32
}

fn outlines(part: &Part) -> impl Iterator<Item = Shape> + use<> {
    part.layers().into_iter().map(|layer| layer.shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_and_no_bare_place_is_odd_but_for_where_it_is() {
        let parts = parts();
        for part in &parts {
            let alike = parts.iter().filter(|other| other.kind == part.kind);
            assert!(alike.count() >= 2, "{:?}", part.kind);
            if !matches!(part.kind, Kind::Can | Kind::Inductor) {
                let lies_so =
                    |other: &&Part| (other.kind, other.turned) == (part.kind, !part.turned);
                assert!(parts.iter().any(|other| lies_so(&other)), "{:?}", part.kind);
            }
        }
        assert_eq!(parts.len() + 2, places().count());
    }
}
