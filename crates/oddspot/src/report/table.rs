//! An evaluation as plain text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{
    Count, Evaluation, MapKind, MapMeasures, Measures, OperatingPoint, Protocol, ProtocolMeasures,
};
use crate::config::Method;

/// The columns, each right-aligned under its heading.
const HEADINGS: [&str; 9] = [
    "AUC", "AP", "best F1", "at", "AUC", "AP", "best F1", "at", "AU-PRO",
];
/// Width of each column, the space before it included.
const WIDTHS: [usize; 9] = [7, 7, 9, 8, 9, 7, 9, 8, 9];
/// Columns of the image scores; the others are the pixels'.
const IMAGE_COLUMNS: usize = 4;
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
/// Names longer than this are cut in the middle.
const LONGEST_LABEL: usize = 32;
/// What stands for a measure that is undefined.
const UNDEFINED: &str = "–";

/// Tables of at most about 110 columns: the verdicts at the model's threshold, then the
/// measures in percent under each protocol, per map and per defect, with a note on everything
/// that is undefined.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_heading(f)?;
        self.write_verdicts(f)?;
        for (protocol, measures) in &self.protocols {
            self.write_protocol(f, *protocol, measures)?;
        }
        Ok(())
    }
}

impl Evaluation {
    fn write_heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.data;
        let anomalous: usize = data.defects.values().sum();
        let images = data.good + anomalous;
        writeln!(
            f,
            "{}: {images} test image{}, {} good, {anomalous} anomalous",
            data.name,
            plural(images),
            data.good
        )
    }

    fn write_verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts = &self.verdicts;
        writeln!(
            f,
            "\nVerdicts: an image is anomalous when its score lies above {}",
            three_digits(verdicts.threshold)
        )?;
        let mut rows = vec![
            ("judged rightly".to_owned(), verdicts.right),
            (
                "false alarms of good images".to_owned(),
                verdicts.false_alarms,
            ),
        ];
        for (defect, &misses) in &verdicts.misses {
            rows.push((format!("missed of {}", short(defect)), misses));
        }
        let width = rows.iter().map(|(name, _)| length(name)).max().unwrap_or(0);
        for (name, count) in rows {
            let Count { count: wrong, of } = count;
            let fill = " ".repeat(width - length(&name));
            let share = percent(count.share());
            writeln!(f, "  {name}{fill}  {share:>5} %  {wrong} of {of}")?;
        }
        Ok(())
    }

    fn write_protocol(
        &self,
        f: &mut fmt::Formatter<'_>,
        protocol: Protocol,
        measures: &ProtocolMeasures,
    ) -> fmt::Result {
        let maps = self.map_rows(&measures.maps);
        let defects = self.defect_rows(&measures.maps);
        let rows = maps.iter().chain(&defects);
        let width = rows.clone().map(|row| length(&row.label)).max();
        let width = width.unwrap_or(0);
        writeln!(f, "\n{}", title(protocol, measures))?;
        write_headings(f, width)?;
        for row in &maps {
            row.write(f, width)?;
        }
        if let (Some(row), false) = (maps.first(), defects.is_empty()) {
            writeln!(f, "  {}, each defect with all good images:", row.label)?;
        }
        for row in &defects {
            row.write(f, width)?;
        }
        let mut notes = Notes::default();
        rows.for_each(|row| notes.add(row.measures));
        notes.write(f)?;
        if !measures.vanished_masks.is_empty() {
            let count = measures.vanished_masks.len();
            writeln!(
                f,
                "  {count} mask{} too thin to leave a pixel at this size: {}",
                if count == 1 { " is" } else { "s are" },
                first_few(&measures.vanished_masks)
            )?;
        }
        Ok(())
    }

    fn map_rows<'a>(&self, maps: &'a BTreeMap<MapKind, MapMeasures>) -> Vec<Row<'a>> {
        let label = |kind| match (kind, self.model.config.method) {
            (MapKind::Total, Method::Full) => "full",
            (MapKind::Total, Method::Baseline) => "e_rec (baseline)",
            (MapKind::Rec, _) => "e_rec alone",
            (MapKind::Pos, _) => "e_pos alone",
        };
        maps.iter()
            .map(|(&kind, measures)| Row {
                label: label(kind).to_owned(),
                measures: &measures.overall,
            })
            .collect()
    }

    /// Of the first map, which is the model's own where that was measured.
    fn defect_rows<'a>(&self, maps: &'a BTreeMap<MapKind, MapMeasures>) -> Vec<Row<'a>> {
        let own = maps.values().next();
        own.iter()
            .flat_map(|own| &own.defects)
            .map(|(defect, measures)| {
                let images = self.data.defects.get(defect).copied().unwrap_or(0);
                Row {
                    label: format!("  {} ({images})", short(defect)),
                    measures,
                }
            })
            .collect()
    }
}

fn title(protocol: Protocol, measures: &ProtocolMeasures) -> String {
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

fn write_headings(f: &mut fmt::Formatter<'_>, label: usize) -> fmt::Result {
    let (image_widths, pixel_widths) = WIDTHS.split_at(IMAGE_COLUMNS);
    let (images, pixels): (usize, usize) = (image_widths.iter().sum(), pixel_widths.iter().sum());
    // Each heading spans its columns, ruled.
    let span = |name: &str, width: usize, gap: usize| {
        let rule = width - gap - name.len() - 1;
        format!("{}{name} {}", " ".repeat(gap), "─".repeat(rule))
    };
    let gap = WIDTHS[0] - HEADINGS[0].len();
    let pixel_gap = WIDTHS[IMAGE_COLUMNS] - HEADINGS[IMAGE_COLUMNS].len();
    writeln!(
        f,
        "  {:label$}{}{}",
        "",
        span("images", images, gap),
        span("pixels", pixels, pixel_gap)
    )?;
    write!(f, "  {:label$}", "%")?;
    for (heading, width) in HEADINGS.iter().zip(WIDTHS) {
        write!(f, "{heading:>width$}")?;
    }
    writeln!(f)
}

/// One line of a protocol's table.
struct Row<'a> {
    label: String,
    measures: &'a Measures,
}

impl Row<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, label: usize) -> fmt::Result {
        let m = self.measures;
        let f1 = |point: Option<OperatingPoint>| percent(point.map(|point| point.f1));
        let at = |point: Option<OperatingPoint>| {
            point.map_or_else(
                || UNDEFINED.to_owned(),
                |point| three_digits(f64::from(point.threshold)),
            )
        };
        let cells = [
            percent(m.image_auc),
            percent(m.image_ap),
            f1(m.image_f1),
            at(m.image_f1),
            percent(m.pixel_auc),
            percent(m.pixel_ap),
            f1(m.pixel_f1),
            at(m.pixel_f1),
            percent(m.au_pro),
        ];
        let fill = " ".repeat(label.saturating_sub(length(&self.label)));
        write!(f, "  {}{fill}", self.label)?;
        for (cell, width) in cells.iter().zip(WIDTHS) {
            write!(f, "{cell:>width$}")?;
        }
        writeln!(f)
    }
}

/// Why measures are undefined: each reason once, with the measures that it holds for.
#[derive(Default)]
struct Notes<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Notes<'a> {
    fn add(&mut self, measures: &'a Measures) {
        for (&measure, reason) in &measures.undefined {
            self.0.entry(reason).or_default().insert(measure);
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reason, measures) in &self.0 {
            let names = MEASURES
                .iter()
                .filter(|(field, _)| measures.contains(field));
            let names: Vec<&str> = names.map(|(_, name)| *name).collect();
            writeln!(f, "  {UNDEFINED} {}: {reason}", names.join(", "))?;
        }
        Ok(())
    }
}

/// In percent with one decimal.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || UNDEFINED.to_owned(),
        |share| format!("{:.1}", 100.0 * share),
    )
}

/// A score with three significant digits, or all of its whole ones; three decimals at most.
fn three_digits(score: f64) -> String {
    let magnitude = score.abs().max(0.1).log10().floor();
    format!("{score:.*}", (2.0 - magnitude).max(0.0) as usize)
}

/// A name that fits its column: the middle of a long one is left out.
fn short(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LONGEST_LABEL {
        return name.to_owned();
    }
    let (head, tail) = (LONGEST_LABEL / 2, LONGEST_LABEL - LONGEST_LABEL / 2 - 1);
    let start: String = letters[..head].iter().collect();
    let end: String = letters[letters.len() - tail..].iter().collect();
    format!("{start}…{end}")
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

/// Characters, which is columns for the names that matter here.
fn length(text: &str) -> usize {
    text.chars().count()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
