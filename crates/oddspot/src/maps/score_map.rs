//! A map of scores over an image, and the two operations detection needs on it:
//! bilinear resizing and Gaussian smoothing.

use oddspot_conv::Isa;
use oddspot_conv::smooth::smooth;

/// Scores on a pixel grid, `[height, width]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height · width` values, row-major.
    pub values: Vec<f32>,
}

impl ScoreMap {
    /// A map of one value everywhere.
    pub fn filled(height: usize, width: usize, value: f32) -> Self {
        Self {
            height,
            width,
            values: vec![value; height * width],
        }
    }

    /// The value at a row and column inside the map.
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.width + column]
    }

    /// The largest value and its (row, column); the first in reading order among equals.
    pub fn peak(&self) -> (f32, (usize, usize)) {
        let mut best = (f32::NEG_INFINITY, 0);
        for (i, &v) in self.values.iter().enumerate() {
            if v > best.0 {
                best = (v, i);
            }
        }
        (
            best.0,
            (best.1 / self.width.max(1), best.1 % self.width.max(1)),
        )
    }

    /// The mean of the values at the given indices, each inside the map; NaN of none.
    pub fn mean_of(&self, indices: &[usize]) -> f32 {
        let sum: f64 = indices.iter().map(|&i| f64::from(self.values[i])).sum();
        (sum / indices.len() as f64) as f32
    }

    /// Bilinear resize with half-pixel centres and clamped borders, without antialiasing
    /// (PyTorch's `interpolate(mode="bilinear", align_corners=False)`).
    pub fn resize_bilinear(&self, height: usize, width: usize) -> Self {
        if (height, width) == (self.height, self.width) {
            return self.clone();
        }
        let mut values = Vec::with_capacity(height * width);
        self.resize_rows(height, width, &mut |row| values.extend_from_slice(row));
        Self {
            height,
            width,
            values,
        }
    }

    /// The same row by row: nothing is as large as what it is resized to.
    pub fn resize_rows(&self, height: usize, width: usize, each: &mut dyn FnMut(&[f32])) {
        if (height, width) == (self.height, self.width) {
            self.values.chunks_exact(width.max(1)).for_each(each);
            return;
        }
        let columns = half_pixel_taps(self.width, width);
        let mut line = vec![0.0; self.width];
        let mut resized = vec![0.0; width];
        let row = |at: usize| &self.values[at * self.width..][..self.width];
        for (top, bottom, down) in half_pixel_taps(self.height, height) {
            for ((to, upper), lower) in line.iter_mut().zip(row(top)).zip(row(bottom)) {
                *to = upper * (1.0 - down) + lower * down;
            }
            for (to, &(left, right, across)) in resized.iter_mut().zip(&columns) {
                *to = line[left] * (1.0 - across) + line[right] * across;
            }
            each(&resized);
        }
    }

    /// The same, but that along an axis that shrinks each pixel is the greatest of those that it covers: no peak
    /// is lost.
    pub fn resize_with_peaks(&self, height: usize, width: usize) -> Self {
        let (rows, columns) = (self.height.min(height), self.width.min(width));
        if (rows, columns) == (self.height, self.width) {
            return self.resize_bilinear(height, width);
        }
        let mut small = Self::filled(rows, columns, f32::NEG_INFINITY);
        for (row, values) in self.values.chunks_exact(self.width).enumerate() {
            let first = row * rows / self.height * columns;
            for (column, value) in values.iter().enumerate() {
                let to = &mut small.values[first + column * columns / self.width];
                *to = to.max(*value);
            }
        }
        small.resize_bilinear(height, width)
    }

    /// Adds this map, resized as by [`resize_bilinear`](Self::resize_bilinear), to another.
    pub fn add_resized(&self, to: &mut Self) {
        let resized = self.resize_bilinear(to.height, to.width);
        for (sum, value) in to.values.iter_mut().zip(resized.values) {
            *sum += value;
        }
    }

    /// The least value; 0 of an empty map.
    pub fn least(&self) -> f32 {
        self.values.iter().copied().reduce(f32::min).unwrap_or(0.0)
    }

    /// The values as far as `shares` of the same size say, in [0, 1], and for the rest another one.
    pub fn drawn_to(&self, other: f32, shares: &Self) -> Self {
        let pairs = self.values.iter().zip(&shares.values);
        Self {
            values: pairs
                .map(|(value, share)| other + share * (value - other))
                .collect(),
            ..*self
        }
    }

    /// The values where another map of the same size is above 0, and NaN elsewhere.
    pub fn where_above_0(&self, other: &Self) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        let kept = pairs.map(|(&value, &other)| match other > 0.0 {
            true => value,
            false => f32::NAN,
        });
        Self {
            values: kept.collect(),
            ..*self
        }
    }

    /// The same with the least value in the place of −∞.
    #[must_use]
    pub fn grounded(mut self) -> Self {
        let finite = self
            .values
            .iter()
            .copied()
            .filter(|value| value.is_finite());
        let least = finite.reduce(f32::min).unwrap_or_default();
        for value in &mut self.values {
            if *value == f32::NEG_INFINITY {
                *value = least;
            }
        }
        self
    }

    /// Gaussian smoothing with standard deviations in pixels along rows and columns,
    /// truncated at 4σ, borders reflected about the edge (scipy's `gaussian_filter`).
    /// A σ of 0 leaves that axis as it is.
    pub fn smooth(&self, sigma_rows: f64, sigma_columns: f64) -> Self {
        let mut smoothed = self.clone();
        let size = [self.height, self.width];
        let (columns, rows) = (gaussian(sigma_rows), gaussian(sigma_columns));
        match smooth(Isa::detect(), size, &columns, &rows, &mut smoothed.values) {
            Ok(()) => smoothed,
            // Of a map without a value for each of its pixels.
            Err(error) => unreachable!("{error}"),
        }
    }
}

/// For each target index: its two source indices and the weight of the second.
fn half_pixel_taps(source: usize, target: usize) -> Vec<(usize, usize, f32)> {
    let scale = source as f64 / target as f64;
    (0..target)
        .map(|i| {
            let at = ((i as f64 + 0.5) * scale - 0.5).max(0.0);
            let first = (at as usize).min(source - 1);
            let second = (first + 1).min(source - 1);
            (first, second, (at - first as f64) as f32)
        })
        .collect()
}

/// A normalised Gaussian from its centre outwards: `kernel[0]` is the centre's weight.
fn gaussian(sigma: f64) -> Vec<f32> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let radius = (4.0 * sigma + 0.5) as usize;
    let half: Vec<f64> = (0..=radius)
        .map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp())
        .collect();
    let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    half.iter().map(|w| (w / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(height: usize, width: usize) -> ScoreMap {
        let values = (0..height * width).map(|i| (i * i % 17) as f32).collect();
        ScoreMap {
            height,
            width,
            values,
        }
    }

    #[test]
    fn resizing_to_the_same_size_changes_nothing() {
        assert_eq!(ramp(3, 5).resize_bilinear(3, 5), ramp(3, 5));
    }

    #[test]
    fn doubling_interpolates_a_quarter_of_the_way_from_half_pixel_centres() {
        let line = ScoreMap {
            height: 1,
            width: 2,
            values: vec![0.0, 4.0],
        };
        assert_eq!(line.resize_bilinear(1, 4).values, [0.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn shrinking_with_peaks_loses_none_and_enlarging_is_bilinear() {
        let map = ramp(6, 9);
        let small = map.resize_with_peaks(2, 3);
        assert_eq!((small.height, small.width), (2, 3));
        assert_eq!(small.peak().0, map.peak().0);
        assert_eq!(map.resize_with_peaks(12, 9), map.resize_bilinear(12, 9));
        let mixed = map.resize_with_peaks(3, 18);
        assert_eq!((mixed.height, mixed.width), (3, 18));
    }

    #[test]
    fn smoothing_keeps_a_constant_and_the_total_of_an_inner_spike() {
        let flat = ScoreMap::filled(9, 7, 2.5).smooth(3.0, 2.0);
        assert!(flat.values.iter().all(|v| (v - 2.5).abs() < 1e-6));
        let mut spike = ScoreMap::filled(41, 41, 0.0);
        spike.values[20 * 41 + 20] = 1.0;
        let smoothed = spike.smooth(2.0, 2.0);
        let total: f32 = smoothed.values.iter().sum();
        assert!((total - 1.0).abs() < 1e-5);
        assert_eq!(smoothed.peak().1, (20, 20));
    }

    #[test]
    fn a_kernel_wider_than_the_map_reflects_more_than_once() {
        let smoothed = ramp(2, 3).smooth(5.0, 5.0);
        assert!(smoothed.values.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn the_peak_is_the_first_of_equals() {
        let mut map = ScoreMap::filled(2, 2, 1.0);
        assert_eq!(map.peak(), (1.0, (0, 0)));
        map.values[3] = 2.0;
        assert_eq!(map.peak(), (2.0, (1, 1)));
    }
}
