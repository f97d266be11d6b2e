//! What the network is asked at the points of a batch, level by level:
//! - which of all places of the second views is the one of a place in the first views
//!   (contrastive, InfoNCE: van den Oord et al., 2018; dense, as DenseCL's);
//! - that a place where a defect was planted is no longer like itself;
//! - which formula a place's texture is of.

use std::ops::Range;

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Workspace};
use rayon::prelude::*;

use crate::config::Recipe;
use crate::fits;
use crate::formula::{CLASSES, FAMILIES};
use crate::layout::Layout;
use crate::points::Point;

/// Channels of the projection's hidden layer and of its output.
const PROJECTION: [usize; 2] = [128, 64];
/// Similarity at which a changed place is as good as unlike itself, and how soft the edge is.
const UNLIKE: (f32, f32) = (0.3, 0.1);

/// A linear layer of the objective.
#[derive(Clone, Debug)]
struct Layer {
    weight: Range<usize>,
    bias: Range<usize>,
    /// Outputs and inputs.
    sizes: [usize; 2],
}

impl Layer {
    fn new(layout: &mut Layout, name: &str, sizes: [usize; 2]) -> Self {
        Self {
            weight: layout.add(format!("{name}.weight"), &sizes),
            bias: layout.add(format!("{name}.bias"), &sizes[..1]),
            sizes,
        }
    }

    fn forward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        x: &[f32],
        relu: bool,
    ) -> Vec<f32> {
        let [outputs, inputs] = self.sizes;
        let rows = x.len() / inputs;
        let mut y = vec![0.0; rows * outputs];
        let weight = &values[self.weight.clone()];
        let weights = fits(LinearWeights::pack(workspace.isa(), weight, self.sizes));
        let bias = Some(&values[self.bias.clone()]);
        let epilogue = if relu {
            Epilogue::RELU
        } else {
            Epilogue::default()
        };
        fits(linear(workspace, rows, x, &weights, bias, epilogue, &mut y));
        y
    }

    /// The gradient of `x`; `dy` goes through the ReLU, if `y` is its output.
    fn backward(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        (x, y): (&[f32], Option<&[f32]>),
        dy: &mut [f32],
        gradients: &mut [f32],
    ) -> Vec<f32> {
        let rows = x.len() / self.sizes[1];
        let db = &mut gradients[self.bias.clone()];
        fits(relu_bias_backward(workspace.isa(), rows, y, dy, db));
        let dw = &mut gradients[self.weight.clone()];
        fits(linear_weight_gradient(
            workspace, rows, x, dy, self.sizes, dw,
        ));
        let weight = &values[self.weight.clone()];
        let weights = fits(LinearWeights::pack_transposed(
            workspace.isa(),
            weight,
            self.sizes,
        ));
        let mut dx = vec![0.0; x.len()];
        fits(linear(
            workspace,
            rows,
            dy,
            &weights,
            None,
            Epilogue::default(),
            &mut dx,
        ));
        dx
    }
}

/// The heads of a level.
pub struct Objective {
    hidden: Layer,
    projection: Layer,
    /// Tells the class; at the last level only, and only if it has a weight.
    classes: Option<Layer>,
    contrast: f32,
    defects: f32,
    of_classes: f32,
    temperature: f32,
}

/// What a level's losses were, unweighted, and how often it was right.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// InfoNCE.
    pub contrast: f32,
    /// Of planted defects.
    pub defects: f32,
    /// Cross-entropy of the classes and their families.
    pub classes: f32,
    /// Share of the places found again.
    pub found: f32,
    /// Share of the classes told rightly.
    pub told: f32,
    /// The weighted sum that is minimised.
    pub total: f32,
}

impl Objective {
    /// The heads of a level (0 to 2) of so many channels, their parameters appended to the
    /// layout.
    pub fn new(layout: &mut Layout, recipe: &Recipe, level: usize, channels: usize) -> Self {
        let name = |part: &str| format!("level{}.{part}", level + 1);
        let [hidden, out] = PROJECTION;
        Self {
            hidden: Layer::new(layout, &name("hidden"), [hidden, channels]),
            projection: Layer::new(layout, &name("projection"), [out, hidden]),
            classes: (level == 2 && recipe.classes > 0.0)
                .then(|| Layer::new(layout, &name("classes"), [CLASSES, channels])),
            contrast: recipe.contrast[level],
            defects: recipe.defects,
            of_classes: recipe.classes,
            temperature: recipe.temperature,
        }
    }

    /// The losses on features `[2·points, channels]` of points of which the unchanged come
    /// first; the features' gradient, and those of the heads' parameters (which are left as
    /// they are where there is nothing to compare).
    pub fn run(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        points: &[Point],
        features: &[f32],
        gradients: &mut [f32],
    ) -> (Scores, Vec<f32>) {
        let mut scores = Scores::default();
        let mut of_features = vec![0.0; features.len()];
        if points.is_empty() {
            return (scores, of_features);
        }
        let unchanged = points.iter().take_while(|point| !point.changed).count();
        if unchanged > 1 {
            let hidden = self.hidden.forward(workspace, values, features, true);
            let out = self.projection.forward(workspace, values, &hidden, false);
            let mut of_out = self.compare(workspace, &out, points.len(), unchanged, &mut scores);
            let known = (&hidden[..], None);
            let mut of_hidden =
                self.projection
                    .backward(workspace, values, known, &mut of_out, gradients);
            let known = (features, Some(&hidden[..]));
            of_features = self
                .hidden
                .backward(workspace, values, known, &mut of_hidden, gradients);
        }
        if let Some(classes) = &self.classes {
            let logits = classes.forward(workspace, values, features, false);
            let mut of_logits = self.tell(&logits, points, &mut scores);
            let known = (features, None);
            let more = classes.backward(workspace, values, known, &mut of_logits, gradients);
            for (sum, value) in of_features.iter_mut().zip(more) {
                *sum += value;
            }
        }
        (scores, of_features)
    }

    /// Contrastive and defects' loss on projections `[2·points, 64]`, and their gradient.
    fn compare(
        &self,
        workspace: &mut Workspace,
        out: &[f32],
        points: usize,
        unchanged: usize,
        scores: &mut Scores,
    ) -> Vec<f32> {
        let width = PROJECTION[1];
        let (units, lengths) = normalise(out, width);
        let (first, second) = units.split_at(points * width);
        let isa = workspace.isa();
        let plain = Epilogue::default();
        let others = fits(LinearWeights::pack(isa, second, [points, width]));
        let mut similar = vec![0.0; points * points];
        fits(linear(
            workspace,
            points,
            first,
            &others,
            None,
            plain,
            &mut similar,
        ));

        let mut of_similar = vec![0.0; points * points];
        self.info_nce(&similar, points, unchanged, &mut of_similar, scores);
        self.unlike(&similar, points, unchanged, &mut of_similar, scores);

        let mut of_units = vec![0.0; units.len()];
        let (of_first, of_second) = of_units.split_at_mut(points * width);
        let others = fits(LinearWeights::pack_transposed(isa, second, [points, width]));
        fits(linear(
            workspace,
            points,
            &of_similar,
            &others,
            None,
            plain,
            of_first,
        ));
        let sizes = [points, width];
        fits(linear_weight_gradient(
            workspace,
            points,
            first,
            &of_similar,
            sizes,
            of_second,
        ));
        through_normalise(&units, &lengths, width, &mut of_units);
        of_units
    }

    /// InfoNCE both ways over cosine similarities `[points, points]`.
    fn info_nce(
        &self,
        similar: &[f32],
        points: usize,
        unchanged: usize,
        of_similar: &mut [f32],
        scores: &mut Scores,
    ) {
        // |similarity / temperature| ≤ 50: no overflow.
        let exponentials: Vec<f32> = (similar.par_iter().with_min_len(4096))
            .map(|s| (s / self.temperature).exp())
            .collect();
        let mut of_rows = vec![0.0f64; points];
        let mut of_columns = vec![0.0f64; points];
        for (sum, row) in of_rows.iter_mut().zip(exponentials.chunks_exact(points)) {
            for (column, &value) in of_columns.iter_mut().zip(row) {
                *sum += f64::from(value);
                *column += f64::from(value);
            }
        }
        let (mut loss, mut found) = (0.0, 0);
        for i in 0..unchanged {
            let own = exponentials[i * points + i];
            let share = f64::from(own).ln() * 2.0 - of_rows[i].ln() - of_columns[i].ln();
            loss -= 0.5 * share;
            let row = &exponentials[i * points..][..points];
            let others = row.iter().enumerate().filter(|(j, _)| *j != i);
            found += usize::from(others.map(|(_, other)| other).all(|&other| other < own));
        }
        scores.contrast = (loss / unchanged as f64) as f32;
        scores.found = found as f32 / unchanged as f32;
        scores.total += self.contrast * scores.contrast;
        let scale = self.contrast / (2.0 * unchanged as f32 * self.temperature);
        let columns: Vec<f32> = (of_columns.iter().enumerate())
            .map(|(j, sum)| {
                if j < unchanged {
                    (1.0 / sum) as f32
                } else {
                    0.0
                }
            })
            .collect();
        (of_similar.par_chunks_exact_mut(points))
            .zip(exponentials.par_chunks_exact(points))
            .enumerate()
            .for_each(|(i, (to, row))| {
                let of_row = if i < unchanged {
                    (1.0 / of_rows[i]) as f32
                } else {
                    0.0
                };
                for ((to, value), of_column) in to.iter_mut().zip(row).zip(&columns) {
                    *to = scale * value * (of_row + of_column);
                }
                if i < unchanged {
                    to[i] -= 2.0 * scale;
                }
            });
    }

    /// `mean softplus((similarity − 0.3) / 0.1)` of changed places to themselves.
    fn unlike(
        &self,
        similar: &[f32],
        points: usize,
        unchanged: usize,
        of_similar: &mut [f32],
        scores: &mut Scores,
    ) {
        let changed = points - unchanged;
        if changed == 0 {
            return;
        }
        let (edge, softness) = UNLIKE;
        let weight = self.contrast * self.defects;
        let mut loss = 0.0;
        for i in unchanged..points {
            let x = (similar[i * points + i] - edge) / softness;
            loss += x.max(0.0) + (-x.abs()).exp().ln_1p();
            let slope = 1.0 / (1.0 + (-x).exp());
            of_similar[i * points + i] += weight * slope / (softness * changed as f32);
        }
        scores.defects = loss / changed as f32;
        scores.total += weight * scores.defects;
    }

    /// Cross-entropies of the class and of its family (whose probability is the sum of its
    /// classes') on logits `[2·points, CLASSES]`, half each, and the gradient. Where a defect was
    /// planted only the first view is asked.
    fn tell(&self, logits: &[f32], points: &[Point], scores: &mut Scores) -> Vec<f32> {
        let mut of_logits = vec![0.0; logits.len()];
        let class = |row: usize| {
            let point = &points[row % points.len()];
            point.class.filter(|_| row < points.len() || !point.changed)
        };
        let asked = (0..2 * points.len())
            .filter(|&row| class(row).is_some())
            .count();
        if asked == 0 {
            return of_logits;
        }
        let scale = self.of_classes / asked as f32;
        let rows: Vec<(f64, bool)> = (of_logits.par_chunks_exact_mut(CLASSES))
            .zip(logits.par_chunks_exact(CLASSES))
            .enumerate()
            .filter_map(|(row, (to, logits))| {
                let class = class(row)?;
                let others = logits.iter().enumerate().filter(|(j, _)| *j != class);
                let right = others.map(|(_, logit)| logit).all(|&l| l < logits[class]);
                Some((hierarchical_entropy(logits, class, scale, to), right))
            })
            .collect();
        let loss: f64 = rows.iter().map(|(loss, _)| loss).sum();
        scores.classes = (loss / asked as f64) as f32;
        scores.told = rows.iter().filter(|(_, right)| *right).count() as f32 / asked as f32;
        scores.total += self.of_classes * scores.classes;
        of_logits
    }
}

/// `−½ log p(class) − ½ log p(family)` of a row of logits; `scale` times its gradient goes to
/// `of_logits`.
fn hierarchical_entropy(logits: &[f32], class: usize, scale: f32, of_logits: &mut [f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for (to, logit) in of_logits.iter_mut().zip(logits) {
        *to = (logit - largest).exp();
    }
    let sum: f32 = of_logits.iter().sum();
    let family = class % FAMILIES;
    let of_family: f32 = of_logits.iter().skip(family).step_by(FAMILIES).sum();
    let own = of_logits[class];
    let loss = -0.5 * (f64::from(own.max(f32::MIN_POSITIVE) / sum).ln())
        - 0.5 * f64::from(of_family.max(f32::MIN_POSITIVE) / sum).ln();
    for (other, to) in of_logits.iter_mut().enumerate() {
        let within = match other % FAMILIES == family {
            true => 0.5 * *to / of_family.max(f32::MIN_POSITIVE),
            false => 0.0,
        };
        *to = scale * (*to / sum - within);
    }
    of_logits[class] -= 0.5 * scale;
    loss
}

/// Rows divided by their lengths, and the lengths.
fn normalise(rows: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let mut units = rows.to_vec();
    let lengths = (units.chunks_exact_mut(width))
        .map(|row| {
            // Smooth at 0, where a place that no channel answers to would lie.
            let length = (row.iter().map(|v| v * v).sum::<f32>() + 1e-6).sqrt();
            row.iter_mut().for_each(|v| *v /= length);
            length
        })
        .collect();
    (units, lengths)
}

/// From the gradient of unit rows to that of the rows.
fn through_normalise(units: &[f32], lengths: &[f32], width: usize, of_units: &mut [f32]) {
    let rows = units.chunks_exact(width).zip(lengths);
    for (of_unit, (unit, length)) in of_units.chunks_exact_mut(width).zip(rows) {
        let along: f32 = of_unit.iter().zip(unit).map(|(g, u)| g * u).sum();
        for (gradient, u) in of_unit.iter_mut().zip(unit) {
            *gradient = (*gradient - along * u) / length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The losses' gradients against differences of the losses themselves.
    #[test]
    fn gradients_are_the_losses_slopes() {
        let recipe = Recipe {
            temperature: 0.5,
            classes: 0.5,
            defects: 0.3,
            ..Recipe::default()
        };
        let channels = 12;
        let mut layout = Layout::default();
        let objective = Objective::new(&mut layout, &recipe, 2, channels);
        let mut values = layout.initial(1);
        let points: Vec<Point> = (0..9)
            .map(|i| Point {
                first: i,
                second: [(i, 1.0), (i, 0.0), (i, 0.0), (i, 0.0)],
                changed: i >= 6,
                class: (i % 2 == 0).then_some(7 * i),
            })
            .collect();
        let mut features: Vec<f32> = (0..18 * channels)
            .map(|i| (i as f32 * 0.77).sin())
            .collect();
        let mut workspace = Workspace::new();
        let mut gradients = vec![0.0; layout.count()];
        let (scores, of_features) =
            objective.run(&mut workspace, &values, &points, &features, &mut gradients);
        let parts = recipe.contrast[2] * (scores.contrast + recipe.defects * scores.defects)
            + recipe.classes * scores.classes;
        assert!((scores.total - parts).abs() < 1e-4);
        let mut total = |values: &[f32], features: &[f32]| {
            let mut unused = vec![0.0; layout.count()];
            let run = objective.run(&mut workspace, values, &points, features, &mut unused);
            f64::from(run.0.total)
        };
        let step = 3e-3;
        let check = |analytic: f32, numeric: f64, what: &str| {
            let error = (f64::from(analytic) - numeric).abs();
            assert!(
                error < 2e-3 + 0.03 * numeric.abs(),
                "{what}: {analytic} for {numeric}"
            );
        };
        for i in (0..features.len()).step_by(5) {
            let kept = features[i];
            features[i] = kept + step;
            let above = total(&values, &features);
            features[i] = kept - step;
            let slope = (above - total(&values, &features)) / (2.0 * f64::from(step));
            features[i] = kept;
            check(of_features[i], slope, &format!("feature {i}"));
        }
        for i in (0..values.len()).step_by(97) {
            let kept = values[i];
            values[i] = kept + step;
            let above = total(&values, &features);
            values[i] = kept - step;
            let slope = (above - total(&values, &features)) / (2.0 * f64::from(step));
            values[i] = kept;
            check(gradients[i], slope, &format!("value {i}"));
        }
    }

    #[test]
    fn levels_with_nothing_to_compare_are_left_alone() {
        let recipe = Recipe {
            classes: 0.5,
            defects: 0.3,
            ..Recipe::default()
        };
        let mut layout = Layout::default();
        let objective = Objective::new(&mut layout, &recipe, 2, 3);
        let values = layout.initial(1);
        let mut workspace = Workspace::new();
        let changed = Point {
            first: 0,
            second: [(0, 1.0), (0, 0.0), (0, 0.0), (0, 0.0)],
            changed: true,
            class: None,
        };
        for points in [vec![], vec![changed; 4]] {
            let features = vec![0.5; 2 * points.len() * 3];
            let mut gradients = vec![0.0; layout.count()];
            let (scores, of_features) =
                objective.run(&mut workspace, &values, &points, &features, &mut gradients);
            assert_eq!(scores.total, 0.0);
            assert!(of_features.iter().all(|&gradient| gradient == 0.0));
            assert!(gradients.iter().all(|&gradient| gradient == 0.0));
        }
    }
}
