//! The page of a station's thresholds.

use askama::Template;

use super::Navigation;
use crate::prices::{Price, Share};

/// The page.
#[derive(Template)]
#[template(path = "verdict.html")]
pub struct VerdictPage {
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
}

/// What thresholds would have meant.
#[derive(Template)]
#[template(path = "meant.html")]
pub struct MeantPart {
    /// Threshold by threshold.
    pub rows: Vec<MeantRow>,
    /// Labelled parts that were judged by models with other scores.
    pub others: u64,
}

/// What a threshold would have meant.
pub struct MeantRow {
    /// What it decides.
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
    pub fn of(name: &'static str, threshold: f64, price: &Price, own: usize) -> Self {
        Self {
            name,
            threshold: format!("{threshold:.3}"),
            false_alarms: words(&price.false_alarms, "labelled good"),
            misses: words(&price.misses, "labelled bad"),
            rate: format!(
                "{} expected; {} of {own} lie above",
                percent(price.rate),
                price.above
            ),
        }
    }
}

fn words(share: &Share, what: &str) -> String {
    let Share {
        counted,
        of,
        low,
        high,
    } = share;
    match of {
        0 => format!("none is {what}"),
        _ => format!(
            "{counted} of {of}: {} ({} to {})",
            percent(*counted as f64 / *of as f64),
            percent(*low),
            percent(*high)
        ),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
