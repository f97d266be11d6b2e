//! Table 2, the ablation: what each part of the method brings.

use std::collections::BTreeSet;

use oddspot::settings::Method;
use oddspot::terms::{self, Kind};
use serde::Serialize;

use super::headings;
use super::spread::{Spread, measures_of, spread};
use crate::benchmark::{Grid, Record};
use crate::report::{MapKind, Protocol};

/// A line of Table 2, in percent, over the seeds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ablation {
    name: String,
    variant: String,
    seeds: usize,
    measures: [Option<Spread>; 3],
}

/// How it was trained, and which map is measured.
struct Variant {
    words: String,
    method: Method,
    map: MapKind,
}

/// The terms of the paper, each with its number and words where the paper measures it alone.
const PAPER: [(&str, Option<&str>); 2] = [
    ("reconstruction", Some("② trained with L_pos, ")),
    ("position", None),
];

/// ①, ②, ③ of the paper, then every further one of the terms that a record has measured alone.
fn variants(terms: &[&'static Kind], records: &[Record], protocol: Protocol) -> Vec<Variant> {
    let total = |words: &str, method| Variant {
        words: words.to_owned(),
        method,
        map: MapKind::Total,
    };
    let mut variants = vec![total("① baseline", Method::Baseline)];
    let mut further = Vec::new();
    for &kind in terms {
        let map = MapKind::Term(kind);
        let alone = |before: &str| Variant {
            words: format!("{before}{} alone", kind.symbol),
            method: Method::Full,
            map,
        };
        match PAPER.iter().find(|(name, _)| *name == kind.name) {
            Some((_, words)) => variants.extend(words.map(alone)),
            None => {
                let measured = |record: &Record| record.three(protocol, map).is_some();
                further.extend(records.iter().any(measured).then(|| alone("")));
            }
        }
    }
    variants.push(total("③ full", Method::Full));
    variants.extend(further);
    let instant = |record: &Record| record.method() == Method::Instant;
    if records.iter().any(instant) {
        variants.push(total("instant", Method::Instant));
    }
    variants
}

/// A line for each variant of a category, then, of several categories, those of all.
pub(super) fn lines(records: &[Record], protocol: Protocol) -> Vec<Ablation> {
    let names: BTreeSet<&str> = records.iter().map(|r| r.category.as_str()).collect();
    let variants = variants(terms::ALL, records, protocol);
    let mut lines = Vec::new();
    for name in &names {
        let runs: Vec<&Record> = records.iter().filter(|r| r.category == *name).collect();
        let line = |variant: &Variant| Ablation::of(name, &runs, variant, protocol);
        lines.extend(variants.iter().map(line));
    }
    if names.len() > 1 {
        let line = |variant: &Variant| Ablation::of_all(&names, records, variant, protocol);
        lines.extend(variants.iter().map(line));
    }
    lines
}

/// The lines as text.
pub(super) fn grid(lines: &[Ablation], protocol: Protocol) -> Grid {
    let cells = |line: &Ablation| {
        let seeds = line.seeds.to_string();
        let mut cells = vec![line.name.clone(), line.variant.clone(), seeds];
        cells.extend(line.measures.map(spread));
        cells
    };
    Grid {
        caption: format!(
            "Table 2, protocol {}, in percent, mean ± standard deviation over seeds",
            protocol.name()
        ),
        head: headings(&["category", "variant", "seeds"], &[""]),
        rows: lines.iter().map(cells).collect(),
    }
}

impl Ablation {
    fn of(name: &str, records: &[&Record], variant: &Variant, protocol: Protocol) -> Self {
        let runs = measures_of(records, (variant.method, variant.map), protocol);
        Self {
            name: name.to_owned(),
            variant: variant.words.clone(),
            seeds: runs.len(),
            measures: Spread::of_each(&runs),
        }
    }

    /// Over the seeds that every category has a run of: each counts by its mean over them.
    fn of_all(
        names: &BTreeSet<&str>,
        records: &[Record],
        variant: &Variant,
        protocol: Protocol,
    ) -> Self {
        let seeds: BTreeSet<u64> = records.iter().map(|r| r.settings.training.seed).collect();
        let of_seed = |seed: u64| -> Option<[Option<f64>; 3]> {
            let mut runs = Vec::new();
            for name in names {
                let of_run = |r: &&Record| {
                    let same = r.category == *name && r.settings.training.seed == seed;
                    same && r.method() == variant.method
                };
                let run = records.iter().find(of_run)?;
                runs.push(run.three(protocol, variant.map)?.all());
            }
            let share = |spread: Spread| spread.mean / 100.0;
            Some(Spread::of_each(&runs).map(|spread| spread.map(share)))
        };
        let by_seed: Vec<_> = seeds.into_iter().filter_map(of_seed).collect();
        Self {
            name: "all".to_owned(),
            variant: variant.words.clone(),
            seeds: by_seed.len(),
            measures: Spread::of_each(&by_seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;
    use crate::benchmark::Three;

    #[test]
    fn a_further_term_adds_a_row_of_its_own_where_it_was_measured() {
        let further: &'static Kind = Box::leak(Box::new(Kind {
            name: "further",
            symbol: "e_fur",
            ..*terms::ALL[0]
        }));
        let terms = [terms::ALL, &[further]].concat();
        let mut run = record("cable", Method::Full, 0, [0.9; 3]);
        let words = |run: &Record| -> Vec<String> {
            let variants = variants(&terms, std::slice::from_ref(run), Protocol::Paper);
            variants.into_iter().map(|variant| variant.words).collect()
        };
        let of_the_paper = ["① baseline", "② trained with L_pos, e_rec alone", "③ full"];
        assert_eq!(words(&run), of_the_paper);
        let maps = run.measures.entry(Protocol::Paper).or_default();
        maps.insert(MapKind::Term(further), Three::default());
        assert_eq!(words(&run)[..3], of_the_paper);
        assert_eq!(words(&run)[3..], ["e_fur alone"]);
        let instant = record("cable", Method::Instant, 0, [0.9; 3]);
        assert_eq!(words(&instant)[3..], ["instant"]);
    }
}
