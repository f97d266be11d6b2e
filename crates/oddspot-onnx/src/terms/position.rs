//! `e_pos`: how wrongly a place lies among its neighbours.

use std::ops::Range;

use oddspot::error::Result;
use oddspot::net::classifier::LAYERS;
use oddspot::net::network::Activation;
use oddspot::settings::PairWeights;
use oddspot::terms::position::{LEAST_TRUST, PatchGrid, first_layer, pixel_weights};

use super::{Errors, Parts, Seen, lacks};
use crate::graph::{Graph, Value, integer};
use crate::matrix::Matrix;
use crate::network::activated;
use crate::ops::CHANNELS;

/// A direction in which pairs fit.
struct Direction {
    class: usize,
    /// Of the centres on the student's grid.
    rows: Range<usize>,
    columns: Range<usize>,
    /// The first centre's neighbour.
    neighbour: (usize, usize),
}

impl Direction {
    fn all(grid: &PatchGrid) -> Vec<Self> {
        let direction = |class: usize| {
            let (rows, columns) = grid.centres(class);
            Self {
                class,
                neighbour: grid.neighbour((rows.start, columns.start), class),
                rows,
                columns,
            }
        };
        grid.classes().into_iter().map(direction).collect()
    }

    /// Maps at the centres.
    fn centres(&self, graph: &mut Graph, x: &Value) -> Value {
        let [rows, columns] = [&self.rows, &self.columns].map(|range| [range.start, range.end]);
        graph.window(x, rows, columns)
    }

    /// Maps at their neighbours.
    fn neighbours(&self, graph: &mut Graph, x: &Value) -> Value {
        let (row, column) = self.neighbour;
        let [rows, columns] = [(row, &self.rows), (column, &self.columns)]
            .map(|(first, range)| [first, first + range.len()]);
        graph.window(x, rows, columns)
    }

    /// What is known of the centres on the whole grid, 0 elsewhere.
    fn on_grid(&self, graph: &mut Graph, x: &Value, [height, width]: [usize; 2]) -> Value {
        let rows = [self.rows.start, height - self.rows.end];
        let columns = [self.columns.start, width - self.columns.end];
        graph.pad(x, rows, columns)
    }
}

/// `Σ_k w_k (1 − p(y_k)) / Σ_k w_k` on the student's grid, and how it is brought to the pixels with evidence.
pub fn errors(graph: &mut Graph, parts: &Parts, seen: &Seen) -> Result<Errors> {
    let settings = parts.settings;
    let grid = PatchGrid::of(settings);
    let stride = settings.student.output_stride;
    let [height, width] = parts.size().map(|side| side / stride);
    let directions = Direction::all(&grid);
    let errors = pair_errors(graph, parts, seen, &directions)?;
    // How many directions count at each position.
    let mut counts = vec![0.0f32; height * width];
    for direction in &directions {
        for row in direction.rows.clone() {
            for column in direction.columns.clone() {
                counts[row * width + column] += 1.0;
            }
        }
    }
    let size = [height, width];
    let on_grid = |graph: &mut Graph, values: &[Value]| {
        let pairs = directions.iter().zip(values);
        let maps: Vec<Value> = (pairs)
            .map(|(direction, value)| direction.on_grid(graph, value, size))
            .collect();
        graph.sum(maps).ok_or_else(|| lacks("position"))
    };
    let shape = [1, 1, height, width];
    let shares: Vec<f32> = counts
        .iter()
        .map(|&count| if count > 0.0 { 1.0 / count } else { 0.0 })
        .collect();
    let shares = graph.floats("shares", &shape, &shares);
    let sum = on_grid(graph, &errors)?;
    let mean = graph.mul(&sum, &shares);
    let map = match settings.detection.pair_weights {
        PairWeights::Equal => mean,
        PairWeights::Trusted => {
            let mut trusts = Vec::new();
            for direction in &directions {
                let mean = direction.neighbours(graph, &mean);
                let one = graph.scalar(1.0);
                let trust = graph.sub(&one, &mean);
                let least = graph.scalar(LEAST_TRUST);
                trusts.push(graph.max(&trust, &least));
            }
            let weighted: Vec<Value> = (errors.iter().zip(&trusts))
                .map(|(error, trust)| graph.mul(error, trust))
                .collect();
            let sum = on_grid(graph, &weighted)?;
            let total = on_grid(graph, &trusts)?;
            // Where no direction counts the sum is 0, whatever it is divided by.
            let nowhere: Vec<f32> = counts
                .iter()
                .map(|&count| if count > 0.0 { 0.0 } else { 1.0 })
                .collect();
            let nowhere = graph.floats("nowhere", &shape, &nowhere);
            let total = graph.add(&total, &nowhere);
            graph.div(&sum, &total)
        }
    };
    let [rows, columns] = pixel_weights(&grid).map(|rows| Matrix::of_rows(&rows));
    let known: Vec<f32> = counts
        .iter()
        .map(|&count| f32::from(u8::from(count > 0.0)))
        .collect();
    Ok(Errors {
        evidence: Some(evidence(&rows, &known, &columns)),
        maps: vec![(map, [rows, columns])],
    })
}

/// One over the weight of what is known around each pixel, 0 where nothing is.
fn evidence(rows: &Matrix, known: &[f32], columns: &Matrix) -> Vec<f32> {
    let known = Matrix::of(rows.columns, columns.columns, |row, column| {
        known[row * columns.columns + column]
    });
    let weights = rows.after(&known).after(&columns.transposed());
    let share = |&weight: &f32| if weight > 0.0 { 1.0 / weight } else { 0.0 };
    weights.values.iter().map(share).collect()
}

/// `1 − p(y_k)` of each direction, at its centres.
fn pair_errors(
    graph: &mut Graph,
    parts: &Parts,
    seen: &Seen,
    directions: &[Direction],
) -> Result<Vec<Value>> {
    let student = parts.learned.student()?;
    let trunk = seen.trunk.as_ref().ok_or_else(|| lacks(&student.head))?;
    let leaky = Activation::Leaky(parts.settings.position.negative_slope as f32);
    let (weight, bias) = first_layer(parts.tensors, &student.head)?;
    let hidden = bias.len();
    // Each position is multiplied once: of a difference the product is the difference of products.
    let projected = graph.linear(LAYERS[0], trunk, &weight, None, hidden);
    let bias = graph.floats("bias", &[1, hidden, 1, 1], &bias);
    let mut errors = Vec::new();
    for direction in directions {
        let centres = direction.centres(graph, &projected);
        let neighbours = direction.neighbours(graph, &projected);
        let x = graph.sub(&centres, &neighbours);
        let x = graph.add(&x, &bias);
        let mut x = activated(graph, leaky, x);
        for (layer, activation) in [(LAYERS[1], leaky), (LAYERS[2], Activation::None)] {
            let bias = parts.floats(&format!("{layer}.bias"))?;
            let weight = parts.floats(&format!("{layer}.weight"))?;
            let y = graph.linear(layer, &x, weight, Some(bias), bias.len());
            x = activated(graph, activation, y);
        }
        let p = graph.node("Softmax", &[&x], vec![integer("axis", CHANNELS)]);
        let p = graph.channel(&p, direction.class);
        let one = graph.scalar(1.0);
        errors.push(graph.sub(&one, &p));
    }
    Ok(errors)
}
