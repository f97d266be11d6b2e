//! How odd each good image is among the others, from what is said of it as if it had been left out.
//!
//! A score is the maximum of a map, and where good images differ most, as on a rough background, it hides
//! a fault elsewhere. So each image is also looked at place by place: how far its map rises above what is
//! usual **there**.

use crate::maps::ScoreMap;
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
    /// Whether it is odd for its place more than by its score.
    pub for_its_place: bool,
    /// Whether it lies far above all others.
    pub far: bool,
}

/// That of each image; none of none.
pub(super) fn oddness(images: &[LeftOut]) -> Vec<Oddness> {
    let above: Vec<(f32, (usize, usize))> = match images.len() >= ENOUGH {
        true => above_usual(images),
        false => images.iter().map(|image| image.map.peak()).collect(),
    };
    let scores: Vec<f32> = images.iter().map(|image| image.score).collect();
    let peaks: Vec<f32> = above.iter().map(|&(peak, _)| peak).collect();
    let far = [far(&scores), far(&peaks)];
    let units = [Unit::of(&scores), Unit::of(&peaks)];
    let judged = images.iter().zip(&above).map(|(image, &(peak, place))| {
        let [score, peak_in_units] = [units[0].of_value(image.score), units[1].of_value(peak)];
        let for_its_place = peak_in_units > score;
        let (row, column) = match for_its_place {
            true => place,
            false => image.map.peak().1,
        };
        Oddness {
            value: score.max(peak_in_units),
            at: [
                (row as f32 + 0.5) / image.map.height.max(1) as f32,
                (column as f32 + 0.5) / image.map.width.max(1) as f32,
            ],
            for_its_place,
            far: image.score > far[0] || peak > far[1],
        }
    });
    judged.collect()
}

/// How far each map rises above the median of all at the same place, and where.
fn above_usual(images: &[LeftOut]) -> Vec<(f32, (usize, usize))> {
    let (height, width) = (images[0].map.height, images[0].map.width);
    let mut usual = ScoreMap::filled(height, width, 0.0);
    for (at, usual) in usual.values.iter_mut().enumerate() {
        let mut values: Vec<f32> = images.iter().map(|image| image.map.values[at]).collect();
        *usual = quantile(&mut values, 0.5);
    }
    // What lies beside a border of what is usual is no surprise.
    let usual = usual.smooth(1.0, 1.0);
    let above = |image: &LeftOut| {
        let pairs = image.map.values.iter().zip(&usual.values);
        let above = ScoreMap {
            height,
            width,
            values: pairs.map(|(value, usual)| value - usual).collect(),
        };
        above.peak()
    };
    images.iter().map(above).collect()
}

/// What no value counts beyond ([`GoodScores::far`]).
fn far(values: &[f32]) -> f32 {
    let scores = GoodScores {
        good: values.to_vec(),
        least_std: 0.0,
        pixel: 0.0,
    };
    scores.far().map_or(f32::INFINITY, |far| far as f32)
}

/// The middle of some values, and how far the upper tenth lies above it.
struct Unit {
    middle: f32,
    above: f32,
}

impl Unit {
    fn of(values: &[f32]) -> Self {
        let mut values = values.to_vec();
        let middle = quantile(&mut values, 0.5);
        let above = quantile(&mut values, UNIT_QUANTILE) - middle;
        Self {
            middle,
            above: above.max(1e-6),
        }
    }

    fn of_value(&self, value: f32) -> f32 {
        (value - self.middle) / self.above
    }
}

/// A quantile, between the two values that are nearest; 0 of none.
fn quantile(values: &mut [f32], q: f64) -> f32 {
    values.sort_by(f32::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let at = q * last as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    low + at.fract() as f32 * (high - low)
}

#[cfg(test)]
mod tests;
