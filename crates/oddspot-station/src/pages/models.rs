//! The page of a station's models.

use askama::Template;

use super::Navigation;
use crate::history::{Version, VersionSource};
use crate::words::{Marked, Words};

/// The page.
#[derive(Template)]
#[template(path = "models.html")]
pub struct ModelsPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The station.
    pub station: String,
    /// Whether it is paused.
    pub is_paused: bool,
    /// The models, the newest first.
    pub versions: Vec<VersionCard>,
    /// What rolling back goes to.
    pub before: Option<String>,
    /// The job that compares two of them, if one waits or is at work.
    pub comparing: Option<i64>,
    /// The job that verifies one, if it waits or is at work.
    pub verifying: Option<i64>,
    /// When one was verified last, and what came of it, in sentences.
    pub verified: Option<(String, Vec<Marked>)>,
    /// What is to be said of the file that the configuration names, or of a model that cannot be used.
    pub configured: Option<String>,
}

/// A model as the page shows it.
pub struct VersionCard {
    /// SHA-256 of its file.
    pub sha256: String,
    /// The beginning of it.
    pub short: String,
    /// Whether it judges.
    pub active: bool,
    /// Whether its file cannot be used any more.
    pub is_damaged: bool,
    /// Where it comes from, in words.
    pub origin: String,
    /// When it came.
    pub added: String,
    /// When it was activated last.
    pub activated: Option<String>,
    /// Thresholds: anomalous, check.
    pub thresholds: [String; 2],
    /// Good images that it comes from.
    pub images: Option<i64>,
    /// Whether only a part of images is inspected, as far as it is known.
    pub has_regions: bool,
    /// The version of oddspot that wrote it.
    pub oddspot: String,
}

impl ModelsPage {
    /// Those whose files can be used, the active one first.
    fn usable(&self) -> Vec<&VersionCard> {
        let usable = self.versions.iter().filter(|one| !one.is_damaged);
        let mut usable: Vec<&VersionCard> = usable.collect();
        usable.sort_by_key(|one| !one.active);
        usable
    }

    /// Those that can be compared: two, at least, whose files can be used.
    fn comparable(&self) -> Vec<&VersionCard> {
        let usable = self.versions.iter().filter(|one| !one.is_damaged);
        let usable: Vec<&VersionCard> = usable.collect();
        match usable.len() {
            0 | 1 => Vec::new(),
            _ => usable,
        }
    }

    /// The same as what the one that is chosen first may be compared with: that one comes last.
    fn others(&self) -> Vec<&VersionCard> {
        let mut all = self.comparable();
        let chosen = all.iter().position(|one| one.active).unwrap_or(0);
        if chosen < all.len() {
            let first = all.remove(chosen);
            all.push(first);
        }
        all
    }
}

impl VersionCard {
    /// Of a version.
    pub fn of(t: &Words, one: &Version) -> Self {
        let file = || match &one.file {
            Some(file) => file.clone(),
            None => t.say("a-file").to_string(),
        };
        let origin = match (one.source, one.job, &one.based_on) {
            (VersionSource::Job, Some(job), Some(before)) => (t.say("origin-extended"))
                .with("job", job)
                .with("model", format!("{before:.12}")),
            (VersionSource::Thresholds, Some(job), Some(before)) => (t.say("origin-calibrated"))
                .with("job", job)
                .with("model", format!("{before:.12}")),
            (VersionSource::Job, Some(job), _) => t.say("origin-job").with("job", job),
            (VersionSource::Job, None, _) => t.say("origin-some-job"),
            (VersionSource::File, ..) => t.say("origin-file").with("file", file()),
            (VersionSource::Upload, ..) => t.say("origin-upload").with("file", file()),
            (VersionSource::Thresholds, _, Some(before)) => {
                let before = format!("{before:.12}");
                t.say("origin-thresholds").with("model", before)
            }
            (VersionSource::Thresholds, _, None) => t.say("origin-other"),
            (VersionSource::Before, ..) => t.say("origin-before"),
        };
        Self {
            short: one.sha256.chars().take(12).collect(),
            active: one.active,
            is_damaged: one.damaged.is_some(),
            origin: origin.to_string(),
            added: t.day_and_time(&one.added),
            activated: (one.activated.as_ref()).map(|at| t.day_and_time(at)),
            thresholds: [one.threshold, one.check_threshold].map(|one| t.number(one, 3)),
            images: one.good_images,
            has_regions: one.mask.is_some(),
            oddspot: one.oddspot.clone(),
            sha256: one.sha256.clone(),
        }
    }
}
