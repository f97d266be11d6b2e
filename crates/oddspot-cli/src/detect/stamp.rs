//! Which part an image shows, when it was judged, and by which model.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::ZonedDateTime;
use oddspot::files::digest::{hex, sha256_of_file};
use regex::Regex;
use serde::Serialize;

/// What is said of the judging of an image, beside what was found.
#[derive(Serialize)]
pub struct Stamp<'a> {
    /// The part's identity, of a name that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// When it was judged, in local time with its offset (RFC 3339).
    pub time: String,
    /// The model file's SHA-256.
    pub model_sha256: &'a str,
}

/// What stamps of a run have in common.
#[derive(Clone)]
pub struct Stamps {
    model_sha256: String,
    part: Option<PartId>,
}

/// Where a file's name says which part it shows.
#[derive(Clone, Debug)]
pub struct PartId(Regex);

/// The group of a pattern that is the identity.
const GROUP: &str = "part";

impl PartId {
    /// From a pattern: its group called `part`, else its first group, else all that it matches.
    ///
    /// # Errors
    /// What is no regular expression.
    pub fn new(pattern: &str) -> Result<Self, String> {
        // The whole text of such an error draws the pattern over several lines.
        let reason = |error: regex::Error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!(
                "it is no regular expression: {}",
                last.trim_start_matches("error: ")
            )
        };
        Regex::new(pattern).map(Self).map_err(reason)
    }

    /// The identity in a file's name, without its folder.
    pub fn of(&self, image: &str) -> Option<String> {
        let name = image.rsplit(['/', '\\']).next().unwrap_or(image);
        let found = self.0.captures(name)?;
        let group = found
            .name(GROUP)
            .or_else(|| found.get(1))
            .or(found.get(0))?;
        Some(group.as_str().to_owned()).filter(|part| !part.is_empty())
    }
}

impl Stamps {
    /// Of a model's file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(model: &Path, part: Option<PartId>) -> Result<Self> {
        let digest = sha256_of_file(model).context("cannot tell which model it is")?;
        Ok(Self {
            model_sha256: hex(&digest),
            part,
        })
    }

    /// The SHA-256 of the model's file.
    pub fn model_sha256(&self) -> &str {
        &self.model_sha256
    }

    /// Whether names are to say which part an image shows.
    pub fn has_parts(&self) -> bool {
        self.part.is_some()
    }

    /// Of an image that was judged at this time.
    pub fn of(&self, image: &str, time: &ZonedDateTime) -> Stamp<'_> {
        Stamp {
            part: self.part.as_ref().and_then(|part| part.of(image)),
            time: time.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
            model_sha256: &self.model_sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_the_pattern_says_of_the_name() {
        let part = |pattern: &str, image: &str| PartId::new(pattern).unwrap().of(image);
        let found = |text: &str| Some(text.to_owned());
        assert_eq!(part(r"\d+", "line 2/SN0042_top.png"), found("0042"));
        assert_eq!(part(r"(SN\d+)_(\w+)\.", "SN0042_top.png"), found("SN0042"));
        assert_eq!(part(r"(\w+)_(?<part>\d+)", "top_7.png"), found("7"));
        assert_eq!(part(r"(\d+)", "a/12/top.png"), None);
        assert_eq!(part(r"^(\d*)", "top.png"), None);
        let refused = PartId::new("(").unwrap_err();
        assert_eq!(refused, "it is no regular expression: unclosed group");
    }
}
