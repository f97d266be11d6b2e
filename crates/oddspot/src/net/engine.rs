//! What computes networks: the kernels of this library on the CPU, or another device of another
//! crate.

use std::fmt;

use oddspot_conv::{Shape, Workspace};

use super::forward::{ForwardPass, PassMemory};
use super::network::Network;
use crate::error::Result;
use crate::files::NamedTensors;

/// A device that runs networks.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Its name, as "cpu".
    fn name(&self) -> &str;

    /// Makes a network ready for inputs of a shape.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape; an input that is too small for a layer.
    fn forward(
        &self,
        network: &Network,
        tensors: &NamedTensors,
        input: Shape,
    ) -> Result<Box<dyn Forward>>;
}

/// A frozen network made ready. Threads may share it, each with a memory of its own.
pub trait Forward: Send + Sync {
    /// The pass on an input of the shape it was made for; its features stay in the memory.
    ///
    /// # Errors
    /// An input of another length; a device that fails.
    fn run(&self, workspace: &mut Workspace, input: &[f32], memory: &mut PassMemory) -> Result<()>;

    /// A feature, by its number, `[height, width, channels]`, of the pass that was run last with this
    /// memory.
    fn feature<'m>(&self, number: usize, memory: &'m PassMemory) -> &'m [f32];
}

/// The CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

impl Engine for Cpu {
    fn name(&self) -> &str {
        "cpu"
    }

    fn forward(
        &self,
        network: &Network,
        tensors: &NamedTensors,
        input: Shape,
    ) -> Result<Box<dyn Forward>> {
        let mut workspace = Workspace::new();
        let pass = ForwardPass::new(&mut workspace, network, tensors, input)?;
        Ok(Box::new(pass))
    }
}

impl Forward for ForwardPass {
    fn run(&self, workspace: &mut Workspace, input: &[f32], memory: &mut PassMemory) -> Result<()> {
        ForwardPass::run(self, workspace, input, memory)
    }

    fn feature<'m>(&self, number: usize, memory: &'m PassMemory) -> &'m [f32] {
        ForwardPass::feature(self, number, memory)
    }
}
