//! What the network is asked at the points of a batch, level by level:
//! - which of all places of the second views is the one of a place in the first views
//!   (contrastive, InfoNCE: van den Oord et al., 2018; dense, as DenseCL's);
//! - that a place where a defect was planted is no longer like itself;
//! - which formula a place's texture is of.

mod classes;
mod contrast;
mod layer;

use oddspot::Result;
use oddspot::net::tensors::Layout;
use oddspot_conv::Workspace;

use crate::config::Recipe;
use crate::formula::CLASSES;
use crate::points::Point;
use classes::tell;
use contrast::Contrast;
use layer::Layer;

/// Channels of the projection's hidden layer and of its output.
const PROJECTION: [usize; 2] = [128, 64];

/// The heads of a level.
pub struct Objective {
    hidden: Layer,
    projection: Layer,
    /// Tells the class; at the last level only, and only if it has a weight.
    classes: Option<Layer>,
    contrast: Contrast,
    weight_of_classes: f32,
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
            contrast: Contrast {
                weight: recipe.contrast[level],
                defects: recipe.defects,
                temperature: recipe.temperature,
            },
            weight_of_classes: recipe.classes,
        }
    }

    /// The losses on features `[2·points, channels]` of points of which the unchanged come
    /// first; the features' gradient, and those of the heads' parameters (which are left as
    /// they are where there is nothing to compare).
    ///
    /// # Errors
    /// Features or values of another layout.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        values: &[f32],
        points: &[Point],
        features: &[f32],
        gradients: &mut [f32],
    ) -> Result<(Scores, Vec<f32>)> {
        let mut scores = Scores::default();
        let mut of_features = vec![0.0; features.len()];
        if points.is_empty() {
            return Ok((scores, of_features));
        }
        let unchanged = points.iter().take_while(|point| !point.changed).count();
        if unchanged > 1 {
            let hidden = self.hidden.forward(workspace, values, features, true)?;
            let out = self.projection.forward(workspace, values, &hidden, false)?;
            let mut of_out =
                self.contrast
                    .compare(workspace, &out, points.len(), unchanged, &mut scores)?;
            let known = (&hidden[..], None);
            let mut of_hidden =
                self.projection
                    .backward(workspace, values, known, &mut of_out, gradients)?;
            let known = (features, Some(&hidden[..]));
            of_features =
                self.hidden
                    .backward(workspace, values, known, &mut of_hidden, gradients)?;
        }
        if let Some(classes) = &self.classes {
            let logits = classes.forward(workspace, values, features, false)?;
            let mut of_logits = tell(self.weight_of_classes, &logits, points, &mut scores);
            let known = (features, None);
            let more = classes.backward(workspace, values, known, &mut of_logits, gradients)?;
            for (sum, value) in of_features.iter_mut().zip(more) {
                *sum += value;
            }
        }
        Ok((scores, of_features))
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
        let mut values = layout.fresh(1);
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
        let (scores, of_features) = (objective)
            .run(&mut workspace, &values, &points, &features, &mut gradients)
            .unwrap();
        let parts = recipe.contrast[2] * (scores.contrast + recipe.defects * scores.defects)
            + recipe.classes * scores.classes;
        assert!((scores.total - parts).abs() < 1e-4);
        let mut total = |values: &[f32], features: &[f32]| {
            let mut unused = vec![0.0; layout.count()];
            let run = objective.run(&mut workspace, values, &points, features, &mut unused);
            f64::from(run.unwrap().0.total)
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
        let values = layout.fresh(1);
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
            let (scores, of_features) = (objective)
                .run(&mut workspace, &values, &points, &features, &mut gradients)
                .unwrap();
            assert_eq!(scores.total, 0.0);
            assert!(of_features.iter().all(|&gradient| gradient == 0.0));
            assert!(gradients.iter().all(|&gradient| gradient == 0.0));
        }
    }
}
