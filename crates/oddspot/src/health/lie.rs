//! How an image lies against good ones as a whole: moved, larger or smaller, or turned.

use crate::maps::quantile;

/// The side of the small picture that images are compared by.
pub(super) const SIDE: usize = 64;
/// Steps of a level in which a small picture is kept.
const STEPS: f32 = 64.0;
/// How often a picture is smoothed by (1 4 6 4 1) / 16 along both axes: what is moved by some pixels must still
/// overlap.
const SMOOTHED: usize = 2;
/// What is added to the squares of the pictures' slopes, as a share of them: where there is nothing to see, nothing
/// is said.
const RIDGE: f64 = 0.01;
/// Levels that are added to both brightnesses of a cell before they are compared: black is never much brighter than
/// black.
const DARK: f32 = 4.0;
/// What is apart by so many times the usual counts half.
const FITS: f64 = 3.0;
/// How often it is solved anew how an image lies, places that do not fit counting less: a part that alone lies
/// otherwise does not move the image.
const ROUNDS: usize = 3;

/// What is solved for: a move to the right and down, a size, a turn, a gain and an offset.
const UNKNOWN: usize = 6;
/// What each of these changes at a place, and how far the pictures are apart there.
type Place = ([f64; UNKNOWN], f64);

/// Brightness of [`SIDE`]² cells, in levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells(Vec<f32>);

/// The same, smoothed, of mean 0 and standard deviation 1: whatever the light.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Small(Vec<f32>);

/// What good images show, made ready to be compared with.
pub(super) struct Usual {
    cells: Cells,
    small: Option<Small>,
}

/// How an image lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lie {
    /// Brighter by so much, as a share: the middle of all cells, so that no part alone says it.
    pub lighter: f32,
    /// Moved to the right, in widths.
    pub right: f32,
    /// Moved down, in heights.
    pub down: f32,
    /// Larger by so much, as a share.
    pub larger: f32,
    /// Turned clockwise, in radians.
    pub turned: f32,
}

impl Cells {
    /// From sums of brightness and how many pixels each is of.
    pub(super) fn of_sums(cells: &[(f64, u32)]) -> Self {
        let all: f64 = cells.iter().map(|cell| cell.0).sum();
        let count: u32 = cells.iter().map(|cell| cell.1).sum();
        let mean = all / f64::from(count.max(1));
        let value = |&(sum, count): &(f64, u32)| match count {
            0 => mean as f32,
            count => (sum / f64::from(count)) as f32,
        };
        Self(cells.iter().map(value).collect())
    }

    /// The mean of pictures; nothing of none.
    pub(super) fn mean<'a>(pictures: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum: Vec<f32> = Vec::new();
        let mut count = 0.0_f32;
        for Self(values) in pictures {
            sum.resize(values.len(), 0.0);
            sum.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += value);
            count += 1.0;
        }
        Self(sum.iter().map(|sum| sum / count).collect())
    }

    /// A mean of so many pictures without one of them.
    pub(super) fn without(&self, one: &Self, count: usize) -> Self {
        let others = count.saturating_sub(1).max(1) as f32;
        let values = self.0.iter().zip(&one.0);
        Self(
            values
                .map(|(mean, value)| mean + (mean - value) / others)
                .collect(),
        )
    }

    /// In steps.
    pub(super) fn steps(&self) -> Vec<i16> {
        let step = |value: &f32| (value * STEPS).round().clamp(0.0, 32_767.0) as i16;
        self.0.iter().map(step).collect()
    }

    /// From these.
    pub(super) fn of_steps(steps: &[i16]) -> Self {
        Self(steps.iter().map(|&step| f32::from(step) / STEPS).collect())
    }

    /// How this picture lies against what good images show; nothing where either is empty.
    pub(super) fn lies(&self, usual: &Usual) -> Lie {
        let (Some(own), Some(of_good)) = (self.small(), &usual.small) else {
            return Lie::default();
        };
        let pairs = self.0.iter().zip(&usual.cells.0);
        let mut ratios: Vec<f32> = pairs
            .map(|(one, usual)| (one + DARK) / (usual + DARK))
            .collect();
        Lie {
            lighter: quantile(&mut ratios, 0.5) - 1.0,
            ..own.lies(of_good)
        }
    }

    fn small(&self) -> Option<Small> {
        if self.0.len() != SIDE * SIDE {
            return None;
        }
        let mut values = self.0.clone();
        for _ in 0..SMOOTHED {
            values = smoothed(&values);
        }
        let count = values.len().max(1) as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
        // Half a level is what rounding makes of a flat image.
        let std = variance.sqrt().max(0.5);
        let values = values.iter().map(|value| (value - mean) / std);
        Some(Small(values.collect()))
    }
}

impl Usual {
    /// From cells.
    pub(super) fn of(cells: Cells) -> Self {
        Self {
            small: cells.small(),
            cells,
        }
    }
}

impl Small {
    /// How this picture lies against another one, to the first order (Lucas & Kanade, 1981): small moves are right,
    /// large ones are said to be large.
    fn lies(&self, usual: &Self) -> Lie {
        let middle = (SIDE as f64 - 1.0) / 2.0;
        let mut places = Vec::with_capacity(SIDE * SIDE);
        for y in 1..SIDE - 1 {
            for x in 1..SIDE - 1 {
                let at = y * SIDE + x;
                // The slopes of both, so that it is as right from either side.
                let slope = |by: usize| {
                    let of = |values: &[f32]| f64::from(values[at + by] - values[at - by]);
                    0.25 * (of(&self.0) + of(&usual.0))
                };
                let (across, down) = (slope(1), slope(SIDE));
                let (u, v) = (x as f64 - middle, y as f64 - middle);
                // What is moved to the right shows what lay to the left.
                let apart = f64::from(usual.0[at] - self.0[at]);
                let level = f64::from(usual.0[at]);
                let (larger, turned) = (across * u + down * v, down * u - across * v);
                // The light may differ too: a part alone changes the mean of all.
                places.push(([across, down, larger, turned, level, 1.0], apart));
            }
        }
        let mut found = [0.0; UNKNOWN];
        // Before anything is known, what is far apart counts less already.
        for _ in 0..ROUNDS {
            let left = |(moves, apart): &Place| {
                apart - moves.iter().zip(&found).map(|(a, b)| a * b).sum::<f64>()
            };
            let mut sizes: Vec<f32> = places
                .iter()
                .map(|place| left(place).abs() as f32)
                .collect();
            let usual = f64::from(quantile(&mut sizes, 0.5)).max(1e-3);
            let weighed = places.iter().map(|place| {
                let size = left(place) / (FITS * usual);
                (place, 1.0 / (1.0 + size * size))
            });
            found = best(weighed, middle);
        }
        let [right, down, larger, turned, ..] = found.map(|value| value as f32);
        Lie {
            lighter: 0.0,
            right: right / SIDE as f32,
            down: down / SIDE as f32,
            larger,
            turned,
        }
    }
}

/// The moves that explain best, by weights, how far two pictures are apart.
fn best<'a>(places: impl Iterator<Item = (&'a Place, f64)>, middle: f64) -> [f64; UNKNOWN] {
    let mut normal = [[0.0_f64; UNKNOWN + 1]; UNKNOWN];
    for ((moves, apart), weight) in places {
        for (i, row) in normal.iter_mut().enumerate() {
            for (value, other) in row.iter_mut().zip(moves) {
                *value += weight * moves[i] * other;
            }
            row[UNKNOWN] += weight * moves[i] * apart;
        }
    }
    for (i, row) in normal.iter_mut().enumerate() {
        let least = match i {
            0 | 1 => 1.0,
            2 | 3 => middle * middle,
            _ => 0.0,
        };
        row[i] += match i {
            0..4 => RIDGE * row[i] + 1e-3 * least,
            _ => 1e-6,
        };
    }
    solved(normal)
}

/// The solution of equations with a positive definite matrix, by elimination.
fn solved(mut rows: [[f64; UNKNOWN + 1]; UNKNOWN]) -> [f64; UNKNOWN] {
    for at in 0..UNKNOWN {
        for below in at + 1..UNKNOWN {
            let factor = rows[below][at] / rows[at][at];
            let upper = rows[at];
            let row = rows[below].iter_mut().zip(&upper).skip(at);
            row.for_each(|(value, upper)| *value -= factor * upper);
        }
    }
    let mut solution = [0.0; UNKNOWN];
    for at in (0..UNKNOWN).rev() {
        let known: f64 = (at + 1..UNKNOWN)
            .map(|other| rows[at][other] * solution[other])
            .sum();
        solution[at] = (rows[at][UNKNOWN] - known) / rows[at][at];
    }
    solution
}

/// (1 4 6 4 1) / 16 along both axes, the border repeated.
fn smoothed(values: &[f32]) -> Vec<f32> {
    const TAPS: [f32; 5] = [1.0 / 16.0, 0.25, 0.375, 0.25, 1.0 / 16.0];
    let last = SIDE as isize - 1;
    let along = |values: &[f32], index: &dyn Fn(usize, usize) -> usize| {
        let mut to = vec![0.0; SIDE * SIDE];
        for line in 0..SIDE {
            for at in 0..SIDE {
                let taps = TAPS.iter().zip(-2..=2_isize);
                to[index(line, at)] = taps
                    .map(|(tap, by)| {
                        let from = (at as isize + by).clamp(0, last) as usize;
                        tap * values[index(line, from)]
                    })
                    .sum();
            }
        }
        to
    };
    let rows = along(values, &|line, at| line * SIDE + at);
    along(&rows, &|line, at| at * SIDE + line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lies(one: &Cells, usual: &Cells) -> Lie {
        one.lies(&Usual::of(usual.clone()))
    }

    /// A scene of some blobs, moved and scaled about its middle.
    fn scene(right: f64, larger: f64, turned: f64) -> Cells {
        let middle = (SIDE as f64 - 1.0) / 2.0;
        let (sin, cos) = turned.sin_cos();
        let mut cells = Vec::new();
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (u, v) = (x as f64 - middle - right, y as f64 - middle);
                let (u, v) = (cos * u + sin * v, cos * v - sin * u);
                let (u, v) = (u / (1.0 + larger), v / (1.0 + larger));
                let blob = |cx: f64, cy: f64, size: f64| {
                    (-((u - cx).powi(2) + (v - cy).powi(2)) / (2.0 * size * size)).exp()
                };
                let light = 90.0 * blob(-14.0, 6.0, 6.0)
                    + 60.0 * blob(12.0, -9.0, 5.0)
                    + 70.0 * blob(8.0, 15.0, 4.0);
                cells.push((light, 1));
            }
        }
        Cells::of_sums(&cells)
    }

    #[test]
    fn moves_sizes_and_turns_are_told_apart() {
        let usual = scene(0.0, 0.0, 0.0);
        assert_eq!(lies(&usual, &usual), Lie::default());
        let moved = lies(&scene(2.0, 0.0, 0.0), &usual);
        assert!((moved.right * SIDE as f32 - 2.0).abs() < 0.3, "{moved:?}");
        assert!(
            moved.larger.abs() < 0.02 && moved.turned.abs() < 0.02,
            "{moved:?}"
        );
        let larger = lies(&scene(0.0, 0.1, 0.0), &usual);
        assert!((0.05..0.15).contains(&larger.larger), "{larger:?}");
        let turned = lies(&scene(0.0, 0.0, 0.08), &usual);
        assert!((turned.turned - 0.08).abs() < 0.015, "{turned:?}");
    }

    #[test]
    fn of_flat_pictures_nothing_is_said() {
        let flat = Cells::of_sums(&[(100.0, 1); SIDE * SIDE]);
        assert_eq!(lies(&flat, &flat), Lie::default());
        assert_eq!(lies(&Cells::default(), &flat), Lie::default());
    }

    #[test]
    fn steps_keep_it() {
        let scene = scene(0.0, 0.0, 0.0);
        let again = Cells::of_steps(&scene.steps());
        let apart = scene.0.iter().zip(&again.0).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) <= 0.51 / STEPS);
    }

    #[test]
    fn a_part_that_alone_lies_otherwise_does_not_move_the_image_or_its_light() {
        let usual = scene(0.0, 0.0, 0.0);
        let mut other = usual.clone();
        for y in 40..60 {
            for x in 30..50 {
                other.0[y * SIDE + x] = 120.0;
            }
        }
        let lie = lies(&other, &usual);
        assert_eq!(lie.lighter, 0.0);
        assert!(lie.right.abs() < 0.01 && lie.down.abs() < 0.01, "{lie:?}");
        assert!(
            lie.larger.abs() < 0.01 && lie.turned.abs() < 0.01,
            "{lie:?}"
        );
        let lit = |gain: f32| Cells(usual.0.iter().map(|level| gain * (level + 50.0)).collect());
        let lie = lies(&lit(0.6), &lit(1.0));
        assert!((-0.4..-0.35).contains(&lie.lighter), "{lie:?}");
        assert!(lie.right.abs() < 1e-3 && lie.larger.abs() < 1e-3, "{lie:?}");
    }
}
