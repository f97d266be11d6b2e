//! `oddspot inspect`: what is in a model file.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use oddspot::files::NamedTensors;
use oddspot::maps::Moments;
use oddspot::model::{FORMAT, Header, ImageRecord, Model};
use oddspot::net::teachers;
use oddspot::settings::{Alignment, Method, Tile, Units};
use oddspot::terms;
use oddspot::train::remarks;
use oddspot::verdict::TermStatistics;
use serde::Serialize;

use crate::described::{describe_thresholds, four_digits, in_percent, option};
use crate::printing::{self, escaped};
use crate::region::describe_share;

/// Images of a list that the text names.
const SHOWN: usize = 3;

/// Arguments of `oddspot inspect`.
#[derive(Args)]
pub struct InspectArgs {
    /// Model from `oddspot train`
    pub model: PathBuf,
    /// Print everything as JSON, with every image's hash
    #[arg(long)]
    pub json: bool,
}

/// Prints what is in the model.
pub fn run(args: &InspectArgs) -> Result<ExitCode> {
    let path = &args.model;
    let bytes = std::fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    let inspection = Inspection::new(Model::load(path)?, bytes);
    let text = if args.json {
        serde_json::to_string_pretty(&inspection)? + "\n"
    } else {
        format!("{}: {inspection}", escaped(&path.display().to_string()))
    };
    printing::text(&text).context("cannot print the model")?;
    Ok(ExitCode::SUCCESS)
}

/// A model file in numbers and words.
#[derive(Serialize)]
struct Inspection {
    bytes: u64,
    parameters: Parameters,
    teacher_inside: bool,
    /// Share of the images that is inspected; absent where all of them is.
    #[serde(skip_serializing_if = "Option::is_none")]
    inspected: Option<f64>,
    /// Whether the weights inside are those that the header names; absent without weights.
    teacher_intact: Option<bool>,
    /// Upper end of the one-sided 95 % confidence interval.
    false_alarm_upper_bound: f64,
    header: Header,
}

/// Numbers of parameters.
#[derive(Serialize)]
struct Parameters {
    student: usize,
    /// None in the baseline.
    position: Option<usize>,
    /// None without the teacher's weights.
    teacher: Option<usize>,
}

impl Inspection {
    fn new(model: Model, bytes: u64) -> Self {
        let full = model.header.settings.method == Method::Full;
        let weights = model.teacher.as_ref();
        Self {
            bytes,
            parameters: Parameters {
                student: count(&model.tensors, "student."),
                position: full.then(|| count(&model.tensors, "position.")),
                teacher: weights.map(|weights| count(weights, "")),
            },
            teacher_inside: weights.is_some(),
            inspected: model.inspected_share(),
            teacher_intact: weights
                .map(|weights| teachers::hash(weights) == model.header.teacher.sha256),
            false_alarm_upper_bound: model.header.thresholds.false_alarms.upper_bound(),
            header: model.header,
        }
    }
}

/// Values of the tensors whose names begin with a prefix.
fn count(tensors: &NamedTensors, prefix: &str) -> usize {
    tensors
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(_, tensor)| tensor.values.len())
        .sum()
}

/// Names come from a file that anyone may have made: a line break in one is no end of the line.
impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        writeln!(
            f,
            "{:.1} MiB, format {FORMAT}, written by oddspot {}",
            self.bytes as f64 / f64::from(1 << 20),
            escaped(&header.oddspot)
        )?;
        self.write_networks(f)?;
        self.write_teacher(f)?;
        self.write_images(f)?;
        if let Some(words) = describe_share(self.inspected) {
            writeln!(f, "\nRegion of interest\n  {words}")?;
        }
        self.write_alignment(f)?;
        self.write_statistics(f)?;
        writeln!(f, "\nSettings (as for --config)")?;
        for line in header.settings_in_force().to_toml_of_method().lines() {
            writeln!(f, "{}", format!("  {line}").trim_end())?;
        }
        Ok(())
    }
}

impl Inspection {
    fn write_networks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        let method = match header.settings.method {
            Method::Full => "full: student and position classifier",
            Method::Baseline => "baseline: student alone",
            Method::Instant => "instant: none that is trained",
        };
        writeln!(f, "\nNetworks")?;
        writeln!(f, "  method      {method}")?;
        let size = header.settings.image_size;
        match header.settings.tile {
            Tile::None => writeln!(f, "  images      resized to {size}")?,
            Tile::Of(tile) => writeln!(
                f,
                "  images      in pieces of {tile}, resized to {size}; good images gave {}",
                grouped(header.good_pieces())
            )?,
        }
        let seed = header.settings.training.seed;
        if !header.settings.method.learns() {
            writeln!(f, "  training    nothing trained, seed {seed}")?;
        } else {
            let iterations = grouped(header.iterations);
            writeln!(f, "  training    {iterations} iterations, seed {seed}")?;
            let student = grouped(self.parameters.student);
            writeln!(f, "  student     {student:>12} parameters")?;
        }
        if let Some(position) = self.parameters.position {
            writeln!(f, "  classifier  {:>12} parameters", grouped(position))?;
        }
        if let Some(teacher) = self.parameters.teacher {
            writeln!(f, "  teacher     {:>12} parameters", grouped(teacher))?;
        }
        Ok(())
    }

    fn write_teacher(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let teacher = &self.header.teacher;
        let weights = match self.teacher_intact {
            Some(true) => "inside",
            Some(false) => "inside, but NOT those of this hash: the file is damaged",
            None => "not inside; bring this teacher to detect with the model",
        };
        writeln!(f, "\nTeacher")?;
        writeln!(
            f,
            "  name        {} (built like {})",
            escaped(&teacher.name),
            teacher.architecture
        )?;
        writeln!(f, "  SHA-256     {}", escaped(&teacher.sha256))?;
        writeln!(f, "  weights     {weights}")
    }

    fn write_images(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        let learned = &header.training_images;
        let held_out = &header.held_out_images;
        writeln!(f, "\nGood images learned from: {}", learned.len())?;
        write_records(f, learned)?;
        writeln!(
            f,
            "\nGood images held out for the thresholds: {}",
            held_out.len()
        )?;
        write_records(f, held_out)?;
        if !header.added_images.is_empty() {
            let added = &header.added_images;
            writeln!(f, "\nGood images added later: {}", added.len())?;
            write_records(f, added)?;
        }
        Ok(())
    }

    /// How good images lie, where the settings ask for it.
    fn write_alignment(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        if header.settings.alignment == Alignment::None {
            return Ok(());
        }
        writeln!(f, "\nAlignment: {}", header.settings.alignment.name())?;
        let (good, asked) = (header.alignment.as_ref(), header.settings.alignment);
        for remark in remarks::of_alignment(good, asked, &option) {
            writeln!(f, "  {}", escaped(&remark.line()))?;
        }
        Ok(())
    }

    fn write_statistics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nErrors over the pixels of good images")?;
        for term in &self.header.terms {
            write_term(f, term)?;
        }
        if let Some(sureness) = remarks::sureness(&self.header, &option) {
            writeln!(f, "  {}", sureness.words)?;
        }
        let thresholds = &self.header.thresholds;
        writeln!(
            f,
            "\nThresholds, in {}",
            match self.header.settings.detection.units {
                Units::Deviations => "standard deviations of those errors",
                Units::Reached => "sums of what each term reaches in good images",
            }
        )?;
        writeln!(
            f,
            "  image       {}   an image is anomalous above it",
            four_digits(thresholds.image)
        )?;
        writeln!(
            f,
            "  check       {}   an image is to be checked above it",
            four_digits(thresholds.check)
        )?;
        writeln!(
            f,
            "  pixel       {}   the regions shown lie above it",
            four_digits(thresholds.pixel)
        )?;
        let calibration = self.header.calibration.as_ref();
        let aim = match calibration.is_some_and(|one| one.given || one.check_given) {
            true => "amounts to",
            false => "aim",
        };
        writeln!(
            f,
            "  {aim:11} {} % of good images called anomalous, {} % anomalous or to be checked",
            in_percent(thresholds.false_alarms.target),
            in_percent(thresholds.checks.target)
        )?;
        if let Some(calibration) = calibration {
            let [image, check] = calibration.before.map(four_digits);
            let how = match calibration.given || calibration.check_given {
                true => "given, with",
                false => "set by",
            };
            writeln!(
                f,
                "  {how} {} good images after the training; before: {image} and {check}",
                calibration.good_images.len()
            )?;
            let trained = &self.header.settings.detection;
            writeln!(
                f,
                "  the training aimed at {} % and {} %",
                in_percent(trained.false_alarm_rate),
                in_percent(trained.check_rate)
            )?;
        }
        for line in describe_thresholds(&self.header) {
            writeln!(f, "  {}", escaped(&line))?;
        }
        Ok(())
    }
}

/// What is usual of a term, and of images' levels in it.
fn write_term(f: &mut fmt::Formatter<'_>, term: &TermStatistics) -> fmt::Result {
    let symbol = terms::kind(&term.term).map_or(&*term.term, |kind| kind.symbol);
    let mut row = |name: &str, moments: &Moments| {
        let [mean, std] = [moments.mean, moments.std].map(four_digits);
        writeln!(f, "  {name:11} μ {mean}   σ {std}")
    };
    row(symbol, &term.moments)?;
    if let Some(level) = &term.image_level {
        row(&format!("{symbol} level"), level)?;
    }
    match term.unit.map(four_digits) {
        Some(unit) => writeln!(f, "  {:11} reaches {unit} σ", ""),
        None => Ok(()),
    }
}

/// The first few images, one a line, with the start of their hashes.
fn write_records(f: &mut fmt::Formatter<'_>, records: &[ImageRecord]) -> fmt::Result {
    for record in records.iter().take(SHOWN) {
        let hash = escaped(&record.sha256);
        writeln!(f, "  {hash:.16}…  {}", escaped(&record.name))?;
    }
    match records.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more (all with --json)"),
    }
}

/// A number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1 000", "1 234 567"]
        );
        assert_eq!(
            [0.001_234_56, 12.345_6, 123_456.7, 0.0].map(four_digits),
            ["0.001235", "12.35", "123457", "0"]
        );
    }
}
