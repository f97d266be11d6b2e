//! `e_K`: how far a place's features lie from the nearest that any good image has there.

use oddspot::error::Result;
use oddspot::settings::MemoryScale;
use oddspot_conv::nearest::FARTHEST;

use super::{Errors, Parts, Seen, lacks};
use crate::graph::{Graph, Value, integer};
use crate::ops::CHANNELS;

/// `step · √(min_i ‖c − c_i‖²)` at the places, all in whole steps.
pub fn errors(graph: &mut Graph, parts: &Parts, seen: &Seen) -> Result<Errors> {
    let (grid, features) = seen.places.as_ref().ok_or_else(|| lacks("places"))?;
    let (places, size) = (grid.places(), [grid.rows as i64, grid.columns as i64]);
    let mut features = features.clone();
    if parts.settings.closed_form.memory_scale == MemoryScale::Image {
        features = features
            .iter()
            .map(|x| of_middle_length_1(graph, x, places))
            .collect();
    }
    let x = graph.concat(&features, CHANNELS);
    let bias = parts.floats("memory.projection.bias")?;
    let weight = parts.floats("memory.projection.weight")?;
    let components = bias.len();
    let x = graph.linear("memory.projection", &x, weight, Some(bias), components);
    let step = parts.number("memory.step")?;
    let steps = whole_steps(graph, &x, step);
    // ‖c − c_i‖² = ‖c‖² + (‖c_i‖² − 2 c · c_i), of whole numbers.
    let own = graph.squares(&steps, &[CHANNELS]);
    let own = graph.reshape(&own, &[-1, places as i64]);
    let queries = graph.reshape(&steps, &[-1, components as i64, places as i64]);
    let queries = graph.transpose(&queries, &[2, 0, 1]);
    let queries = graph.times(&queries, -2.0);
    let remembered = Remembered::new(parts.bytes("memory.rows")?, places, components);
    let count = remembered.count;
    let rows = graph.bytes("rows", &[places, components, count], &remembered.columns);
    let rows = graph.floats_of(&rows);
    let squares = graph.floats("squares", &[places, 1, count], &remembered.squares);
    let products = graph.matmul(&queries, &rows);
    let sums = graph.add(&products, &squares);
    let least = graph.reduce("ReduceMin", &sums, &[2]);
    let least = graph.reshape(&least, &[places as i64, -1]);
    let least = graph.transpose(&least, &[1, 0]);
    let squares = graph.add(&least, &own);
    let squares = graph.of("Relu", &squares);
    let distance = graph.of("Sqrt", &squares);
    let distance = graph.times(&distance, step);
    let map = graph.reshape(&distance, &[-1, 1, size[0], size[1]]);
    Ok(parts.by_place(graph, "memory", grid, map))
}

/// Good images' components, laid out to be multiplied from the right.
struct Remembered {
    /// Images, or pieces of them.
    count: usize,
    /// `[places, components, count]`.
    columns: Vec<i8>,
    /// `[places, count]`.
    squares: Vec<f32>,
}

impl Remembered {
    /// From `[places, count, components]`.
    fn new(rows: &[i8], places: usize, components: usize) -> Self {
        let count = rows.len() / (places * components).max(1);
        let square = |row: &[i8]| {
            let squares = row.iter().map(|&value| i32::from(value).pow(2));
            squares.sum::<i32>() as f32
        };
        let mut columns = Vec::with_capacity(rows.len());
        for of_place in rows.chunks_exact((count * components).max(1)) {
            let column = |at: usize| of_place.iter().skip(at).step_by(components).copied();
            columns.extend((0..components).flat_map(column));
        }
        Self {
            count,
            columns,
            squares: rows.chunks_exact(components.max(1)).map(square).collect(),
        }
    }
}

/// A level's features over the middle of their lengths in the image, of two the greater.
fn of_middle_length_1(graph: &mut Graph, x: &Value, places: usize) -> Value {
    let squares = graph.squares(x, &[CHANNELS]);
    let lengths = graph.of("Sqrt", &squares);
    let lengths = graph.reshape(&lengths, &[-1, places as i64]);
    // The least of the upper half.
    let count = graph.integers("count", &[(places - places / 2) as i64]);
    let attributes = vec![
        integer("axis", 1),
        integer("largest", 1),
        integer("sorted", 1),
    ];
    let upper = graph.node("TopK", &[&lengths, &count], attributes);
    graph.unused_output("indices");
    let middle = graph.reduce("ReduceMin", &upper, &[1]);
    let zero = graph.scalar(0.0);
    let is_nothing = graph.node("Equal", &[&middle, &zero], Vec::new());
    let one = graph.scalar(1.0);
    // Where most of an image is nothing at all it stays as it is.
    let middle = graph.choose(&is_nothing, &one, &middle);
    let middle = graph.reshape(&middle, &[-1, 1, 1, 1]);
    graph.div(x, &middle)
}

/// In whole steps, halves away from 0, within what the library counts.
fn whole_steps(graph: &mut Graph, x: &Value, step: f64) -> Value {
    let step = graph.scalar(step as f32);
    let x = graph.div(x, &step);
    let sign = graph.of("Sign", &x);
    let length = graph.of("Abs", &x);
    let length = graph.plus(&length, 0.5);
    let length = graph.of("Floor", &length);
    let farthest = graph.scalar(f32::from(FARTHEST));
    let length = graph.node("Min", &[&length, &farthest], Vec::new());
    graph.mul(&sign, &length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_turned_within_each_place() {
        let rows = [1, 2, 3, 4, 5, 6, -1, 0, 2, 1, 1, 1];
        let remembered = Remembered::new(&rows, 2, 2);
        assert_eq!(remembered.count, 3);
        assert_eq!(remembered.columns, [1, 3, 5, 2, 4, 6, -1, 2, 1, 0, 1, 1]);
        assert_eq!(remembered.squares, [5.0, 25.0, 61.0, 1.0, 5.0, 2.0]);
    }
}
