//! InfoNCE between the two views of each place, and the loss of planted defects, both on cosine
//! similarities of projected features.

use oddspot::Result;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Workspace};
use rayon::prelude::*;

use super::Scores;

/// Similarity at which a changed place is as good as unlike itself, and how soft the edge is.
const UNLIKE: (f32, f32) = (0.3, 0.1);

/// How projections are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contrast {
    /// Weight of InfoNCE.
    pub weight: f32,
    /// Weight of the planted defects, as a share of it.
    pub defects: f32,
    pub temperature: f32,
}

impl Contrast {
    /// Contrastive and defects' loss on projections `[2·points, width]`, and their gradient.
    pub fn compare(
        &self,
        workspace: &mut Workspace,
        out: &[f32],
        points: usize,
        unchanged: usize,
        scores: &mut Scores,
    ) -> Result<Vec<f32>> {
        let width = out.len() / (2 * points);
        let (units, lengths) = normalise(out, width);
        let (first, second) = units.split_at(points * width);
        let isa = workspace.isa();
        let plain = Epilogue::default();
        let others = LinearWeights::pack(isa, second, [points, width])?;
        let mut similar = vec![0.0; points * points];
        linear(workspace, points, first, &others, None, plain, &mut similar)?;

        let mut of_similar = vec![0.0; points * points];
        self.info_nce(&similar, points, unchanged, &mut of_similar, scores);
        self.unlike(&similar, points, unchanged, &mut of_similar, scores);

        let mut of_units = vec![0.0; units.len()];
        let (of_first, of_second) = of_units.split_at_mut(points * width);
        let others = LinearWeights::pack_transposed(isa, second, [points, width])?;
        linear(
            workspace,
            points,
            &of_similar,
            &others,
            None,
            plain,
            of_first,
        )?;
        let sizes = [points, width];
        linear_weight_gradient(workspace, points, first, &of_similar, sizes, of_second)?;
        through_normalise(&units, &lengths, width, &mut of_units);
        Ok(of_units)
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
        scores.total += self.weight * scores.contrast;
        let scale = self.weight / (2.0 * unchanged as f32 * self.temperature);
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
        let weight = self.weight * self.defects;
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
