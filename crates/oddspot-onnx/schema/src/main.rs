//! Makes `../src/schema/onnx.rs` of `onnx.proto`.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = protox::compile(["onnx.proto"], [here])?;
    prost_build::Config::new()
        .out_dir(here.join("../src/schema"))
        .compile_fds(schema)?;
    Ok(())
}
