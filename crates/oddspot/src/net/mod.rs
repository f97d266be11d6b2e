//! Networks: what they are made of, as data ([`network`]); their passes over plain slices on the CPU;
//! what trains them; and the teachers.
//!
//! Activations are `[batch, height, width, channels]` (channels last) from the first convolution to
//! the loss.

pub mod classifier;
pub mod engine;
pub mod forward;
pub mod learned;
pub mod network;
pub mod optimizer;
pub mod student;
pub mod teachers;
pub mod tensors;
pub mod training_pass;
pub(crate) mod weights;

pub(crate) use weights::leaky;
