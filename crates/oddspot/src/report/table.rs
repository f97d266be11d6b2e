//! An evaluation as plain text.

use std::collections::BTreeMap;
use std::fmt;

use super::text::{UNDEFINED, notes, percent, three_digits, title};
use super::{
    Count, Evaluation, MapKind, MapMeasures, Measures, OperatingPoint, Protocol, ProtocolMeasures,
};

/// The columns, each right-aligned under its heading.
const HEADINGS: [&str; 9] = [
    "AUC", "AP", "best F1", "at", "AUC", "AP", "best F1", "at", "AU-PRO",
];
/// Width of each column, the space before it included.
const WIDTHS: [usize; 9] = [7, 7, 9, 8, 9, 7, 9, 8, 9];
/// Columns of the image scores; the others are the pixels'.
const IMAGE_COLUMNS: usize = 4;
/// Names longer than this are cut in the middle.
const LONGEST_LABEL: usize = 32;
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
        for note in notes(rows.map(|row| row.measures), measures) {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }

    fn map_rows<'a>(&self, maps: &'a BTreeMap<MapKind, MapMeasures>) -> Vec<Row<'a>> {
        let method = self.model.config.method;
        maps.iter()
            .map(|(&kind, measures)| Row {
                label: kind.title(method).to_owned(),
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

/// Characters, which is columns for the names that matter here.
fn length(text: &str) -> usize {
    text.chars().count()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
