//! Naming the texture: formula-driven supervision.

use rayon::prelude::*;

use super::Scores;
use crate::formula::{CLASSES, FAMILIES};
use crate::points::Point;

/// Cross-entropies of the class and of its family (whose probability is the sum of its
/// classes') on logits `[2·points, CLASSES]`, half each, and the gradient. Where a defect was
/// planted only the first view is asked.
pub(super) fn tell(weight: f32, logits: &[f32], points: &[Point], scores: &mut Scores) -> Vec<f32> {
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
    let scale = weight / asked as f32;
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
    scores.total += weight * scores.classes;
    of_logits
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
