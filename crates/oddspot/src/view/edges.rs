//! An image as small edges: what of it is the same in any light.

use ::image::RgbImage;

use crate::images::{ImageSize, resize};
use crate::maps::ScoreMap;

/// Pixels of the longer side.
const LONGER: u32 = 64;
/// Pixels of the shorter side, at least.
const SHORTER: usize = 16;
/// Standard deviation of the Gaussian that widens edges, in pixels.
const BLUR: f64 = 0.7;

/// The size of the edges' picture of images of this width and height: of their proportions, so that what
/// is turned keeps its shape.
pub(super) fn canvas([width, height]: [u32; 2]) -> ImageSize {
    let longer = width.max(height).max(1);
    let side = |side: u32| {
        let pixels = f64::from(side * LONGER) / f64::from(longer);
        (pixels.round() as usize).max(SHORTER)
    };
    ImageSize {
        width: side(width),
        height: side(height),
    }
}

/// The edges of an image: how steep its colours are, of a picture of this size.
pub(super) fn edges(image: &RgbImage, size: ImageSize) -> ScoreMap {
    let small = resize(image, size);
    let (width, height) = small.dimensions();
    let at = |x: u32, y: u32| small.get_pixel(x.min(width - 1), y.min(height - 1)).0;
    let mut values = Vec::with_capacity(size.width * size.height);
    for y in 0..height {
        for x in 0..width {
            let ends = [
                (at(x.saturating_sub(1), y), at(x + 1, y)),
                (at(x, y.saturating_sub(1)), at(x, y + 1)),
            ];
            let square = |(one, other): ([u8; 3], [u8; 3])| -> f32 {
                let steps = one.iter().zip(other);
                steps
                    .map(|(&one, other)| (f32::from(one) - f32::from(other)).powi(2))
                    .sum()
            };
            let steepness: f32 = ends.map(square).iter().sum();
            values.push(steepness.sqrt().sqrt());
        }
    }
    let edges = ScoreMap {
        height: size.height,
        width: size.width,
        values,
    };
    edges.smooth(BLUR, BLUR)
}

/// A map's value between its pixels; None outside of it.
pub(super) fn between(map: &ScoreMap, x: f32, y: f32) -> Option<f32> {
    let [right, bottom] = [map.width, map.height].map(|side| side as f32 - 0.5);
    if !(-0.5..=right).contains(&x) || !(-0.5..=bottom).contains(&y) {
        return None;
    }
    let (left, top) = (x.floor(), y.floor());
    let clamp = |at: f32, side: usize| (at.max(0.0) as usize).min(side - 1);
    let [x0, x1] = [left, left + 1.0].map(|at| clamp(at, map.width));
    let [y0, y1] = [top, top + 1.0].map(|at| clamp(at, map.height));
    let (across, down) = (x - left, y - top);
    let row = |y: usize| map.at(y, x0) * (1.0 - across) + map.at(y, x1) * across;
    Some(row(y0) * (1.0 - down) + row(y1) * down)
}

/// Means of 2×2 pixels, those past an odd side's end as the last.
pub(super) fn halved(map: &ScoreMap) -> ScoreMap {
    let [height, width] = [map.height, map.width].map(|side| side.div_ceil(2));
    let mut values = Vec::with_capacity(height * width);
    for y in 0..height {
        for x in 0..width {
            let [x1, y1] = [
                (2 * x + 1).min(map.width - 1),
                (2 * y + 1).min(map.height - 1),
            ];
            let sum = map.at(2 * y, 2 * x) + map.at(2 * y, x1) + map.at(y1, 2 * x) + map.at(y1, x1);
            values.push(sum / 4.0);
        }
    }
    ScoreMap {
        height,
        width,
        values,
    }
}
