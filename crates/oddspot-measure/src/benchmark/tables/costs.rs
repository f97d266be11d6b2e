//! What the runs took.

use std::collections::BTreeSet;

use oddspot::settings::Method;
use serde::Serialize;

use crate::benchmark::{Grid, Record};
use crate::report::words::UNDEFINED;

/// Seconds and memory of the runs of a category and a method, means over the seeds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CostLine {
    pub(super) name: String,
    method: Method,
    train_seconds: f64,
    evaluate_seconds: f64,
    peak_mib: Option<f64>,
}

/// A line for each category and method that has runs.
pub(super) fn lines(records: &[Record]) -> Vec<CostLine> {
    let names: BTreeSet<&str> = records.iter().map(|r| r.category.as_str()).collect();
    let of = |name: &str| {
        [Method::Baseline, Method::Full, Method::Instant]
            .map(|method| CostLine::new(name, method, records))
    };
    names.into_iter().flat_map(of).flatten().collect()
}

/// The lines as text.
pub(super) fn grid(lines: &[CostLine]) -> Grid {
    let cells = |line: &CostLine| {
        let peak = line.peak_mib.map(|mib| format!("{mib:.0}"));
        vec![
            line.name.clone(),
            line.method.name().to_owned(),
            format!("{:.0}", line.train_seconds),
            format!("{:.0}", line.evaluate_seconds),
            peak.unwrap_or_else(|| UNDEFINED.to_owned()),
        ]
    };
    let head = [
        "category",
        "method",
        "training, s",
        "evaluation, s",
        "peak, MiB",
    ];
    Grid {
        caption: "What a run took, mean over seeds".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: lines.iter().map(cells).collect(),
    }
}

impl CostLine {
    fn new(name: &str, method: Method, records: &[Record]) -> Option<Self> {
        let of_both = |r: &&Record| r.category == name && r.method() == method;
        let runs: Vec<_> = records.iter().filter(of_both).collect();
        let mean = |of: fn(&Record) -> f64| {
            runs.iter().map(|record| of(record)).sum::<f64>() / runs.len() as f64
        };
        let peaks: Option<Vec<f64>> = runs.iter().map(|record| record.cost.peak_mib).collect();
        (!runs.is_empty()).then(|| Self {
            name: name.to_owned(),
            method,
            train_seconds: mean(|record| record.cost.train_seconds),
            evaluate_seconds: mean(|record| record.cost.evaluate_seconds),
            peak_mib: peaks.map(|peaks| peaks.iter().sum::<f64>() / peaks.len() as f64),
        })
    }
}
