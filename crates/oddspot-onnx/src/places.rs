//! What the closed-form terms look at: features at the places of a grid.

use oddspot::terms::places::PlaceGrid;

use crate::graph::{Graph, Value, integer};
use crate::matrix::Matrix;
use crate::ops::CHANNELS;

/// Of each level that is looked at, fine to coarse, its chosen channels at the places, `[batch, channels, rows, columns]`.
pub fn features(graph: &mut Graph, grid: &PlaceGrid, teacher: &[Value]) -> Vec<Value> {
    graph.enter("places");
    let mut features = Vec::new();
    for level in &grid.levels {
        let mut x = teacher[level.at].clone();
        if level.chosen.len() < level.all {
            let chosen: Vec<i64> = level.chosen.iter().map(|&at| at as i64).collect();
            let chosen = graph.integers("chosen", &chosen);
            x = graph.node("Gather", &[&x, &chosen], vec![integer("axis", CHANNELS)]);
        }
        let [rows, columns] = [grid.rows, grid.columns].map(|places| Matrix::places(level, places));
        features.push(graph.both(&rows, &x, &columns));
    }
    features
}
