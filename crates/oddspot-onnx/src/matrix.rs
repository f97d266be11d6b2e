//! Resizing, smoothing and averaging along one axis, as matrices: what is done along both axes of a map is a product from
//! each side. Made by the library's own resizing and smoothing, of the unit matrix.

use oddspot::maps::ScoreMap;
use oddspot::terms::places::PlaceLevel;

/// A matrix `[rows, columns]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// What comes out.
    pub rows: usize,
    /// What goes in.
    pub columns: usize,
    /// `rows · columns` values.
    pub values: Vec<f32>,
}

impl Matrix {
    /// Of a value for each row and column.
    pub fn of(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let at = |i: usize| value(i / columns, i % columns);
        Self {
            rows,
            columns,
            values: (0..rows * columns).map(at).collect(),
        }
    }

    /// Of rows of one length.
    pub fn of_rows(rows: &[Vec<f32>]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        Self::of(rows.len(), columns, |row, column| rows[row][column])
    }

    /// Bilinear resizing with half-pixel centres.
    pub fn resizing(from: usize, to: usize) -> Self {
        Self::from(unit(from).resize_bilinear(to, from))
    }

    /// Gaussian smoothing, the border reflected.
    pub fn smoothing(size: usize, sigma: f64) -> Self {
        Self::from(unit(size).smooth(sigma, 0.0))
    }

    /// Means of so many equal parts.
    pub fn parts(size: usize, parts: usize) -> Self {
        let each = (size / parts).max(1);
        Self::of(parts, size, |part, at| {
            if at / each == part {
                1.0 / each as f32
            } else {
                0.0
            }
        })
    }

    /// Means over the positions around a place, the nearest beyond the edge.
    pub fn places(level: &PlaceLevel, places: usize) -> Self {
        Self::around(places, level.ratio, &level.taps())
    }

    /// Means over a window of places, the nearest beyond the edge.
    pub fn window(places: usize, window: usize) -> Self {
        Self::around(places, 1, &vec![1.0 / window as f32; window])
    }

    /// Weighted sums of the positions around each place, which has `ratio` of them itself, in the middle.
    fn around(places: usize, ratio: usize, taps: &[f32]) -> Self {
        let size = places * ratio;
        let before = (taps.len() - ratio) / 2;
        let mut matrix = Self::of(places, size, |_, _| 0.0);
        for place in 0..places {
            for (tap, weight) in taps.iter().enumerate() {
                let at = (place * ratio + tap).saturating_sub(before).min(size - 1);
                matrix.values[place * size + at] += weight;
            }
        }
        matrix
    }

    /// First another matrix, then this one.
    #[must_use]
    pub fn after(&self, first: &Self) -> Self {
        let mut values = Vec::with_capacity(self.rows * first.columns);
        for row in self.values.chunks_exact(self.columns.max(1)) {
            let mut sums = vec![0.0f64; first.columns];
            for (&factor, line) in row
                .iter()
                .zip(first.values.chunks_exact(first.columns.max(1)))
            {
                if factor != 0.0 {
                    for (sum, &value) in sums.iter_mut().zip(line) {
                        *sum += f64::from(factor) * f64::from(value);
                    }
                }
            }
            values.extend(sums.into_iter().map(|sum| sum as f32));
        }
        Self {
            rows: self.rows,
            columns: first.columns,
            values,
        }
    }

    /// Times a number.
    #[must_use]
    pub fn scaled(&self, number: f64) -> Self {
        let scaled = |&value: &f32| (number * f64::from(value)) as f32;
        Self {
            values: self.values.iter().map(scaled).collect(),
            ..*self
        }
    }

    /// Its rows as columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::of(self.columns, self.rows, |row, column| {
            self.values[column * self.columns + row]
        })
    }
}

impl From<ScoreMap> for Matrix {
    fn from(map: ScoreMap) -> Self {
        Self {
            rows: map.height,
            columns: map.width,
            values: map.values,
        }
    }
}

fn unit(size: usize) -> ScoreMap {
    let mut unit = ScoreMap::filled(size, size, 0.0);
    unit.values
        .iter_mut()
        .step_by(size + 1)
        .for_each(|value| *value = 1.0);
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(height: usize, width: usize) -> ScoreMap {
        let values = (0..height * width).map(|i| (i * i % 17) as f32).collect();
        ScoreMap {
            height,
            width,
            values,
        }
    }

    /// `rows · map · columnsᵀ`.
    fn both(rows: &Matrix, map: ScoreMap, columns: &Matrix) -> ScoreMap {
        let product = rows.after(&Matrix::from(map)).after(&columns.transposed());
        ScoreMap {
            height: product.rows,
            width: product.columns,
            values: product.values,
        }
    }

    fn assert_close(found: &ScoreMap, expected: &ScoreMap) {
        assert_eq!(
            (found.height, found.width),
            (expected.height, expected.width)
        );
        for (found, expected) in found.values.iter().zip(&expected.values) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn products_from_both_sides_resize_and_smooth_as_the_library_does() {
        let small = map(6, 9);
        let rows = Matrix::resizing(6, 24);
        let columns = Matrix::resizing(9, 36);
        let large = small.resize_bilinear(24, 36);
        assert_close(&both(&rows, small.clone(), &columns), &large);
        // A kernel that reaches beyond both borders.
        let (down, across) = (Matrix::smoothing(24, 7.5), Matrix::smoothing(36, 2.0));
        let smooth = large.smooth(7.5, 2.0);
        assert_close(&both(&down, large, &across), &smooth);
        let at_once = both(&down.after(&rows), small, &across.after(&columns));
        assert_close(&at_once, &smooth);
    }

    #[test]
    fn windows_and_parts_are_means() {
        let window = Matrix::window(4, 3);
        let third = 1.0f32 / 3.0;
        assert_eq!(window.values[..4], [third + third, third, 0.0, 0.0]);
        let parts = Matrix::parts(8, 4);
        assert_eq!(parts.values[..4], [0.5, 0.5, 0.0, 0.0]);
        for row in parts.values.chunks_exact(8) {
            assert_eq!(row.iter().sum::<f32>(), 1.0);
        }
    }
}
