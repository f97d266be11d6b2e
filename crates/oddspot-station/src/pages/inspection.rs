//! The page of one inspection: all that is known of it, on one sheet of paper too.

use askama::Template;
use oddspot::maps::Region;

use super::{Card, Navigation, keys, told};
use crate::history::{Inspection, Source};
use crate::words::Words;

/// The page.
#[derive(Template)]
#[template(path = "inspection.html")]
pub struct InspectionPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// What other pages show of it.
    pub card: Card,
    /// The thresholds: anomalous, check.
    pub thresholds: [String; 2],
    /// From when the image had come until its row was written, in milliseconds.
    pub latency: String,
    /// How the image came.
    pub came_by: String,
    /// What somebody said of it, and who.
    pub labelled: Option<String>,
    /// Names of defects that were given before at its station.
    pub defects: Vec<String>,
    /// What was said it is, if somebody said so, as programs have it.
    pub truth: Option<&'static str>,
    /// What is odd in it.
    pub places: Vec<PlaceRow>,
}

/// A region that is odd.
pub struct PlaceRow {
    /// Column and row of its upper left corner.
    pub at: String,
    /// Columns and rows.
    pub size: String,
    /// Its highest score.
    pub score: String,
}

impl InspectionPage {
    /// Of an inspection.
    pub fn of(t: Words, nav: Navigation, one: &Inspection, defects: Vec<String>) -> Self {
        let came_by = match (&one.sent_by, one.source, &one.file) {
            (Some(who), ..) => t.say("by-page").with("who", who),
            (None, Source::Folder, Some(file)) => t.say("by-folder").with("file", file),
            (None, Source::Folder, None) => t.say("folder"),
            (None, Source::Http, _) => t.say("by-http"),
        };
        let labelled = one.label.as_ref().map(|label| {
            let said = t.say(keys::labelled(label.truth));
            match &label.who {
                Some(who) => (t.say("labelled-by"))
                    .with("label", said)
                    .with("who", who)
                    .to_string(),
                None => said.to_string(),
            }
        });
        Self {
            card: Card::of(&t, one),
            thresholds: [one.threshold, one.check_threshold].map(|one| t.number(one, 3)),
            latency: t.number(one.latency_ms, 0),
            came_by: came_by.to_string(),
            labelled,
            defects,
            truth: (one.label.as_ref()).map(|label| label.truth.word()),
            places: (one.finding.regions.iter())
                .map(|region| PlaceRow::of(&t, region))
                .collect(),
            nav,
            t,
        }
    }
}

impl PlaceRow {
    fn of(t: &Words, region: &Region) -> Self {
        Self {
            at: format!("{}, {}", region.left, region.top),
            size: format!("{} × {}", region.width, region.height),
            score: told::score(t, f64::from(region.peak)),
        }
    }
}
