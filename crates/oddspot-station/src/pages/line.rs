//! The page of a station: the last part large, those before it, and how it goes today.

use askama::Template;

use super::{Card, Navigation};
use crate::outputs::{ForReason, NotJudged, OfDay, OutputNow};
use crate::words::{Marked, Words};

/// How many images of a verdict there were today.
#[derive(Clone, Debug)]
pub struct Count {
    /// The verdict's word, as styles have it.
    pub word: &'static str,
    /// The key of its word for people.
    pub said: &'static str,
    /// So many.
    pub images: u64,
}

/// What is brought anew as parts come.
#[derive(Template)]
#[template(path = "now.html")]
pub struct Now {
    /// The words of the page.
    pub t: Words,
    /// The station.
    pub station: String,
    /// Whether nothing is judged for now.
    pub is_paused: bool,
    /// What is wrong, if anything is.
    pub trouble: Option<Marked>,
    /// That the camera may be stuck.
    pub camera: Option<Marked>,
    /// Images that were not judged today, if there are any.
    pub missed: Option<MissedRows>,
    /// That it keeps more than it is to, or that the disk is nearly full.
    pub keeping: Option<Marked>,
    /// How many there were today, verdict by verdict.
    pub counts: Vec<Count>,
    /// Images that wait.
    pub waiting: usize,
    /// The folder that images come into.
    pub folder: Option<String>,
    /// The ways by which results go out.
    pub outputs: Vec<OutputRow>,
    /// The beginning of the model's hash.
    pub model: Option<String>,
    /// The address of the service, from its scheme on.
    pub address: String,
    /// Whether whoever sends an image needs a token.
    pub needs_token: bool,
    /// Whether it is shown to who sets stations up.
    pub is_for_engineer: bool,
    /// The last part.
    pub last: Option<Card>,
    /// The last parts, the newest first.
    pub stream: Vec<Card>,
}

/// The page of a station.
#[derive(Template)]
#[template(path = "line.html")]
pub struct LinePage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// How it goes.
    pub now: Now,
}

/// Images that were not judged today, as the page shows them.
pub struct MissedRows {
    /// How many.
    pub said: String,
    /// The last reasons, the newest first: when, which, how many, and why.
    pub last: Vec<Marked>,
}

impl MissedRows {
    /// Of a day; none where all were judged.
    pub fn of(t: &Words, day: &OfDay) -> Option<Self> {
        let row = |one: &ForReason| {
            let image = &one.image;
            let name = image.file.clone().or_else(|| image.part_id.clone());
            let name = name.unwrap_or_else(|| t.say("missed-unnamed").to_string());
            (t.say("missed-one"))
                .with("images", one.images)
                .with("time", t.time_of_day(&one.time))
                .with("name", name)
                .with("reason", why_missed(t, image))
                .marked()
        };
        (day.images > 0).then(|| Self {
            said: (t.say("missed-today"))
                .with("images", day.images)
                .to_string(),
            last: day.last.iter().map(row).collect(),
        })
    }
}

/// Why an image was not judged: as whoever refused it has it in words, or by its kind.
fn why_missed(t: &Words, image: &NotJudged) -> Marked {
    if let Some(sentence) = &image.sentence {
        return sentence.marked(t);
    }
    let key = match image.reason {
        "queue_full" => "missed-queue-full",
        "receiving_full" => "missed-receiving",
        "too_fast" => "missed-too-fast",
        "no_model" => "missed-no-model",
        "paused" => "missed-paused",
        "too_large" => "missed-too-large",
        "no_room" => "missed-no-room",
        "slow" => "missed-slow",
        "broken" => "missed-broken",
        "ending" => "missed-ending",
        // Of these the kind alone says too little.
        _ => "missed-other",
    };
    let detail = Marked::english(t, &image.detail);
    t.say(key).with("detail", detail).marked()
}

/// An output as the page shows it.
pub struct OutputRow {
    /// What it is called.
    pub name: String,
    /// Whether nothing is handed on.
    pub is_failing: bool,
    /// How it is.
    pub said: Marked,
}

impl OutputRow {
    /// Of an output: `ok`, or `3 wait since 14:02: connection refused`.
    pub fn of(t: &Words, one: &OutputNow) -> Self {
        let since = one.since.as_deref().unwrap_or_default();
        let trouble = one.why.as_ref().map(|why| why.marked(t));
        let said = match (&trouble, one.waiting) {
            (None, 0) => t.say("output-ok"),
            (None, waiting) => t.say("output-waits").with("waiting", waiting),
            (Some(trouble), 0) => t.say("output-fails").with("detail", trouble),
            (Some(trouble), waiting) => (t.say("output-fails-and-waits"))
                .with("waiting", waiting)
                .with("since", t.lately(since))
                .with("detail", trouble),
        };
        Self {
            name: one.name.clone(),
            is_failing: trouble.is_some(),
            said: said.marked(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Sentence, english};

    #[test]
    fn an_output_is_told_of_in_words() {
        let mut now = OutputNow {
            name: "mqtt".to_owned(),
            kind: "mqtt",
            waiting: 0,
            since: None,
            trouble: None,
            why: None,
        };
        let said = |now: &OutputNow| OutputRow::of(&english(), now).said.to_string();
        assert_eq!(said(&now), "ok");
        now.why = Some(Sentence::new("system-refused"));
        assert_eq!(said(&now), "connection refused");
        now.waiting = 3;
        now.since = Some("2020-02-03T12:00:00.000Z".to_owned());
        let words = said(&now);
        assert!(words.starts_with("3 wait since 2020-02-0"), "{words}");
        assert!(words.ends_with(":00: connection refused"), "{words}");
    }
}
