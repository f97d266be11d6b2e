//! The contextual error `e_pos`: how wrongly a position lies among its neighbours.

use std::ops::Range;

use super::pairs::{DIRECTIONS, PatchGrid};
use crate::images::ImageSize;
use crate::maps::ScoreMap;
use crate::settings::{PATCH_RADIUS, PairWeights};

/// `1 − p(y_k)` of every pair of an image, by its centre on the student's grid.
pub(crate) struct PairErrors {
    height: usize,
    width: usize,
    /// `[8, height, width]`, None where the neighbour lies outside.
    errors: Vec<Option<f32>>,
}

/// The least that a pair counts, as a share of the most, so that the weights of a position whose
/// neighbours are all odd do not vanish.
pub const LEAST_TRUST: f32 = 0.02;

impl PairErrors {
    /// Without any pair.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            errors: vec![None; DIRECTIONS.len() * height * width],
        }
    }

    /// Takes in a direction, given the probability of the true class at each of its centres.
    pub fn set(
        &mut self,
        grid: &PatchGrid,
        class: usize,
        probabilities: impl Iterator<Item = f32>,
    ) {
        let (rows, columns) = grid.centres(class);
        let wide = columns.len();
        for (i, p) in probabilities.enumerate() {
            let centre = (rows.start + i / wide, columns.start + i % wide);
            let at = self.at(centre, class);
            // NaN stands for "no evidence" in the map; a broken network must not pass for that.
            self.errors[at] = Some(if p.is_nan() { f32::INFINITY } else { 1.0 - p });
        }
    }

    fn at(&self, (row, column): (usize, usize), class: usize) -> usize {
        (class * self.height + row) * self.width + column
    }

    /// `e_pos = Σ_k w_k (1 − p(y_k)) / Σ_k w_k`, NaN where no pair fits. The weights are 1, or
    /// `w_k = 1 − ē(p_k)`, ē the mean with weights of 1: an odd patch spoils the pairs of all its
    /// neighbours too, and what a pair says of its centre is worth as much as its neighbour is
    /// itself in place.
    pub fn e_pos(&self, grid: &PatchGrid, weights: PairWeights) -> ScoreMap {
        let mean = self.weighted_mean(|_, _| 1.0);
        match weights {
            PairWeights::Equal => mean,
            PairWeights::Trusted => self.weighted_mean(|centre, class| {
                let (row, column) = grid.neighbour(centre, class);
                (1.0 - mean.at(row, column)).max(LEAST_TRUST)
            }),
        }
    }

    fn weighted_mean(&self, weight: impl Fn((usize, usize), usize) -> f32) -> ScoreMap {
        let mut map = ScoreMap::filled(self.height, self.width, f32::NAN);
        for (i, value) in map.values.iter_mut().enumerate() {
            let centre = (i / self.width, i % self.width);
            let (mut sum, mut total) = (0.0, 0.0);
            for class in 0..DIRECTIONS.len() {
                if let Some(error) = self.errors[self.at(centre, class)] {
                    let weight = weight(centre, class);
                    sum += weight * error;
                    total += weight;
                }
            }
            if total > 0.0 {
                *value = sum / total;
            }
        }
        map
    }
}

/// Brings `e_pos` from the student's grid to the image, NaN where there is no evidence.
///
/// Grid position i is centred on pixel stride·i. Pixels whose patch lies inside the image take
/// the bilinear interpolation of the grid positions around them that have evidence; all others
/// have none, so that the excluded border does not bleed in.
pub fn e_pos_at_pixels(e_pos: &ScoreMap, grid: &PatchGrid) -> ScoreMap {
    let (rows, columns) = grid.inside();
    let ImageSize { width, height } = grid.size();
    let mut pixels = ScoreMap::filled(height, width, f32::NAN);
    let inside = |size: usize| PATCH_RADIUS..size.saturating_sub(PATCH_RADIUS);
    for row in inside(height) {
        let down = taps(row, grid.stride(), &rows);
        for column in inside(width) {
            let across = taps(column, grid.stride(), &columns);
            let (mut sum, mut weight) = (0.0, 0.0);
            for (i, wi) in down {
                for (j, wj) in across {
                    let value = e_pos.at(i, j);
                    if wi * wj > 0.0 && !value.is_nan() {
                        sum += wi * wj * value;
                        weight += wi * wj;
                    }
                }
            }
            if weight > 0.0 {
                pixels.values[row * width + column] = sum / weight;
            }
        }
    }
    pixels
}

/// What each pixel takes of each grid position along the rows and along the columns, `[height, grid rows]` and `[width,
/// grid columns]`; all 0 where no patch lies inside the image.
pub fn pixel_weights(grid: &PatchGrid) -> [Vec<Vec<f32>>; 2] {
    let (rows, columns) = grid.inside();
    let ImageSize { width, height } = grid.size();
    let axis = |size: usize, valid: &Range<usize>| {
        let positions = size / grid.stride();
        let of_pixel = |pixel: usize| {
            let mut weights = vec![0.0; positions];
            if (PATCH_RADIUS..size.saturating_sub(PATCH_RADIUS)).contains(&pixel) {
                for (position, weight) in taps(pixel, grid.stride(), valid) {
                    weights[position] += weight;
                }
            }
            weights
        };
        (0..size).map(of_pixel).collect()
    };
    [axis(height, &rows), axis(width, &columns)]
}

/// The two grid positions around a pixel and their weights, clamped to a range of positions.
fn taps(pixel: usize, stride: usize, valid: &Range<usize>) -> [(usize, f32); 2] {
    let last = valid.end.saturating_sub(1);
    let first = (pixel / stride).clamp(valid.start, last);
    let second = (first + 1).min(last);
    let fraction = (pixel as f32 / stride as f32 - first as f32).clamp(0.0, 1.0);
    [(first, 1.0 - fraction), (second, fraction)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: usize, height: usize, stride: usize, offset: usize) -> PatchGrid {
        PatchGrid::new(ImageSize { width, height }, stride, offset)
    }

    /// `e_pos` of a 160×160 image in which all pairs are placed rightly but those of one patch.
    fn with_an_odd_patch(odd: (usize, usize), weights: PairWeights) -> ScoreMap {
        let grid = grid(160, 160, 8, 32);
        let mut errors = PairErrors::new(20, 20);
        for class in grid.classes() {
            let (rows, columns) = grid.centres(class);
            let centres = rows.flat_map(|row| columns.clone().map(move |column| (row, column)));
            let spoilt = |centre| centre == odd || grid.neighbour(centre, class) == odd;
            let p: Vec<f32> = centres.map(|c| if spoilt(c) { 0.0 } else { 1.0 }).collect();
            errors.set(&grid, class, p.into_iter());
        }
        errors.e_pos(&grid, weights)
    }

    #[test]
    fn an_odd_patch_leaves_a_trace_on_its_neighbours_that_trust_removes() {
        let odd = (10, 9);
        let equal = with_an_odd_patch(odd, PairWeights::Equal);
        let trusted = with_an_odd_patch(odd, PairWeights::Trusted);
        for (down, across) in DIRECTIONS {
            let at = |at: usize, by: isize| at.saturating_add_signed(4 * by);
            let (row, column) = (at(odd.0, down), at(odd.1, across));
            let pairs = grid(160, 160, 8, 32).classes_at((row, column)).len() as f32;
            assert!((equal.at(row, column) - 1.0 / pairs).abs() < 1e-6);
            // Its other pairs are with patches of which at most one pair in three is spoilt.
            let most = LEAST_TRUST / ((pairs - 1.0) * 2.0 / 3.0);
            assert!((0.0..=most).contains(&trusted.at(row, column)));
        }
        for map in [&equal, &trusted] {
            assert!((map.at(odd.0, odd.1) - 1.0).abs() < 1e-6);
            assert_eq!(map.at(6, 6), 0.0);
            assert!(map.at(3, 3).is_nan(), "no patch fits there");
        }
    }

    #[test]
    fn probabilities_that_are_not_numbers_are_no_missing_evidence() {
        let grid = grid(160, 160, 8, 32);
        let mut errors = PairErrors::new(20, 20);
        let class = 4;
        let (rows, columns) = grid.centres(class);
        let count = rows.len() * columns.len();
        errors.set(&grid, class, std::iter::repeat_n(f32::NAN, count));
        for weights in [PairWeights::Equal, PairWeights::Trusted] {
            let map = errors.e_pos(&grid, weights);
            assert_eq!(map.at(rows.start, columns.start), f32::INFINITY);
        }
    }

    #[test]
    fn pixels_take_no_value_from_positions_without_evidence() {
        let grid = grid(160, 160, 8, 32);
        let mut e_pos = ScoreMap::filled(20, 20, f32::NAN);
        for row in 4..16 {
            for column in 4..16 {
                e_pos.values[row * 20 + column] = 0.5;
            }
        }
        let pixels = e_pos_at_pixels(&e_pos, &grid);
        for row in 0..160 {
            for column in 0..160 {
                let inside = (32..128).contains(&row) && (32..128).contains(&column);
                let value = pixels.at(row, column);
                assert!(
                    if inside { value == 0.5 } else { value.is_nan() },
                    "({row}, {column})"
                );
            }
        }
    }
}
