//! The tensors of networks: their names and shapes, fresh values, and all learned values in one
//! row, so that the optimizer updates them in one go.

use std::collections::BTreeMap;
use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensor, NamedTensors};
use crate::seed;

/// Shapes of tensors by name.
pub type Shapes = BTreeMap<String, Vec<usize>>;

/// The shapes of tensors.
pub fn shapes_of(tensors: &NamedTensors) -> Shapes {
    let shape = |(name, tensor): (&String, &NamedTensor)| (name.clone(), tensor.shape.clone());
    tensors.iter().map(shape).collect()
}

/// A tensor that a network needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in files, as "student.conv0.weight".
    pub name: String,
    /// Sizes of the axes, slowest first.
    pub shape: Vec<usize>,
    /// What it holds before anything is learned.
    pub fresh: Fresh,
}

/// What a tensor holds before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Draws from He's normal distribution, of variance 2 / inputs of an output.
    He,
    /// Zeros.
    Zeros,
    /// Ones.
    Ones,
}

impl TensorSpec {
    /// A layer's weight.
    pub fn weight(layer: &str, shape: Vec<usize>) -> Self {
        Self {
            name: format!("{layer}.weight"),
            shape,
            fresh: Fresh::He,
        }
    }

    /// One of a layer's rows of numbers that start at 0.
    pub fn zeros(layer: &str, part: &str, count: usize) -> Self {
        Self {
            name: format!("{layer}.{part}"),
            shape: vec![count],
            fresh: Fresh::Zeros,
        }
    }

    /// One of a layer's rows of numbers that start at 1.
    pub fn ones(layer: &str, part: &str, count: usize) -> Self {
        Self {
            fresh: Fresh::Ones,
            ..Self::zeros(layer, part, count)
        }
    }

    /// One that is computed, not learned.
    pub fn kept(name: impl Into<String>, shape: Vec<usize>) -> Self {
        Self {
            name: name.into(),
            shape,
            fresh: Fresh::Zeros,
        }
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Refuses another shape.
    ///
    /// # Errors
    /// Both shapes and the name.
    pub fn check(&self, found: &[usize]) -> Result<()> {
        match found == self.shape {
            true => Ok(()),
            false => Err(unusable(format!(
                "its tensor '{}' has the shape {found:?} where {:?} is needed",
                self.name, self.shape
            ))),
        }
    }

    /// Fresh values, those left to chance from a stream of the seed that is the tensor's own.
    pub fn fresh_values(&self, seed: u64) -> Vec<f32> {
        match self.fresh {
            Fresh::Zeros => vec![0.0; self.count()],
            Fresh::Ones => vec![1.0; self.count()],
            Fresh::He => {
                let fan_in: usize = self.shape.iter().skip(1).product();
                let deviation = (2.0 / fan_in as f32).sqrt();
                let mut random = seed::stream(seed, &self.name);
                let draw = |_| {
                    let normal: f32 = StandardNormal.sample(&mut random);
                    deviation * normal
                };
                (0..self.count()).map(draw).collect()
            }
        }
    }
}

/// An error about the tensors of a file that the caller names.
pub(crate) fn unusable(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, Subject::Weights, reason)
}

/// The error about a tensor that is not there.
pub(crate) fn lacks(name: &str) -> Error {
    unusable(format!("it lacks the tensor '{name}'"))
}

/// Names, shapes and places of tensors in one row of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    tensors: Vec<TensorSpec>,
    places: Vec<Range<usize>>,
    count: usize,
}

/// A layer's weight and bias: places in the row of values.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlace {
    /// Of `<layer>.weight`.
    pub weight: Range<usize>,
    /// Of `<layer>.bias`.
    pub bias: Range<usize>,
    /// Outputs and inputs.
    pub sizes: [usize; 2],
}

impl Layout {
    /// The layout of tensors, in their order.
    pub fn of(tensors: impl IntoIterator<Item = TensorSpec>) -> Self {
        let mut layout = Self::default();
        for tensor in tensors {
            layout.add(tensor);
        }
        layout
    }

    /// Appends a tensor; its place.
    pub fn add(&mut self, tensor: TensorSpec) -> Range<usize> {
        let place = self.count..self.count + tensor.count();
        self.count = place.end;
        self.places.push(place.clone());
        self.tensors.push(tensor);
        place
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Every tensor with its place.
    pub fn iter(&self) -> impl Iterator<Item = (&TensorSpec, Range<usize>)> {
        self.tensors.iter().zip(self.places.iter().cloned())
    }

    /// The place of a tensor.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        let mut named = self.iter().filter(|(tensor, _)| tensor.name == name);
        named.next().map(|(_, place)| place)
    }

    /// A layer by its name, if it is there.
    pub fn layer(&self, name: &str) -> Option<LayerPlace> {
        let weight_name = format!("{name}.weight");
        let (tensor, weight) = self.iter().find(|(tensor, _)| tensor.name == weight_name)?;
        let sizes = [*tensor.shape.first()?, *tensor.shape.get(1)?];
        let bias = self.place(&format!("{name}.bias"))?;
        Some(LayerPlace {
            weight,
            bias,
            sizes,
        })
    }

    /// Fresh values of all tensors.
    pub fn fresh(&self, seed: u64) -> Vec<f32> {
        (self.tensors.iter())
            .flat_map(|tensor| tensor.fresh_values(seed))
            .collect()
    }

    /// A row of values as tensors by name.
    pub fn tensors(&self, values: &[f32]) -> NamedTensors {
        let named = |(tensor, place): (&TensorSpec, Range<usize>)| {
            let values = values[place].to_vec();
            let shape = tensor.shape.clone();
            (tensor.name.clone(), NamedTensor { shape, values })
        };
        self.iter().map(named).collect()
    }

    /// Tensors by name as a row of values.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape, by its name.
    pub fn row(&self, tensors: &NamedTensors) -> Result<Vec<f32>> {
        let mut row = Vec::with_capacity(self.count);
        for tensor in &self.tensors {
            let found = tensors
                .get(&tensor.name)
                .ok_or_else(|| lacks(&tensor.name))?;
            tensor.check(&found.shape)?;
            row.extend_from_slice(&found.values);
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout::of([
            TensorSpec::weight("a", vec![2, 3]),
            TensorSpec::zeros("a", "bias", 2),
            TensorSpec::ones("a", "gamma", 2),
        ])
    }

    #[test]
    fn a_row_of_values_and_tensors_by_name_are_the_same() {
        let layout = layout();
        let row = layout.fresh(3);
        assert_eq!(row.len(), 10);
        assert_eq!(row[6..], [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(layout.row(&layout.tensors(&row)).unwrap(), row);
        let layer = layout.layer("a").unwrap();
        assert_eq!((layer.weight, layer.bias), (0..6, 6..8));
        assert_eq!(layer.sizes, [2, 3]);
        assert!(layout.layer("b").is_none());
    }

    #[test]
    fn a_tensor_that_is_missing_or_of_another_shape_is_named() {
        let layout = layout();
        let mut tensors = layout.tensors(&layout.fresh(0));
        tensors.get_mut("a.bias").unwrap().shape = vec![1, 2];
        let text = layout.row(&tensors).unwrap_err().to_string();
        assert!(text.contains("'a.bias' has the shape [1, 2]"), "{text}");
        tensors.remove("a.weight");
        let text = layout.row(&tensors).unwrap_err().to_string();
        assert!(text.contains("lacks the tensor 'a.weight'"), "{text}");
    }

    #[test]
    fn every_tensor_draws_from_a_stream_of_its_own() {
        let draw = |name: &str, seed| TensorSpec::weight(name, vec![4, 4]).fresh_values(seed);
        assert_eq!(draw("a", 0), draw("a", 0));
        assert_ne!(draw("a", 0), draw("b", 0));
        assert_ne!(draw("a", 0), draw("a", 1));
    }
}
