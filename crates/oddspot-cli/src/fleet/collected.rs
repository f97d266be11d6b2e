//! The tables of all parts of a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};
use csv::{ReaderBuilder, StringRecord, Writer};
use oddspot::files::atomic;
use oddspot_measure::benchmark::Record as BenchmarkRecord;
use serde::Deserialize;
use serde_json::Value;

use super::kinds::{BENCHMARK, EVALUATION, FOUND, make_folder};
use super::record::State;
use super::standing::{CommandName, Part};
use crate::benchmark::{name_of_run, write_tables};

/// How every part stands.
pub const PARTS: &str = "parts.csv";
/// The column before those of the results.
const NAME: &str = "name";
/// What the line below all parts is called.
const MEAN: &str = "mean";
/// Measures of an evaluation that a mean is taken of, under both protocols.
const MEASURES: [&str; 5] = ["image_auc", "image_ap", "pixel_auc", "pixel_ap", "au_pro"];
/// The protocols, as the report of an evaluation calls them.
const PROTOCOLS: [&str; 2] = ["paper", "official"];

/// Writes the tables of what is finished, each whole or not at all.
///
/// # Errors
/// Results that cannot be read or written.
pub fn write(
    output: &Path,
    parts: &[Part],
    commands: &BTreeSet<CommandName>,
    contextual: &[String],
) -> Result<()> {
    table(&output.join(PARTS), |to| write_parts(to, parts, commands))?;
    let of = |command| {
        let done = parts
            .iter()
            .filter_map(move |part| Some((part, part.folder(command)?)));
        done.collect::<Vec<_>>()
    };
    if commands.contains(&CommandName::Detect) {
        let found = of(CommandName::Detect);
        table(&output.join("results.csv"), |to| write_rows(to, &found))?;
        atomic::write(output.join("results.jsonl"), |to| write_lines(to, &found))?;
    }
    if commands.contains(&CommandName::Evaluate) {
        let rows = evaluations(&of(CommandName::Evaluate))?;
        table(&output.join("evaluation.csv"), |to| {
            rows.iter().try_for_each(|row| to.write_record(row))
        })?;
    }
    if commands.contains(&CommandName::Benchmark) {
        let records = benchmarks(&of(CommandName::Benchmark))?;
        let folder = output.join(BENCHMARK);
        make_folder(&folder)?;
        write_tables(&folder, contextual, &records)?;
    }
    Ok(())
}

/// Writes a table whole or not at all.
fn table(
    file: &Path,
    rows: impl FnOnce(&mut Writer<&mut dyn Write>) -> csv::Result<()>,
) -> Result<()> {
    Ok(atomic::write(file, |to| {
        let mut table = Writer::from_writer(to);
        rows(&mut table).map_err(io::Error::other)?;
        table.flush()
    })?)
}

/// A row for each part: of each command how it stands, and what it took.
fn write_parts(
    to: &mut Writer<&mut dyn Write>,
    parts: &[Part],
    commands: &BTreeSet<CommandName>,
) -> csv::Result<()> {
    let mut columns = vec![NAME.to_owned()];
    for command in commands {
        columns.push(command.name().to_owned());
        columns.push(format!("{}_seconds", command.name()));
    }
    to.write_record(columns)?;
    for part in parts {
        let mut row = vec![part.name.clone()];
        for &command in commands {
            let done = part.record(command).map(|record| &record.state);
            row.extend(match (done, part.missing(command)) {
                (Some(State::Done { status, seconds }), _) => {
                    let word = match status {
                        0 => "done",
                        _ => "done, without some images",
                    };
                    [word.to_owned(), format!("{seconds:.3}")]
                }
                (_, missing) => {
                    let reason = missing.map_or("", |(_, reason)| reason);
                    [reason.to_owned(), String::new()]
                }
            });
        }
        to.write_record(row)?;
    }
    Ok(())
}

/// The rows of all parts' results, after the part's name.
fn write_rows(to: &mut Writer<&mut dyn Write>, found: &[(&Part, &Path)]) -> csv::Result<()> {
    let mut columns: Option<StringRecord> = None;
    for (part, folder) in found {
        let mut rows = ReaderBuilder::new().from_path(folder.join(FOUND).join("results.csv"))?;
        let own = rows.headers()?;
        let own: StringRecord = own
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'))
            .collect();
        match &columns {
            None => {
                to.write_record(std::iter::once(NAME).chain(&own))?;
                columns = Some(own);
            }
            Some(columns) if *columns == own => {}
            Some(_) => {
                let reason = format!(
                    "the results of {} have other columns, as of another version: do it again",
                    part.name
                );
                return Err(io::Error::other(reason).into());
            }
        }
        for row in rows.records() {
            to.write_record(std::iter::once(part.name.as_str()).chain(&row?))?;
        }
    }
    Ok(())
}

/// The lines of all parts' results, with the part's name.
fn write_lines(to: &mut dyn Write, found: &[(&Part, &Path)]) -> io::Result<()> {
    for (part, folder) in found {
        let name = serde_json::to_string(&part.name)?;
        let lines = BufReader::new(File::open(folder.join(FOUND).join("results.jsonl"))?);
        for line in lines.lines() {
            let line = line?;
            let rest = line.strip_prefix('{').unwrap_or(&line);
            writeln!(to, "{{\"name\":{name},{rest}")?;
        }
    }
    Ok(())
}

/// A row of columns, one for each part, and the means.
fn evaluations(measured: &[(&Part, &Path)]) -> Result<Vec<Vec<String>>> {
    let counts = ["good", "anomalous", "false_alarms", "missed"];
    let measures = || {
        PROTOCOLS
            .into_iter()
            .flat_map(|p| MEASURES.map(|measure| (p, measure)))
    };
    let mut columns = vec![NAME.to_owned()];
    columns.extend(counts.map(str::to_owned));
    columns.extend(measures().map(|(protocol, measure)| format!("{measure}_{protocol}")));
    let mut rows = vec![columns];
    let mut all: Vec<Vec<Option<f64>>> = Vec::new();
    for (part, folder) in measured {
        let file = folder.join(EVALUATION);
        let report: Value = read_json(&file)?;
        let verdicts = &report["verdicts"];
        let missed = verdicts["misses"].as_object();
        let missed = missed.map_or_else(Vec::new, |misses| misses.values().collect());
        let sum = |field: &str| missed.iter().filter_map(|one| one[field].as_u64()).sum();
        let alarms = &verdicts["false_alarms"];
        let own: Vec<Option<f64>> = measures()
            .map(|(protocol, measure)| {
                report["protocols"][protocol]["maps"]["total"]["overall"][measure].as_f64()
            })
            .collect();
        let [good, alarms] =
            ["of", "count"].map(|field| alarms[field].as_u64().unwrap_or_default());
        let mut row = vec![part.name.clone()];
        row.extend([good, sum("of"), alarms, sum("count")].map(|count: u64| count.to_string()));
        row.extend(own.iter().map(|value| number(*value)));
        rows.push(row);
        all.push(own);
    }
    if !all.is_empty() {
        let mut row = vec![MEAN.to_owned()];
        row.extend(counts.map(|_| String::new()));
        row.extend(
            (0..measures().count()).map(|at| number(mean(all.iter().filter_map(|of| of[at])))),
        );
        rows.push(row);
    }
    Ok(rows)
}

/// Of those that are defined.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

/// The records of all benchmarks, by the names of their runs.
fn benchmarks(measured: &[(&Part, &Path)]) -> Result<BTreeMap<String, BenchmarkRecord>> {
    #[derive(Deserialize)]
    struct Report {
        runs: Vec<BenchmarkRecord>,
    }
    let mut records = BTreeMap::new();
    for (_, folder) in measured {
        let report: Report = read_json(&folder.join(BENCHMARK).join("benchmark.json"))?;
        for record in report.runs {
            records.insert(name_of_run(&record.category, &record.settings), record);
        }
    }
    Ok(records)
}

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is damaged: do that part again", file.display()))
}
