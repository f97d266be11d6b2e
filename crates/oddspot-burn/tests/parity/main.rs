//! The library's passes on the CPU, held to burn's: single layers and whole networks, a training step
//! with every gradient, detection, and a model from its first step to its findings.

// Tests say what they expect.
#![allow(clippy::unwrap_used, clippy::panic)]

mod detection;
mod layers;
mod networks;
mod steps;
mod whole;
mod world;
