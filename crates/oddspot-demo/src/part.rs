//! The electronic parts of the board: what each looks like around its own middle.

use crate::canvas::{Colour, Point, Shape};

const SOLDER: Colour = [0.74, 0.75, 0.73];
const METAL: Colour = [0.70, 0.71, 0.72];
const EPOXY: Colour = [0.13, 0.13, 0.14];

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Memory,
    Crystal,
    Can,
    Inductor,
    Resistor,
    Ceramic,
    Lamp,
}

/// A shape of a part and its paint.
pub(crate) struct Layer {
    pub shape: Shape,
    pub colour: Colour,
    /// How much brighter the upper left is than the lower right, as a share.
    pub shine: f32,
}

/// One part in its place on the board.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub kind: Kind,
    pub at: Point,
    /// Whether it lies turned by a quarter.
    pub turned: bool,
}

impl Part {
    /// What is seen of the part, bottom layer first.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let mut layers = self.kind.layers();
        for layer in &mut layers {
            if self.turned {
                layer.shape = layer.shape.turned();
            }
            layer.shape = layer.shape.moved(self.at);
        }
        layers
    }
}

fn block(centre: Point, half: Point, radius: f32) -> Shape {
    Shape::Box(centre, half, radius)
}

fn layer(shape: Shape, colour: Colour, shine: f32) -> Layer {
    Layer {
        shape,
        colour,
        shine,
    }
}

impl Kind {
    fn layers(self) -> Vec<Layer> {
        match self {
            Self::Memory => packaged(&memory_pins(), [18.0, 10.0], &memory_print()),
            Self::Crystal => vec![
                layer(block([0.0, 0.0], [8.5, 19.0], 8.0), [0.45, 0.46, 0.47], 0.2),
                layer(block([0.0, 0.0], [7.2, 17.7], 7.0), METAL, 0.35),
                layer(
                    block([0.0, 0.0], [4.9, 15.0], 4.9),
                    [0.77, 0.78, 0.79],
                    0.25,
                ),
                layer(
                    print_line([-1.6, -8.0], [-1.6, 7.0]),
                    [0.48, 0.48, 0.5],
                    0.0,
                ),
                layer(print_line([2.0, -8.0], [2.0, 2.0]), [0.48, 0.48, 0.5], 0.0),
            ],
            Self::Can => can(15.0),
            Self::Inductor => vec![
                layer(
                    block([0.0, 0.0], [15.0, 15.0], 4.0),
                    [0.25, 0.25, 0.26],
                    0.3,
                ),
                layer(Shape::Disc([0.0, 0.0], 11.0), [0.13, 0.12, 0.12], 0.0),
                layer(Shape::Disc([0.0, 0.0], 10.0), [0.66, 0.39, 0.20], 0.5),
                layer(Shape::Disc([0.0, 0.0], 7.6), [0.50, 0.28, 0.14], 0.4),
                layer(Shape::Disc([0.0, 0.0], 6.0), [0.31, 0.31, 0.32], 0.4),
            ],
            Self::Resistor => chip([13.0, 7.4], EPOXY, true),
            Self::Ceramic => chip([12.0, 7.8], [0.62, 0.47, 0.31], false),
            Self::Lamp => vec![
                layer(block([0.0, 0.0], [15.0, 9.6], 1.2), SOLDER, 0.3),
                layer(block([0.0, 0.0], [11.0, 9.6], 1.2), [0.90, 0.88, 0.82], 0.2),
                layer(Shape::Disc([0.0, 0.0], 7.4), [0.88, 0.36, 0.22], 0.4),
                layer(Shape::Disc([-2.0, -2.0], 2.4), [1.0, 0.78, 0.66], 0.0),
            ],
        }
    }
}

fn memory_pins() -> Vec<Shape> {
    [-1.5, -0.5, 0.5, 1.5]
        .into_iter()
        .flat_map(|i| [-1.0, 1.0].map(|side| block([i * 8.5, side * 13.0], [1.8, 4.2], 0.6)))
        .collect()
}

fn print_line(from: Point, to: Point) -> Shape {
    Shape::Line(vec![from, to], 0.8)
}

/// A black package on its pins, with print on it.
fn packaged(pins: &[Shape], half: Point, print: &[Shape]) -> Vec<Layer> {
    let mut layers: Vec<_> = pins
        .iter()
        .map(|pin| layer(pin.clone(), METAL, 0.3))
        .collect();
    layers.push(layer(block([0.0, 0.0], half, 2.0), [0.09, 0.09, 0.10], 0.4));
    let [width, height] = half;
    let top = block([-0.4, -0.4], [width - 1.4, height - 1.4], 1.5);
    layers.push(layer(top, [0.165, 0.165, 0.175], 0.35));
    layers.extend(
        print
            .iter()
            .map(|mark| layer(mark.clone(), [0.56, 0.57, 0.57], 0.0)),
    );
    layers
}

fn memory_print() -> Vec<Shape> {
    vec![
        Shape::Disc([-15.0, 5.0], 1.6),
        print_line([-8.0, -2.5], [11.0, -2.5]),
        print_line([-8.0, 2.5], [4.0, 2.5]),
    ]
}

/// An aluminium capacitor from above: its base, the can, and the dark mark of its minus side.
fn can(radius: f32) -> Vec<Layer> {
    let chord = Shape::Line(
        vec![
            [-0.52 * radius, -0.42 * radius],
            [-0.52 * radius, 0.42 * radius],
        ],
        0.22 * radius,
    );
    vec![
        layer(block([0.0, 0.0], [radius, radius], 3.0), EPOXY, 0.3),
        layer(
            Shape::Disc([0.0, 0.0], 0.97 * radius),
            [0.52, 0.53, 0.54],
            0.5,
        ),
        layer(
            Shape::Disc([0.0, 0.0], 0.87 * radius),
            [0.81, 0.82, 0.83],
            0.3,
        ),
        layer(chord, [0.19, 0.19, 0.23], 0.0),
    ]
}

/// A small part between two soldered ends; a printed value on top if wanted.
fn chip([width, height]: Point, colour: Colour, printed: bool) -> Vec<Layer> {
    let mut layers = vec![
        layer(block([0.0, 0.0], [width + 2.0, height], 1.4), SOLDER, 0.35),
        layer(block([0.0, 0.0], [width - 3.4, height], 0.6), colour, 0.35),
    ];
    if printed {
        let digit = |x: f32| print_line([x, -2.6], [x, 2.6]);
        layers.extend([-4.4, 0.0, 4.4].map(|x| layer(digit(x), [0.74, 0.74, 0.72], 0.0)));
    }
    layers
}
