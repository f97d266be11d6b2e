//! Good images that are to be left out.

use std::path::Path;

use glob::{MatchOptions, Pattern};

use super::Dataset;
use crate::error::{Error, ErrorKind, Result};

/// How many similar names an error lists.
const NEAR: usize = 3;

/// Takes good images out of data sets, and says how many; folders and links that cannot be followed too. Each of `names` is an image's path below its data
/// set's folder or from where the program runs; where none has that, its file name alone, or a pattern of either
/// with `*`, `?` and `[…]`.
///
/// # Errors
/// A name that no good image has, with those that are most like it; a pattern that is none; a data set of
/// which nothing is left.
pub fn exclude(datasets: &mut [Dataset], names: &[String]) -> Result<usize> {
    let names = names.iter().map(|name| Name::of(name, datasets));
    let names: Vec<Name> = names.collect::<Result<_>>()?;
    let mut used = vec![false; names.len()];
    let mut excluded = 0;
    for dataset in datasets.iter_mut() {
        let mut lists = [
            std::mem::take(&mut dataset.train),
            std::mem::take(&mut dataset.held_out),
        ];
        for list in &mut lists {
            let before = list.len();
            list.retain(|sample| !is_named(&names, &mut used, (dataset, &sample.image)));
            excluded += before - list.len();
        }
        [dataset.train, dataset.held_out] = lists;
        let mut unreadable = std::mem::take(&mut dataset.besides.unreadable);
        unreadable.retain(|one| !is_named(&names, &mut used, (dataset, &one.path)));
        dataset.besides.unreadable = unreadable;
    }
    match names.iter().zip(used).find(|(_, used)| !used) {
        None => Ok(excluded),
        Some((name, _)) => Err(unknown(datasets, name.written)),
    }
}

/// Whether any of some names is that of an image; takes note of which.
fn is_named(names: &[Name], used: &mut [bool], (dataset, image): (&Dataset, &Path)) -> bool {
    let mut named = false;
    for (name, used) in names.iter().zip(used) {
        if name.is_of(dataset, image) {
            *used = true;
            named = true;
        }
    }
    named
}

/// All that may be named in a data set.
fn all_of(dataset: &Dataset) -> impl Iterator<Item = &Path> {
    let samples = dataset.train.iter().chain(&dataset.held_out);
    let unreadable = &dataset.besides.unreadable;
    samples
        .map(|sample| sample.image.as_path())
        .chain(unreadable.iter().map(|one| one.path.as_path()))
}

/// A name of images to leave out.
struct Name<'a> {
    written: &'a str,
    /// With `/`, and not from `./`.
    spelled: String,
    /// Whether it is an image's path: then it names that one alone.
    full: bool,
    pattern: Option<Pattern>,
}

impl<'a> Name<'a> {
    fn of(written: &'a str, datasets: &[Dataset]) -> Result<Self> {
        let spelled = written.replace('\\', "/");
        let spelled = spelled.strip_prefix("./").unwrap_or(&spelled).to_owned();
        let full = datasets.iter().any(|dataset| {
            all_of(dataset).any(|image| is_path(&spelled, written, (dataset, image)))
        });
        let is_pattern = !full && spelled.contains(['*', '?', '[']);
        let pattern = match is_pattern {
            false => None,
            true => match Pattern::new(&spelled) {
                Ok(pattern) => Some(pattern),
                // A file may be called like a pattern that is none.
                Err(_) if is_file(&spelled, datasets) => None,
                Err(error) => {
                    return Err(Error::dataset(
                        written,
                        format!("it is no pattern of names to leave out: {error}"),
                    ));
                }
            },
        };
        Ok(Self {
            written,
            spelled,
            full,
            pattern,
        })
    }

    fn is_of(&self, dataset: &Dataset, image: &Path) -> bool {
        if self.full {
            return is_path(&self.spelled, self.written, (dataset, image));
        }
        let name = dataset.name_below(image);
        let file = file_of(&name);
        if self.spelled == file {
            return true;
        }
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::new()
        };
        self.pattern.as_ref().is_some_and(|pattern| {
            pattern.matches_with(&name, options)
                || pattern.matches_with(file, options)
                || pattern.matches_path_with(image, options)
        })
    }
}

/// Whether a name is that of an image by its path.
fn is_path(spelled: &str, written: &str, (dataset, image): (&Dataset, &Path)) -> bool {
    spelled == dataset.name_below(image)
        || [spelled, written]
            .iter()
            .any(|name| image == Path::new(name))
}

/// Whether an image's file is called so.
fn is_file(spelled: &str, datasets: &[Dataset]) -> bool {
    datasets
        .iter()
        .any(|dataset| all_of(dataset).any(|image| file_of(&dataset.name_below(image)) == spelled))
}

/// The last part of a name.
fn file_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn unknown(datasets: &[Dataset], name: &str) -> Error {
    let root = datasets.first().map(|dataset| dataset.root.clone());
    let known = datasets.iter().flat_map(|dataset| {
        let samples = dataset.train.iter().chain(&dataset.held_out);
        samples.map(|sample| dataset.name_of(sample))
    });
    let mut near: Vec<(f64, String)> = known
        .map(|other| (strsim::jaro_winkler(name, &other), other))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<String> = near.into_iter().take(NEAR).map(|(_, name)| name).collect();
    let near = match near.is_empty() {
        true => String::new(),
        false => format!("; near it are {}", near.join(", ")),
    };
    let reason = format!(
        "no good image is called '{name}', which is to be left out: give its path below that folder, its \
         file name, or a pattern{near}"
    );
    Error::dataset(root.unwrap_or_default(), reason).of_kind(ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{names, tree};
    use super::*;

    fn left(patterns: &[&str]) -> Result<(usize, Vec<String>)> {
        let root = tree(&[
            "train/good/0.png",
            "train/good/10.png",
            "train/good/more/1.png",
            "validation/good/2.png",
            "test/good/3.png",
        ]);
        let mut sets = [Dataset::open(root.path())?];
        let patterns: Vec<String> = patterns.iter().map(|&name| name.to_owned()).collect();
        let count = exclude(&mut sets, &patterns)?;
        let [set] = sets;
        Ok((
            count,
            names(root.path(), &[set.train, set.held_out].concat()),
        ))
    }

    #[test]
    fn images_are_left_out_by_path_file_name_and_pattern() {
        let (count, names) = left(&["train/good/0.png", "2.png"]).unwrap();
        assert_eq!(count, 2);
        assert_eq!(names, ["train/good/10.png", "train/good/more/1.png"]);
        let (count, names) = left(&["train/good/*.png", "./train/good/10.png"]).unwrap();
        assert_eq!(count, 2);
        assert_eq!(names, ["train/good/more/1.png", "validation/good/2.png"]);
        assert_eq!(left(&["1*.png"]).unwrap().0, 2);
        assert_eq!(left(&[]).unwrap().0, 0);
    }

    #[test]
    fn a_path_names_its_image_alone_whatever_signs_are_in_it() {
        let root = tree(&[
            "0.png",
            "more/0.png",
            "a[1.png",
            "a[1].png",
            "a1.png",
            "b*.png",
            "bc.png",
        ]);
        for name in ["0.png", "a[1.png", "a[1].png", "b*.png", "./b*.png"] {
            let mut sets = [Dataset::open(root.path()).unwrap()];
            assert_eq!(exclude(&mut sets, &[name.to_owned()]).unwrap(), 1, "{name}");
            let left = names(root.path(), &sets[0].train);
            assert!(
                !left.contains(&name.trim_start_matches("./").to_owned()),
                "{left:?}"
            );
        }
    }

    #[test]
    fn a_name_that_nothing_has_is_an_error_with_its_likes() {
        let error = left(&["train/good/11.png"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.contains("'train/good/11.png'"), "{text}");
        assert!(text.contains("train/good/10.png"), "{text}");
        // A test image is no good image to learn from.
        assert!(left(&["3.png"]).is_err());
        assert!(
            left(&["[.png"])
                .unwrap_err()
                .to_string()
                .contains("pattern")
        );
    }
}
