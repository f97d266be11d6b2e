//! Noted verdicts that another model gave than the one that is verified, and what is known of that one.

use std::path::Path;

use anyhow::Result;
use oddspot::Model;
use oddspot::files::digest::{hex, sha256_of_file};
use oddspot::files::replaced::kept;
use oddspot::model::Header;

use super::golden::{Golden, Known};
use crate::printing::counted;

/// Digits of a SHA-256 that tell models apart.
const DIGITS: usize = 12;

/// Verdicts by another model.
pub struct Others {
    count: usize,
    /// Which model that is, in words.
    which: String,
}

impl Others {
    /// Those of some known images, whose scores are forgotten: this model need not give them. None where there are none.
    ///
    /// # Errors
    /// A model file that cannot be read.
    pub fn among(golden: &mut Golden, path: &Path, header: &Header) -> Result<Option<Self>> {
        let sha256 = hex(&sha256_of_file(path)?);
        let is_other = |known: &&mut Known| known.model.as_ref().is_some_and(|by| *by != sha256);
        let (mut count, mut by) = (0, None);
        for known in golden.images.iter_mut().filter(is_other) {
            known.score = None;
            known.is_by_other = true;
            count += 1;
            by = known.model.clone();
        }
        Ok(by.map(|by| Self {
            count,
            which: which(&by, path, header),
        }))
    }

    /// What is told of them before they are compared.
    pub fn line(&self) -> String {
        format!(
            "{} by {}: verdicts alone are compared there",
            match self.count {
                1 => "1 noted verdict is".to_owned(),
                count => format!("{count} noted verdicts are"),
            },
            self.which
        )
    }

    /// What is told where a verdict is another one now.
    pub fn ending(&self, model: &Path) -> String {
        format!(
            "NOT verified: {} judges otherwise than noted by {}. Where its verdicts above are right, judge all anew with \
             `oddspot detect`, and verify by that",
            model.display(),
            self.which
        )
    }
}

/// Which model another one is, by what lies beside the model and by what it keeps of itself.
fn which(sha256: &str, path: &Path, now: &Header) -> String {
    let is_it =
        |file: &std::path::PathBuf| sha256_of_file(file).is_ok_and(|digest| hex(&digest) == sha256);
    let before = kept(path).find(is_it);
    let header = before
        .as_ref()
        .and_then(|file| Some(Model::load(file).ok()?.header));
    match (before, header) {
        (Some(file), Some(then)) => format!(
            "{}, the model before it was {}",
            file.display(),
            since(&then, now)
        ),
        _ => {
            let perhaps = match changed(now.added_images.len(), now.calibration.is_some()) {
                Some(words) => format!(" (this one was {words}: perhaps it is the one before that)"),
                None => " (this one was neither extended nor calibrated: look whether it is the one you mean)".to_owned(),
            };
            format!(
                "another model, with the SHA-256 {:.DIGITS$}…{perhaps}",
                sha256
            )
        }
    }
}

/// What became of a model since.
fn since(then: &Header, now: &Header) -> String {
    if then.training_images != now.training_images || then.settings != now.settings {
        return "trained anew".to_owned();
    }
    let added = now
        .added_images
        .len()
        .saturating_sub(then.added_images.len());
    changed(added, then.calibration != now.calibration).unwrap_or_else(|| "changed".to_owned())
}

/// That a model was extended, calibrated, or both; None if it was not.
fn changed(added: usize, calibrated: bool) -> Option<String> {
    let extended = format!("extended by {}", counted(added, "good image"));
    match (added, calibrated) {
        (0, false) => None,
        (0, true) => Some("calibrated".to_owned()),
        (_, false) => Some(extended),
        (_, true) => Some(format!("{extended} and calibrated")),
    }
}
