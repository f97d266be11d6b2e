//! The images to judge, and what their pictures are called.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use oddspot::datasets::images_under;

use super::pictures::KINDS;

/// An image to judge and the name of its pictures.
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that was named, with `/`, without its extension where that is
    /// unique.
    pub name: String,
}

impl Input {
    /// The file, as it was named.
    pub fn image(&self) -> String {
        self.path.display().to_string()
    }
}

/// All images under the given files and folders, each once, earlier output left out.
///
/// # Errors
/// A path that does not exist, or a folder without images.
pub fn collect(paths: &[PathBuf], output: &Path) -> Result<Vec<Input>> {
    let output = output.canonicalize().ok();
    let mut seen = HashSet::new();
    let mut names = BTreeSet::new();
    let mut inputs = Vec::new();
    for root in paths {
        for path in images_under(root)? {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let ours = output
                .as_ref()
                .is_some_and(|output| KINDS.iter().any(|kind| real.starts_with(output.join(kind))));
            if ours || !seen.insert(real) {
                continue;
            }
            let relative = match path.strip_prefix(root) {
                Ok(below) if below.components().next().is_none() => own_name(&path),
                // Of several folders each keeps its name, so that equal file names stay apart.
                Ok(below) if paths.len() > 1 => own_name(root).join(below),
                Ok(below) => below.to_owned(),
                Err(_) => own_name(&path),
            };
            let name = unique(&relative, &mut names);
            inputs.push(Input { path, name });
        }
    }
    Ok(inputs)
}

fn own_name(path: &Path) -> PathBuf {
    PathBuf::from(path.file_name().unwrap_or_default())
}

/// `part.png` → `part`; a second `part.jpg` → `part.jpg`; a third → `part.jpg-2`, …
///
/// Every name is text: what the results say is what the file is called, whatever the image's own name.
fn unique(relative: &Path, names: &mut BTreeSet<String>) -> String {
    let text = |path: &Path| -> String {
        let parts = path.iter().map(|part| part.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    };
    let whole = text(relative);
    let numbered = (2..).map(|n| format!("{whole}-{n}"));
    let mut candidates = [text(&relative.with_extension("")), whole.clone()]
        .into_iter()
        .chain(numbered);
    loop {
        // The numbers never end, so a free name is always found.
        let name = candidates.next().unwrap_or_default();
        if names.insert(name.clone()) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_keep_their_names_only_where_there_are_several() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        for folder in [&a, &b] {
            std::fs::create_dir_all(folder.join("sub")).unwrap();
            std::fs::write(folder.join("sub/part.png"), b"").unwrap();
        }
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let inputs = collect(paths, Path::new("nowhere")).unwrap();
            inputs.into_iter().map(|input| input.name).collect()
        };
        assert_eq!(names(std::slice::from_ref(&a)), ["sub/part"]);
        assert_eq!(names(&[a.clone(), b]), ["a/sub/part", "b/sub/part"]);
        assert_eq!(names(&[a.join("sub/part.png")]), ["part"]);
    }

    #[test]
    fn pictures_of_different_images_never_share_a_name() {
        let mut names = BTreeSet::new();
        let mut name = |path: &str| unique(Path::new(path), &mut names);
        assert_eq!(name("a/part.png"), "a/part");
        assert_eq!(name("b/part.png"), "b/part");
        assert_eq!(name("a/part.jpg"), "a/part.jpg");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-2");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-3");
    }
}
