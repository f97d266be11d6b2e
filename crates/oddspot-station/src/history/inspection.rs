//! One judged image, as it is kept and told of.

use oddspot::Finding;
use oddspot::verdict::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::data::{Format, KeptImage};
use crate::words::Sentence;

/// One judged image.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Inspection {
    /// Its id; ids stand in the order in which images were judged.
    pub id: String,
    /// The station that judged it.
    pub station: String,
    /// When, in UTC.
    pub time: String,
    /// The part, as whoever sent the image names it.
    pub part_id: Option<String>,
    /// SHA-256 of the model that judged.
    pub model: String,
    /// Whether it is good.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// How odd the oddest place is, in the model's units.
    pub score: f64,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// An image is to be checked above it.
    pub check_threshold: f64,
    /// Why it is not good, in words.
    pub reason: Option<String>,
    /// How many images in a row have the very same pixels, this one with them, if these are too many: then it is
    /// untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// From when the image had come until its row was written, in milliseconds.
    pub latency_ms: f64,
    /// How it came.
    pub source: Source,
    /// The token with which it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The person who sent it by the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<String>,
    /// The file of a folder's image, below the folder.
    pub file: Option<String>,
    /// SHA-256 of the image's file.
    pub image: String,
    /// When the image was removed, in UTC, if it was: what was found stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_removed: Option<String>,
    /// What the image's file is.
    pub media_type: &'static str,
    /// What a person says of it.
    pub label: Option<Label>,
    /// All that was found: regions, shares, health, in the image's pixels.
    #[schema(value_type = Object)]
    pub finding: Finding,
    /// The image as it is kept.
    #[serde(skip)]
    #[schema(ignore)]
    pub kept: KeptImage,
}

/// How an image came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// By a request.
    Http,
    /// By a folder.
    Folder,
}

/// A file of a folder, as it lay there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOf {
    /// Its path below the folder, with `/`.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub written_ns: i64,
}

/// What a person says of an inspection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Whether the part is good.
    pub truth: Truth,
    /// What the defect is called.
    #[serde(default)]
    pub defect: Option<String>,
    /// Anything else.
    #[serde(default)]
    pub note: Option<String>,
    /// The user who said so: never what a request claims.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What a part really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// Good.
    Good,
    /// Bad.
    Bad,
}

impl Source {
    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Folder => "folder",
        }
    }
}

impl Truth {
    /// As the tables have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }

    /// By the word of a table: what is not called good is bad.
    pub fn of_word(word: &str) -> Self {
        match word == Self::Good.word() {
            true => Self::Good,
            false => Self::Bad,
        }
    }
}

impl Inspection {
    /// Whether a label calls the verdict wrong.
    pub fn is_called_wrong(&self) -> bool {
        let truth = self.label.as_ref().map(|label| label.truth);
        truth.is_some_and(|truth| (truth == Truth::Good) != self.verdict.is_good())
    }
}

/// Why an image is not trusted that ends a row of so many with the very same pixels.
pub fn repeated(images: u32) -> Sentence {
    Sentence::new("image-repeats").with("before", i64::from(images) - 1)
}

/// Why a finding is not good, in words: what is wrong with the image, or what is odd in it.
pub fn reason_of(finding: &Finding) -> Option<String> {
    let of_image = finding.ill().or_else(|| finding.unaligned());
    match finding.verdict {
        Verdict::Good => None,
        _ => of_image.or_else(|| finding.reason()),
    }
}

/// A verdict by its word.
pub fn verdict_named(word: &str) -> Option<Verdict> {
    Verdict::ALL.into_iter().find(|one| one.word() == word)
}

/// Whether it is the verdict of an image that could not be trusted.
pub fn is_untrusted(word: &str) -> bool {
    verdict_named(word) == Some(Verdict::Untrusted)
}

/// The kept image of a row.
pub fn kept_image(sha256: String, format: &str, bytes: i64) -> Option<KeptImage> {
    Some(KeptImage {
        sha256,
        format: Format::named(format)?,
        bytes: u64::try_from(bytes).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_came_before_is_told_of_by_how_many_there_were() {
        let [second, fourth] = [2, 4].map(|images| repeated(images).to_string());
        assert!(second.contains("as the one before it: "), "{second}");
        assert!(fourth.contains("as the 3 before it: "), "{fourth}");
    }
}
