//! Known images: what must be said of each, and what was said.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use oddspot::judge::Example;
use oddspot::verdict::{Finding, Verdict};
use serde::Deserialize;

use crate::printing::counted;

/// A file of known images.
pub struct Golden {
    /// The file.
    pub path: PathBuf,
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
    expected: Expected,
    score: Option<f32>,
}

/// What must be said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
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
    error: Option<String>,
}

impl Golden {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read, or of which a line is not as it must be.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {}: give a text file with a JSON object a line",
                path.display()
            )
        })?;
        let mut images = Vec::new();
        // As editors of Windows begin a text.
        let text = text.trim_start_matches('\u{feff}');
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
            images.push(known.with_context(|| format!("{}: line {}", path.display(), at + 1))?);
        }
        ensure!(!images.is_empty(), "{} names no image", path.display());
        Ok(Self {
            path: path.to_owned(),
            images,
        })
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
    let below = folder.map(|folder| folder.join(&image));
    let path = below
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(&image));
    Ok(Known {
        line,
        image,
        path,
        expected,
        score,
    })
}

/// What was said of the known images.
pub struct Judged {
    threshold: f64,
    images: usize,
    misses: usize,
    /// Of the misses.
    to_check: usize,
    false_alarms: usize,
    others: usize,
    moved: usize,
    scored: usize,
    /// A line for each image of which something else was said.
    pub lines: Vec<String>,
}

impl Judged {
    /// Of none yet, by a model with this threshold.
    pub fn new(threshold: f64) -> Self {
        Self {
            threshold,
            images: 0,
            misses: 0,
            to_check: 0,
            false_alarms: 0,
            others: 0,
            moved: 0,
            scored: 0,
            lines: Vec::new(),
        }
    }

    /// Takes in what was said of the next one.
    pub fn add(&mut self, known: &Known, finding: &Finding) {
        self.images += 1;
        let kept_back = matches!(finding.verdict, Verdict::Anomalous | Verdict::Untrusted);
        let wrong = match known.expected {
            Expected::Good if kept_back => {
                self.false_alarms += 1;
                Some("false alarm")
            }
            Expected::Anomalous if !kept_back => {
                self.misses += 1;
                self.to_check += usize::from(finding.verdict == Verdict::Check);
                Some("missed")
            }
            Expected::This(verdict) if verdict != finding.verdict => {
                self.others += 1;
                Some("other verdict")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            let line = finding.line(&known.image);
            self.lines.push(format!("{wrong}: {line}"));
        }
        let Some(noted) = known.score else {
            return;
        };
        self.scored += 1;
        let score = Example {
            recorded: noted,
            now: finding.score,
        };
        if !score.agrees(self.threshold) {
            self.moved += 1;
            let image = &known.image;
            self.lines.push(format!(
                "other score: {image} {:.4}, noted {noted:.4}",
                finding.score
            ));
        }
    }

    /// Whether it is as it must be.
    pub fn passes(&self, max_misses: usize, max_false_alarms: usize) -> bool {
        self.misses <= max_misses
            && self.false_alarms <= max_false_alarms
            && self.others == 0
            && self.moved == 0
    }

    /// What came of it, in a line.
    pub fn summary(&self, max_misses: usize, max_false_alarms: usize) -> String {
        let mut text = format!(
            "{}: {} missed{} (at most {max_misses}), {} false alarms (at most {max_false_alarms})",
            counted(self.images, "known image"),
            self.misses,
            match self.to_check {
                0 => String::new(),
                some => format!(", {some} of them to be checked,"),
            },
            self.false_alarms
        );
        if self.others > 0 {
            text += &format!(", {} of another verdict", self.others);
        }
        if self.scored > 0 {
            text += &format!(
                ", {} of {} scores are not those noted",
                self.moved, self.scored
            );
        }
        text
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
