//! An evaluation as plain text.

use std::collections::BTreeMap;
use std::fmt;

use super::words::{UNDEFINED, notes, percent, three_digits, threshold, title};
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

/// Tables of at most about 110 columns: the verdicts at the threshold, then the
/// measures in percent under each protocol, per map and per defect, with a note on everything
/// that is undefined.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = Tables {
            own: self,
            baseline: None,
        };
        tables.fmt(f)
    }
}

impl Evaluation {
    /// The tables with what a baseline makes of the same images: its verdicts in a column, its
    /// measures in a row.
    pub fn beside<'a>(&'a self, baseline: &'a Self) -> impl fmt::Display + 'a {
        Tables {
            own: self,
            baseline: Some(baseline),
        }
    }
}

struct Tables<'a> {
    own: &'a Evaluation,
    baseline: Option<&'a Evaluation>,
}

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_heading(f)?;
        self.write_verdicts(f)?;
        writeln!(f, "\nDetails, by which methods are compared")?;
        let mut told: Vec<(Protocol, &ProtocolMeasures)> = Vec::new();
        for (&protocol, measures) in &self.own.protocols {
            match told.iter().find(|(_, other)| *other == measures) {
                Some((other, _)) => writeln!(
                    f,
                    "\n{}: the same as under `{}`",
                    title(protocol, measures),
                    other.name()
                )?,
                None => self.write_protocol(f, protocol, measures)?,
            }
            told.push((protocol, measures));
        }
        Ok(())
    }
}

/// Of what, and how many of how many: the model's, then the baseline's.
type VerdictRow = (String, Count, Option<Count>);

impl Tables<'_> {
    fn write_heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.own.data;
        let anomalous: usize = data.defects.values().sum();
        let images = data.good + anomalous;
        writeln!(
            f,
            "{}: {images} test image{}, {} good, {anomalous} anomalous",
            data.name,
            plural(images),
            data.good
        )?;
        data.notes
            .iter()
            .try_for_each(|note| writeln!(f, "note: {note}"))
    }

    fn write_verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\nVerdicts: an image is anomalous when its score lies above {}, to be checked above {}",
            threshold(&self.own.verdicts),
            three_digits(self.own.verdicts.check_threshold)
        )?;
        if let Some(baseline) = self.baseline {
            write!(
                f,
                ", the baseline's above {}",
                threshold(&baseline.verdicts)
            )?;
        }
        writeln!(f)?;
        let rows = self.verdict_rows();
        let width = rows.iter().map(|row| length(&row.0)).max().unwrap_or(0);
        let cell = |count: Count| {
            let share = percent(count.share());
            format!("{share:>5} %  {} of {}", count.count, count.of)
        };
        let cells = rows.iter().map(|row| length(&cell(row.1)));
        let column = cells.max().unwrap_or(0);
        if self.baseline.is_some() {
            let space = " ".repeat(width + 2 + column);
            writeln!(f, "  {space}  baseline")?;
        }
        for (name, own, baseline) in rows {
            let fill = " ".repeat(width - length(&name));
            write!(f, "  {name}{fill}  ")?;
            match baseline {
                None => writeln!(f, "{}", cell(own))?,
                Some(baseline) => writeln!(f, "{:column$}  {}", cell(own), cell(baseline))?,
            }
        }
        Ok(())
    }

    fn verdict_rows(&self) -> Vec<VerdictRow> {
        let row = |name: String, count: &dyn Fn(&Evaluation) -> Count| {
            (name, count(self.own), self.baseline.map(count))
        };
        let mut rows = vec![
            row("judged rightly".to_owned(), &|of| of.verdicts.right),
            row("false alarms of good images".to_owned(), &|of| {
                of.verdicts.false_alarms
            }),
        ];
        for defect in self.own.verdicts.misses.keys() {
            let misses = |of: &Evaluation| of.verdicts.misses.get(defect).copied();
            rows.push(row(format!("missed of {}", short(defect)), &|of| {
                misses(of).unwrap_or_default()
            }));
        }
        rows.push(row("good images to check".to_owned(), &|of| {
            of.verdicts.good_to_check
        }));
        rows.push(row("of those missed to check".to_owned(), &|of| {
            of.verdicts.misses_to_check
        }));
        let untrusted = |of: &Evaluation| of.verdicts.untrusted().count > 0;
        if untrusted(self.own) || self.baseline.is_some_and(untrusted) {
            rows.push(row("good images untrusted".to_owned(), &|of| {
                of.verdicts.good_untrusted
            }));
            rows.push(row("defects untrusted".to_owned(), &|of| {
                of.verdicts.defects_untrusted
            }));
        }
        rows
    }

    fn write_protocol(
        &self,
        f: &mut fmt::Formatter<'_>,
        protocol: Protocol,
        measures: &ProtocolMeasures,
    ) -> fmt::Result {
        let maps = map_rows(self.own, &measures.maps);
        let defects = self.defect_rows(&measures.maps);
        let baseline = self.baseline.and_then(|baseline| {
            let measures = baseline.protocols.get(&protocol)?;
            map_rows(baseline, &measures.maps).into_iter().next()
        });
        let rows = maps.iter().chain(&baseline).chain(&defects);
        let width = rows.clone().map(|row| length(&row.label)).max();
        let width = width.unwrap_or(0);
        writeln!(f, "\n{}", title(protocol, measures))?;
        write_headings(f, width)?;
        for row in maps.iter().chain(&baseline) {
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

    /// Of the first map, which is the model's own where that was measured.
    fn defect_rows<'a>(&self, maps: &'a BTreeMap<MapKind, MapMeasures>) -> Vec<Row<'a>> {
        let own = maps.values().next();
        own.iter()
            .flat_map(|own| &own.defects)
            .map(|(defect, measures)| {
                let images = self.own.data.defects.get(defect).copied().unwrap_or(0);
                Row {
                    label: format!("  {} ({images})", short(defect)),
                    measures,
                }
            })
            .collect()
    }
}

fn map_rows<'a>(of: &Evaluation, maps: &'a BTreeMap<MapKind, MapMeasures>) -> Vec<Row<'a>> {
    maps.iter()
        .map(|(&kind, measures)| Row {
            label: kind.title(&of.model.settings),
            measures: &measures.overall,
        })
        .collect()
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
