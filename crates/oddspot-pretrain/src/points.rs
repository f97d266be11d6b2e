//! The places of a batch that the losses look at, and the features there.

use oddspot_conv::Shape;

/// A place seen in both views of a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Row of the first view's map: view · height · width + row · width + column.
    pub first: usize,
    /// The four rows of the second view's map around the place, with their shares.
    pub second: [(usize, f32); 4],
    /// Whether a defect was planted there in the second view.
    pub changed: bool,
    /// Class of the texture at the place.
    pub class: Option<usize>,
}

/// The rows around a place of the map of a view, with bilinear shares; none if it lies beyond
/// the middles of the outermost cells.
pub fn around(shape: Shape, view: usize, stride: usize, at: [f32; 2]) -> Option<[(usize, f32); 4]> {
    let [x, y] = at.map(|place| place / stride as f32 - 0.5);
    let inside = |place: f32, size: usize| (0.0..=(size - 1) as f32).contains(&place);
    if !inside(x, shape.width) || !inside(y, shape.height) {
        return None;
    }
    let split = |place: f32, size: usize| {
        let low = (place as usize).min(size.saturating_sub(2));
        (low, (low + 1).min(size - 1), place - low as f32)
    };
    let (left, right, across) = split(x, shape.width);
    let (top, bottom, down) = split(y, shape.height);
    let row = |row: usize, column: usize| (view * shape.height + row) * shape.width + column;
    Some([
        (row(top, left), (1.0 - down) * (1.0 - across)),
        (row(top, right), (1.0 - down) * across),
        (row(bottom, left), down * (1.0 - across)),
        (row(bottom, right), down * across),
    ])
}

/// Features of points, `[2·points, channels]`: those of the first views, then of the second.
pub fn gather(points: &[Point], map: &[f32], channels: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(2 * points.len() * channels);
    for point in points {
        rows.extend_from_slice(&map[point.first * channels..][..channels]);
    }
    for point in points {
        let start = rows.len();
        rows.resize(start + channels, 0.0);
        for (row, share) in point.second {
            let from = &map[row * channels..][..channels];
            for (sum, value) in rows[start..].iter_mut().zip(from) {
                *sum += share * value;
            }
        }
    }
    rows
}

/// Adds the gradients of gathered features to those of the map.
pub fn scatter(points: &[Point], of_rows: &[f32], channels: usize, of_map: &mut [f32]) {
    let (first, second) = of_rows.split_at(points.len() * channels);
    let mut add = |row: usize, share: f32, from: &[f32]| {
        let to = &mut of_map[row * channels..][..channels];
        for (sum, value) in to.iter_mut().zip(from) {
            *sum += share * value;
        }
    };
    for (point, from) in points.iter().zip(first.chunks_exact(channels)) {
        add(point.first, 1.0, from);
    }
    for (point, from) in points.iter().zip(second.chunks_exact(channels)) {
        for (row, share) in point.second {
            add(row, share, from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shared_out_among_the_cells_around_it() {
        let shape = Shape::new(2, 4, 4, 1);
        // The middle of the cell of row 1, column 2 of the second view.
        let shares = around(shape, 1, 8, [20.0, 12.0]).unwrap();
        let at: f32 = shares.iter().map(|(row, share)| *row as f32 * share).sum();
        assert_eq!(at, 16.0 + 4.0 + 2.0);
        let total: f32 = shares.iter().map(|(_, share)| share).sum();
        assert_eq!(total, 1.0);
        assert!(around(shape, 0, 8, [3.0, 12.0]).is_none());
        assert!(around(shape, 0, 8, [28.0, 28.0]).is_some());
        assert!(around(shape, 0, 8, [28.1, 28.0]).is_none());
    }

    #[test]
    fn scatter_is_the_transpose_of_gather() {
        let points = vec![
            Point {
                first: 3,
                second: [(0, 0.5), (1, 0.25), (2, 0.25), (5, 0.0)],
                changed: false,
                class: None,
            },
            Point {
                first: 3,
                second: [(4, 1.0), (4, 0.0), (1, 0.0), (1, 0.0)],
                changed: true,
                class: Some(1),
            },
        ];
        let map: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin()).collect();
        let rows: Vec<f32> = (0..8).map(|i| (i as f32 * 1.3).cos()).collect();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let mut of_map = vec![0.0; 12];
        scatter(&points, &rows, 2, &mut of_map);
        let difference = dot(&gather(&points, &map, 2), &rows) - dot(&map, &of_map);
        assert!(difference.abs() < 1e-5, "{difference}");
    }
}
