//! The page of a station's thresholds.

use askama::Template;

use super::Navigation;
use crate::prices::{Price, Share};
use crate::words::Words;

/// The page.
#[derive(Template)]
#[template(path = "verdict.html")]
pub struct VerdictPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The station.
    pub station: String,
    /// What is known, if there is a model.
    pub shown: Option<Shown>,
}

/// What is shown where there is a model.
pub struct Shown {
    /// SHA-256 of the model.
    pub model: String,
    /// Scores, drawn.
    pub histogram: String,
    /// The thresholds: anomalous, check.
    pub thresholds: [f64; 2],
    /// The lowest and the highest threshold that a slider sets.
    pub axis: [f64; 2],
    /// Between two of them.
    pub step: f64,
    /// How many good images of the model have scores.
    pub own: usize,
    /// Labelled good, labelled bad.
    pub labelled: [usize; 2],
    /// What the thresholds would have meant.
    pub meant: MeantPart,
    /// Labelled parts that can be judged anew.
    pub waiting: u64,
    /// The job that does it just now.
    pub judging: Option<i64>,
}

/// What thresholds would have meant.
#[derive(Template)]
#[template(path = "meant.html")]
pub struct MeantPart {
    /// The words of the page.
    pub t: Words,
    /// Threshold by threshold.
    pub rows: Vec<MeantRow>,
    /// What is to be said of labelled parts that do not count here, in sentences.
    pub others: Vec<String>,
}

/// What a threshold would have meant.
pub struct MeantRow {
    /// The key of what it decides.
    pub name: &'static str,
    /// The threshold.
    pub threshold: String,
    /// False alarms among labelled good parts.
    pub false_alarms: String,
    /// Misses among labelled bad ones.
    pub misses: String,
    /// What is expected of good images by the model's own.
    pub rate: String,
}

impl MeantRow {
    /// Of a threshold; so many images are the model's own.
    pub fn of(t: &Words, name: &'static str, threshold: f64, price: &Price, own: usize) -> Self {
        let rate = (t.say("expected"))
            .with("share", t.percent(price.rate, 1))
            .with("above", price.above)
            .with("own", own);
        Self {
            name,
            threshold: t.number(threshold, 3),
            false_alarms: share(t, &price.false_alarms, "no-labelled-good"),
            misses: share(t, &price.misses, "no-labelled-bad"),
            rate: rate.to_string(),
        }
    }
}

/// A share with its interval; of none what the key says.
pub(super) fn share(t: &Words, share: &Share, of_none: &'static str) -> String {
    let Share {
        counted,
        of,
        low,
        high,
    } = share;
    let said = match of {
        0 => t.say(of_none),
        _ => (t.say("share"))
            .with("counted", *counted)
            .with("of", *of)
            .with("share", t.percent(*counted as f64 / *of as f64, 1))
            .with("low", t.percent(*low, 1))
            .with("high", t.percent(*high, 1)),
    };
    said.to_string()
}
