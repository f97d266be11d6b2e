//! An inspection as pages show it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::history::{Inspection, Truth};

/// How a moment of any day is shown.
pub const DAY_AND_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// An inspection as pages show it.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// Its station.
    pub station: String,
    /// The part, the file, or the end of the id.
    pub name: String,
    /// When, in UTC.
    pub time: String,
    /// When today, by this machine's clock.
    pub at: String,
    /// When, with the day.
    pub on: String,
    /// The verdict's word.
    pub verdict: &'static str,
    /// The score.
    pub score: String,
    /// What the verdict follows from.
    pub relation: String,
    /// Why it is not good.
    pub reason: Option<String>,
    /// Light, focus and colours.
    pub health: String,
    /// What it is called by who says that the verdict is wrong.
    pub opposite: &'static str,
    /// Whether somebody said so.
    pub is_called_wrong: bool,
    /// What somebody said of it.
    pub label: Option<&'static str>,
    /// Columns of the image.
    pub width: u32,
    /// Rows of the image.
    pub height: u32,
    /// Address of the image alone.
    pub view: String,
    /// Address of the image with what is odd.
    pub overlay: String,
    /// Address of the sheet.
    pub sheet: String,
}

impl Card {
    /// Of an inspection.
    pub fn of(one: &Inspection) -> Self {
        let picture = |kind: &str| format!("/api/v1/inspections/{}/images/{kind}", one.id);
        let end = one
            .id
            .get(one.id.len().saturating_sub(8)..)
            .unwrap_or_default();
        let name = one.part_id.clone().or_else(|| one.file.clone());
        let two_digits = |score: f64| format!("{score:.2}");
        let thresholds = [one.threshold, one.check_threshold];
        let health = &one.finding.health;
        let opposite = match one.verdict.is_good() {
            true => Truth::Bad,
            false => Truth::Good,
        };
        Self {
            name: name.unwrap_or_else(|| format!("…{end}")),
            time: one.time.clone(),
            at: local(&one.time, "%H:%M:%S"),
            on: local(&one.time, DAY_AND_TIME),
            verdict: one.verdict.word(),
            score: two_digits(one.score),
            relation: one
                .verdict
                .relation(one.finding.score, thresholds, two_digits),
            reason: one.reason.clone(),
            health: match health.words() {
                Some(words) => format!("The image is {words}."),
                None => "Light, focus and colours are as in good images.".to_owned(),
            },
            opposite: opposite.word(),
            is_called_wrong: one.is_called_wrong(),
            label: one.label.as_ref().map(|label| label.truth.word()),
            width: one.finding.width,
            height: one.finding.height,
            view: picture("view"),
            overlay: picture("overlay"),
            sheet: picture("sheet"),
            id: one.id.clone(),
            station: one.station.clone(),
        }
    }
}

/// A time as this machine's clock shows it.
pub fn local(time: &str, format: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(moment) => moment
            .to_zoned_datetime(TimeZone::system())
            .strftime(format)
            .to_string(),
        Err(_) => time.to_owned(),
    }
}
