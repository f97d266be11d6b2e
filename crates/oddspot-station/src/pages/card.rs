//! An inspection as pages show it.

use super::{keys, told};
use crate::history::{Inspection, Label, Truth};
use crate::words::Words;

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
    /// The verdict's word, as styles and programs have it.
    pub verdict: &'static str,
    /// The key of its word for people.
    pub said: &'static str,
    /// The beginning of the model's hash.
    pub model: String,
    /// The score.
    pub score: String,
    /// What the verdict follows from.
    pub relation: String,
    /// Why it is not good.
    pub reason: Option<String>,
    /// Light, focus and colours.
    pub health: String,
    /// The person who sent it by the page.
    pub sent_by: Option<String>,
    /// What it is called by who says that the verdict is wrong.
    pub opposite: &'static str,
    /// Whether somebody said so.
    pub is_called_wrong: bool,
    /// The key of what somebody said of it.
    pub label: Option<&'static str>,
    /// What the defect is called by who labelled it.
    pub defect: Option<String>,
    /// What else was said of it.
    pub note: Option<String>,
    /// When its image was removed, if it was.
    pub image_removed: Option<String>,
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
    /// Address of the file as it came.
    pub file: String,
}

impl Card {
    /// Of an inspection.
    pub fn of(t: &Words, one: &Inspection) -> Self {
        let picture = |kind: &str| format!("/api/v1/inspections/{}/images/{kind}", one.id);
        let end = one
            .id
            .get(one.id.len().saturating_sub(8)..)
            .unwrap_or_default();
        let name = one.part_id.clone().or_else(|| one.file.clone());
        let opposite = match one.verdict.is_good() {
            true => Truth::Bad,
            false => Truth::Good,
        };
        Self {
            name: name.unwrap_or_else(|| format!("…{end}")),
            time: one.time.clone(),
            at: t.time_of_day(&one.time),
            on: t.day_and_time(&one.time),
            verdict: one.verdict.word(),
            said: keys::verdict(one.verdict),
            model: one.model.chars().take(12).collect(),
            score: told::score(t, one.score),
            relation: told::relation(t, &one.finding, [one.threshold, one.check_threshold]),
            reason: told::why(t, one.repeats, &one.finding),
            health: told::health(t, &one.finding.health),
            sent_by: one.sent_by.clone(),
            opposite: opposite.word(),
            is_called_wrong: one.is_called_wrong(),
            label: (one.label.as_ref()).map(|label| keys::labelled(label.truth)),
            defect: of_label(one, |label| &label.defect),
            note: of_label(one, |label| &label.note),
            image_removed: (one.image_removed.as_ref()).map(|at| t.day_and_time(at)),
            width: one.finding.width,
            height: one.finding.height,
            view: picture("view"),
            overlay: picture("overlay"),
            sheet: match t.other_code() {
                Some(code) => picture("sheet") + "?language=" + code,
                None => picture("sheet"),
            },
            file: picture("image"),
            id: one.id.clone(),
            station: one.station.clone(),
        }
    }
}

/// A text of an inspection's label; one without letters says nothing.
fn of_label(one: &Inspection, text: fn(&Label) -> &Option<String>) -> Option<String> {
    let text = one.label.as_ref().and_then(|label| text(label).clone());
    text.filter(|text| !text.trim().is_empty())
}
