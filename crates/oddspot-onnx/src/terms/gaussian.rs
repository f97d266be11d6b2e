//! `e_G`: how far a place's features lie from the Gaussian of good images there.

use oddspot::error::Result;
use oddspot::terms::gaussian::Scales;

use super::{Errors, Parts, Seen, lacks};
use crate::graph::{Graph, Value};
use crate::matrix::Matrix;

/// Blocks of places that share a covariance.
struct Blocks {
    side: usize,
    rows: usize,
    columns: usize,
}

/// `Σ w z(‖W (f − m)‖)` over the scales, at the places.
pub fn errors(graph: &mut Graph, parts: &Parts, seen: &Seen) -> Result<Errors> {
    let (grid, features) = seen.places.as_ref().ok_or_else(|| lacks("places"))?;
    let scales = Scales::of(parts.settings, &parts.learned.levels);
    let mut features = features.clone();
    if let (true, Some(coarsest)) = (scales.window > 1, features.last().cloned()) {
        let [rows, columns] =
            [grid.rows, grid.columns].map(|places| Matrix::window(places, scales.window));
        features.push(graph.both(&rows, &coarsest, &columns));
    }
    let side = parts.settings.closed_form.block;
    let blocks = Blocks {
        side,
        rows: grid.rows.div_ceil(side),
        columns: grid.columns.div_ceil(side),
    };
    let size = [grid.rows, grid.columns];
    let mut sum = None;
    for (at, (x, weight)) in features.iter().zip(scales.weights()).enumerate() {
        let distance = distances(graph, parts, (at + 1, &blocks), (x, size))?;
        let moments = parts.floats(&format!("gaussian.moments{}", at + 1))?;
        let &[mean, std] = moments else {
            return Err(lacks("gaussian.moments"));
        };
        let factor = weight / f64::from(std);
        let distance = graph.times(&distance, factor);
        let usual = graph.plus(&distance, -factor * f64::from(mean));
        sum = Some(match sum {
            Some(sum) => graph.add(&sum, &usual),
            None => usual,
        });
    }
    let sum = sum.ok_or_else(|| lacks("gaussian.mean1"))?;
    let map = blocks.to_places(graph, &sum, size);
    Ok(parts.by_place(graph, "gaussian", grid, map))
}

/// `‖W (f − m)‖` of a scale, counted from 1: block by block, `[blocks, batch · places of a block]`.
fn distances(
    graph: &mut Graph,
    parts: &Parts,
    (scale, blocks): (usize, &Blocks),
    (x, [rows, columns]): (&Value, [usize; 2]),
) -> Result<Value> {
    let mean = parts.floats(&format!("gaussian.mean{scale}"))?;
    let scales = parts.floats(&format!("gaussian.scales{scale}"))?;
    let triangles = parts.bytes(&format!("gaussian.rows{scale}"))?;
    let channels = mean.len() / (rows * columns);
    // [rows, columns, channels] to [channels, rows, columns].
    let by_channel = Matrix::of(rows * columns, channels, |place, channel| {
        mean[place * channels + channel]
    });
    let shape = [1, channels, rows, columns];
    let mean = graph.floats("mean", &shape, &by_channel.transposed().values);
    let x = graph.sub(x, &mean);
    let x = blocks.to_blocks(graph, &x, (channels, [rows, columns]));
    let count = blocks.rows * blocks.columns;
    let factors = graph.bytes(
        "factors",
        &[count, channels, channels],
        &squares(triangles, channels),
    );
    let factors = graph.floats_of(&factors);
    let y = graph.matmul(&x, &factors);
    let scales = graph.floats("scales", &[count, 1, channels], scales);
    let y = graph.mul(&y, &scales);
    let squares = graph.squares(&y, &[2]);
    Ok(graph.of("Sqrt", &squares))
}

/// Triangles, row by row, as whole matrices `[blocks, columns, rows]`: to be multiplied from the right.
fn squares(triangles: &[i8], channels: usize) -> Vec<i8> {
    let each = channels * (channels + 1) / 2;
    let mut squares = vec![0; triangles.len() / each.max(1) * channels * channels];
    let blocks = squares.chunks_exact_mut(channels * channels);
    for (to, triangle) in blocks.zip(triangles.chunks_exact(each.max(1))) {
        for row in 0..channels {
            let first = row * (row + 1) / 2;
            for column in 0..=row {
                to[column * channels + row] = triangle[first + column];
            }
        }
    }
    squares
}

impl Blocks {
    /// Maps `[batch, channels, rows, columns]` as `[blocks, batch · places of a block, channels]`; what of a block lies
    /// beyond the grid is 0.
    fn to_blocks(
        &self,
        graph: &mut Graph,
        x: &Value,
        (channels, size): (usize, [usize; 2]),
    ) -> Value {
        let x = match self.beyond(size) {
            [0, 0] => x.clone(),
            [rows, columns] => graph.pad(x, [0, rows], [0, columns]),
        };
        let [side, rows, columns] = [self.side, self.rows, self.columns].map(|count| count as i64);
        let x = graph.reshape(&x, &[-1, channels as i64, rows, side, columns, side]);
        let x = graph.transpose(&x, &[2, 4, 0, 3, 5, 1]);
        graph.reshape(&x, &[rows * columns, -1, channels as i64])
    }

    /// The way back, of one channel: `[blocks, batch · places of a block, 1]` to `[batch, 1, rows, columns]`.
    fn to_places(&self, graph: &mut Graph, x: &Value, size: [usize; 2]) -> Value {
        let [side, rows, columns] = [self.side, self.rows, self.columns].map(|count| count as i64);
        let x = graph.reshape(x, &[rows, columns, -1, side, side]);
        let x = graph.transpose(&x, &[2, 0, 3, 1, 4]);
        let x = graph.reshape(&x, &[-1, 1, rows * side, columns * side]);
        match self.beyond(size) {
            [0, 0] => x,
            _ => graph.window(&x, [0, size[0]], [0, size[1]]),
        }
    }

    /// Rows and columns of places that blocks have beyond the grid.
    fn beyond(&self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        [
            self.rows * self.side - rows,
            self.columns * self.side - columns,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_is_laid_out_to_be_multiplied_from_the_right() {
        assert_eq!(squares(&[1, 2, 3, 4, 5, 6], 2), [1, 2, 0, 3, 4, 5, 0, 6]);
        assert_eq!(squares(&[1, 2, 3, 4, 5, 6], 3), [1, 2, 4, 0, 3, 5, 0, 0, 6]);
    }
}
