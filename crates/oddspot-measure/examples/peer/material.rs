//! What detection is measured on: made-up boards and a teacher's weights.

use std::path::Path;

use oddspot::images::ImageSize;
use oddspot_demo::{Counts, Defect, write_mvtec};
use serde::Deserialize;

use crate::Result;
use crate::teacher::Choice;
use crate::tensors;

#[derive(Deserialize)]
struct Options {
    teacher: Choice,
    /// Side of a board's picture.
    size: usize,
    /// Boards to train on.
    train: usize,
    /// Boards to judge, half of them good.
    test: usize,
}

/// Writes `FOLDER/boards` and `FOLDER/teacher.safetensors`.
pub fn write(options: &str, folder: &Path) -> Result<()> {
    let options: Options = serde_json::from_str(options)?;
    let test_per_defect = options.test / (2 * Defect::ALL.len());
    let counts = Counts {
        train: options.train,
        test_good: options.test - Defect::ALL.len() * test_per_defect,
        test_per_defect,
    };
    let size = ImageSize::square(options.size);
    write_mvtec(&folder.join("boards"), size, counts, options.teacher.seed)?;
    let teacher = options.teacher.open()?;
    tensors::write(&folder.join("teacher.safetensors"), &teacher.weights)
}
