//! μ and σ of a level's error at each place of the image: what is usual there, for parts that always
//! lie alike. A shiny edge that no student learns well is then no odder than a plain surface.

use crate::maps::ScoreMap;

/// Standard deviation of the Gaussian over which the moments of neighbouring places are averaged,
/// in pixels of a 256-pixel image: parts lie a little differently each time.
const BLUR: f64 = 6.0;
/// Images that the mean variance of all places weighs as much as, against a place's own.
const PRIOR_IMAGES: f64 = 10.0;

/// Mean and standard deviation of one error at each place of its own grid.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMoments {
    /// μ, `[height, width]`, in units of the error.
    pub mean: ScoreMap,
    /// σ, likewise; positive.
    pub std: ScoreMap,
}

impl LocalMoments {
    /// `(error − μ) / σ`, place by place; `error` is of the moments' own size.
    pub fn normalise(&self, error: &ScoreMap) -> ScoreMap {
        let moments = self.mean.values.iter().zip(&self.std.values);
        let normalised = |(&e, (&mean, &std)): (&f32, (&f32, &f32))| (e - mean) / std;
        ScoreMap {
            values: error.values.iter().zip(moments).map(normalised).collect(),
            ..*error
        }
    }
}

/// Accumulates [`LocalMoments`] over images.
#[derive(Clone, Debug, Default)]
pub struct LocalSums {
    /// Whether means of 2×2 places are added.
    halved: bool,
    /// Height and width of the errors added.
    native: [usize; 2],
    /// Height and width of the sums.
    grid: [usize; 2],
    images: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl LocalSums {
    /// Sums of an error whose finest grain does not count: the spread is that of its means over
    /// 2×2 places. Its sides are even.
    pub fn of_halved() -> Self {
        Self {
            halved: true,
            ..Self::default()
        }
    }

    /// Adds the error of an image, of the same size for all.
    pub fn add(&mut self, error: &ScoreMap) {
        let pooled = match self.halved {
            true => halved(error),
            false => error.clone(),
        };
        self.native = [error.height, error.width];
        self.grid = [pooled.height, pooled.width];
        self.sums.resize(pooled.values.len(), 0.0);
        self.squares.resize(pooled.values.len(), 0.0);
        self.images += 1.0;
        let sums = self.sums.iter_mut().zip(&mut self.squares);
        for ((sum, square), &value) in sums.zip(&pooled.values) {
            let value = f64::from(value);
            *sum += value;
            *square += value * value;
        }
    }

    /// The moments of all that was added.
    pub fn finish(&self) -> LocalMoments {
        let n = self.images.max(1.0);
        let mean: Vec<f64> = self.sums.iter().map(|sum| sum / n).collect();
        let variance: Vec<f64> = (self.squares.iter().zip(&mean))
            .map(|(squares, mean)| (squares / n - mean * mean).max(0.0))
            .collect();
        let usual = variance.iter().sum::<f64>() / variance.len().max(1) as f64;
        let [height, width] = self.grid;
        let map = |values: Vec<f64>| ScoreMap {
            height,
            width,
            values: values.into_iter().map(|v| v as f32).collect(),
        };
        let shrunk = |v: f32| {
            let variance = (n * f64::from(v) + PRIOR_IMAGES * usual) / (n + PRIOR_IMAGES);
            // A constant error says nothing: its floor keeps the division finite.
            variance.sqrt().max(1e-9) as f32
        };
        let [rows, columns] = self.native;
        let mean = blurred(&map(mean)).resize_bilinear(rows, columns);
        let mut std = blurred(&map(variance)).resize_bilinear(rows, columns);
        for value in &mut std.values {
            *value = shrunk(*value);
        }
        LocalMoments { mean, std }
    }
}

/// Means of 2×2 places.
fn halved(map: &ScoreMap) -> ScoreMap {
    let (height, width) = (map.height / 2, map.width / 2);
    let mean = |i: usize| {
        let (row, column) = (2 * (i / width), 2 * (i % width));
        let upper = map.at(row, column) + map.at(row, column + 1);
        0.25 * (upper + map.at(row + 1, column) + map.at(row + 1, column + 1))
    };
    ScoreMap {
        height,
        width,
        values: (0..height * width).map(mean).collect(),
    }
}

/// Gaussian averages.
fn blurred(map: &ScoreMap) -> ScoreMap {
    let sigma = |side: usize| BLUR * side as f64 / 256.0;
    map.smooth(sigma(map.height), sigma(map.width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> ScoreMap {
        ScoreMap {
            height: 8,
            width: 8,
            values: values.to_vec(),
        }
    }

    /// Errors of mean `row` and spread `1 + row`.
    fn errors(count: usize) -> Vec<ScoreMap> {
        let error = |i: usize| {
            let sign = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
            let value = |at: usize| (at / 8) as f32 + sign * (1.0 + (at / 8) as f32);
            map(&(0..64).map(value).collect::<Vec<_>>())
        };
        (0..count).map(error).collect()
    }

    #[test]
    fn each_place_is_measured_against_what_is_usual_there() {
        let mut sums = LocalSums::default();
        for error in errors(400) {
            sums.add(&error);
        }
        let moments = sums.finish();
        for row in 0..8 {
            let (mean, std) = (moments.mean.at(row, 3), moments.std.at(row, 3));
            assert!((mean - row as f32).abs() < 0.1, "{row}: {mean}");
            assert!((std - 1.0 - row as f32).abs() < 0.35, "{row}: {std}");
        }
        let normalised = moments.normalise(&errors(1)[0]);
        assert!((normalised.at(5, 3) - 1.0).abs() < 0.1);
    }

    #[test]
    fn few_images_are_measured_by_the_spread_of_all_places() {
        let spread = |images: usize| {
            let mut sums = LocalSums::default();
            for error in errors(images) {
                sums.add(&error);
            }
            let std = sums.finish().std;
            std.at(7, 3) / std.at(0, 3)
        };
        assert!(spread(2) < 2.0, "{}", spread(2));
        assert!(spread(1000) > 6.0, "{}", spread(1000));
    }

    #[test]
    fn a_constant_error_stays_finite() {
        let mut sums = LocalSums::of_halved();
        let error = map(&[2.5; 64]);
        sums.add(&error);
        sums.add(&error);
        let moments = sums.finish();
        assert_eq!(moments.mean.values.len(), 64);
        let normalised = moments.normalise(&error);
        assert!(normalised.values.iter().all(|&v| v.abs() < 1e-3));
    }

    #[test]
    fn halving_takes_the_means_of_four() {
        let values: Vec<f32> = (0..64).map(|i| i as f32).collect();
        let halved = halved(&map(&values));
        assert_eq!((halved.height, halved.width), (4, 4));
        assert_eq!(halved.at(0, 0), (0.0 + 1.0 + 8.0 + 9.0) / 4.0);
        assert_eq!(halved.at(3, 3), (54.0 + 55.0 + 62.0 + 63.0) / 4.0);
    }
}
