//! The electronic parts of the board: what each looks like around its own middle.

use super::canvas::{Colour, Point, Shape};

const SOLDER: Colour = [0.74, 0.75, 0.73];
const METAL: Colour = [0.70, 0.71, 0.72];
const EPOXY: Colour = [0.13, 0.13, 0.14];

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Processor,
    Memory,
    Crystal,
    /// A can of this radius.
    Can(f32),
    Inductor,
    Resistor,
    Ceramic,
    Lamp,
    Header,
}

/// A shape of a part and its paint.
pub(super) struct Layer {
    pub shape: Shape,
    pub colour: Colour,
    /// How much brighter the upper left is than the lower right, as a share.
    pub shine: f32,
}

/// One part in its place on the board.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub kind: Kind,
    pub at: Point,
    /// Whether it lies turned by a quarter.
    pub turned: bool,
}

impl Part {
    /// What is seen of the part, bottom layer first.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let mut layers = self.kind.layers();
        for layer in &mut layers {
            if self.turned {
                layer.shape = layer.shape.turned();
            }
            layer.shape = layer.shape.moved(self.at);
        }
        layers
    }

    /// The bare metal on the board that the part is soldered to.
    pub(super) fn pads(&self) -> Vec<Shape> {
        let pads = self.kind.pads();
        pads.iter().map(|pad| pad.moved(self.at)).collect()
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
            Self::Processor => packaged(self.pins(), [33.0, 33.0], &processor_print()),
            Self::Memory => packaged(self.pins(), [20.0, 10.0], &memory_print()),
            Self::Crystal => vec![
                layer(block([0.0, 0.0], [9.5, 22.0], 9.0), [0.45, 0.46, 0.47], 0.2),
                layer(block([0.0, 0.0], [8.0, 20.5], 8.0), METAL, 0.35),
                layer(
                    block([0.0, 0.0], [5.5, 17.5], 5.5),
                    [0.77, 0.78, 0.79],
                    0.25,
                ),
                layer(
                    print_line([-1.6, -9.0], [-1.6, 8.0]),
                    [0.48, 0.48, 0.5],
                    0.0,
                ),
                layer(print_line([2.0, -9.0], [2.0, 2.0]), [0.48, 0.48, 0.5], 0.0),
            ],
            Self::Can(radius) => can(radius),
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
            Self::Resistor => chip([8.0, 4.6], EPOXY, true),
            Self::Ceramic => chip([7.5, 4.8], [0.62, 0.47, 0.31], false),
            Self::Lamp => vec![
                layer(block([0.0, 0.0], [10.5, 7.0], 1.0), SOLDER, 0.3),
                layer(block([0.0, 0.0], [7.5, 7.0], 1.0), [0.90, 0.88, 0.82], 0.2),
                layer(Shape::Disc([0.0, 0.0], 5.2), [0.88, 0.36, 0.22], 0.4),
                layer(Shape::Disc([-1.4, -1.4], 1.7), [1.0, 0.78, 0.66], 0.0),
            ],
            Self::Header => header(),
        }
    }

    fn pads(self) -> Vec<Shape> {
        let grown = |shape: &Shape| match *shape {
            Shape::Box(centre, [w, h], radius) => Shape::Box(centre, [w + 0.7, h + 0.7], radius),
            ref other => other.clone(),
        };
        match self {
            Self::Processor | Self::Memory => self.pins().iter().map(grown).collect(),
            Self::Crystal => pair(|side| block([0.0, side * 15.0], [4.0, 5.0], 1.0)),
            Self::Can(radius) => {
                pair(|side| block([side * radius * 0.65, 0.0], [radius * 0.42, 3.2], 0.8))
            }
            Self::Inductor => pair(|side| block([side * 11.0, 0.0], [4.5, 10.0], 0.8)),
            Self::Resistor | Self::Ceramic => {
                pair(|side| block([side * 7.0, 0.0], [3.4, 5.6], 0.8))
            }
            Self::Lamp => pair(|side| block([side * 8.5, 0.0], [4.0, 6.0], 0.8)),
            Self::Header => header_pins(3.6, Shape::Disc),
        }
    }

    fn pins(self) -> Vec<Shape> {
        let row = |count: usize, pitch: f32| {
            (0..count).map(move |i| (i as f32 - (count as f32 - 1.0) / 2.0) * pitch)
        };
        match self {
            Self::Processor => row(10, 6.0)
                .flat_map(|at| {
                    let upright = |side: f32| block([at, side * 36.5], [1.5, 4.5], 0.6);
                    let level = |side: f32| block([side * 36.5, at], [4.5, 1.5], 0.6);
                    [upright(-1.0), upright(1.0), level(-1.0), level(1.0)]
                })
                .collect(),
            Self::Memory => row(4, 9.5)
                .flat_map(|at| [-1.0, 1.0].map(|side| block([at, side * 13.5], [1.9, 4.5], 0.6)))
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn pair(shape: impl Fn(f32) -> Shape) -> Vec<Shape> {
    [-1.0, 1.0].map(shape).into()
}

fn print_line(from: Point, to: Point) -> Shape {
    Shape::Line(vec![from, to], 0.8)
}

/// A black package on its pins, with print on it.
fn packaged(pins: Vec<Shape>, half: Point, print: &[Shape]) -> Vec<Layer> {
    let mut layers: Vec<_> = pins.into_iter().map(|pin| layer(pin, METAL, 0.3)).collect();
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

fn processor_print() -> Vec<Shape> {
    let mut print = vec![Shape::Disc([-25.0, -25.0], 2.6)];
    // Words of unequal length stand for lettering.
    for (row, words) in [
        (-8.0, &[(-20.0, -6.0), (-3.0, 3.0), (6.0, 19.0)][..]),
        (0.0, &[(-20.0, -12.0), (-9.0, 8.0)]),
        (8.0, &[(-20.0, -15.0), (-12.0, -2.0), (1.0, 12.0)]),
    ] {
        print.extend(
            words
                .iter()
                .map(|&(from, to)| print_line([from, row], [to, row])),
        );
    }
    print
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
        layer(block([0.0, 0.0], [width + 1.4, height], 1.0), SOLDER, 0.35),
        layer(block([0.0, 0.0], [width - 2.2, height], 0.4), colour, 0.35),
    ];
    if printed {
        let digit = |x: f32| print_line([x, -1.6], [x, 1.6]);
        layers.extend([-2.8, 0.0, 2.8].map(|x| layer(digit(x), [0.74, 0.74, 0.72], 0.0)));
    }
    layers
}

fn header_pins(half: f32, shape: impl Fn(Point, f32) -> Shape) -> Vec<Shape> {
    (0..6)
        .map(|i| shape([(i as f32 - 2.5) * 11.0, 0.0], half))
        .collect()
}

fn header() -> Vec<Layer> {
    let mut layers = vec![
        layer(block([0.0, 0.0], [34.0, 6.5], 1.5), EPOXY, 0.3),
        layer(
            block([-0.3, -0.3], [33.0, 5.4], 1.2),
            [0.19, 0.19, 0.20],
            0.3,
        ),
    ];
    let pin = |at, half| block(at, [half, half], 0.5);
    layers.extend(
        header_pins(2.9, pin)
            .into_iter()
            .map(|s| layer(s, [0.10, 0.09, 0.08], 0.0)),
    );
    layers.extend(
        header_pins(1.9, pin)
            .into_iter()
            .map(|s| layer(s, [0.87, 0.73, 0.40], 0.4)),
    );
    layers
}
