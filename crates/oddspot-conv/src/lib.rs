//! Convolutions and pools for a CPU: kernels on plain `f32` slices, channels last
//! (`[batch, height, width, channels]`), without a framework.
//!
//! - [`conv3x3`]: 3×3 convolutions of stride 1, 'same' padding and any dilation, with bias and
//!   ReLU, and their gradients: Winograd's F(4×4, 3×3), or directly where channels are few.
//! - [`direct`]: convolutions of any kernel and stride.
//! - [`linear`]: 1×1 convolutions.
//! - [`pool`]: max and average pools, forward and backward.
//! - [`smooth`]: separable smoothing of a map.
//! - [`residual`]: the sum of two branches; [`activation`]: backward through ReLU and bias;
//!   [`batch_norm`]: normalisation in training.
//! - [`distance`]: the feature-matching loss; [`adam`] and [`muon`]: the optimizers' steps.
//! - [`triangular`]: factors of symmetric matrices and their inverses, in double precision;
//!   [`factor`]: the same in single precision, many of them.
//! - [`mod@symmetric`], for eigenvectors of symmetric matrices.
//! - [`mahalanobis`]: distances from a Gaussian at each place; [`nearest`]: from the nearest of many
//!   features.
//! - [`mod@reference`]: the same as plain loops, to which tests hold the kernels.
//!
//! The instruction set is chosen at run time ([`Isa`]): AVX-512, AVX2 with FMA, NEON, or plain
//! Rust; the environment variable `ODDSPOT_ISA` forces one. Threads are those of the rayon pool that the caller runs in; **results do not depend on
//! their number**. Scratch memory is kept in a [`Workspace`] from call to call.
//!
//! Every function checks the lengths of its slices against its shapes before it computes
//! anything. Sizes are free: no multiples are asked of channels, heights or widths.

pub mod activation;
pub mod adam;
pub mod batch_norm;
pub mod conv3x3;
pub mod direct;
pub mod distance;
mod epilogue;
pub mod factor;
pub mod linear;
pub mod mahalanobis;
pub mod muon;
pub mod nearest;
mod packed;
mod panel;
pub mod peak;
pub mod pool;
pub mod reference;
pub mod residual;
pub mod shape;
mod simd;
pub mod smooth;
pub mod symmetric;
pub mod triangular;
mod winograd;
mod workspace;

pub use epilogue::Epilogue;
pub use shape::{Conv3x3, Shape, ShapeError};
pub use simd::{Isa, IsaError};
pub use workspace::Workspace;
