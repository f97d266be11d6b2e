//! What somebody should know of, as warnings of the package's.

use pyo3::prelude::*;

/// Warns whoever called the function of the package that is so many frames of Python's above: 1 for a compiled one.
///
/// # Errors
/// A warning that is raised, because the user asked for that.
pub fn warn(py: Python<'_>, words: &str, frames: u32) -> PyResult<()> {
    let category = py.import("oddspot._errors")?.getattr("OddspotWarning")?;
    py.import("warnings")?
        .call_method1("warn", (words, category, frames))?;
    Ok(())
}
