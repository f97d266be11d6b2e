//! Features at the places of a grid: what the closed-form terms look at.

mod good;
mod usual;

pub use good::GoodFeatures;
pub(crate) use good::{images_of, single};
pub(super) use usual::{By, Usual};

use std::ops::Range;

use rand::RngExt;

use crate::images::ImageSize;
use crate::net::network::Level;
use crate::seed;
use crate::settings::Settings;

/// A level coarser than this, in pixels, shows too little of where a defect lies.
const COARSEST: usize = 8;

/// The grid, that of the coarsest level of stride 8 at most, and which channels of which of the
/// teacher's levels stand side by side at each of its places.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceGrid {
    /// Rows of places.
    pub rows: usize,
    /// Columns of places.
    pub columns: usize,
    /// Pixels between neighbours.
    pub stride: usize,
    /// What is looked at there, fine to coarse.
    pub levels: Vec<PlaceLevel>,
}

/// A level's part in a place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceLevel {
    /// Which of the teacher's levels.
    pub at: usize,
    /// Its positions along a side of a place.
    pub ratio: usize,
    /// Channels that it has.
    pub all: usize,
    /// Those that are looked at, in rising order.
    pub chosen: Vec<usize>,
}

impl PlaceGrid {
    /// For a teacher with these levels, fine to coarse.
    pub fn of(settings: &Settings, levels: &[Level]) -> Self {
        let ImageSize { width, height } = settings.image_size;
        let fine = levels
            .iter()
            .filter(|level| level.stride <= COARSEST)
            .count();
        let end = fine.max(1).min(levels.len());
        let used = end.saturating_sub(settings.closed_form.place_levels)..end;
        let stride = levels[used.clone()].last().map_or(1, |level| level.stride);
        let most = settings.closed_form.channels;
        let level = |at: usize| {
            let Level {
                stride: own,
                channels,
            } = levels[at];
            let mut chosen: Vec<usize> = (0..channels).collect();
            if channels > most {
                // Those with the least of some drawn numbers: no way of shuffling that may change.
                let purpose = format!("channels {at}");
                let mut random = seed::stream(settings.training.seed, &purpose);
                let keys: Vec<u64> = (0..channels).map(|_| random.random()).collect();
                chosen.sort_by_key(|&channel| keys[channel]);
                chosen.truncate(most);
                chosen.sort_unstable();
            }
            PlaceLevel {
                at,
                ratio: stride / own,
                all: channels,
                chosen,
            }
        };
        Self {
            rows: height / stride,
            columns: width / stride,
            stride,
            levels: used.map(level).collect(),
        }
    }

    /// Places.
    pub fn places(&self) -> usize {
        self.rows * self.columns
    }

    /// Channels of a place.
    pub fn channels(&self) -> usize {
        self.levels.iter().map(|level| level.chosen.len()).sum()
    }

    /// Where each level's channels lie among a place's, fine to coarse.
    pub fn parts(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let part = |level: &PlaceLevel| {
            let part = start..start + level.chosen.len();
            start = part.end;
            part
        };
        self.levels.iter().map(part).collect()
    }

    /// The features of an image, `[rows, columns, channels]`, from all of the teacher's levels: each
    /// level's 3×3 means (the nearest position beyond the edge), and of those the mean over a place.
    pub fn features(&self, teacher: &[&[f32]], to: &mut Vec<f32>) {
        let channels = self.channels();
        to.clear();
        to.resize(self.places() * channels, 0.0);
        let mut sums = Vec::new();
        for (level, part) in self.levels.iter().zip(self.parts()) {
            let Some(&map) = teacher.get(level.at) else {
                continue;
            };
            let [height, width] = [self.rows, self.columns].map(|side| side * level.ratio);
            let taps = level.taps();
            sums.resize(level.all, 0.0);
            for (place, to) in to.chunks_exact_mut(channels).enumerate() {
                let corner =
                    [place / self.columns, place % self.columns].map(|at| at * level.ratio);
                sums.fill(0.0);
                for (down, vertical) in taps.iter().enumerate() {
                    let row = (corner[0] + down).saturating_sub(1).min(height - 1);
                    for (across, horizontal) in taps.iter().enumerate() {
                        let column = (corner[1] + across).saturating_sub(1).min(width - 1);
                        let weight = vertical * horizontal;
                        let from = &map[(row * width + column) * level.all..][..level.all];
                        for (sum, value) in sums.iter_mut().zip(from) {
                            *sum += weight * value;
                        }
                    }
                }
                for (to, &channel) in to[part.clone()].iter_mut().zip(&level.chosen) {
                    *to = sums[channel];
                }
            }
        }
    }
}

impl PlaceLevel {
    /// How much each position around a place counts along one axis, from one before it to one after; beyond the
    /// edge counts the nearest.
    pub fn taps(&self) -> Vec<f32> {
        let mut taps = vec![0.0; self.ratio + 2];
        for at in 0..self.ratio {
            for tap in &mut taps[at..at + 3] {
                *tap += 1.0 / (3 * self.ratio) as f32;
            }
        }
        taps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(all: &[(usize, usize)]) -> Vec<Level> {
        let level = |&(stride, channels)| Level { stride, channels };
        all.iter().map(level).collect()
    }

    fn grid(size: ImageSize, most: usize, all: &[(usize, usize)]) -> PlaceGrid {
        let mut settings = Settings {
            image_size: size,
            ..Settings::default()
        };
        settings.closed_form.channels = most;
        settings.closed_form.place_levels = 2;
        PlaceGrid::of(&settings, &levels(all))
    }

    #[test]
    fn the_coarsest_levels_of_stride_8_at_most_are_looked_at() {
        let size = ImageSize {
            width: 32,
            height: 16,
        };
        let vgg = grid(size, 9, &[(2, 3), (4, 5), (8, 7)]);
        assert_eq!((vgg.rows, vgg.columns, vgg.stride), (2, 4, 8));
        assert_eq!(vgg.parts(), [0..5, 5..12]);
        let three = [(2, 3), (4, 5), (8, 7)];
        for (place_levels, starts) in [(1, vec![0]), (3, vec![0, 3, 8]), (9, vec![0, 3, 8])] {
            let mut settings = Settings {
                image_size: size,
                ..Settings::default()
            };
            settings.closed_form.place_levels = place_levels;
            let parts = PlaceGrid::of(&settings, &levels(&three)).parts();
            let found: Vec<usize> = parts.iter().map(|part| part.start).collect();
            assert_eq!(found, starts);
            assert_eq!(parts.last().unwrap().len(), 7);
        }
        let residual = grid(size, 9, &[(4, 5), (8, 7), (16, 9)]);
        assert_eq!(residual.parts(), [0..5, 5..12]);
        let few = grid(size, 4, &[(4, 5), (8, 7)]);
        assert_eq!(few.parts(), [0..4, 4..8]);
        assert!(few.levels.iter().all(|level| level.chosen.is_sorted()));
    }

    #[test]
    fn a_place_is_the_mean_of_its_positions_3x3_means() {
        let size = ImageSize {
            width: 24,
            height: 16,
        };
        let grid = grid(size, 9, &[(4, 1), (8, 2)]);
        let fine: Vec<f32> = (0..24).map(|i| (i * i % 17) as f32).collect();
        let coarse: Vec<f32> = (0..12).map(|i| (i * 5 % 11) as f32).collect();
        let mut found = Vec::new();
        grid.features(&[&fine, &coarse], &mut found);
        let mean =
            |map: &[f32], [height, width]: [usize; 2], channels: usize, at: [usize; 2], c| {
                let mut sum = 0.0;
                for dy in 0..3 {
                    for dx in 0..3 {
                        let y = (at[0] + dy).saturating_sub(1).min(height - 1);
                        let x = (at[1] + dx).saturating_sub(1).min(width - 1);
                        sum += map[(y * width + x) * channels + c] / 9.0;
                    }
                }
                sum
            };
        for y in 0..2 {
            for x in 0..3 {
                let place = &found[(y * 3 + x) * 3..][..3];
                let four = [[0, 0], [0, 1], [1, 0], [1, 1]]
                    .map(|[dy, dx]| mean(&fine, [4, 6], 1, [2 * y + dy, 2 * x + dx], 0));
                assert!((place[0] - four.iter().sum::<f32>() / 4.0).abs() < 1e-5);
                for c in 0..2 {
                    assert!((place[1 + c] - mean(&coarse, [2, 3], 2, [y, x], c)).abs() < 1e-5);
                }
            }
        }
    }
}
