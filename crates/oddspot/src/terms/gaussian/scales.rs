//! What Gaussians are fitted to: the channels of each level at a place, and those of the coarsest level again,
//! meant over a wider window: what is odd over a large area is faint at each place of it.

use std::ops::Range;

use crate::net::network::Level;
use crate::settings::Settings;
use crate::terms::places::PlaceGrid;

/// How much less each finer level counts than the next coarser one.
const FINER: f64 = 0.5;
/// How much the wide window counts; the coarsest level at a place counts 1.
const WIDE: f64 = 0.25;

/// The scales, fine to coarse, the wide one last.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    /// The places, and the levels at them.
    pub grid: PlaceGrid,
    /// Places along a side of the wide window; 1 where there is none.
    pub window: usize,
}

impl Scales {
    /// For a teacher with these levels.
    pub fn of(settings: &Settings, levels: &[Level]) -> Self {
        Self {
            grid: PlaceGrid::of(settings, levels),
            window: settings.closed_form.window,
        }
    }

    /// Where each scale's channels lie among a place's.
    pub fn parts(&self) -> Vec<Range<usize>> {
        let mut parts = self.grid.parts();
        if self.window > 1
            && let Some(coarsest) = parts.last()
        {
            parts.push(coarsest.end..coarsest.end + coarsest.len());
        }
        parts
    }

    /// Channels of a place.
    pub fn channels(&self) -> usize {
        self.parts().last().map_or(0, |part| part.end)
    }

    /// What each scale counts.
    pub fn weights(&self) -> Vec<f64> {
        let levels = self.grid.parts().len();
        let finer = (0..levels).rev().map(|steps| FINER.powi(steps as i32));
        let wide = (self.window > 1).then_some(WIDE);
        finer.chain(wide).collect()
    }

    /// Rows of places that those of `rows` need.
    pub fn needed(&self, rows: Range<usize>) -> Range<usize> {
        let reach = self.window / 2;
        rows.start.saturating_sub(reach)..(rows.end + reach).min(self.grid.rows)
    }

    /// The channels of the places of some rows, `[rows, columns, channels]`, from the grid's features of
    /// the rows `known`, which are those that they need. Beyond an edge counts the nearest place.
    pub fn features(
        &self,
        (features, known): (&[f32], Range<usize>),
        rows: Range<usize>,
        to: &mut Vec<f32>,
    ) {
        let (columns, own) = (self.grid.columns, self.grid.channels());
        let all = self.channels();
        to.clear();
        to.resize(rows.len() * columns * all, 0.0);
        let wide = self.grid.parts().pop().filter(|_| self.window > 1);
        let reach = self.window / 2;
        let share = 1.0 / (self.window * self.window) as f32;
        let mut down = vec![0.0; wide.as_ref().map_or(0, |part| columns * part.len())];
        for (row, to) in rows.zip(to.chunks_exact_mut((columns * all).max(1))) {
            let line =
                |row: usize| &features[(row - known.start) * columns * own..][..columns * own];
            for (to, from) in (to.chunks_exact_mut(all)).zip(line(row).chunks_exact(own)) {
                to[..own].copy_from_slice(from);
            }
            let Some(part) = &wide else { continue };
            let channels = part.len();
            down.fill(0.0);
            for step in 0..self.window {
                let from = line((row + step).saturating_sub(reach).min(self.grid.rows - 1));
                for (sum, from) in (down.chunks_exact_mut(channels)).zip(from.chunks_exact(own)) {
                    add(sum, &from[part.clone()]);
                }
            }
            for (column, to) in to.chunks_exact_mut(all).enumerate() {
                let to = &mut to[own..];
                for step in 0..self.window {
                    let at = (column + step).saturating_sub(reach).min(columns - 1);
                    add(to, &down[at * channels..][..channels]);
                }
                to.iter_mut().for_each(|value| *value *= share);
            }
        }
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::ImageSize;

    fn scales(window: usize) -> Scales {
        let mut settings = Settings {
            image_size: ImageSize {
                width: 56,
                height: 48,
            },
            ..Settings::default()
        };
        settings.closed_form.window = window;
        let level = |(stride, channels)| Level { stride, channels };
        Scales::of(&settings, &[(4, 2), (8, 3)].map(level))
    }

    #[test]
    fn the_wide_scale_is_the_mean_over_the_places_around_whatever_rows_are_asked_for() {
        let scales = scales(5);
        let (rows, columns) = (scales.grid.rows, scales.grid.columns);
        assert_eq!(scales.parts(), [0..2, 2..5, 5..8]);
        assert_eq!(scales.weights(), [0.5, 1.0, 0.25]);
        let value = |row: usize, column: usize, channel: usize| {
            ((row * 31 + column * 17 + channel * 7) % 23) as f32
        };
        let features: Vec<f32> = (0..rows * columns * 5)
            .map(|at| value(at / 5 / columns, at / 5 % columns, at % 5))
            .collect();
        let mut found = Vec::new();
        for asked in [0..rows, 0..2, 2..4, 4..6] {
            let known = scales.needed(asked.clone());
            let part = &features[known.start * columns * 5..known.end * columns * 5];
            scales.features((part, known), asked.clone(), &mut found);
            for (place, found) in found.chunks_exact(8).enumerate() {
                let (row, column) = (asked.start + place / columns, place % columns);
                let own: Vec<f32> = (0..5).map(|channel| value(row, column, channel)).collect();
                assert_eq!(found[..5], own);
                for channel in 2..5 {
                    let mut sum = 0.0;
                    for down in 0..5 {
                        for across in 0..5 {
                            let row = (row + down).saturating_sub(2).min(rows - 1);
                            let column = (column + across).saturating_sub(2).min(columns - 1);
                            sum += value(row, column, channel);
                        }
                    }
                    assert!((found[3 + channel] - sum / 25.0).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_window_of_one_place_is_none() {
        let scales = scales(1);
        assert_eq!(scales.parts(), [0..2, 2..5]);
        assert_eq!(scales.weights(), [0.5, 1.0]);
        assert_eq!(scales.needed(1..2), 1..2);
    }
}
