//! How odd an image is as a whole. Good images differ in light, focus and grain, and then every place
//! of one is a little odder, or less odd, than of another: that says nothing of *where* it is odd.
//!
//! The level is that of an image's quietest part, which an odd place does not move, be it as wide as
//! most of the image.

use crate::maps::Moments;
use crate::maps::ScoreMap;

/// Standard deviations of good images' levels beyond which nothing of a level is usual any more.
const REACH: f64 = 12.0;
/// Parts of an image along each side.
const PARTS: usize = 4;

/// An image's level: the least mean of its `e_rec` over 4×4 parts, the image's sides multiples of 4.
pub fn image_level(e_rec: &ScoreMap) -> f32 {
    let [height, width] = [e_rec.height / PARTS, e_rec.width / PARTS];
    let mut sums = [[0.0f64; PARTS]; PARTS];
    for (row, values) in e_rec.values.chunks_exact(e_rec.width).enumerate() {
        for (column, values) in values.chunks_exact(width).enumerate() {
            let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
            sums[row / height][column] += sum;
        }
    }
    let least = sums.as_flattened().iter().copied().reduce(f64::min);
    (least.unwrap_or_default() / (height * width) as f64) as f32
}

/// What of an image's level is as good images differ: its distance from their mean where it is
/// small, nothing where no good image lies (Tukey's biweight): an image that is odd everywhere stays
/// so. `usual` are the moments of good images' levels, in units of the level.
pub fn usual_difference(level: f32, usual: &Moments) -> f64 {
    let difference = f64::from(level) - usual.mean;
    let far = difference / usual.std / REACH;
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
            image_level(&ScoreMap {
                height,
                width,
                values: places.collect(),
            })
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
