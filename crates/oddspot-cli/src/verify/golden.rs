//! Known images, and what must be said of each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use oddspot::datasets::{file_at, text_of};
use oddspot::verdict::Verdict;
use serde::Deserialize;

use crate::advice::chain;

/// How many lines an error spells out.
const SHOWN: usize = 10;

/// A file of known images.
pub struct Golden {
    /// Its images, in their order.
    pub images: Vec<Known>,
}

/// An image, and what must be said of it.
pub struct Known {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its name in the file.
    pub image: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Which page or frame of the file it is, from 1; None of a file of one picture.
    pub page: Option<usize>,
    pub(super) expected: Expected,
    pub(super) score: Option<f32>,
    /// SHA-256 of the model that gave the score, if the line says it.
    pub(super) model: Option<String>,
    /// Whether another model than the one that is verified gave the verdict.
    pub(super) is_by_other: bool,
}

/// What must be said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Good,
    Anomalous,
    This(Verdict),
}

/// A line of the file.
#[derive(Deserialize)]
struct Line {
    image: String,
    #[serde(alias = "label")]
    verdict: Option<String>,
    score: Option<f32>,
    model_sha256: Option<String>,
    error: Option<String>,
}

impl Golden {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read; every line that is not as it must be, or that contradicts another.
    pub fn read(path: &Path) -> Result<Self> {
        let advice = || {
            format!(
                "cannot read {}: give a text file with a JSON object a line",
                path.display()
            )
        };
        let bytes = std::fs::read(path).with_context(advice)?;
        let text = text_of(&bytes, path).with_context(advice)?;
        let mut images: Vec<Known> = Vec::new();
        let mut wrong = Vec::new();
        let mut seen: HashMap<(PathBuf, Option<usize>), usize> = HashMap::new();
        let lines = text.lines().count();
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let breaks_off = at + 1 == lines && !text.ends_with('\n');
            let known = known(line, at + 1, path.parent());
            let known = known.map_err(|error| match breaks_off && is_half(&error) {
                true => error.context(
                    "it breaks off, as the last one of a run that was killed: take it out",
                ),
                false => error,
            });
            let known = match known {
                Ok(known) => known,
                Err(error) => {
                    wrong.push(format!("line {}: {}", at + 1, chain(&error)));
                    continue;
                }
            };
            let real = known.path.canonicalize();
            let real = real.unwrap_or_else(|_| known.path.clone());
            let before = seen.insert((real, known.page), images.len());
            let before = before.and_then(|before| images.get(before));
            match before.filter(|before| before.expected != known.expected) {
                Some(before) => wrong.push(format!(
                    "line {}: line {} says something else of {}: keep one of them",
                    known.line, before.line, known.image
                )),
                None => images.push(known),
            }
        }
        if !wrong.is_empty() {
            bail!("{}: {}", path.display(), first_ten(&wrong));
        }
        ensure!(!images.is_empty(), "{} names no image", path.display());
        Ok(Self { images })
    }
}

/// Some sentences, the first ten in full; one alone as it is.
fn first_ten(sentences: &[String]) -> String {
    if let [only] = sentences {
        return only.clone();
    }
    let shown: String = sentences
        .iter()
        .take(SHOWN)
        .map(|one| format!("\n  {one}"))
        .collect();
    match sentences.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}\n  and {more} more"),
    }
}

/// Whether a line is the beginning of one.
fn is_half(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
    causes.any(serde_json::Error::is_eof)
}

fn known(text: &str, line: usize, folder: Option<&Path>) -> Result<Known> {
    let Line {
        image,
        verdict,
        score,
        model_sha256: model,
        error,
    } = serde_json::from_str(text).context(
        "it is not a JSON object with `image` and `verdict`, such as {\"image\": \"a.png\", \"verdict\": \"good\"}",
    )?;
    if let Some(error) = error {
        bail!("{image} could not be judged ({error}): take the line out");
    }
    let Some(verdict) = verdict else {
        bail!("it says no `verdict` for {image}: \"good\" or \"anomalous\"");
    };
    let expected = match verdict.to_lowercase().as_str() {
        "good" | "ok" | "normal" => Expected::Good,
        "anomalous" | "bad" | "nok" | "defect" => Expected::Anomalous,
        "check" => Expected::This(Verdict::Check),
        "untrusted" => Expected::This(Verdict::Untrusted),
        other => bail!(
            "`verdict` is '{other}': give \"good\", \"anomalous\", \"check\" or \"untrusted\""
        ),
    };
    let (path, page) = file_of(&image, folder);
    Ok(Known {
        line,
        image,
        path,
        page,
        expected,
        score,
        model,
        is_by_other: false,
    })
}

/// The file of an image, below the folder or from here, with `/` or as Windows has it, and which of its pages it is:
/// `part.tif#2`.
fn file_of(image: &str, folder: Option<&Path>) -> (PathBuf, Option<usize>) {
    let found = |name: &str| {
        let mut places = folder.into_iter().chain([Path::new("")]);
        places.find_map(|place| file_at(place, name).ok())
    };
    let of_page = || {
        let (whole, page) = image.rsplit_once('#')?;
        let page = page.parse().ok().filter(|&page| page > 0)?;
        Some((found(whole)?, Some(page)))
    };
    match found(image) {
        Some(path) => (path, None),
        None => of_page().unwrap_or_else(|| (PathBuf::from(image), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Golden> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("golden.jsonl");
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("a.png"), "").unwrap();
        Golden::read(&path)
    }

    #[test]
    fn lines_of_results_and_labels_are_read() {
        let golden = read(
            "{\"image\": \"a.png\", \"verdict\": \"good\", \"score\": 2.5, \"files\": []}\n\n\
             {\"image\": \"/b.png\", \"label\": \"NOK\"}\n",
        )
        .unwrap();
        assert_eq!(golden.images.len(), 2);
        assert!(
            golden.images[0].path.is_absolute(),
            "it lies beside the file"
        );
        assert_eq!(
            (golden.images[0].score, golden.images[1].score),
            (Some(2.5), None)
        );
        assert_eq!(golden.images[1].expected, Expected::Anomalous);
        assert_eq!(golden.images[1].line, 3);
    }

    #[test]
    fn pages_are_found_by_their_number_and_contradictions_are_refused() {
        let page = "{\"image\": \"a.png#2\", \"verdict\": \"good\", \"pages\": 2}\n";
        let golden = read(page).unwrap();
        assert!(golden.images[0].path.ends_with("a.png") && golden.images[0].page == Some(2));
        let line = |image: &str, verdict: &str| {
            format!("{{\"image\": \"{image}\", \"verdict\": \"{verdict}\"}}\n")
        };
        let both = line("a.png", "good") + &line("b.png", "bad") + &line("./a.png", "bad");
        let error = format!("{:#}", read(&both).err().unwrap());
        assert!(
            error.contains("line 3: line 1 says something else of ./a.png"),
            "{error}"
        );
        assert_eq!(
            read(&(line("a.png", "ok") + &line("a.png", "good")))
                .unwrap()
                .images
                .len(),
            2
        );
        let wrong: String = (0..12).map(|_| line("a.png", "fine")).collect();
        let error = format!("{:#}", read(&wrong).err().unwrap());
        assert!(
            error.contains("line 10: ") && error.ends_with("and 2 more"),
            "{error}"
        );
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        for (text, said) in [
            ("{\"image\": \"a.png\"}", "no `verdict`"),
            ("{\"image\": \"a.png\", \"verdict\": \"fine\"}", "'fine'"),
            (
                "{\"image\": \"a.png\", \"error\": \"damaged\"}",
                "take the line out",
            ),
            ("a.png good", "not a JSON object"),
            ("\n", "names no image"),
        ] {
            let error = format!("{:#}", read(text).err().unwrap());
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
