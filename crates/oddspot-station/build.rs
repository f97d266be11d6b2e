//! Takes the files of words into the program: one for each language, by its name.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("words");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            println!("cargo:rerun-if-changed={}", path.display());
            let code = path.file_stem().unwrap_or_default().to_string_lossy();
            files.push(format!("({code:?}, include_str!({path:?})),"));
        }
    }
    files.sort();
    let list = format!("[{}]", files.concat());
    fs::write(Path::new(&out).join("words.rs"), list)
}
