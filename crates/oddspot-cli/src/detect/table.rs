//! `results.csv`: a row for each image, for spreadsheets.

use std::fs::File;
use std::io::Write;

use anyhow::Result;
use jiff::ZonedDateTime;
use oddspot::health::Measure;
use oddspot::maps::Region;
use oddspot::verdict::{Finding, Why};

use super::done::Done;
use super::earlier::{BYTE_ORDER_MARK, is_row};
use super::stamp::Stamp;

/// The table's file.
pub const CSV: &str = "results.csv";

/// Columns before those of an image's health; regions are told by their number and the first one's box.
const COLUMNS: [&str; 22] = [
    "image",
    "part",
    "time",
    "verdict",
    "score",
    "threshold",
    "check_threshold",
    "why",
    "looks_wrong_share",
    "wrong_place_share",
    "peak_x",
    "peak_y",
    "regions",
    "left",
    "top",
    "region_width",
    "region_height",
    "figure",
    "error",
    "untrusted_because",
    "differs",
    "model_sha256",
];

/// All columns.
pub fn columns() -> Vec<&'static str> {
    let health = Measure::ALL.map(Measure::name);
    COLUMNS.into_iter().chain(health).collect()
}

/// How the table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Begin with a byte order mark.
    pub mark: bool,
    /// Decimal commas, and semicolons between the cells.
    pub comma: bool,
}

impl Form {
    /// What stands between cells.
    fn separator(self) -> char {
        if self.comma { ';' } else { ',' }
    }

    /// The line of columns.
    pub fn head(self) -> String {
        columns().join(self.separator().encode_utf8(&mut [0; 4]))
    }

    /// Whether a line is a whole row.
    pub fn is_row(self, line: &[u8]) -> bool {
        is_row(line, columns().len(), self.separator() as u8)
    }

    fn number(self, number: String) -> String {
        match self.comma {
            true => number.replace('.', ","),
            false => number,
        }
    }
}

/// A table that rows are added to.
pub struct Table {
    rows: csv::Writer<File>,
    form: Form,
}

/// What all rows begin with.
pub struct Of<'a> {
    /// The image's name.
    pub image: &'a str,
    /// When it was judged.
    pub time: &'a ZonedDateTime,
    /// Which part it shows, and by which model it was judged.
    pub stamp: &'a Stamp<'a>,
}

impl Table {
    /// Goes on with a file of this form; an empty one begins with its columns.
    ///
    /// # Errors
    /// A full disk.
    pub fn new(mut file: File, form: Form) -> Result<Self> {
        let begins = file.metadata().map_or(true, |metadata| metadata.len() == 0);
        if begins && form.mark {
            file.write_all(BYTE_ORDER_MARK.as_bytes())?;
        }
        let rows = csv::WriterBuilder::new()
            .delimiter(form.separator() as u8)
            .from_writer(file);
        let mut table = Self { rows, form };
        if begins {
            table.row(columns().into_iter().map(str::to_owned))?;
        }
        Ok(table)
    }

    /// Adds a finding, and in what its file differs from the good ones.
    ///
    /// # Errors
    /// A full disk.
    pub fn result(&mut self, of: &Of, done: &Done, differs: &[String]) -> Result<()> {
        let Done {
            finding,
            files,
            unnamed,
            ..
        } = done;
        let figure = files.iter().find(|file| file.starts_with("figure/"));
        let first = finding.regions.first();
        let of_first = |value: fn(&Region) -> usize| {
            first.map_or(String::new(), |region| value(region).to_string())
        };
        let number = |number| self.form.number(number);
        let found = [
            finding.verdict.word().to_owned(),
            number(six_digits(finding.score.into())),
            number(six_digits(finding.threshold)),
            number(six_digits(finding.check_threshold)),
            finding.why.map_or("", Why::words).to_owned(),
            number(format!("{:.4}", finding.looks_wrong_share)),
            number(format!("{:.4}", finding.wrong_place_share)),
            finding.peak.x.to_string(),
            finding.peak.y.to_string(),
            finding.regions.len().to_string(),
            of_first(|r| r.left),
            of_first(|r| r.top),
            of_first(|r| r.width),
            of_first(|r| r.height),
            figure.cloned().unwrap_or_default(),
            unnamed.clone().unwrap_or_default(),
            finding.health.words().unwrap_or_default().to_owned(),
            differs.join("; "),
            of.stamp.model_sha256.to_owned(),
        ];
        let health = health(finding).map(number);
        self.row(of.cells().into_iter().chain(found).chain(health))
    }

    /// Adds an image that could not be judged.
    ///
    /// # Errors
    /// A full disk.
    pub fn skipped(&mut self, of: &Of, [threshold, check]: [f64; 2], error: &str) -> Result<()> {
        let form = self.form;
        let cell = |column: &str| match column {
            "verdict" => "skipped".to_owned(),
            "threshold" => form.number(six_digits(threshold)),
            "check_threshold" => form.number(six_digits(check)),
            "error" => error.to_owned(),
            "model_sha256" => of.stamp.model_sha256.to_owned(),
            _ => String::new(),
        };
        let first = of.cells();
        let rest = columns().into_iter().skip(first.len()).map(cell);
        self.row(first.clone().into_iter().chain(rest))
    }

    /// Writes what is still in memory.
    fn row(&mut self, row: impl IntoIterator<Item = String>) -> Result<()> {
        self.rows.write_record(row)?;
        Ok(self.rows.flush()?)
    }
}

impl Of<'_> {
    /// The first columns; a time as spreadsheets take for one.
    fn cells(&self) -> [String; 3] {
        [
            no_formula(self.image),
            no_formula(self.stamp.part.as_deref().unwrap_or_default()),
            self.time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        ]
    }
}

/// A text that no spreadsheet takes for a formula: names may come from anyone.
fn no_formula(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text != "-" {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

fn health(finding: &Finding) -> [String; Measure::ALL.len()] {
    Measure::ALL.map(|measure| six_digits(finding.health.get(measure).into()))
}

/// A number in six significant digits, without those that say nothing.
fn six_digits(number: f64) -> String {
    let rounded: Result<f64, _> = format!("{number:.5e}").parse();
    rounded.unwrap_or(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(no_formula("=1+2_top.png"), "'=1+2_top.png");
        assert_eq!(["a=1.png", "-"].map(no_formula), ["a=1.png", "-"]);
    }

    #[test]
    fn numbers_have_six_digits_at_most() {
        let shown = [9.123_456_7, 1234.5, 0.000_123_456_789, -2.0, 12_345_678.0].map(six_digits);
        assert_eq!(
            shown,
            ["9.12346", "1234.5", "0.000123457", "-2", "12345700"]
        );
        assert_eq!(six_digits(f64::from(0.1_f32)), "0.1");
    }
}
