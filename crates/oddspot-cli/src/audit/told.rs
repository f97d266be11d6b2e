//! What was found, in lines.

use std::path::Path;

use anyhow::{Context, Result};
use oddspot::audit::{Audit, Audited, Likeness, Standing};
use oddspot::train::remarks::of_losses;
use oddspot_draw::page::most_suspicious;

use super::{AuditArgs, Found, Unusable};
use crate::described::four_digits;
use crate::printing::{self, are, counted};
use crate::voice::Voice;

/// Groups and images that a list names.
const LISTED: usize = 12;
/// Names in one line of the short list.
const NAMED: usize = 3;

/// What the columns of the list are.
const UNITS: &str = "  (oddness is 0 of a usual image here, and 1 of one that a tenth lies above; score is that of `detect`)";

/// What was found, in words.
pub struct Words<'a> {
    found: &'a Found<'a>,
}

impl<'a> Words<'a> {
    /// Of an audit.
    pub fn of(found: &'a Found<'a>) -> Self {
        Self { found }
    }

    /// The most suspicious images, a line each.
    fn suspicious(&self) -> Vec<String> {
        let audit = self.found.audit;
        let (shown, count) = (most_suspicious(audit), audit.images.len());
        let first = match audit.suspicious().next() {
            Some(_) => "most suspicious",
            None => "least usual",
        };
        let mut lines = vec![format!("{first}, {shown} of {}:", counted(count, "image"))];
        lines.push(UNITS.to_owned());
        lines.push("rank  oddness  score  image".to_owned());
        for (at, image) in audit.images.iter().take(shown).enumerate() {
            lines.push(format!("{:4}  {}", at + 1, line(image)));
        }
        lines
    }

    /// Images at the threshold or above it.
    fn at_the_threshold(&self) -> Vec<String> {
        let audit = self.found.audit;
        let at = audit.at_the_threshold();
        let names = at.iter().take(LISTED).map(|&at| {
            let image = &audit.images[at];
            let score = image
                .score
                .map_or(String::new(), |score| format!("{score:.2} "));
            let stands = match image.standing {
                Standing::Sets => " (sets it)",
                _ => "",
            };
            format!("  {score}{}{stands}", image.name)
        });
        let head = format!(
            "the threshold {} is set by, or lies below, {}:",
            four_digits(audit.threshold),
            counted(at.len(), "good image")
        );
        let mut lines = vec![head];
        lines.extend(names);
        lines.extend(more(at.len()));
        lines
    }

    /// Groups of the same images.
    fn twins(&self, likeness: Likeness) -> Vec<String> {
        let audit = self.found.audit;
        let count = audit.twins_of(likeness).count();
        if count == 0 {
            return Vec::new();
        }
        let what = match likeness {
            Likeness::Exact => "exact duplicates",
            Likeness::Near => {
                "pictures that look alike, perhaps of the same part (another exposure, a little moved, saved again)"
            }
        };
        let mut lines = vec![format!("{} of {what}:", groups(count))];
        for twins in audit.twins_of(likeness).take(LISTED) {
            let across = match twins.across_halves {
                true => " (learned from and held out)",
                false => "",
            };
            let correlation = match likeness {
                Likeness::Exact => String::new(),
                Likeness::Near => format!("likeness {:.2} of 1: ", twins.correlation),
            };
            lines.push(format!(
                "  {correlation}{}{across}",
                twins.names.join(" = ")
            ));
        }
        lines.extend(more(count));
        lines
    }

    /// Images that are unlike the others.
    fn unlike(&self) -> Vec<String> {
        let audit = self.found.audit;
        let unlike = audit.unlike();
        if unlike.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![format!("{} unlike the others:", are(unlike.len(), "image"))];
        for &at in unlike.iter().take(LISTED) {
            let image = &audit.images[at];
            let words: Vec<String> = image.unlike.iter().map(|unlike| unlike.words()).collect();
            lines.push(format!(
                "  {} ({}): {}",
                image.name,
                image.size,
                words.join("; ")
            ));
        }
        lines.extend(more(unlike.len()));
        lines
    }
}

/// Regions in which good images differ most.
fn varying(audit: &Audit) -> Vec<String> {
    if audit.varying.is_empty() {
        return Vec::new();
    }
    let head = "good images differ most here; ignore what is no part of the part (--ignore FILE writes it for train --region):";
    let mut lines = vec![head.to_owned()];
    lines.extend(audit.varying.iter().map(|one| format!("  {}", one.words())));
    lines
}

/// An image in one line.
fn line(image: &Audited) -> String {
    let number = |value: Option<f32>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let mut text = format!(
        "{:>7}  {:>5}  {}",
        number(image.oddness),
        number(image.score),
        image.name
    );
    if let Some(peak) = image.peak {
        let for_place = if image.for_its_place {
            " for its place"
        } else {
            ""
        };
        text += &format!("  odd{for_place} at ({}, {})", peak.x, peak.y);
    }
    if image.suspicious {
        text += "  STANDS OUT";
    }
    text
}

/// What a list does not name.
fn more(count: usize) -> Option<String> {
    let more = count.saturating_sub(LISTED);
    (more > 0).then(|| format!("  and {more} more"))
}

/// Prints all of it, and what was written.
///
/// # Errors
/// An output that cannot be written.
pub fn tell(words: &Words, args: &AuditArgs) -> Result<()> {
    let mut lines = words.suspicious();
    lines.extend(words.at_the_threshold());
    lines.extend(words.twins(Likeness::Exact));
    lines.extend(words.twins(Likeness::Near));
    lines.extend(words.unlike());
    lines.extend(varying(words.found.audit));
    let kinds = words.found.header.images.as_ref();
    lines.extend(kinds.and_then(of_losses).map(|remark| remark.words));
    let voice = args.runtime.voice;
    if voice.tells() {
        let text = lines.join("\n") + "\n";
        printing::text(&text).context("cannot print what was found")?;
    }
    match &args.output {
        Some(page) => note!(voice, "the page, with pictures, is {}", page.display()),
        None => note!(voice, "-o PAGE.html shows them"),
    }
    if let Some(file) = &args.ignore {
        match words.found.audit.varying.len() {
            0 => note!(
                voice,
                "{} is not written: there is no region in which good images differ so much",
                file.display()
            ),
            _ => note!(
                voice,
                "what may be ignored is in {}: look at them on the page, then train with --region {}",
                file.display(),
                file.display()
            ),
        }
    }
    if let Some(list) = &args.list {
        note!(voice, "{}", listed(words.found, list));
    }
    Ok(())
}

/// What the list names, and what to do with it.
fn listed(found: &Found, list: &Path) -> String {
    let some = |count: usize, what: &str| (count > 0).then(|| counted(count, what));
    let kinds = [
        some(found.audit.suspicious().count(), "suspicious image"),
        some(found.unusable.len(), what(found.unusable))
            .map(|images| images + " that cannot be used"),
        some(found.called_bad.len(), "image")
            .map(|images| images + " in folders called like bad ones"),
    ];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    let list = list.display();
    match kinds.is_empty() {
        true => format!("no image stands out: {list} names none"),
        false => format!(
            "{} listed in {list}: look there, then train with --exclude @{list}",
            kinds.join(" and ")
        ),
    }
}

/// Tells of images, folders and links that cannot be used, before the others are looked through.
pub fn tell_unusable(unusable: &[Unusable]) {
    for one in unusable.iter().take(LISTED) {
        tell!("warning: {} cannot be used: {}", one.name, one.reason);
    }
    if let Some(line) = more(unusable.len()) {
        tell!("warning:{line}");
    }
    if !unusable.is_empty() {
        tell!(
            "{} left out, which `oddspot train` refuses: mend what can be mended, or give it --exclude NAME for each (--list FILE writes them all)",
            are(unusable.len(), what(unusable))
        );
    }
}

/// What they are called together.
fn what(unusable: &[Unusable]) -> &'static str {
    match unusable.iter().all(|one| one.is_image) {
        true => "image",
        false => "path",
    }
}

/// The few lines that a training ends with.
pub fn tell_in_short(found: &Found, voice: Voice) {
    let audit = found.audit;
    // Others have been warned of with the threshold.
    let warned = found.header.suspicious_images();
    let suspicious: Vec<&str> = (audit.suspicious())
        .map(|image| image.name.as_str())
        .filter(|name| warned.iter().all(|record| record.name != *name))
        .collect();
    if !suspicious.is_empty() {
        report!(
            voice,
            "odd among the good images: {}; look whether they are good",
            named(&suspicious)
        );
    }
    for (likeness, what) in [
        (Likeness::Exact, "exact duplicates"),
        (
            Likeness::Near,
            "pictures that look alike, perhaps of the same part,",
        ),
    ] {
        let count = audit.twins_of(likeness).count();
        let groups = groups(count);
        let across = audit
            .twins_of(likeness)
            .filter(|twins| twins.across_halves)
            .count();
        if count > 0 {
            report!(
                voice,
                "{groups} of {what} among the good images, {across} of them both learned from and held out"
            );
        }
    }
    let unlike: Vec<&str> = (audit.unlike().iter())
        .map(|&at| audit.images[at].name.as_str())
        .collect();
    if !unlike.is_empty() {
        report!(
            voice,
            "of another size, shape or colour than the other good images: {}",
            named(&unlike)
        );
    }
    for one in &audit.varying {
        report!(
            voice,
            "good images differ most in a region: {}",
            one.words()
        );
    }
}

fn groups(count: usize) -> String {
    match count {
        1 => "1 group".to_owned(),
        some => format!("{some} groups"),
    }
}

fn named(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
