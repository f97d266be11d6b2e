//! The page of a run, beside its results.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use oddspot::files::atomic;
use oddspot::verdict::Finding;
use oddspot_draw::page::{ResultLine, results_page};
use serde::Deserialize;
use serde_json::Value;

use super::line::{self, for_each_line};

/// The page's file.
pub const PAGE: &str = "index.html";

/// Writes the page of the results that lie in a folder, those of earlier runs too: of all, or of the newest. Nothing
/// where they went to a device or a pipe.
///
/// # Errors
/// Results that cannot be read, or a full disk.
pub fn write(folder: &Path, results: &str, model: &Path, most: Option<usize>) -> Result<()> {
    let path = folder.join(results);
    if !path.is_file() {
        return Ok(());
    }
    let mut newest = VecDeque::new();
    let mut total = 0;
    for_each_line(&path, |line| {
        total += 1;
        if most.is_some_and(|most| newest.len() == most) {
            newest.pop_front();
        }
        newest.push_back(line.to_vec());
        Ok(())
    })?;
    // Half a line of a run that was killed is no result.
    let lines: Vec<ResultLine> = newest.iter().flat_map(|line| read(line)).collect();
    let earlier = total - newest.len();
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    let page = results_page(&name, &lines, earlier)?;
    atomic::write_bytes(folder.join(PAGE), page.as_bytes())?;
    Ok(())
}

/// Whether a folder has such a page.
pub fn is_written(folder: &Path) -> bool {
    folder.join(PAGE).is_file()
}

fn read(line: &[u8]) -> serde_json::Result<ResultLine> {
    let value: Value = serde_json::from_slice(line)?;
    let line = line::ResultLine::deserialize(&value)?;
    let found = match line.error.filter(|_| line.verdict.is_none()) {
        Some(error) => Err(error),
        None => Ok(Finding::deserialize(&value)?),
    };
    Ok(ResultLine {
        image: line.image,
        found,
        differs: line.differs,
        files: line.files,
    })
}
