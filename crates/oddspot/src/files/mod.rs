//! Files: written whole or not at all, hashed, and named tensors in them.

pub mod atomic;
pub mod cache;
pub mod digest;
pub mod lock;
pub mod replaced;
pub mod sealed;
mod tensor_file;
pub(crate) mod text;

pub(crate) use tensor_file::floats;
pub use tensor_file::{
    MAX_HEADER, NamedTensor, NamedTensors, PackedTensor, PackedTensors, Stored, TensorFile,
    check_finite, serialize,
};
