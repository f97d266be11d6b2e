//! How odd each good image is among the others, from what is said of it as if it had been left out.
//!
//! Two images with alike faults stand up for each other, so that each is compared without the one most like it
//! too. And a score is the maximum of a map, and where good images differ most, as on a rough background, it hides
//! a fault elsewhere. So each image is also looked at place by place: how far its map rises above what is
//! usual **there**.

use crate::maps::{ScoreMap, quantile_between};
use crate::train::LeftOut;
use crate::verdict::GoodScores;

/// Images of which it can be said what is usual at a place.
const ENOUGH: usize = 8;
/// The share of images that oddness is measured by: those above are the oddest.
const UNIT_QUANTILE: f64 = 0.9;

/// How odd an image is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Oddness {
    /// In units of how far the upper tenth lies above the middle of all images; 0 is usual.
    pub value: f32,
    /// Row and column of where it is oddest, as shares of the map.
    pub at: [f32; 2],
    /// Whether it is odd for its place more than by the peak of its map.
    pub for_its_place: bool,
    /// Whether it lies far above all others.
    pub far: bool,
}

/// That of each image; none of none.
pub(super) fn oddness(images: &[LeftOut]) -> Vec<Oddness> {
    // Two alike faults must not excuse each other, so the map without the likest image, if there is one.
    let maps: Vec<&ScoreMap> = images.iter().map(LeftOut::strictest).collect();
    let peaks: Vec<Peak> = maps.iter().map(|map| map.peak()).collect();
    let above = match images.len() >= ENOUGH {
        true => above_usual(&maps),
        false => peaks.clone(),
    };
    let scores: Vec<f32> = images.iter().map(|image| image.score).collect();
    let values = [&peaks, &above].map(|peaks| peaks.iter().map(|peak| peak.0).collect::<Vec<_>>());
    let [far_score, far_peak, far_above] = [&scores, &values[0], &values[1]].map(|all| far(all));
    let units = values.each_ref().map(|all| Unit::of(all));
    let judged = (0..images.len()).map(|at| {
        let [peak, above_usual] = [
            units[0].of_value(peaks[at].0),
            units[1].of_value(above[at].0),
        ];
        let for_its_place = above_usual > peak;
        let (row, column) = if for_its_place {
            above[at].1
        } else {
            peaks[at].1
        };
        Oddness {
            value: peak.max(above_usual),
            at: [
                (row as f32 + 0.5) / maps[at].height.max(1) as f32,
                (column as f32 + 0.5) / maps[at].width.max(1) as f32,
            ],
            for_its_place,
            far: scores[at] > far_score || peaks[at].0 > far_peak || above[at].0 > far_above,
        }
    });
    judged.collect()
}

/// The maximum of a map, its row and its column.
type Peak = (f32, (usize, usize));

/// How far each map rises above the median of all at the same place, and where.
fn above_usual(maps: &[&ScoreMap]) -> Vec<Peak> {
    let (height, width) = (maps[0].height, maps[0].width);
    let mut usual = ScoreMap::filled(height, width, 0.0);
    for (at, usual) in usual.values.iter_mut().enumerate() {
        let values: Vec<f32> = maps.iter().map(|map| map.values[at]).collect();
        *usual = quantile_between(&values, 0.5) as f32;
    }
    // What lies beside a border of what is usual is no surprise.
    let usual = usual.smooth(1.0, 1.0);
    let above = |map: &&ScoreMap| {
        let pairs = map.values.iter().zip(&usual.values);
        let above = ScoreMap {
            height,
            width,
            values: pairs.map(|(value, usual)| value - usual).collect(),
        };
        above.peak()
    };
    maps.iter().map(above).collect()
}

/// What no value counts beyond ([`GoodScores::far`]).
fn far(values: &[f32]) -> f32 {
    GoodScores::new(values, &[], 0.0)
        .far()
        .map_or(f32::INFINITY, |far| far as f32)
}

/// The middle of some values, and how far the upper tenth lies above it.
struct Unit {
    middle: f32,
    above: f32,
}

impl Unit {
    fn of(values: &[f32]) -> Self {
        let [middle, upper] =
            [0.5, UNIT_QUANTILE].map(|share| quantile_between(values, share) as f32);
        let above = upper - middle;
        Self {
            middle,
            above: above.max(1e-6),
        }
    }

    fn of_value(&self, value: f32) -> f32 {
        (value - self.middle) / self.above
    }
}

#[cfg(test)]
mod tests;
