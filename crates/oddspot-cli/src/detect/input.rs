//! The images to judge, and what their pictures are called.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::Result;
use oddspot::datasets::{Besides, list};
use oddspot::files::atomic::shortened;
use oddspot::images::{ImageFile, MAX_FILE_BYTES, Source};
use oddspot_arrivals::{FileState, spelled};

use crate::advice;

/// What stands for standard input, as in other programs.
const STANDARD_INPUT: &str = "-";
/// Bytes of each part of a picture's name, so that there is room for an extension and a number.
const LONGEST: usize = 240;

/// An image to judge and the name of its pictures.
pub struct Input {
    /// The file, or `-`.
    pub path: PathBuf,
    /// Its path below the folder that was named, with `/`, without its extension where that is
    /// unique.
    pub name: String,
    /// Why there is nothing to read, if that is known already.
    unreadable: Option<String>,
    /// The file as it was when it was taken, where that is to be told.
    pub state: Option<FileState>,
    /// Pages or frames of the file of which this is one.
    pub pages: Option<usize>,
}

impl Input {
    /// A file under a watched folder, as it was when it was taken.
    pub fn new(path: PathBuf, folder: &Path, state: FileState, names: &mut Names) -> Self {
        let below = path.strip_prefix(folder).unwrap_or(&path);
        Self {
            name: names.unique(&joined(below)),
            path,
            unreadable: None,
            state: Some(state),
            pages: None,
        }
    }

    /// The file, as it was named; bytes that are no text as `\xff`, so that it can be found again.
    pub fn image(&self) -> String {
        spelled(&self.path).into_owned()
    }

    /// The file; None of a pipe, which can be read once alone.
    pub fn source(&self) -> Option<Source> {
        self.path.is_file().then(|| Source::file(&self.path))
    }

    /// What it is called in errors.
    pub fn named(&self) -> &Path {
        match self.path.as_os_str() == STANDARD_INPUT {
            true => Path::new("standard input"),
            false => &self.path,
        }
    }

    /// Its content.
    ///
    /// # Errors
    /// Why it cannot be read, in one line.
    pub fn file(&self) -> Result<ImageFile, String> {
        if let Some(reason) = &self.unreadable {
            return Err(reason.clone());
        }
        if self.path.as_os_str() != STANDARD_INPUT {
            return ImageFile::open(&self.path).map_err(|error| advice::causes(&error));
        }
        let mut bytes = Vec::new();
        let read = stdin()
            .lock()
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes);
        match read {
            Err(error) => Err(format!("cannot read standard input: {error}")),
            Ok(read) if read as u64 > MAX_FILE_BYTES => {
                Err("cannot use standard input: it is larger than 1 GiB".to_owned())
            }
            Ok(_) => Ok(bytes.into()),
        }
    }

    /// How many bytes it has, as far as that is known before it is read.
    pub fn bytes(&self) -> u64 {
        match self.path.as_os_str() == STANDARD_INPUT {
            true => 0,
            false => self.path.metadata().map_or(0, |about| about.len()),
        }
    }

    /// A page of it, of several: `part.tif#2`, whose pictures are called `part.tif#2` too, for `part#2.png` may
    /// lie beside it.
    pub fn page(&self, number: Option<usize>, pages: Option<usize>) -> Self {
        let Some(number) = number else {
            return Self {
                path: self.path.clone(),
                name: self.name.clone(),
                unreadable: None,
                state: self.state,
                pages: None,
            };
        };
        let mut path = self.path.clone().into_os_string();
        path.push(format!("#{number}"));
        let extension = self.path.extension().unwrap_or_default().to_string_lossy();
        let whole = format!(".{extension}");
        let name = self.name.strip_suffix(&whole).unwrap_or(&self.name);
        Self {
            path: path.into(),
            name: format!("{name}{whole}#{number}"),
            unreadable: None,
            state: self.state,
            pages,
        }
    }
}

/// A path with `/` on every platform.
fn joined(path: &Path) -> String {
    let parts = path.iter().map(|part| spelled(Path::new(part)));
    parts.collect::<Vec<_>>().join("/")
}

/// What was found to judge.
pub struct Collected {
    /// The images, each once.
    pub inputs: Vec<Input>,
    /// What lies beside them.
    pub besides: Besides,
    /// Other paths of the same images.
    pub twice: Vec<PathBuf>,
}

/// All images under the given files and folders, each once; pictures that results in the output folder name are left
/// out. A pipe is one image.
///
/// # Errors
/// A path that does not exist.
pub fn collect(paths: &[PathBuf], output: Option<(&Path, &HashSet<PathBuf>)>) -> Result<Collected> {
    let output = output.and_then(|(output, named)| Some((output.canonicalize().ok()?, named)));
    let mut seen = HashSet::new();
    let (mut inputs, mut twice) = (Vec::new(), Vec::new());
    let mut all = Besides::default();
    for root in paths {
        let (found, besides) = under(root)?;
        all.extend(besides);
        for (path, unreadable) in found {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let is_ours = output.as_ref().is_some_and(|(output, named)| {
                let below = real.strip_prefix(output);
                below.is_ok_and(|below| named.contains(below))
            });
            if is_ours {
                let folder = path.parent().unwrap_or(root).to_owned();
                *all.findings.entry(folder).or_default() += 1;
                continue;
            }
            if !seen.insert(real) {
                twice.push(path);
                continue;
            }
            let relative = match path.strip_prefix(root) {
                Ok(below) if below.components().next().is_none() => own_name(&path),
                // Of several folders each keeps its name, so that equal file names stay apart.
                Ok(below) if paths.len() > 1 => own_name(root).join(below),
                Ok(below) => below.to_owned(),
                Err(_) => own_name(&path),
            };
            inputs.push(Input {
                name: joined(&relative),
                path,
                unreadable,
                state: None,
                pages: None,
            });
        }
    }
    Ok(Collected {
        inputs,
        besides: all,
        twice,
    })
}

/// What there is to judge under a path, in order, and why not where that is known.
type Found = Vec<(PathBuf, Option<String>)>;

fn under(root: &Path) -> Result<(Found, Besides)> {
    if root.as_os_str() == STANDARD_INPUT {
        return Ok((vec![(root.to_owned(), None)], Besides::default()));
    }
    let listing = list(root)?;
    let besides = listing.besides;
    // What looks like an image that cannot be read, and what cannot be looked at, is skipped by name.
    let mut found: Found = listing
        .images
        .into_iter()
        .map(|path| (path, None))
        .collect();
    found.extend(besides.unread.iter().map(|path| (path.clone(), None)));
    let refused = besides.unreadable.iter();
    found.extend(refused.map(|one| (one.path.clone(), Some(one.reason.clone()))));
    let refused = besides
        .folders
        .iter()
        .filter(|one| one.unreadable.is_some());
    found.extend(refused.map(|one| (one.path.clone(), one.unreadable.clone())));
    found.sort();
    Ok((found, besides))
}

fn own_name(path: &Path) -> PathBuf {
    match path.as_os_str() == STANDARD_INPUT {
        true => PathBuf::from("stdin"),
        false => PathBuf::from(path.file_name().unwrap_or_default()),
    }
}

/// Names the pictures of all images, each by another name than those taken.
pub fn name_all(inputs: &mut [Input], taken: BTreeSet<String>) {
    let mut names = Names::new(&taken);
    for input in inputs {
        input.name = names.unique(&input.name);
    }
}

/// Names that are taken, in small letters: some disks know no others.
pub struct Names(BTreeSet<String>);

/// What the names of an image's further pictures end in, before their kind of file.
const KINDS: [&str; 2] = [".odd", ".outline"];

impl Names {
    /// With those that are taken.
    pub fn new(taken: &BTreeSet<String>) -> Self {
        Self(taken.iter().map(|name| name.to_lowercase()).collect())
    }

    /// Lets go of a name that was not used.
    pub fn release(&mut self, name: &str) {
        self.0.remove(&name.to_lowercase());
    }

    /// `part.png` → `part`; a second `part.jpg` → `part.jpg`; a third → `part.jpg-2`, …
    fn unique(&mut self, whole: &str) -> String {
        let stem = Path::new(whole).with_extension("");
        let stem = stem.to_string_lossy().into_owned();
        let numbered = (2..).map(|n| format!("{whole}-{n}"));
        // `a.outline` would be taken for the outline of `a`.
        let lower = stem.to_lowercase();
        let is_free = !KINDS.iter().any(|kind| lower.ends_with(kind));
        let stem = is_free.then_some(stem);
        let mut candidates = stem.into_iter().chain([whole.to_owned()]).chain(numbered);
        loop {
            // The numbers never end, so a free name is always found.
            let name = candidates.next().unwrap_or_default();
            let parts: Vec<Cow<str>> = name
                .split('/')
                .map(|part| shortened(part, LONGEST))
                .collect();
            let name = parts.join("/");
            if self.0.insert(name.to_lowercase()) {
                return name;
            }
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
            let mut inputs = collect(paths, None).unwrap().inputs;
            name_all(&mut inputs, BTreeSet::new());
            inputs.into_iter().map(|input| input.name).collect()
        };
        assert_eq!(names(std::slice::from_ref(&a)), ["sub/part"]);
        assert_eq!(names(&[a.clone(), b]), ["a/sub/part", "b/sub/part"]);
        assert_eq!(
            names(&[a.join("sub/part.png"), "-".into()]),
            ["part", "stdin"]
        );
    }

    #[test]
    fn pictures_of_different_images_never_share_a_name() {
        let mut names = Names(BTreeSet::from(["old".to_owned()]));
        let mut name = |path: &str| names.unique(path);
        assert_eq!(name("a/part.png"), "a/part");
        assert_eq!(name("b/part.png"), "b/part");
        assert_eq!(name("a/part.jpg"), "a/part.jpg");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-2");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-3");
        assert_eq!(name("A/Part.png"), "A/Part.png");
        assert_eq!(name("old.png"), "old.png");
        let long = "査".repeat(83) + ".png";
        let (first, second) = (name(&long), name(&long));
        assert!(first.len() <= LONGEST && second.len() <= LONGEST && first != second);
    }
}
