//! What a part is made from, so that it is known whether that has changed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use oddspot::files::digest::{hex, sha256, sha256_of_file};
use serde::{Deserialize, Serialize};

/// Files, as they are when they are looked at.
pub struct Files(Vec<(String, PathBuf)>);

/// What they were when a part was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// How many.
    pub files: usize,
    /// SHA-256 over names, sizes and times: what has the same is the same.
    looks: String,
    /// SHA-256 over names and contents: what has the same was only copied or touched.
    contents: String,
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds files, called by their paths below `root`: a folder that was moved is the same.
    pub fn add(&mut self, root: &Path, files: impl IntoIterator<Item = PathBuf>) {
        let named = files.into_iter().map(|file| {
            let below = file.strip_prefix(root).ok();
            let below = below.filter(|below| below.components().next().is_some());
            let name = match (below, file.file_name()) {
                (Some(below), _) => below.to_string_lossy().replace('\\', "/"),
                (None, Some(name)) => name.to_string_lossy().into_owned(),
                (None, None) => file.to_string_lossy().into_owned(),
            };
            (name, file)
        });
        self.0.extend(named);
    }

    /// What they are now, if they are those of before. They are read only where they look otherwise.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn seen_again(&self, before: &Inputs) -> Result<Option<Inputs>> {
        if self.0.len() != before.files {
            return Ok(None);
        }
        let looks = self.looks()?;
        let is_same = looks == before.looks || self.contents()? == before.contents;
        Ok(is_same.then(|| Inputs {
            looks,
            ..before.clone()
        }))
    }

    /// What they are now.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn now(&self) -> Result<Inputs> {
        // Before the contents: what changes in between is looked at again.
        let looks = self.looks()?;
        Ok(Inputs {
            files: self.0.len(),
            looks,
            contents: self.contents()?,
        })
    }

    fn looks(&self) -> Result<String> {
        let mut text = String::new();
        for (name, file) in &self.0 {
            let found = file
                .metadata()
                .with_context(|| format!("cannot read {}", file.display()))?;
            let time = found.modified().ok();
            let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let nanoseconds = time.map_or(0, |time| time.as_nanos());
            let _ = writeln!(text, "{name}\0{}\0{nanoseconds}", found.len());
        }
        Ok(hex(&sha256(text.as_bytes())))
    }

    fn contents(&self) -> Result<String> {
        let mut text = String::new();
        for (name, file) in &self.0 {
            let digest = hex(&sha256_of_file(file)?);
            let _ = writeln!(text, "{name}\0{digest}");
        }
        Ok(hex(&sha256(text.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_or_touched_is_the_same_and_other_bytes_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = |root: &str| {
            let root = folder.path().join(root);
            let mut files = Files::new();
            files.add(&root, [root.join("a.png")]);
            files
        };
        let put = |root: &str, text: &str| {
            std::fs::create_dir_all(folder.path().join(root)).unwrap();
            std::fs::write(folder.path().join(root).join("a.png"), text).unwrap();
        };
        put("one", "x");
        let before = files("one").now().unwrap();
        put("two", "x");
        let later = std::fs::File::open(folder.path().join("two/a.png")).unwrap();
        later.set_modified(UNIX_EPOCH).unwrap();
        assert!(files("two").seen_again(&before).unwrap().is_some());
        put("one", "y");
        assert!(files("one").seen_again(&before).unwrap().is_none());
        assert!(files("none").seen_again(&before).is_err());
    }
}
