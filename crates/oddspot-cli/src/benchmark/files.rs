//! The files of a benchmark's folder.

use std::path::Path;

use anyhow::Result;
use oddspot::files::atomic;

/// Tables and records of all runs, for programs.
pub const REPORT: &str = "benchmark.json";
/// What the runs took.
pub const COSTS: &str = "cost.csv";
/// The page.
pub const PAGE: &str = "report.html";

/// Whether a file of the output folder is one that a benchmark writes.
pub fn is_output(name: &str) -> bool {
    name.starts_with("table") || [REPORT, COSTS, PAGE].contains(&name)
}

/// Writes a value as JSON.
pub fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(atomic::write_bytes(file, (text + "\n").as_bytes())?)
}
