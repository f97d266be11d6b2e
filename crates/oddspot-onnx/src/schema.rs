//! The messages of an ONNX file, generated from `schema/onnx.proto`.
#![allow(missing_docs)]

include!("schema/onnx.rs");
