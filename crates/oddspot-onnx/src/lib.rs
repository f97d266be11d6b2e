//! oddspot's models as ONNX: one graph from the resized image to the score, the anomaly map and each term's part of it,
//! written from the networks' own descriptions.
//!
//! [`export()`] makes it; with the feature `verify` a graph is run, and held to the model that it is of.

mod card;
mod export;
mod fuse;
mod graph;
mod input;
mod matrix;
mod network;
mod ops;
mod places;
mod region;
mod schema;
mod terms;
#[cfg(feature = "verify")]
pub mod verify;

pub use card::{Card, Input, Resize, Thresholds};
pub use export::{Export, Options, export};
pub use input::{Batch, Layout};
