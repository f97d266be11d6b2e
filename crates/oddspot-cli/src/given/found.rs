//! What lies at a path.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use oddspot::Model;
use oddspot::datasets::has_images;
use oddspot::images::begins_like_an_image;
use oddspot_arrivals::in_time;

use crate::detect::results::JSON_LINES;

/// Bytes of a text that are looked at.
const START: u64 = 4096;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Model,
    Picture,
    /// A list of images, a JSON object a line.
    List,
    /// What is called as an export, whether it is there or not.
    Export,
    /// A folder with results of `detect`.
    Results,
    Folder,
    /// Any other file.
    File,
    Nothing,
}

impl Found {
    /// Looks there, and reads no more than the beginning of a file: nothing of a pipe.
    pub fn at(path: &Path) -> Self {
        if path.is_dir() {
            match path.join(JSON_LINES).is_file() {
                true => Self::Results,
                false => Self::Folder,
            }
        } else if path.extension().is_some_and(|found| found == "onnx") {
            Self::Export
        } else if !path.is_file() {
            match path.exists() {
                true => Self::File,
                false => Self::Nothing,
            }
        } else if begins_like_an_image(path) {
            // First: there may be thousands of them.
            Self::Picture
        } else if Model::is_one(path) {
            Self::Model
        } else if lists_images(path) {
            Self::List
        } else {
            Self::File
        }
    }

    /// The same where a folder is meant: one whose disk or share does not answer is waited for as one.
    pub fn at_folder(path: &Path) -> Self {
        let asked = path.to_owned();
        match in_time(move || Ok(Self::at(&asked))) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::TimedOut => Self::Folder,
            Err(_) => Self::at(path),
        }
    }

    /// What it is called.
    pub fn words(self, path: &Path) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Picture => "a picture",
            Self::List => "a list of images",
            Self::Export => "an export by its name",
            Self::Results => "a folder of results",
            Self::Folder if has_images(path) => "a folder of images",
            Self::Folder => "a folder",
            Self::File => "another file",
            Self::Nothing => "not there",
        }
    }
}

fn lists_images(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    read.is_ok() && text.starts_with('{') && text.contains("\"image\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_at_a_path_is_told_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("found")).unwrap();
        std::fs::write(path("found/results.jsonl"), "{\"image\": \"a.png\"}\n").unwrap();
        std::fs::write(path("a.model"), b"\x89PNG\r\n\x1a\n").unwrap();
        std::fs::write(path("a.txt"), "words").unwrap();
        for (name, found) in [
            ("found", Found::Results),
            ("found/results.jsonl", Found::List),
            ("", Found::Folder),
            ("a.model", Found::Picture),
            ("a.txt", Found::File),
            ("a.onnx", Found::Export),
            ("none", Found::Nothing),
        ] {
            assert_eq!(Found::at(&path(name)), found, "{name}");
        }
    }
}
