//! An image's own texture, whatever its exposure: fine structure over how strong it is around, so that
//! neither a gain nor a gamma changes it much.

use super::looks::SIDE;
use crate::maps::ScoreMap;

/// The side of the coarse texture, by which an image's likest are found.
const COARSE: usize = 64;
/// The side of the halved texture, where shifts are searched first.
const HALF: usize = SIDE / 2;
/// How far a picture may be shifted against its twin at half size, in pixels.
const REACH: isize = 2;
/// Pixels along the border that no shift reaches.
const MARGIN: usize = 6;
/// Steps of a texture that is kept in 8 bits, in a unit of its local strength.
const STEPS: f32 = 30.0;

/// How texture is taken from brightness: standard deviations in pixels.
struct Taking {
    /// Noise that is smoothed away.
    noise: f64,
    /// What is coarser than this is light, not texture.
    light: f64,
}

/// A texture in steps of 8 bits, and the same at half the size.
pub(super) struct Texture {
    full: Vec<i8>,
    half: Vec<i8>,
}

/// A shift in rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift(isize, isize);

/// The coarse texture of a small picture, 64 × 64 values.
pub(super) fn coarse(small: &[u8]) -> Vec<f32> {
    let levels: Vec<f32> = small.iter().map(|&level| f32::from(level)).collect();
    let taking = Taking {
        noise: 0.0,
        light: 2.0,
    };
    take(shrunk(&shrunk(&levels, SIDE), HALF), COARSE, &taking)
}

impl Texture {
    /// That of a small picture.
    pub fn of(small: &[u8]) -> Self {
        let levels: Vec<f32> = small.iter().map(|&level| f32::from(level)).collect();
        let taking = Taking {
            noise: 0.8,
            light: 3.0,
        };
        let full = take(levels, SIDE, &taking);
        let steps = |values: &[f32]| -> Vec<i8> {
            let step = |&value: &f32| (STEPS * value).round().clamp(-127.0, 127.0) as i8;
            values.iter().map(step).collect()
        };
        Self {
            half: steps(&shrunk(&full, SIDE)),
            full: steps(&full),
        }
    }

    /// By which shift another one fits best.
    pub fn shift_of(&self, other: &Self) -> Shift {
        let around = |centre: Shift, reach: isize| {
            let rows = centre.0 - reach..=centre.0 + reach;
            rows.flat_map(move |row| {
                (centre.1 - reach..=centre.1 + reach).map(move |column| Shift(row, column))
            })
        };
        let best = |shifts: &mut dyn Iterator<Item = Shift>, of: &dyn Fn(Shift) -> i32| {
            let first = (i32::MIN, Shift(0, 0));
            let better = |best: (i32, Shift), shift| match of(shift) {
                product if product > best.0 => (product, shift),
                _ => best,
            };
            shifts.fold(first, better).1
        };
        let Shift(row, column) = best(&mut around(Shift(0, 0), REACH), &|shift| {
            product((&self.half, &other.half), HALF, shift)
        });
        best(&mut around(Shift(2 * row, 2 * column), 1), &|shift| {
            product((&self.full, &other.full), SIDE, shift)
        })
    }

    /// All of it but the margin, moved by a shift.
    pub fn moved(&self, shift: Shift) -> Vec<i8> {
        let rows = MARGIN..SIDE - MARGIN;
        rows.flat_map(|row| window(&self.full, SIDE, row, shift))
            .copied()
            .collect()
    }

    /// All of it but the margin.
    pub fn inner(&self) -> Vec<i8> {
        self.moved(Shift(0, 0))
    }
}

/// A row of a moved texture, without the margin.
fn window(values: &[i8], side: usize, row: usize, shift: Shift) -> &[i8] {
    let from = row.saturating_add_signed(-shift.0) * side + MARGIN.saturating_add_signed(-shift.1);
    &values[from..from + side - 2 * MARGIN]
}

/// The sum of products of a texture and another one that is moved.
fn product((one, other): (&[i8], &[i8]), side: usize, shift: Shift) -> i32 {
    let of_row = |row: usize| -> i32 {
        let pairs = window(one, side, row, Shift(0, 0)).iter();
        let pairs = pairs.zip(window(other, side, row, shift));
        pairs
            .map(|(&a, &b)| i32::from(i16::from(a) * i16::from(b)))
            .sum()
    };
    (MARGIN..side - MARGIN).map(of_row).sum()
}

/// The means of 2 × 2 values of a square.
fn shrunk(values: &[f32], side: usize) -> Vec<f32> {
    let half = side / 2;
    let mean = |at: usize| {
        let corner = 2 * (at / half) * side + 2 * (at % half);
        let sum =
            values[corner] + values[corner + 1] + values[corner + side] + values[corner + side + 1];
        0.25 * sum
    };
    (0..half * half).map(mean).collect()
}

/// Texture over how strong it is around; that of next to nothing stays small.
fn take(levels: Vec<f32>, side: usize, taking: &Taking) -> Vec<f32> {
    let square = |values: Vec<f32>| ScoreMap {
        height: side,
        width: side,
        values,
    };
    let mean = levels.iter().sum::<f32>() / levels.len().max(1) as f32;
    // Two levels of a picture of middling brightness: what is left of a sensor's noise.
    let least = (mean / 64.0).max(0.5);
    let levels = square(levels).smooth(taking.noise, taking.noise);
    let light = levels.smooth(taking.light, taking.light);
    let pairs = levels.values.iter().zip(&light.values);
    let texture: Vec<f32> = pairs.map(|(level, light)| level - light).collect();
    let squares = square(texture.iter().map(|value| value * value).collect());
    let strength = squares.smooth(2.0 * taking.light, 2.0 * taking.light);
    let pairs = texture.iter().zip(&strength.values);
    pairs
        .map(|(value, square)| value / (square.max(0.0) + least * least).sqrt())
        .collect()
}
