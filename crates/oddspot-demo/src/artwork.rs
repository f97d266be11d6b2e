//! What is etched and printed on the bare board, in board units: the same around every place.

use crate::canvas::{Point, Shape};

/// Places for parts side by side, and one below the other.
pub(crate) const COLUMNS: usize = 4;
pub(crate) const ROWS: usize = 4;
/// Distance of neighbouring places.
const PITCH: f32 = 50.0;
const MIDDLE: f32 = 128.0;

/// How far a place or a line between places lies from the middle of the board.
fn along(index: f32, count: usize) -> f32 {
    MIDDLE + PITCH * (index - 0.5 * (count as f32 - 1.0))
}

/// The middles of the places, row by row.
pub(crate) fn places() -> impl Iterator<Item = Point> {
    (0..ROWS * COLUMNS).map(|i| {
        let (column, row) = (i % COLUMNS, i / COLUMNS);
        [along(column as f32, COLUMNS), along(row as f32, ROWS)]
    })
}

/// Holes plated through: where the rails pass between two rows.
pub(crate) fn vias() -> impl Iterator<Item = Point> {
    rails().flat_map(|x| (0..=ROWS).map(move |row| [x, along(row as f32 - 0.5, ROWS)]))
}

/// The copper rails between the columns.
fn rails() -> impl Iterator<Item = f32> {
    (0..=COLUMNS).map(|column| along(column as f32 - 0.5, COLUMNS))
}

/// The copper tracks: the rails, and from them to each place's pads.
pub(crate) fn tracks() -> Vec<Shape> {
    let track = |points: &[Point]| Shape::Line(points.to_vec(), 1.1);
    let [top, bottom] = [-0.5, ROWS as f32 - 0.5].map(|row| along(row, ROWS));
    let rails = rails().map(|x| track(&[[x, top], [x, bottom]]));
    let half = 0.5 * PITCH;
    let of_places = places().flat_map(|[x, y]| {
        [
            track(&[[x - half, y + 6.0], [x - half + 6.0, y], [x, y]]),
            track(&[[x, y], [x + half - 6.0, y], [x + half, y - 6.0]]),
            track(&[
                [x, y],
                [x, y - half + 6.0],
                [x + 6.0, y - half],
                [x + half, y - half],
            ]),
            track(&[
                [x, y],
                [x, y + half - 6.0],
                [x - 6.0, y + half],
                [x - half, y + half],
            ]),
        ]
    });
    rails.chain(of_places).collect()
}

/// The bare metal that the part of a place is soldered to, as it lies or upright.
pub(crate) fn footprint([x, y]: Point) -> [Shape; 4] {
    let pad = |dx: f32, dy: f32, half: Point| Shape::Box([x + dx, y + dy], half, 0.8);
    [
        pad(-12.0, 0.0, [4.5, 3.6]),
        pad(12.0, 0.0, [4.5, 3.6]),
        pad(0.0, -12.0, [3.6, 4.5]),
        pad(0.0, 12.0, [3.6, 4.5]),
    ]
}

/// The white outline printed around a place: only its corners, clear of the solder.
pub(crate) fn outline([x, y]: Point) -> [Shape; 4] {
    const HALF: f32 = 20.5;
    const ARM: f32 = 6.0;
    [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]].map(|[sx, sy]: Point| {
        let (corner_x, corner_y) = (x + sx * HALF, y + sy * HALF);
        let points = vec![
            [corner_x - sx * ARM, corner_y],
            [corner_x, corner_y],
            [corner_x, corner_y - sy * ARM],
        ];
        Shape::Line(points, 0.55)
    })
}

/// The strokes of a word, its letters 4 units wide and 6 high.
pub(crate) fn lettering(word: &str, [left, top]: Point) -> Vec<Shape> {
    let strokes = word.chars().enumerate().map(|(i, letter)| {
        let points: &[(u8, u8)] = match letter {
            'D' => &[(0, 0), (3, 0), (4, 1), (4, 5), (3, 6), (0, 6), (0, 0)],
            'O' => &[
                (1, 0),
                (3, 0),
                (4, 1),
                (4, 5),
                (3, 6),
                (1, 6),
                (0, 5),
                (0, 1),
                (1, 0),
            ],
            'P' => &[(0, 6), (0, 0), (4, 0), (4, 3), (0, 3)],
            'S' => &[(4, 0), (0, 0), (0, 3), (4, 3), (4, 6), (0, 6)],
            'T' => &[(0, 0), (4, 0), (2, 0), (2, 6)],
            _ => &[],
        };
        let left = left + 6.5 * i as f32;
        let place = |&(x, y): &(u8, u8)| [left + f32::from(x), top + f32::from(y)];
        Shape::Line(points.iter().map(place).collect(), 0.5)
    });
    strokes.collect()
}
