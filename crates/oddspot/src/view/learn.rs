//! The reference from good images.

use std::f32::consts::PI;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::moves::Pose;
use super::reference::Reference;
use super::search::{Found, Search, wrapped};
use super::stack::Stack;
use crate::images::ImageSize;
use crate::maps::{ScoreMap, quantile_between};
use crate::settings::Alignment;

/// Images that the first reference is chosen from, at most.
const CHOICES: usize = 12;
/// Images that each of them is compared with, at most.
const COMPARED: usize = 24;
/// How often all images are laid upon each other.
const ROUNDS: usize = 2;
/// Images that have nothing in common with good ones reach such correlations. Where it would count as aligned
/// too, good images have too little in common to be aligned.
pub(super) const LEAST_CORRELATION: f32 = 0.3;
/// Distances of the quartiles, below the lower one, that the bound lies (Tukey's far out).
const FAR: f32 = 3.0;
/// The least distance of the quartiles.
const LEAST_SPREAD: f32 = 0.05;
/// Share of good images that are turned as far as an image may be.
const NEARLY_ALL: f32 = 0.95;
/// Degrees that it may be turned farther.
const MORE_TURN: f32 = 15.0;
/// Degrees from which on an image may be turned all the way round: parts that lie at any angle leave gaps by chance.
const ANY_TURN: f32 = 135.0;
/// Length of the mean of all turns' directions above which they have one in common.
const COMMON_TURN: f32 = 0.7;

/// What is known of how good images lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GoodAlignment {
    /// Columns of the picture that images are compared in.
    pub width: usize,
    /// Rows of it.
    pub height: usize,
    /// Least correlation of an image that could be aligned: far below what good images reach.
    pub bound: f64,
    /// Median of the good images' correlations, each with the others.
    pub correlation: f64,
    /// How far good images are moved, in pixels of the model's size: the median and the most.
    pub moved: [f32; 2],
    /// How far they are turned, in degrees: the median and the most.
    pub turned: [f32; 2],
    /// How far an image may be turned, in degrees, in [0, 180].
    pub reach: f32,
    /// Good images that could not be aligned.
    pub not_aligned: Vec<String>,
    #[serde(skip)]
    strangers: Vec<usize>,
}

impl GoodAlignment {
    /// The same with the names of the images that could not be aligned.
    pub(super) fn named(mut self, name: impl Fn(usize) -> String) -> Self {
        let strangers = std::mem::take(&mut self.strangers);
        self.not_aligned = strangers.into_iter().map(name).collect();
        self
    }
}

/// The reference of good images' edges, all of one size, for a model's images of `size`; None if they have too little in
/// common.
pub(super) fn learn(
    pictures: &[ScoreMap],
    how: Alignment,
    size: ImageSize,
) -> Option<(Reference, GoodAlignment)> {
    let canvas = pictures.first().map(|picture| ImageSize {
        width: picture.width,
        height: picture.height,
    })?;
    let mut reference = Reference::of_one(&pictures[first(pictures, how)?]);
    let mut stack = Stack::new(canvas);
    let mut found = Vec::new();
    let mut reach = 180.0;
    for _ in 0..ROUNDS {
        found = all(pictures, Search::new(reference, how, reach));
        recentre(&mut found);
        reach = reach_of(&found);
        stack = Stack::new(canvas);
        for (picture, found) in pictures.iter().zip(&found) {
            stack.add(picture, &found.pose, 1.0);
        }
        reference = stack.reference();
    }
    // Each image with what the others have in common.
    let correlations: Vec<f32> = (pictures.par_iter().zip(&found))
        .map(|(picture, found)| {
            let mut others = stack.clone();
            others.add(picture, &found.pose, -1.0);
            others.reference().correlation(picture, &found.pose)
        })
        .collect();
    let bound = bound(&correlations);
    if bound < LEAST_CORRELATION {
        return None;
    }
    let moves = found.iter().map(|found| {
        let [dx, dy] = found.pose.on(size, canvas).of_centre(size);
        dx.hypot(dy)
    });
    let usual_and_most = |values: Vec<f32>| [quantile(&values, 0.5), quantile(&values, 1.0)];
    let good = GoodAlignment {
        width: canvas.width,
        height: canvas.height,
        bound: f64::from(bound),
        correlation: f64::from(quantile(&correlations, 0.5)),
        moved: usual_and_most(moves.collect()),
        reach,
        turned: usual_and_most(found.iter().map(turn).collect()),
        not_aligned: Vec::new(),
        strangers: (0..pictures.len())
            .filter(|&image| correlations[image] < bound)
            .collect(),
    };
    Some((reference, good))
}

/// How far an image is turned, in degrees.
fn turn(found: &Found) -> f32 {
    found.pose.angle.abs().to_degrees()
}

/// How each image lies.
fn all(pictures: &[ScoreMap], search: Search) -> Vec<Found> {
    (pictures.par_iter())
        .map(|picture| search.find(picture))
        .collect()
}

/// The image that agrees best with the others.
fn first(pictures: &[ScoreMap], how: Alignment) -> Option<usize> {
    let spread = |most: usize| {
        let count = pictures.len();
        (0..count.min(most)).map(move |at| at * count / count.min(most))
    };
    let agreement = |choice: usize| {
        let search = Search::new(Reference::of_one(&pictures[choice]), how, 180.0);
        let others = spread(COMPARED).filter(|&other| other != choice);
        let correlations: Vec<f32> = others
            .map(|other| search.find(&pictures[other]).correlation)
            .collect();
        quantile(&correlations, 0.5)
    };
    let choices: Vec<usize> = spread(CHOICES).collect();
    let agreements: Vec<f32> = choices
        .par_iter()
        .map(|&choice| agreement(choice))
        .collect();
    let best = (0..choices.len()).max_by(|&a, &b| {
        // The first of equals.
        agreements[a].total_cmp(&agreements[b]).then(b.cmp(&a))
    })?;
    Some(choices[best])
}

/// Moves the middle to where good images have it as a rule, and turns it as they are turned, if they are
/// turned alike: so little of them lies outside.
fn recentre(found: &mut [Found]) {
    let count = found.len().max(1) as f32;
    let mean = |of: &dyn Fn(&Pose) -> f32| found.iter().map(|f| of(&f.pose)).sum::<f32>() / count;
    let [east, south] = [
        mean(&|pose| pose.angle.cos()),
        mean(&|pose| pose.angle.sin()),
    ];
    let turn = match east.hypot(south) > COMMON_TURN {
        true => -south.atan2(east),
        false => 0.0,
    };
    // Seen from its own turn, each image's move; less their mean none lies far.
    let seen = |pose: &Pose| {
        let (sin, cos) = pose.angle.sin_cos();
        [cos * pose.dx + sin * pose.dy, cos * pose.dy - sin * pose.dx]
    };
    let [right, down] = [mean(&|pose| seen(pose)[0]), mean(&|pose| seen(pose)[1])];
    for Found { pose, .. } in found {
        let (sin, cos) = pose.angle.sin_cos();
        pose.dx -= cos * right - sin * down;
        pose.dy -= sin * right + cos * down;
        pose.angle = wrapped(pose.angle + turn).clamp(-PI, PI);
    }
}

/// Far below what correlations reach.
fn bound(correlations: &[f32]) -> f32 {
    let [low, high] = [0.25, 0.75].map(|share| quantile(correlations, share));
    (low - FAR * (high - low).max(LEAST_SPREAD)).max(0.0)
}

/// How far an image may be turned, in degrees: as far as nearly all good ones, and a little more.
fn reach_of(found: &[Found]) -> f32 {
    let turns: Vec<f32> = found.iter().map(turn).collect();
    match quantile(&turns, NEARLY_ALL) + MORE_TURN {
        reach if reach < ANY_TURN => reach,
        _ => 180.0,
    }
}

/// A quantile, interpolated linearly; 0 of nothing.
fn quantile(values: &[f32], share: f32) -> f32 {
    quantile_between(values, f64::from(share)) as f32
}

#[cfg(test)]
pub(super) mod tests;
