//! Where good images differ most among themselves: regions that a threshold hangs on, and that may better be ignored.

use serde::Serialize;

use crate::maps::ScoreMap;
use crate::maps::components::{Component, label};
use crate::maps::quantile_between;
use crate::settings::Settings;
use crate::train::LeftOut;

/// Good images without which nothing can be said of where they differ.
const ENOUGH: usize = 20;
/// What a tenth of the images lies above tells how much they differ at a place.
const DIFFERENCE: f64 = 0.9;
/// A place differs more than others from so many quartile ranges above the upper quartile on, as boxplots have it.
const RANGES: f64 = 1.5;
/// What is compared with a region and without: what nineteen of twenty images stay below.
const REACHED: f64 = 0.95;
/// A region is told of if good images reach so much less without it, as a share.
const GAIN: f32 = 0.15;
/// Of the image, at most.
const LARGEST: f64 = 0.25;
/// Regions, at most.
const MOST: usize = 3;

/// A box in which good images differ more than elsewhere. Sides are shares of the image's, in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Varying {
    /// Left side.
    pub left: f64,
    /// Upper side.
    pub top: f64,
    /// Right side.
    pub right: f64,
    /// Lower side.
    pub bottom: f64,
    /// Share of the good images that are oddest there.
    pub peaks: f64,
    /// What 19 of 20 good images stay below, in units of scores, each as if it had been left out.
    pub reached: f32,
    /// The same where this region, and those named before it, are not looked at.
    pub reached_without: f32,
}

impl Varying {
    /// Where it lies and what it costs, in words.
    pub fn words(&self) -> String {
        let percent = |share: f64| format!("{:.0}", 100.0 * share);
        let [left, top, right, bottom] =
            [self.left, self.top, self.right, self.bottom].map(percent);
        format!(
            "{left} to {right} % of the width, {top} to {bottom} % of the height: {} % of the images are oddest there; \
             without it 19 of 20 stay below {:.2} instead of {:.2}",
            percent(self.peaks),
            self.reached_without,
            self.reached
        )
    }

    /// Its corners, as a region of interest has them.
    pub fn polygon(&self) -> [[f64; 2]; 4] {
        let Self {
            left,
            top,
            right,
            bottom,
            ..
        } = *self;
        [[left, top], [right, top], [right, bottom], [left, bottom]]
    }
}

/// Those of the good images, the most worth first. None of few images, or of those that are moved before they are looked
/// at: there a region would have to move with them.
pub(super) fn varying(images: &[LeftOut], settings: &Settings) -> Vec<Varying> {
    let mut maps: Vec<ScoreMap> = images.iter().map(|image| image.map.clone()).collect();
    let mut found = Vec::new();
    let Some((height, width)) = maps.first().map(|map| (map.height, map.width)) else {
        return found;
    };
    if maps.len() < ENOUGH || settings.alignment.aligns() {
        return found;
    }
    let mut area = 0.0;
    let mut before = reached(&maps);
    while found.len() < MOST {
        let boxes = boxes(&maps, height, width);
        let best = (boxes.into_iter())
            .map(|one| (reached(&without(&maps, &one)), one))
            .filter(|(_, one)| area + share(one, height, width) <= LARGEST)
            .min_by(|(a, _), (b, _)| a.total_cmp(b));
        let Some((after, one)) = best else { break };
        if before <= 0.0 || after > (1.0 - GAIN) * before {
            break;
        }
        area += share(&one, height, width);
        let inside = |map: &&ScoreMap| holds(&one, map.peak().1);
        let peaks = maps.iter().filter(inside).count() as f64 / maps.len() as f64;
        maps = without(&maps, &one);
        found.push(Varying {
            left: one.left as f64 / width as f64,
            top: one.top as f64 / height as f64,
            right: (one.right + 1) as f64 / width as f64,
            bottom: (one.bottom + 1) as f64 / height as f64,
            peaks,
            reached: before,
            reached_without: after,
        });
        before = after;
    }
    found
}

/// What 19 of 20 images stay below.
fn reached(maps: &[ScoreMap]) -> f32 {
    let scores: Vec<f32> = maps.iter().map(|map| map.peak().0).collect();
    quantile_between(&scores, REACHED) as f32
}

/// Boxes around the places where images differ more than at most others, and a cell beside them.
fn boxes(maps: &[ScoreMap], height: usize, width: usize) -> Vec<Component> {
    let differences: Vec<f32> = (0..height * width)
        .map(|at| {
            let values: Vec<f32> = maps.iter().map(|map| map.values[at]).collect();
            quantile_between(&values, DIFFERENCE) as f32
        })
        .collect();
    // Places that nobody looks at say nothing of what is usual.
    let looked_at: Vec<f32> = (differences.iter().copied())
        .filter(|value| value.is_finite())
        .collect();
    let [lower, upper] = [0.25, 0.75].map(|share| quantile_between(&looked_at, share));
    let limit = upper + RANGES * (upper - lower);
    let mask: Vec<bool> = differences
        .iter()
        .map(|&value| f64::from(value) > limit)
        .collect();
    let regions = label(&mask, height, width).regions.into_iter();
    let beside = |one: Component| Component {
        top: one.top.saturating_sub(1),
        left: one.left.saturating_sub(1),
        bottom: (one.bottom + 1).min(height - 1),
        right: (one.right + 1).min(width - 1),
        ..one
    };
    regions.map(beside).collect()
}

fn without(maps: &[ScoreMap], ignored: &Component) -> Vec<ScoreMap> {
    let mut maps = maps.to_vec();
    for map in &mut maps {
        for row in ignored.top..=ignored.bottom {
            let start = row * map.width;
            map.values[start + ignored.left..=start + ignored.right].fill(f32::NEG_INFINITY);
        }
    }
    maps
}

fn holds(one: &Component, (row, column): (usize, usize)) -> bool {
    (one.top..=one.bottom).contains(&row) && (one.left..=one.right).contains(&column)
}

fn share(one: &Component, height: usize, width: usize) -> f64 {
    let sides = [one.bottom + 1 - one.top, one.right + 1 - one.left];
    (sides[0] * sides[1]) as f64 / (height * width) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;
    use crate::settings::Alignment;
    use crate::view::Move;
    use rand::RngExt;

    /// Images of noise up to 1, which reach `loud` in a box of 6 cells by 4 at row 5 and column 8.
    fn images(count: usize, loud: f32) -> Vec<LeftOut> {
        let mut random = seed::stream(1, "varying");
        let mut image = || {
            let mut map = ScoreMap::filled(24, 32, 0.0);
            for value in &mut map.values {
                *value = random.random::<f32>();
            }
            for row in 5..9 {
                for column in 8..14 {
                    map.values[row * 32 + column] = loud * random.random::<f32>();
                }
            }
            LeftOut {
                score: map.peak().0,
                map,
                alone: None,
                to_image: Move::NONE,
            }
        };
        (0..count).map(|_| image()).collect()
    }

    #[test]
    fn a_box_is_found_where_images_differ_and_what_it_costs_is_told() {
        let found = varying(&images(40, 4.0), &Settings::default());
        assert_eq!(found.len(), 1, "{found:?}");
        let one = &found[0];
        // A cell beside it at most.
        assert!((7.0..=8.0).contains(&(one.left * 32.0)), "{one:?}");
        assert!((14.0..=15.0).contains(&(one.right * 32.0)), "{one:?}");
        assert!((4.0..=5.0).contains(&(one.top * 24.0)), "{one:?}");
        assert!((9.0..=10.0).contains(&(one.bottom * 24.0)), "{one:?}");
        assert!(one.peaks > 0.9 && one.reached > 3.0 && one.reached_without <= 1.0);
        assert_eq!(one.polygon()[2], [one.right, one.bottom]);
    }

    #[test]
    fn nothing_is_found_where_images_differ_alike_everywhere_or_are_few() {
        let settings = Settings::default();
        assert!(varying(&images(40, 1.0), &settings).is_empty());
        assert!(varying(&images(10, 4.0), &settings).is_empty());
        assert!(varying(&[], &settings).is_empty());
        let aligned = Settings {
            alignment: Alignment::Shift,
            ..settings
        };
        assert!(varying(&images(40, 4.0), &aligned).is_empty());
    }
}
