//! How an image lies: by the correlation of its edges with the reference's, over all turns and moves of a
//! smaller picture first, and then step by step.

use std::f32::consts::{PI, TAU};
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::edges::{between, halved};
use super::moves::Pose;
use super::reference::Reference;
use crate::images::ImageSize;
use crate::maps::ScoreMap;
use crate::settings::Alignment;

/// Turns that are tried first; even.
const TURNS: usize = 60;
/// Share of a side that an image is moved by, at most.
const FARTHEST: f32 = 0.34;
/// Poses that are looked at closely.
const CANDIDATES: usize = 3;
/// What a turn by half a circle, or a move by the whole side, must add to the correlation: of two that
/// are as good the nearer one is taken.
const PREFERENCE: f32 = 0.02;
/// Steps of a close look, in pixels and in radians.
const STEPS: [f32; 3] = [1.0, 1.0, 0.06];
/// What they are multiplied by, one look after the other.
const SCALES: [f32; 5] = [1.0, 1.0, 0.5, 0.5, 0.25];

/// How an image lies, and how well it then agrees with the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub pose: Pose,
    /// In [−1, 1].
    pub correlation: f32,
}

/// A reference made ready.
pub(super) struct Search {
    reference: Reference,
    turns: bool,
    /// How far an image may be turned, in radians.
    reach: f32,
    /// Turned templates by two and two, as the conjugates of their transforms: of one, and i times of the
    /// other.
    spectra: Vec<Vec<Complex32>>,
    transform: Transform,
}

impl Search {
    /// For a reference; by moves alone, or turns too, of so many degrees at most.
    pub(super) fn new(reference: Reference, how: Alignment, reach: f32) -> Self {
        let template = reference.template();
        let transform = Transform::new(&template);
        let turns = how == Alignment::Rigid;
        let spectrum = |turn: usize| {
            let angle = angle_of(turn);
            transform.forward(&turned(&template, angle))
        };
        let pairs = match turns {
            true => TURNS / 2,
            false => 1,
        };
        let spectra = (0..pairs).map(|pair| match turns {
            false => spectrum(0).iter().map(Complex32::conj).collect(),
            true => {
                let two = [spectrum(2 * pair), spectrum(2 * pair + 1)];
                let both = two[0].iter().zip(&two[1]);
                both.map(|(one, other)| one.conj() + Complex32::i() * other.conj())
                    .collect()
            }
        });
        Self {
            spectra: spectra.collect(),
            transform,
            turns,
            reach: reach.to_radians(),
            reference,
        }
    }

    /// Whether images are turned too.
    pub(super) fn turns(&self) -> bool {
        self.turns
    }

    pub(super) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// How an image lies, by its edges of the reference's size.
    pub(super) fn find(&self, edges: &ScoreMap) -> Found {
        let of = |pose: Pose| Found {
            correlation: self.reference.correlation(edges, &pose),
            pose,
        };
        let mut found: Vec<Found> = self.candidates(edges).into_iter().map(of).collect();
        found.push(of(Pose::default()));
        found.sort_by(|a, b| self.worth(b).total_cmp(&self.worth(a)));
        found.truncate(CANDIDATES);
        let refined = found.into_iter().map(|found| self.refine(edges, found));
        let best = refined.max_by(|a, b| self.worth(a).total_cmp(&self.worth(b)));
        best.unwrap_or_else(|| of(Pose::default()))
    }

    /// The correlation, a little less where the image would have been moved far.
    fn worth(&self, found: &Found) -> f32 {
        let ImageSize { width, height } = self.reference.size();
        let Pose { dx, dy, angle } = found.pose;
        let far = angle.abs() / PI + (dx / width as f32).hypot(dy / height as f32);
        found.correlation - PREFERENCE * far
    }

    /// The best move of each turn that is better than its neighbours, in pixels of the reference.
    fn candidates(&self, edges: &ScoreMap) -> Vec<Pose> {
        let small = halved(edges);
        let mean = small.values.iter().sum::<f32>() / small.values.len().max(1) as f32;
        let values = small.values.iter().map(|value| value - mean).collect();
        let spectrum = self.transform.forward(&ScoreMap { values, ..small });
        let farthest = [small.width, small.height].map(|side| (FARTHEST * side as f32) as usize);
        let mut best = Vec::with_capacity(TURNS);
        for templates in &self.spectra {
            let product = spectrum.iter().zip(templates).map(|(a, b)| a * b);
            let correlations = self.transform.backward(product.collect());
            best.push(
                self.transform
                    .peak(&correlations, farthest, |value| value.re),
            );
            if self.turns {
                best.push(
                    self.transform
                        .peak(&correlations, farthest, |value| value.im),
                );
            }
        }
        let count = best.len();
        let is_best = |turn: usize| {
            let around = [(turn + 1) % count, (turn + count - 1) % count];
            around.iter().all(|&other| best[other].0 <= best[turn].0)
        };
        let is_near = |turn: usize| angle_of(turn).abs() <= self.reach + 1e-3;
        let mut turns: Vec<usize> = (0..count)
            .filter(|&turn| is_near(turn) && is_best(turn))
            .collect();
        turns.sort_by(|&a, &b| best[b].0.total_cmp(&best[a].0));
        turns.truncate(2 * CANDIDATES);
        let pose = |turn: usize| {
            let [dx, dy] = best[turn].1.map(|at| 2.0 * at);
            Pose {
                dx,
                dy,
                angle: angle_of(turn),
            }
        };
        turns.into_iter().map(pose).collect()
    }

    /// Goes uphill from a pose, axis by axis, to the top of the parabola through it and its neighbours.
    fn refine(&self, edges: &ScoreMap, mut found: Found) -> Found {
        let axes = if self.turns { 3 } else { 2 };
        for scale in SCALES {
            for (axis, step) in STEPS.iter().enumerate().take(axes) {
                let pose = found.pose;
                let at = |steps: f32| {
                    let pose = self.stepped(pose, axis, steps * scale * step);
                    Found {
                        correlation: self.reference.correlation(edges, &pose),
                        pose,
                    }
                };
                let [before, after] = [at(-1.0), at(1.0)];
                let bend = before.correlation + after.correlation - 2.0 * found.correlation;
                let slope = after.correlation - before.correlation;
                let top = match bend < 0.0 {
                    true => at((-0.5 * slope / bend).clamp(-1.5, 1.5)),
                    false => found,
                };
                for other in [before, after, top] {
                    if other.correlation > found.correlation {
                        found = other;
                    }
                }
            }
        }
        found
    }

    /// A pose, a step along an axis farther; not turned beyond the reach.
    fn stepped(&self, mut pose: Pose, axis: usize, step: f32) -> Pose {
        match axis {
            0 => pose.dx += step,
            1 => pose.dy += step,
            // All the way round there is no end.
            _ if self.reach >= PI => pose.angle = wrapped(pose.angle + step),
            _ => pose.angle = (pose.angle + step).clamp(-self.reach, self.reach),
        }
        pose
    }
}

/// The angle of a turn, in (−π, π].
fn angle_of(turn: usize) -> f32 {
    wrapped(TAU * turn as f32 / TURNS as f32)
}

/// The same angle in [−π, π].
pub(super) fn wrapped(angle: f32) -> f32 {
    angle - TAU * (angle / TAU).round()
}

/// A template turned about its middle; 0 outside of it.
fn turned(template: &ScoreMap, angle: f32) -> ScoreMap {
    let size = ImageSize {
        width: template.width,
        height: template.height,
    };
    let pose = Pose {
        angle: -angle,
        ..Pose::default()
    };
    let from = pose.exactly_on(size, size);
    let pixel = |at: usize| {
        let [x, y] = from.point([(at % size.width) as f32, (at / size.width) as f32]);
        between(template, x, y).unwrap_or(0.0)
    };
    ScoreMap {
        values: (0..template.values.len()).map(pixel).collect(),
        ..*template
    }
}

/// The Fourier transform of pictures of one size, with room for moves.
struct Transform {
    /// Columns and rows with that room.
    sides: [usize; 2],
    forward: [Arc<dyn Fft<f32>>; 2],
    backward: [Arc<dyn Fft<f32>>; 2],
}

impl Transform {
    fn new(picture: &ScoreMap) -> Self {
        // Moves of up to a third must not come in again at the other end.
        let room = |side: usize| (side + (FARTHEST * side as f32) as usize + 1).next_multiple_of(8);
        let sides = [picture.width, picture.height].map(room);
        let mut planner = FftPlanner::new();
        Self {
            sides,
            forward: sides.map(|side| planner.plan_fft_forward(side)),
            backward: sides.map(|side| planner.plan_fft_inverse(side)),
        }
    }

    /// The spectrum of a picture, column by column.
    fn forward(&self, picture: &ScoreMap) -> Vec<Complex32> {
        let [width, height] = self.sides;
        let mut values = vec![Complex32::ZERO; width * height];
        for (to, from) in (values.chunks_exact_mut(width)).zip(picture.values.chunks(picture.width))
        {
            for (to, &from) in to.iter_mut().zip(from) {
                to.re = from;
            }
        }
        self.forward[0].process(&mut values);
        let mut columns = transposed(&values, self.sides);
        self.forward[1].process(&mut columns);
        columns
    }

    /// What has a spectrum, row by row, without scale.
    fn backward(&self, mut columns: Vec<Complex32>) -> Vec<Complex32> {
        let [width, height] = self.sides;
        self.backward[1].process(&mut columns);
        let mut values = transposed(&columns, [height, width]);
        self.backward[0].process(&mut values);
        values
    }

    /// The largest of correlations, and at which move (columns, rows): within so many.
    fn peak(
        &self,
        correlations: &[Complex32],
        farthest: [usize; 2],
        part: impl Fn(&Complex32) -> f32,
    ) -> (f32, [f32; 2]) {
        let [width, height] = self.sides;
        let moves = |farthest: usize| (-(farthest as isize))..=farthest as isize;
        let mut best = (f32::NEG_INFINITY, [0.0; 2]);
        for dy in moves(farthest[1]) {
            let row = dy.rem_euclid(height as isize) as usize;
            for dx in moves(farthest[0]) {
                let column = dx.rem_euclid(width as isize) as usize;
                let value = part(&correlations[row * width + column]);
                if value > best.0 {
                    best = (value, [dx as f32, dy as f32]);
                }
            }
        }
        best
    }
}

/// Rows of `width` values as columns.
fn transposed(values: &[Complex32], [width, height]: [usize; 2]) -> Vec<Complex32> {
    let mut columns = Vec::with_capacity(values.len());
    for x in 0..width {
        columns.extend((0..height).map(|y| values[y * width + x]));
    }
    columns
}
