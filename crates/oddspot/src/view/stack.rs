//! Edges of images laid upon each other.

use super::edges::between;
use super::moves::Pose;
use super::reference::Reference;
use crate::images::ImageSize;
use crate::maps::ScoreMap;

/// Edges of images laid upon each other.
#[derive(Clone)]
pub(super) struct Stack {
    sums: ScoreMap,
    counts: ScoreMap,
    images: f32,
}

impl Stack {
    pub(super) fn new(size: ImageSize) -> Self {
        let zeros = ScoreMap::filled(size.height, size.width, 0.0);
        Self {
            sums: zeros.clone(),
            counts: zeros,
            images: 0.0,
        }
    }

    /// Adds an image that lies so, or takes it away with the weight −1.
    pub(super) fn add(&mut self, edges: &ScoreMap, pose: &Pose, weight: f32) {
        let size = ImageSize {
            width: edges.width,
            height: edges.height,
        };
        let to_image = pose.exactly_on(size, size);
        self.images += weight;
        for (at, (sum, count)) in
            (self.sums.values.iter_mut().zip(&mut self.counts.values)).enumerate()
        {
            let [x, y] = to_image.point([(at % size.width) as f32, (at / size.width) as f32]);
            if let Some(value) = between(edges, x, y) {
                *sum += weight * value;
                *count += weight;
            }
        }
    }

    /// Their mean.
    pub(super) fn reference(&self) -> Reference {
        let pairs = self.sums.values.iter().zip(&self.counts.values);
        let mean = pairs.map(|(sum, &count)| match count > 0.5 {
            true => sum / count,
            false => 0.0,
        });
        let images = self.images.max(1.0);
        let weights = self.counts.values.iter();
        Reference {
            edges: ScoreMap {
                values: mean.collect(),
                ..self.sums
            },
            weights: ScoreMap {
                values: weights
                    .map(|count| (count / images).clamp(0.0, 1.0))
                    .collect(),
                ..self.sums
            },
        }
    }
}
