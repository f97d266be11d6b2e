//! The page of a station's models.

use askama::Template;

use super::Navigation;
use super::card::{DAY_AND_TIME, local};
use crate::history::{Version, VersionSource};

/// The page.
#[derive(Template)]
#[template(path = "models.html")]
pub struct ModelsPage {
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

impl VersionCard {
    /// Of a version.
    pub fn of(one: &Version) -> Self {
        let file = || one.file.clone().unwrap_or_else(|| "a file".to_owned());
        let origin = match (one.source, one.job, &one.based_on) {
            (VersionSource::Job, Some(job), _) => format!("made by job {job}"),
            (VersionSource::Job, None, _) => "made by a job".to_owned(),
            (VersionSource::File, ..) => format!("{}, which the configuration names", file()),
            (VersionSource::Upload, ..) => format!("{}, which was sent", file()),
            (VersionSource::Thresholds, _, Some(before)) => {
                format!("{before:.12} with other thresholds")
            }
            (VersionSource::Thresholds, _, None) => "another with other thresholds".to_owned(),
            (VersionSource::Before, ..) => "there before its origin was kept".to_owned(),
        };
        Self {
            short: one.sha256.chars().take(12).collect(),
            active: one.active,
            origin,
            added: local(&one.added, DAY_AND_TIME),
            activated: (one.activated.as_ref()).map(|at| local(at, DAY_AND_TIME)),
            thresholds: [one.threshold, one.check_threshold].map(|one| format!("{one:.3}")),
            images: one.good_images,
            has_regions: one.mask.is_some(),
            oddspot: one.oddspot.clone(),
            sha256: one.sha256.clone(),
        }
    }
}
