//! The page of one evaluation.

use askama::Template;

use super::curves::Figures;
use super::example::{Example, Outcome};
use super::legend::Legend;
use super::measured::Measured;
use super::measures::ProtocolTable;
use super::render;
use crate::chart::drawings_of;
use oddspot::Result;
use oddspot::datasets::Label;
use oddspot::settings::Difference;
use oddspot::terms::{self, Kind};
use oddspot_measure::report::words::{percent, signed, three_digits, threshold};
use oddspot_measure::report::{
    Count, Evaluation, MapKind, Measures, Protocol, TestImage, label_text,
};

/// The page as HTML.
///
/// # Errors
/// A page that cannot be put together, which no input is known to cause.
pub fn evaluation_page(measured: Measured) -> Result<String> {
    let Measured {
        evaluation,
        examples,
        ..
    } = measured;
    let ids = |name: &str| examples.iter().position(|example| example.name == name);
    let terms: Vec<&Kind> = terms::used(&evaluation.model.settings).collect();
    let page = Page {
        heading: format!("{}: evaluation", evaluation.data.name),
        evaluation,
        verdict: verdict(evaluation),
        facts: facts(measured),
        tiles: tiles(measured),
        legend: Legend::of(examples.iter()),
        examples,
        curves: Figures::new(&drawings_of(evaluation)),
        protocols: (evaluation.protocols.iter())
            .map(|(&protocol, measures)| ProtocolTable::new(measured, protocol, measures))
            .collect(),
        verdicts: verdict_rows(evaluation),
        labels: labels(evaluation),
        images: (evaluation.images.iter())
            .map(|image| ImageRow::new(image, &terms, ids(&image.name)))
            .collect(),
        terms,
    };
    render(&page)
}

#[derive(Template)]
#[template(path = "evaluation.html")]
struct Page<'a> {
    heading: String,
    evaluation: &'a Evaluation,
    verdict: String,
    facts: Vec<[String; 2]>,
    tiles: Vec<Tile>,
    legend: Legend,
    examples: &'a [Example],
    curves: Figures,
    protocols: Vec<ProtocolTable>,
    verdicts: Vec<[String; 3]>,
    labels: Vec<String>,
    /// The terms of the score, each with a column in the table of all images.
    terms: Vec<&'static Kind>,
    images: Vec<ImageRow>,
}

/// What the threshold made of the images, in a sentence.
fn verdict(evaluation: &Evaluation) -> String {
    let verdicts = &evaluation.verdicts;
    let missed = verdicts.missed();
    let how_many = |count: usize| match count {
        0 => "none".to_owned(),
        some => some.to_string(),
    };
    let mut parts = Vec::new();
    if missed.of > 0 {
        let [missed, of] = [how_many(missed.count), missed.of.to_string()];
        let mut part = format!("{missed} of {of} anomalous images missed");
        let to_check = verdicts.misses_to_check.count;
        if to_check > 0 {
            part += &format!(" ({to_check} of them to be checked)");
        }
        parts.push(part);
    }
    let alarms = verdicts.false_alarms;
    if alarms.of > 0 {
        let [count, of] = [how_many(alarms.count), alarms.of.to_string()];
        let mut part = format!("{count} of {of} good images called anomalous");
        let to_check = verdicts.good_to_check.count;
        if to_check > 0 {
            part += &format!(" and {to_check} to be checked");
        }
        let untrusted = verdicts.good_untrusted.count;
        if untrusted > 0 {
            part += &format!(", {untrusted} untrusted");
        }
        parts.push(part);
    }
    format!(
        "The model judges {} of {} test images rightly: {}.",
        verdicts.right.count,
        verdicts.right.of,
        parts.join(", ")
    )
}

/// What was measured, on what.
fn facts(measured: Measured) -> Vec<[String; 2]> {
    let evaluation = measured.evaluation;
    let (model, data) = (&evaluation.model, &evaluation.data);
    let anomalous: usize = data.defects.values().sum();
    let fact = |name: &str, value: String| [name.to_owned(), value];
    let mut facts = vec![
        fact(
            "test set",
            format!(
                "{}: {} good, {anomalous} anomalous, {} with a mask",
                data.name, data.good, data.masks
            ),
        ),
        fact("method", model.settings.method.name().to_owned()),
        fact("teacher", model.teacher.name.clone()),
        fact("image size", model.settings.image_size.to_string()),
        fact("iterations", model.iterations.to_string()),
        fact("seed", model.settings.training.seed.to_string()),
        fact("threshold", threshold(&evaluation.verdicts)),
        fact(
            "to be checked above",
            three_digits(evaluation.verdicts.check_threshold),
        ),
    ];
    facts.extend(data.notes.iter().map(|note| fact("note", note.clone())));
    // Else the difference of the two would be taken for the position classifier's work alone.
    let named: Vec<String> = (measured.baseline.iter())
        .flat_map(|baseline| model.settings.differences(&baseline.model.settings))
        .filter(|difference| difference.name != "method")
        .map(|Difference { name, other, .. }| format!("{name} ({other})"))
        .collect();
    if !named.is_empty() {
        facts.push(fact("baseline differs in", named.join(", ")));
    }
    facts
}

/// A headline measure.
struct Tile {
    name: &'static str,
    /// In percent, under the paper's protocol.
    value: String,
    /// Under the other.
    official: String,
    /// The baseline's value and how far the model's lies above it.
    baseline: Option<[String; 2]>,
}

type Share = fn(&Measures) -> Option<f64>;

const TILES: [(&str, Share); 5] = [
    ("image AUC", |m| m.image_auc),
    ("pixel AUC", |m| m.pixel_auc),
    ("PRO", |m| m.au_pro),
    ("image AP", |m| m.image_ap),
    ("best image F1", |m| m.image_f1.map(|point| point.f1)),
];

fn tiles(measured: Measured) -> Vec<Tile> {
    let of = |evaluation: &Evaluation, protocol: Protocol, share: Share| {
        let measures = evaluation.protocols.get(&protocol)?;
        share(&measures.maps.get(&MapKind::Total)?.overall)
    };
    let tile = |(name, share): (&'static str, Share)| {
        let value = of(measured.evaluation, Protocol::Paper, share);
        Tile {
            name,
            value: percent(value),
            official: percent(of(measured.evaluation, Protocol::Official, share)),
            baseline: measured.baseline.map(|baseline| {
                let below = of(baseline, Protocol::Paper, share);
                let points = (value.zip(below)).map(|(value, below)| 100.0 * (value - below));
                [percent(below), signed(points)]
            }),
        }
    };
    TILES.map(tile).into()
}

/// Each count at the threshold: what, how many of how many, and that as a share.
fn verdict_rows(evaluation: &Evaluation) -> Vec<[String; 3]> {
    let verdicts = &evaluation.verdicts;
    let row = |name: String, count: Count| {
        [
            name,
            format!("{} of {}", count.count, count.of),
            percent(count.share()),
        ]
    };
    let mut rows = vec![
        row("judged rightly".to_owned(), verdicts.right),
        row(
            "false alarms of good images".to_owned(),
            verdicts.false_alarms,
        ),
    ];
    for (defect, &misses) in &verdicts.misses {
        rows.push(row(format!("missed of {defect}"), misses));
    }
    rows.push(row(
        "good images to be checked".to_owned(),
        verdicts.good_to_check,
    ));
    rows.push(row(
        "to be checked of those missed".to_owned(),
        verdicts.misses_to_check,
    ));
    if verdicts.untrusted().count > 0 {
        rows.push(row(
            "good images untrusted".to_owned(),
            verdicts.good_untrusted,
        ));
        rows.push(row(
            "defects untrusted".to_owned(),
            verdicts.defects_untrusted,
        ));
    }
    rows
}

/// The labels to filter by, "good" last.
fn labels(evaluation: &Evaluation) -> Vec<String> {
    let defects = evaluation.data.defects.keys().cloned();
    let good = (evaluation.data.good > 0).then(|| label_text::text(&Label::Good).to_owned());
    defects.chain(good).collect()
}

/// A line of the table of all images.
struct ImageRow {
    name: String,
    label: String,
    score: Number,
    verdict: &'static str,
    outcome: Outcome,
    /// The peak of each term's map, in the order of the columns.
    peaks: Vec<Option<Number>>,
    /// What its peak and what stands out with it are owed to, in words.
    owed: Option<String>,
    /// Its place among the examples.
    example: Option<usize>,
}

/// A score as it is read and as it is sorted.
struct Number {
    text: String,
    value: f32,
}

impl Number {
    fn new(value: f32) -> Self {
        Self {
            text: three_digits(f64::from(value)),
            value,
        }
    }
}

impl ImageRow {
    fn new(image: &TestImage, terms: &[&Kind], example: Option<usize>) -> Self {
        let peak = |kind: &&Kind| image.peak(kind.name).map(Number::new);

        Self {
            name: image.name.clone(),
            label: label_text::text(&image.label).to_owned(),
            score: Number::new(image.score),
            verdict: image.verdict.word(),
            outcome: Outcome::of(&image.label, image.verdict),
            peaks: terms.iter().map(peak).collect(),
            owed: image.has_parts().then(|| image.shares.reason()).flatten(),
            example,
        }
    }
}
