//! Two models side by side, as a part of the page of models.

use askama::Template;

use super::verdict::share;
use super::{keys, told};
use crate::comparison::{Comparison, Differing, Side, Wrong};
use crate::words::Words;

/// Two models side by side.
#[derive(Template)]
#[template(path = "comparison.html")]
pub struct ComparisonPart {
    /// The words of the page.
    pub t: Words,
    /// How much is compared, in sentences.
    pub notes: Vec<String>,
    /// Model by model.
    pub rows: Vec<SideRow>,
    /// How they differ, in a sentence.
    pub told: String,
    /// The parts of which the verdicts differ.
    pub parts: Vec<DifferingCard>,
}

/// What a model makes of the parts.
pub struct SideRow {
    /// The beginning of its hash.
    pub model: String,
    /// Its thresholds: anomalous, check.
    pub thresholds: [String; 2],
    /// False alarms and misses by what is anomalous.
    pub anomalous: [String; 2],
    /// The same by what is anomalous or to be checked.
    pub not_good: [String; 2],
}

/// A part of which the verdicts differ.
pub struct DifferingCard {
    /// The inspection.
    pub id: String,
    /// As it is called.
    pub name: String,
    /// Address of its image.
    pub view: String,
    /// The key of what somebody said of it.
    pub label: &'static str,
    /// What each model says: the beginning of its hash, its verdict's word for styles, the key for people, the score.
    pub said: Vec<(String, &'static str, &'static str, String)>,
}

impl ComparisonPart {
    /// Of a comparison.
    pub fn of(t: &Words, compared: &Comparison) -> Self {
        let mut notes = vec![t.say("compared-parts").with("parts", compared.parts)];
        if compared.learned > 0 {
            notes.push(t.say("compared-learned").with("parts", compared.learned));
        }
        if compared.missing > 0 {
            notes.push(t.say("compared-missing").with("parts", compared.missing));
        }
        let told = match compared.differ {
            0 => t.say("compared-alike"),
            differ => (t.say("compared-differ"))
                .with("parts", differ)
                .with("first", short(&compared.models[0].model))
                .with("by-first", compared.better[0])
                .with("second", short(&compared.models[1].model))
                .with("by-second", compared.better[1]),
        };
        let models = [&compared.models[0].model, &compared.models[1].model];
        Self {
            notes: notes.iter().map(ToString::to_string).collect(),
            rows: compared.models.iter().map(|side| row(t, side)).collect(),
            told: told.to_string(),
            parts: (compared.differing.iter())
                .map(|one| card(t, one, models))
                .collect(),
            t: t.clone(),
        }
    }
}

fn row(t: &Words, side: &Side) -> SideRow {
    let shares = |wrong: &Wrong| {
        [
            share(t, &wrong.false_alarms, "no-labelled-good"),
            share(t, &wrong.misses, "no-labelled-bad"),
        ]
    };
    SideRow {
        model: short(&side.model),
        thresholds: [side.threshold, side.check_threshold].map(|one| t.number(one, 3)),
        anomalous: shares(&side.anomalous),
        not_good: shares(&side.not_good),
    }
}

fn card(t: &Words, one: &Differing, models: [&String; 2]) -> DifferingCard {
    let said = models.iter().zip(one.verdicts.iter().zip(one.scores));
    DifferingCard {
        view: format!("/api/v1/inspections/{}/images/view", one.inspection),
        name: one.name.clone(),
        label: keys::labelled(one.truth),
        said: said
            .map(|(model, (verdict, score))| {
                let key = keys::verdict(*verdict);
                (short(model), verdict.word(), key, told::score(t, score))
            })
            .collect(),
        id: one.inspection.clone(),
    }
}

fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}
