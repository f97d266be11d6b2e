//! The words and numbers that tables of an evaluation share, printed or on a page.

use std::collections::{BTreeMap, BTreeSet};

use super::{Measures, Protocol, ProtocolMeasures, Verdicts};

/// The measures by their fields, in the order of the columns, and what a note calls them.
const MEASURES: [(&str, &str); 7] = [
    ("image_auc", "image AUC"),
    ("image_ap", "image AP"),
    ("image_f1", "image F1"),
    ("pixel_auc", "pixel AUC"),
    ("pixel_ap", "pixel AP"),
    ("pixel_f1", "pixel F1"),
    ("au_pro", "AU-PRO"),
];
/// What stands for a measure that is undefined.
pub const UNDEFINED: &str = "–";

/// What a protocol's table shows.
pub fn title(protocol: Protocol, measures: &ProtocolMeasures) -> String {
    let ProtocolMeasures {
        smallest, largest, ..
    } = measures;
    match protocol {
        Protocol::Paper => format!("Protocol `paper`: maps and masks at {largest}"),
        Protocol::Official if smallest == largest => {
            format!("Protocol `official`: maps at the size of the ground truth, {largest}")
        }
        Protocol::Official => format!(
            "Protocol `official`: maps at the size of each ground truth, {smallest} to {largest}"
        ),
    }
}

/// What must be said below a protocol's table: why measures are undefined, each reason once, and
/// which masks are lost at its size.
pub fn notes<'a>(
    rows: impl Iterator<Item = &'a Measures>,
    protocol: &ProtocolMeasures,
) -> Vec<String> {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for measures in rows {
        for (&measure, reason) in &measures.undefined {
            reasons.entry(reason).or_default().insert(measure);
        }
    }
    let mut lines = Vec::new();
    for (reason, measures) in reasons {
        let names = MEASURES
            .iter()
            .filter(|(field, _)| measures.contains(field));
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        lines.push(format!("{UNDEFINED} {}: {reason}", names.join(", ")));
    }
    let vanished = &protocol.vanished_masks;
    if !vanished.is_empty() {
        lines.push(format!(
            "{} mask{} too thin to leave a pixel at this size: {}",
            vanished.len(),
            if vanished.len() == 1 { " is" } else { "s are" },
            first_few(vanished)
        ));
    }
    lines
}

/// In percent with one decimal.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || UNDEFINED.to_owned(),
        |share| format!("{:.1}", 100.0 * share),
    )
}

/// A difference in points of percent, with a typographic minus, as in print.
pub fn signed(points: Option<f64>) -> String {
    points.map_or_else(
        || UNDEFINED.to_owned(),
        |points| format!("{points:+.1}").replace('-', "−"),
    )
}

/// A score with three significant digits, or all of its whole ones; three decimals at most.
pub fn three_digits(score: f64) -> String {
    let magnitude = score.abs().max(0.1).log10().floor();
    format!("{score:.*}", (2.0 - magnitude).max(0.0) as usize)
}

/// The threshold of the verdicts, with the model's own where that is another.
pub fn threshold(verdicts: &Verdicts) -> String {
    let threshold = three_digits(verdicts.threshold);
    match verdicts.replaced_threshold {
        None => threshold,
        Some(own) => format!("{threshold} (its own is {})", three_digits(own)),
    }
}

fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => "",
        _ => ", …",
    };
    format!("{}{more}", shown.join(", "))
}
