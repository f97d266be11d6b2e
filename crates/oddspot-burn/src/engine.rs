//! Forward passes for the library.

use oddspot::files::NamedTensors;
use oddspot::net::engine::{Engine, Forward};
use oddspot::net::forward::PassMemory;
use oddspot::net::network::Network;
use oddspot::{Error, Result};
use oddspot_conv::{Shape, Workspace};

use crate::device::Burn;
use crate::forward::forward;
use crate::parameters::Parameters;

/// A frozen network on a device.
struct Pass {
    burn: Burn,
    network: Network,
    parameters: Parameters,
    input: Shape,
}

impl Engine for Burn {
    fn name(&self) -> &str {
        self.name
    }

    fn forward(
        &self,
        network: &Network,
        tensors: &NamedTensors,
        input: Shape,
    ) -> Result<Box<dyn Forward>> {
        // burn panics where the library refuses.
        network.shapes(input)?;
        Ok(Box::new(Pass {
            parameters: Parameters::frozen(self, network, tensors)?,
            burn: self.clone(),
            network: network.clone(),
            input,
        }))
    }
}

impl Forward for Pass {
    /// The features are brought to the memory's slots, one a feature.
    fn run(
        &self,
        _workspace: &mut Workspace,
        input: &[f32],
        memory: &mut PassMemory,
    ) -> Result<()> {
        let shape = self.input;
        if input.len() != shape.positions() * shape.channels {
            return Err(Error::internal("an input of another length"));
        }
        let sizes = [shape.batch, shape.height, shape.width, shape.channels];
        let x = self.burn.tensor(input.to_vec(), sizes);
        let features = forward(&self.network, &self.parameters, x)?.into_iter();
        memory.slots = (features.map(|feature| self.burn.read(feature))).collect::<Result<_>>()?;
        Ok(())
    }

    fn feature<'m>(&self, number: usize, memory: &'m PassMemory) -> &'m [f32] {
        memory.slots.get(number).map_or(&[], Vec::as_slice)
    }
}
