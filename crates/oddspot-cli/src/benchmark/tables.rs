//! The tables of a benchmark, in every form.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use oddspot::files::atomic;
use oddspot_measure::benchmark::{Format, Record, Tables};
use oddspot_measure::report::Protocol;

use super::files::{COSTS, REPORT, write_json};
use super::runs::Benchmark;

impl Benchmark<'_> {
    /// The tables of records under a protocol.
    pub fn tables(&self, records: &[Record], protocol: Protocol) -> Tables {
        Tables::new(records, &self.args.contextual, protocol)
    }

    /// Writes the tables of what is finished, in every form.
    pub fn write_tables(&self, records: &BTreeMap<String, Record>) -> Result<()> {
        write_tables(&self.args.output, &self.args.contextual, records)
    }
}

/// Writes the tables of records, by the names of their runs, in every form; `contextual` names data sets that a mean of
/// their own is taken of.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_tables(
    folder: &Path,
    contextual: &[String],
    records: &BTreeMap<String, Record>,
) -> Result<()> {
    let records: Vec<Record> = records.values().cloned().collect();
    if records.is_empty() {
        return Ok(());
    }
    let tables = Protocol::ALL.map(|protocol| Tables::new(&records, contextual, protocol));
    write_json(
        &folder.join(REPORT),
        &serde_json::json!({ "tables": tables, "runs": records }),
    )?;
    let [paper, official] = &tables;
    let costs = paper.costs();
    for (format, extension) in [(Format::Markdown, "md"), (Format::Latex, "tex")] {
        let grids = paper.grids().into_iter().chain(official.grids());
        let grids = grids.chain([costs.clone()]);
        let texts: Vec<String> = grids.map(|grid| grid.render(format)).collect();
        let file = folder.join(format!("tables.{extension}"));
        atomic::write_bytes(file, texts.join("\n").as_bytes())?;
    }
    for (tables, protocol) in [(paper, "paper"), (official, "official")] {
        for (grid, table) in tables.grids().iter().zip(["table1", "table2"]) {
            let file = folder.join(format!("{table}-{protocol}.csv"));
            atomic::write_bytes(file, grid.render(Format::Csv).as_bytes())?;
        }
    }
    let costs = costs.render(Format::Csv);
    Ok(atomic::write_bytes(folder.join(COSTS), costs.as_bytes())?)
}
