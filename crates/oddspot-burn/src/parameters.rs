//! A network's tensors on a device.

use std::collections::BTreeMap;

use burn_tensor::{Gradients, Tensor};
use oddspot::files::NamedTensors;
use oddspot::net::network::Network;
use oddspot::net::tensors::{Layout, shapes_of};
use oddspot::{Error, Result};

use crate::device::Burn;

/// Tensors by name, each as one row of its values: the description of a network says their shapes.
#[derive(Clone)]
pub struct Parameters {
    rows: BTreeMap<String, Tensor<1>>,
}

impl Parameters {
    /// Those that a network needs, never to change.
    ///
    /// # Errors
    /// The tensor that is missing or has another shape, by its name.
    pub fn frozen(burn: &Burn, network: &Network, tensors: &NamedTensors) -> Result<Self> {
        network.check(&shapes_of(tensors))?;
        let needed = network.tensors();
        let named = needed
            .iter()
            .filter_map(|spec| tensors.get_key_value(&spec.name));
        let row = |values: &Vec<f32>| burn.tensor(values.clone(), [values.len()]);
        Ok(Self {
            rows: named
                .map(|(name, tensor)| (name.clone(), row(&tensor.values)))
                .collect(),
        })
    }

    /// Values that lie in a layout, to find their gradients.
    pub fn learned(burn: &Burn, layout: &Layout, values: &[f32]) -> Self {
        let mut parameters = Self {
            rows: BTreeMap::new(),
        };
        for (spec, place) in layout.iter() {
            parameters.learn(burn, &spec.name, &values[place]);
        }
        parameters
    }

    /// Adds a tensor to find the gradient of, or gives it other values.
    pub(crate) fn learn(&mut self, burn: &Burn, name: &str, values: &[f32]) {
        let row = burn.recording().tensor(values.to_vec(), [values.len()]);
        self.rows.insert(name.to_owned(), row.require_grad());
    }

    /// A tensor by its name, in the shape that a description gives it.
    ///
    /// # Errors
    /// A tensor that is not there, or of another size.
    pub(crate) fn shaped<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>> {
        let fits = |row: &&Tensor<1>| row.dims() == [shape.iter().product::<usize>()];
        let row = self.rows.get(name).filter(fits);
        let row = row.ok_or_else(|| Error::internal(format!("no tensor '{name}' of {shape:?}")))?;
        Ok(row.clone().reshape(shape))
    }

    /// The gradients of all tensors of a layout, in its order; 0 for what the loss does not depend on.
    ///
    /// # Errors
    /// A device that fails.
    pub fn gradients(
        &self,
        burn: &Burn,
        layout: &Layout,
        gradients: &Gradients,
        to: &mut [f32],
    ) -> Result<()> {
        for (spec, place) in layout.iter() {
            let row = self.rows.get(&spec.name);
            match row.and_then(|row| row.grad(gradients)) {
                Some(gradient) => to[place].copy_from_slice(&burn.read(gradient)?),
                None => to[place].fill(0.0),
            }
        }
        Ok(())
    }
}
