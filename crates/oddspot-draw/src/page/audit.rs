//! The page of an audit: the good images, the most suspicious first.

mod pictures;
mod varying;

use std::collections::BTreeMap;

use askama::Template;
use oddspot::Result;
use oddspot::audit::{Audit, Audited, Likeness, Standing, Twins, Unlike};
use oddspot_measure::report::words::three_digits;

use super::render;
pub use pictures::{AuditPicture, audit_shown, most_suspicious};
use pictures::{Drawn, MOST_GROUPS, MOST_OF_GROUP};
pub use varying::VaryingPictures;

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct AuditShown<'a> {
    /// What was found.
    pub audit: &'a Audit,
    /// What the images are called together.
    pub name: &'a str,
    /// What else is to be known, each with its name.
    pub facts: &'a [[String; 2]],
    /// Images that cannot be used, each with why not.
    pub unusable: &'a [[String; 2]],
    /// Of [`audit_shown`].
    pub pictures: &'a [AuditPicture],
    /// Of each region in which good images differ most.
    pub varying: &'a [VaryingPictures],
}

/// The page as HTML.
///
/// # Errors
/// A page that cannot be put together, which no input is known to cause.
pub fn audit_page(shown: AuditShown) -> Result<String> {
    let audit = shown.audit;
    let pictures: BTreeMap<usize, &AuditPicture> = shown
        .pictures
        .iter()
        .map(|picture| (picture.at, picture))
        .collect();
    let groups = |likeness| {
        let groups: Vec<Group> = (audit.twins_of(likeness).take(MOST_GROUPS))
            .map(|twins| Group::new(audit, twins, &pictures))
            .collect();
        groups
    };
    let cards = (0..most_suspicious(audit)).filter_map(|at| {
        let picture = pictures.get(&at)?;
        Some(Card::new(audit, at, picture.odd.as_ref()?))
    });
    let unlike = audit.unlike().into_iter().take(MOST_GROUPS);
    let unlike = unlike.map(|at| {
        let picture = pictures.get(&at).map(|picture| &picture.plain);
        (Line::new(audit, at), picture)
    });
    let page = Page {
        heading: format!("{}: audit", shown.name),
        name: shown.name,
        lede: lede(audit),
        facts: shown.facts,
        unusable: shown.unusable,
        first: match audit.suspicious().next() {
            Some(_) => "Most suspicious",
            None => "Least usual",
        },
        judged: audit.images.iter().any(|image| image.oddness.is_some()),
        cards: cards.collect(),
        threshold: three_digits(audit.threshold),
        at_the_threshold: (audit.at_the_threshold().into_iter())
            .map(|at| Line::new(audit, at))
            .collect(),
        exact: groups(Likeness::Exact),
        near: groups(Likeness::Near),
        unlike: unlike.collect(),
        varying: (audit.varying.iter().zip(shown.varying))
            .map(|(one, pictures)| (one.words(), pictures))
            .collect(),
        more: not_shown(audit),
        rows: (0..audit.images.len())
            .map(|at| Line::new(audit, at))
            .collect(),
    };
    render(&page)
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    heading: String,
    name: &'a str,
    lede: String,
    facts: &'a [[String; 2]],
    unusable: &'a [[String; 2]],
    /// What the images that are shown first are called.
    first: &'static str,
    /// Whether anything is known of how odd images are.
    judged: bool,
    cards: Vec<Card<'a>>,
    threshold: String,
    at_the_threshold: Vec<Line<'a>>,
    exact: Vec<Group<'a>>,
    near: Vec<Group<'a>>,
    unlike: Vec<(Line<'a>, Option<&'a Drawn>)>,
    /// Regions in words, and on images.
    varying: Vec<(String, &'a VaryingPictures)>,
    /// What is found and not shown: exact, near, unlike.
    more: (Option<String>, Option<String>, Option<String>),
    rows: Vec<Line<'a>>,
}

/// Groups of exact duplicates, of images that look alike, and images that are unlike the others.
fn counts(audit: &Audit) -> [usize; 3] {
    let [exact, near] =
        [Likeness::Exact, Likeness::Near].map(|likeness| audit.twins_of(likeness).count());
    [exact, near, audit.unlike().len()]
}

/// What is found and not shown, in words.
fn not_shown(audit: &Audit) -> (Option<String>, Option<String>, Option<String>) {
    let [exact, near, unlike] = counts(audit);
    let rest = |count: usize, what: &str| {
        let more = count.saturating_sub(MOST_GROUPS);
        (more > 0).then(|| format!("and {more} more{what}"))
    };
    (
        rest(exact, " groups of exact duplicates"),
        rest(near, " groups that look alike"),
        rest(unlike, ""),
    )
}

/// What was found, in a sentence or two.
fn lede(audit: &Audit) -> String {
    let count = audit.images.len();
    let suspicious = audit.suspicious().count();
    let mut text = match suspicious {
        0 => format!("None of {count} good images stands out from all others."),
        1 => {
            format!("1 of {count} good images stands out from all others: look whether it is good.")
        }
        some => format!(
            "{some} of {count} good images stand out from all others: look whether they are good."
        ),
    };
    let [exact, near, unlike] = counts(audit);
    let groups = |count: usize, what: &str| {
        let group = if count == 1 { "group" } else { "groups" };
        (count > 0).then(|| format!("{count} {group} of {what}"))
    };
    let is_unlike = if unlike == 1 {
        "image is"
    } else {
        "images are"
    };
    let found: Vec<String> = [
        groups(exact, "exact duplicates"),
        groups(near, "pictures that look alike, perhaps of the same part"),
        (unlike > 0).then(|| format!("{unlike} {is_unlike} unlike the others")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !found.is_empty() {
        text += &format!(" Found too: {}.", found.join(", "));
    }
    text
}

/// A suspicious image.
struct Card<'a> {
    line: Line<'a>,
    /// With its ring, and under its map.
    pictures: &'a [Drawn; 2],
    /// Where it is oddest, in words.
    place: Option<String>,
}

impl<'a> Card<'a> {
    fn new(audit: &'a Audit, at: usize, pictures: &'a [Drawn; 2]) -> Self {
        let image = &audit.images[at];
        let place = image.peak.map(|peak| {
            let for_place = match image.for_its_place {
                true => ", where others are quiet",
                false => "",
            };
            format!("oddest at ({}, {}){for_place}", peak.x, peak.y)
        });
        Self {
            line: Line::new(audit, at),
            pictures,
            place,
        }
    }
}

/// An image in words.
struct Line<'a> {
    /// Its place in the list, from 0.
    at: usize,
    /// The same, from 1.
    rank: usize,
    image: &'a Audited,
    score: Option<String>,
    oddness: Option<String>,
    /// How long the bar of its score is, in percent; the threshold is in the middle.
    bar: Option<f64>,
    /// What it is marked with: a class of the style sheet and words.
    marks: Vec<(&'static str, &'static str)>,
    /// In what it is unlike the others.
    words: Vec<String>,
    /// Whether it is shown as a card.
    card: bool,
}

impl<'a> Line<'a> {
    fn new(audit: &'a Audit, at: usize) -> Self {
        let image = &audit.images[at];
        let of_kind = |likeness| {
            audit
                .twins_of(likeness)
                .any(|twins| twins.images.contains(&at))
        };
        let mut marks = Vec::new();
        if image.suspicious {
            marks.push(("alarm", "stands out"));
        }
        match image.standing {
            Standing::Above => marks.push(("", "above the threshold")),
            Standing::Sets => marks.push(("", "sets the threshold")),
            Standing::Below => {}
        }
        if of_kind(Likeness::Exact) {
            marks.push(("", "duplicate"));
        }
        if of_kind(Likeness::Near) {
            marks.push(("", "looks like another"));
        }
        if !image.unlike.is_empty() {
            marks.push(("", "unlike the others"));
        }
        let number = |value: f32| three_digits(f64::from(value));
        let share = |score: f32| 50.0 * f64::from(score.max(0.0)) / audit.threshold.max(1e-9);
        Self {
            at,
            rank: at + 1,
            image,
            score: image.score.map(number),
            oddness: image.oddness.map(number),
            bar: image.score.map(|score| share(score).min(100.0)),
            marks,
            words: image.unlike.iter().map(Unlike::words).collect(),
            card: at < most_suspicious(audit),
        }
    }

    fn half(&self) -> &'static str {
        match self.image.held_out {
            true => "held out",
            false => "learned from",
        }
    }
}

/// Images that are the same.
struct Group<'a> {
    twins: &'a Twins,
    /// In what way.
    words: String,
    images: Vec<(Line<'a>, &'a Drawn)>,
    /// Images that are not shown.
    others: Option<String>,
}

impl<'a> Group<'a> {
    fn new(
        audit: &'a Audit,
        twins: &'a Twins,
        pictures: &BTreeMap<usize, &'a AuditPicture>,
    ) -> Self {
        let shown = twins.images.iter().filter_map(|&at| {
            let picture = pictures.get(&at)?;
            Some((Line::new(audit, at), &picture.plain))
        });
        let images: Vec<_> = shown.take(MOST_OF_GROUP).collect();
        Self {
            twins,
            words: match twins.likeness {
                Likeness::Exact => "the same pixels".to_owned(),
                Likeness::Near => {
                    format!(
                        "look alike: perhaps the same part (likeness {:.2} of 1)",
                        twins.correlation
                    )
                }
            },
            others: match twins.images.len().saturating_sub(images.len()) {
                0 => None,
                more => Some(format!("and {more} more of them")),
            },
            images,
        }
    }
}

#[cfg(test)]
mod tests;
