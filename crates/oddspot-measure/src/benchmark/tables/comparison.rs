//! Table 1: the baseline against the full method, category by category.

use std::collections::BTreeSet;

use oddspot::settings::Method;
use serde::Serialize;

use super::headings;
use super::spread::{Spread, measures_of, number};
use crate::benchmark::{Grid, Record};
use crate::report::words::signed;
use crate::report::{MapKind, Protocol};

/// A line of Table 1, in percent, means over the seeds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    pub(super) name: String,
    pub(crate) baseline: [Option<f64>; 3],
    pub(crate) full: [Option<f64>; 3],
    pub(crate) difference: [Option<f64>; 3],
}

/// A line a category; of several categories, then the means of all and of the contextual ones.
pub(super) fn lines(
    records: &[Record],
    contextual: &[String],
    protocol: Protocol,
) -> Vec<Comparison> {
    let names: BTreeSet<&str> = records.iter().map(|r| r.category.as_str()).collect();
    let line = |name: &&str| {
        let runs: Vec<&Record> = records.iter().filter(|r| r.category == *name).collect();
        Comparison::new(name, &runs, protocol)
    };
    let mut lines: Vec<Comparison> = names.iter().map(line).collect();
    if lines.len() > 1 {
        let all: Vec<_> = lines.iter().collect();
        let of = |line: &&&Comparison| contextual.contains(&line.name);
        let contextual: Vec<_> = all.iter().filter(of).copied().collect();
        let means = [("mean", all), ("mean of contextual", contextual)]
            .map(|(name, lines)| Comparison::mean(name, &lines));
        lines.extend(means.into_iter().flatten());
    }
    lines
}

/// The lines as text.
pub(super) fn grid(lines: &[Comparison], protocol: Protocol) -> Grid {
    let cells = |line: &Comparison| {
        let mut cells = vec![line.name.clone()];
        for measure in 0..3 {
            cells.push(number(line.baseline[measure]));
            cells.push(number(line.full[measure]));
            cells.push(signed(line.difference[measure]));
        }
        cells
    };
    Grid {
        caption: format!("Table 1, protocol {}, in percent", protocol.name()),
        head: headings(&["category"], &[" Base", " Prop.", " Diff."]),
        rows: lines.iter().map(cells).collect(),
    }
}

impl Comparison {
    fn new(name: &str, records: &[&Record], protocol: Protocol) -> Self {
        let of = |method| {
            let runs = measures_of(records, (method, MapKind::Total), protocol);
            Spread::of_each(&runs).map(|spread| spread.map(|spread| spread.mean))
        };
        let (baseline, full) = (of(Method::Baseline), of(Method::Full));
        Self {
            name: name.to_owned(),
            difference: [0, 1, 2].map(|i| Some(full[i]? - baseline[i]?)),
            baseline,
            full,
        }
    }

    /// The mean of some lines; None of none. A measure that one of them lacks, it lacks too.
    fn mean(name: &str, lines: &[&Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> &[Option<f64>; 3]| {
            [0, 1, 2].map(|measure| {
                let sum: Option<f64> = lines.iter().map(|line| of(line)[measure]).sum();
                Some(sum? / lines.len() as f64)
            })
        };
        (!lines.is_empty()).then(|| Self {
            name: name.to_owned(),
            baseline: mean(|line| &line.baseline),
            full: mean(|line| &line.full),
            difference: mean(|line| &line.difference),
        })
    }
}
