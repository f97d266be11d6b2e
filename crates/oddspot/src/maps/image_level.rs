//! How odd an image is as a whole. Good images differ in light, focus and grain, and then every place
//! of one is a little odder, or less odd, than of another: that says nothing of *where* it is odd.
//!
//! The level is that of an image's quietest part, which an odd place does not move, be it as wide as
//! most of the image.

use crate::maps::Moments;
use crate::maps::ScoreMap;

/// Standard deviations of good images' levels beyond which nothing of a level is usual any more.
pub const LEVEL_REACH: f64 = 12.0;
/// Parts of an image along each side.
pub const LEVEL_PARTS: usize = 4;

/// An image's level: the least mean of its `e_rec` over 4×4 parts, the image's sides multiples of 4.
pub fn image_level(e_rec: &ScoreMap, inspected: Option<&[bool]>) -> f32 {
    if let Some(inspected) = inspected {
        return level_of_inspected(e_rec, inspected);
    }
    let [height, width] = [e_rec.height / LEVEL_PARTS, e_rec.width / LEVEL_PARTS];
    let mut sums = [[0.0f64; LEVEL_PARTS]; LEVEL_PARTS];
    for (row, values) in e_rec.values.chunks_exact(e_rec.width).enumerate() {
        for (column, values) in values.chunks_exact(width).enumerate() {
            let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
            sums[row / height][column] += sum;
        }
    }
    let least = sums.as_flattened().iter().copied().reduce(f64::min);
    (least.unwrap_or_default() / (height * width) as f64) as f32
}

/// The same of the parts of which at least half is inspected, and of what of them is; of all that is where there
/// are none.
fn level_of_inspected(map: &ScoreMap, inspected: &[bool]) -> f32 {
    let mut parts = [(0.0f64, 0usize, 0usize); LEVEL_PARTS * LEVEL_PARTS];
    for (at, (&value, &inspected)) in map.values.iter().zip(inspected).enumerate() {
        let row = at / map.width * LEVEL_PARTS / map.height;
        let part = &mut parts[row * LEVEL_PARTS + at % map.width * LEVEL_PARTS / map.width];
        part.2 += 1;
        if inspected {
            part.0 += f64::from(value);
            part.1 += 1;
        }
    }
    let mean = |(sum, count, _): &(f64, usize, usize)| sum / (*count).max(1) as f64;
    let most = parts.iter().filter(|(_, count, all)| 2 * count >= *all);
    let least = most.map(mean).reduce(f64::min);
    let all = || {
        let add = |a: (f64, usize, usize), b: &(f64, usize, usize)| (a.0 + b.0, a.1 + b.1, 0);
        mean(&parts.iter().fold((0.0, 0, 0), add))
    };
    least.unwrap_or_else(all) as f32
}

/// What of an image's level is as good images differ: its distance from their mean where it is
/// small, nothing where no good image lies (Tukey's biweight): an image that is odd everywhere stays
/// so. `usual` are the moments of good images' levels, in units of the level.
pub fn usual_difference(level: f32, usual: &Moments) -> f64 {
    let difference = f64::from(level) - usual.mean;
    let far = difference / usual.std / LEVEL_REACH;
    difference * (1.0 - far * far).max(0.0).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_that_of_the_quietest_part() {
        let (height, width) = (8, 16);
        let of = |value: fn(usize, usize) -> f32| {
            let places = (0..height * width).map(|i| value(i / width, i % width));
            let map = ScoreMap {
                height,
                width,
                values: places.collect(),
            };
            let level = image_level(&map, None);
            let all = image_level(&map, Some(&[true; 8 * 16]));
            assert_eq!(level, all);
            level
        };
        // Odd but for the part in the third row and the last column.
        let odd = |row, column| match (4..6).contains(&row) && column >= 12 {
            true => 1.0 + 0.25 * (column % 4) as f32,
            false => 40.0 + row as f32,
        };
        assert_eq!(of(odd), 1.375);
        assert_eq!(of(|_, _| -2.0), -2.0);
    }

    #[test]
    fn what_is_ignored_is_no_part_of_a_level() {
        // The quiet left half is ignored; of the right one the lower part is quieter.
        let value = |i: usize| match (i % 16 < 8, i / 16 < 4) {
            (true, _) => 0.0,
            (false, upper) => 2.0 + f32::from(u8::from(upper)),
        };
        let map = ScoreMap {
            height: 8,
            width: 16,
            values: (0..128).map(value).collect(),
        };
        let inspected: Vec<bool> = (0..128).map(|i| i % 16 >= 8).collect();
        assert_eq!(image_level(&map, Some(&inspected)), 2.0);
        // Of no part half is inspected: all that is counts.
        let column: Vec<bool> = (0..128).map(|i| i % 16 == 9).collect();
        assert_eq!(image_level(&map, Some(&column)), 2.5);
    }

    #[test]
    fn near_levels_are_usual_and_far_ones_are_not() {
        let usual = Moments {
            mean: 3.0,
            std: 0.5,
        };
        let found = |level| usual_difference(level, &usual);
        assert_eq!(found(3.0), 0.0);
        assert!((found(3.25) / 0.25 - 1.0).abs() < 0.01);
        // Half of the reach: (1 − 1/4)² of it.
        assert!((found(0.0) - -3.0 * 0.5625).abs() < 1e-9);
        assert_eq!(found(9.0), 0.0);
        assert_eq!(found(300.0), 0.0);
        // Training images that are all alike tell nothing of others.
        let alike = Moments {
            mean: 3.0,
            std: 1e-9,
        };
        assert_eq!(usual_difference(3.1, &alike), 0.0);
    }
}
