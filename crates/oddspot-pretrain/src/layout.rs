//! All learned values in one row, so that the optimizer updates them in one go.

use std::ops::Range;

use oddspot::seed;
use oddspot::tensor_file::{NamedTensor, NamedTensors};
use rand_distr::{Distribution, StandardNormal};

/// Where a tensor's values lie.
#[derive(Clone, Debug)]
struct Place {
    name: String,
    shape: Vec<usize>,
    values: Range<usize>,
}

/// Names, shapes and places of tensors.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    places: Vec<Place>,
    count: usize,
}

impl Layout {
    /// Appends a tensor.
    pub fn add(&mut self, name: String, shape: &[usize]) -> Range<usize> {
        let values = self.count..self.count + shape.iter().product::<usize>();
        self.count = values.end;
        self.places.push(Place {
            name,
            shape: shape.to_vec(),
            values: values.clone(),
        });
        values
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fresh values: He's for weights, 1 for factors of a normalisation, 0 for the rest.
    pub fn initial(&self, seed: u64) -> Vec<f32> {
        let mut all = vec![0.0; self.count];
        for place in &self.places {
            let values = &mut all[place.values.clone()];
            if place.name.ends_with(".gamma") {
                values.fill(1.0);
            } else if place.name.ends_with(".weight") {
                let inputs: usize = place.shape[1..].iter().product();
                let deviation = (2.0 / inputs as f32).sqrt();
                let rng = &mut seed::stream(seed, &place.name);
                for value in values {
                    let normal: f32 = StandardNormal.sample(rng);
                    *value = deviation * normal;
                }
            }
        }
        all
    }

    /// A row of values as tensors by name.
    pub fn tensors(&self, values: &[f32]) -> NamedTensors {
        let tensor = |place: &Place| NamedTensor {
            shape: place.shape.clone(),
            values: values[place.values.clone()].to_vec(),
        };
        (self.places.iter())
            .map(|place| (place.name.clone(), tensor(place)))
            .collect()
    }

    /// Tensors by name as a row of values.
    ///
    /// # Errors
    /// A sentence on a tensor that is missing or of another shape.
    pub fn row(&self, tensors: &NamedTensors) -> Result<Vec<f32>, String> {
        let mut all = vec![0.0; self.count];
        for place in &self.places {
            let name = &place.name;
            let tensor = tensors
                .get(name)
                .ok_or_else(|| format!("it lacks the tensor '{name}'"))?;
            if tensor.shape != place.shape {
                return Err(format!(
                    "its tensor '{name}' is {:?}, not {:?}",
                    tensor.shape, place.shape
                ));
            }
            all[place.values.clone()].copy_from_slice(&tensor.values);
        }
        Ok(all)
    }
}
