//! A line of results.jsonl as it is read again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use oddspot_arrivals::FileState;
use serde::Deserialize;

/// What a line says beside what was found.
#[derive(Default, Deserialize)]
pub struct ResultLine {
    /// The image, or its page `part.tif#2`.
    #[serde(default)]
    pub image: String,
    /// Its verdict's word; None of an image that could not be judged.
    pub verdict: Option<String>,
    /// Why it could not be judged, or has no pictures.
    pub error: Option<String>,
    /// In what its file differs from the good ones.
    #[serde(default)]
    pub differs: Vec<String>,
    /// Its pictures and raw maps, as paths below the output folder.
    #[serde(default)]
    pub files: Vec<String>,
    /// The file as it was, where `watch` took it.
    pub file: Option<FileState>,
    /// Pages or frames of its file, of several.
    pub pages: Option<usize>,
}

impl ResultLine {
    /// Whether it is the last of its file's.
    pub fn ends_its_file(&self) -> bool {
        let page = self.pages.map(|pages| format!("#{pages}"));
        page.is_none_or(|page| self.image.ends_with(&page))
    }

    /// The file that a page belongs to; the image itself where it is no page.
    pub fn whole(&self) -> &str {
        match (self.pages, self.image.rsplit_once('#')) {
            (Some(_), Some((whole, _page))) => whole,
            _ => &self.image,
        }
    }
}

/// Goes through the lines of results, half ones of runs that were killed too; through none of a device or a pipe,
/// which has no past and may never end.
///
/// # Errors
/// Results that cannot be read.
pub fn for_each_line(results: &Path, mut with: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    if !results.is_file() {
        return Ok(());
    }
    let context = || format!("cannot read {}", results.display());
    let earlier = BufReader::new(File::open(results).with_context(context)?);
    for line in earlier.split(b'\n') {
        with(&line.with_context(context)?)?;
    }
    Ok(())
}
