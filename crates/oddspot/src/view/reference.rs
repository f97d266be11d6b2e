//! What good images have in common: their edges, one upon the other.

use super::edges::{between, halved};
use super::moves::Pose;
use crate::files::{NamedTensor, NamedTensors};
use crate::images::ImageSize;
use crate::maps::ScoreMap;
use crate::net::tensors::TensorSpec;

/// Name of the tensor of edges.
const EDGES: &str = "alignment.edges";
/// Name of the tensor of weights.
const WEIGHTS: &str = "alignment.weights";
/// Share of the weights that must lie inside an image that is compared.
const LEAST_OVERLAP: f32 = 0.5;

/// The mean edges of good images that lie upon each other, and how much each pixel counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub(super) edges: ScoreMap,
    /// Of the edges' size, in [0, 1].
    pub(super) weights: ScoreMap,
}

/// Names and shapes of what a reference of a size keeps in the model.
pub(crate) fn specs(size: ImageSize) -> Vec<TensorSpec> {
    let spec = |name: &str| TensorSpec {
        name: name.to_owned(),
        shape: vec![size.height, size.width],
        ..TensorSpec::zeros("", "", 0)
    };
    [EDGES, WEIGHTS].map(spec).to_vec()
}

impl Reference {
    /// The edges of one image.
    pub(super) fn of_one(edges: &ScoreMap) -> Self {
        Self {
            weights: ScoreMap::filled(edges.height, edges.width, 1.0),
            edges: edges.clone(),
        }
    }

    /// From a model's tensors.
    pub(super) fn read(tensors: &NamedTensors) -> Option<Self> {
        let map = |name: &str| {
            let tensor = tensors.get(name)?;
            let map = ScoreMap {
                height: *tensor.shape.first()?,
                width: *tensor.shape.get(1)?,
                values: tensor.values.clone(),
            };
            (map.values.len() == map.height * map.width).then_some(map)
        };
        let (edges, weights) = (map(EDGES)?, map(WEIGHTS)?);
        let alike = (edges.height, edges.width) == (weights.height, weights.width);
        alike.then_some(Self { edges, weights })
    }

    /// What it keeps in the model.
    pub(super) fn tensors(&self) -> NamedTensors {
        let tensor = |map: &ScoreMap| NamedTensor {
            shape: vec![map.height, map.width],
            values: map.values.clone(),
        };
        let named = [(EDGES, &self.edges), (WEIGHTS, &self.weights)];
        let named = named.map(|(name, map)| (name.to_owned(), tensor(map)));
        named.into_iter().collect()
    }

    /// Its size.
    pub(super) fn size(&self) -> ImageSize {
        ImageSize {
            width: self.edges.width,
            height: self.edges.height,
        }
    }

    /// Its edges less their mean, weighed, at half its size: what is looked for first.
    pub(super) fn template(&self) -> ScoreMap {
        let pairs = || self.edges.values.iter().zip(&self.weights.values);
        let weight: f32 = self
            .weights
            .values
            .iter()
            .sum::<f32>()
            .max(f32::MIN_POSITIVE);
        let mean = pairs().map(|(edge, weight)| edge * weight).sum::<f32>() / weight;
        let values = pairs()
            .map(|(edge, weight)| (edge - mean) * weight)
            .collect();
        halved(&ScoreMap {
            values,
            ..self.edges
        })
    }

    /// The correlation with an image's edges of the same size that lie so, over what of the image there
    /// is; −1 if that is too little or all alike.
    pub(super) fn correlation(&self, edges: &ScoreMap, pose: &Pose) -> f32 {
        let ScoreMap { width, height, .. } = self.edges;
        let (sin, cos) = pose.angle.sin_cos();
        let centre = [width, height].map(|side| (side as f32 - 1.0) / 2.0);
        let (mut all, mut seen) = (0.0f32, 0.0f32);
        let [mut a, mut b, mut aa, mut bb, mut ab] = [0.0f32; 5];
        let rows =
            (self.edges.values.chunks_exact(width)).zip(self.weights.values.chunks_exact(width));
        for (y, (of_edges, weights)) in rows.enumerate() {
            let v = y as f32 - centre[1];
            let mut x_in = -cos * centre[0] - sin * v + pose.dx + centre[0];
            let mut y_in = -sin * centre[0] + cos * v + pose.dy + centre[1];
            for (&edge, &weight) in of_edges.iter().zip(weights) {
                all += weight;
                if let Some(value) = between(edges, x_in, y_in) {
                    seen += weight;
                    a += weight * edge;
                    b += weight * value;
                    aa += weight * edge * edge;
                    bb += weight * value * value;
                    ab += weight * edge * value;
                }
                x_in += cos;
                y_in += sin;
            }
        }
        if seen < LEAST_OVERLAP * all || seen <= 0.0 {
            return -1.0;
        }
        let (aa, bb, ab) = (aa - a * a / seen, bb - b * b / seen, ab - a * b / seen);
        match aa * bb {
            product if product > 0.0 => (ab / product.sqrt()).clamp(-1.0, 1.0),
            _ => -1.0,
        }
    }
}
