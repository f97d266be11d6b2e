//! All learned values in one row, so that the optimizer updates them in one go.

use std::ops::Range;

use crate::tensor_file::{NamedTensor, NamedTensors};

/// Layers of the networks, in the order of the data's way.
const LAYERS: [&str; 12] = [
    "student.conv0",
    "student.conv1",
    "student.conv2",
    "student.conv3",
    "student.conv4",
    "student.conv5",
    "student.head1",
    "student.head2",
    "student.head3",
    "position.fc1",
    "position.fc2",
    "position.fc3",
];
/// The losses' weights, last, since they know no weight decay.
const LOSS: [&str; 2] = ["loss.rec", "loss.pos"];

/// Where a tensor's values lie.
#[derive(Clone, Debug)]
struct Place {
    name: String,
    shape: Vec<usize>,
    values: Range<usize>,
}

/// Names, shapes and places of all learned tensors.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    places: Vec<Place>,
    count: usize,
    decayed: usize,
}

/// A layer's weight and bias: places in the row of values.
#[derive(Clone, Debug)]
pub(super) struct LayerPlace {
    pub weight: Range<usize>,
    pub bias: Range<usize>,
    /// Outputs and inputs.
    pub sizes: [usize; 2],
}

impl Layout {
    /// The layout of networks with these tensors, and their values in its order.
    pub fn of(tensors: &NamedTensors) -> (Self, Vec<f32>) {
        let layers = LAYERS
            .iter()
            .flat_map(|layer| ["weight", "bias"].map(|part| format!("{layer}.{part}")));
        let mut places = Vec::new();
        let mut values = Vec::new();
        let mut decayed = 0;
        for name in layers.chain(LOSS.map(str::to_owned)) {
            let Some(tensor) = tensors.get(&name) else {
                continue;
            };
            let start = values.len();
            values.extend_from_slice(&tensor.values);
            if !LOSS.contains(&name.as_str()) {
                decayed = values.len();
            }
            places.push(Place {
                name,
                shape: tensor.shape.clone(),
                values: start..values.len(),
            });
        }
        let layout = Self {
            places,
            count: values.len(),
            decayed,
        };
        (layout, values)
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first so many values are subject to weight decay.
    pub fn decayed(&self) -> usize {
        self.decayed
    }

    /// Places of the convolutions' weights, and their sizes as matrices: outputs, and inputs times
    /// the kernel's nine places.
    pub fn convolutions(&self) -> Vec<(Range<usize>, [usize; 2])> {
        let convolution = |place: &&Place| place.shape.len() == 4;
        let matrix = |place: &Place| {
            let outputs = place.shape[0];
            let inputs = place.shape[1..].iter().product();
            (place.values.clone(), [outputs, inputs])
        };
        self.places.iter().filter(convolution).map(matrix).collect()
    }

    /// A layer by its name, if the networks have it.
    pub fn layer(&self, name: &str) -> Option<LayerPlace> {
        let weight = self.place(&format!("{name}.weight"))?;
        let bias = self.place(&format!("{name}.bias"))?;
        Some(LayerPlace {
            weight: weight.values.clone(),
            bias: bias.values.clone(),
            sizes: [weight.shape[0], weight.shape[1]],
        })
    }

    /// Where the losses' weights `s_rec` and `s_pos` are, if there are any.
    pub fn loss(&self) -> Option<[usize; 2]> {
        let [rec, pos] = LOSS.map(|name| Some(self.place(name)?.values.start));
        Some([rec?, pos?])
    }

    fn place(&self, name: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.name == name)
    }

    /// The tensors of a row of values.
    pub fn tensors(&self, values: &[f32]) -> NamedTensors {
        let tensor = |place: &Place| NamedTensor {
            shape: place.shape.clone(),
            values: values[place.values.clone()].to_vec(),
        };
        self.places
            .iter()
            .map(|place| (place.name.clone(), tensor(place)))
            .collect()
    }
}
