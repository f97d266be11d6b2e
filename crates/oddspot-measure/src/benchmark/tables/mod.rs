//! The paper's Table 1 (Base against Prop., category by category) and Table 2 (the ablation) of
//! records.

mod ablation;
mod comparison;
mod costs;
mod headline;
mod spread;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Grid, Record};
use crate::report::Protocol;
use ablation::Ablation;
use comparison::Comparison;
use costs::CostLine;
pub use headline::Headline;

/// The paper's names of its measures.
const MEASURES: [&str; 3] = ["Image-AUC", "Pixel-AUC", "PRO"];

/// Both tables under one protocol. Serialised, the numbers of them.
#[derive(Clone, Debug, Serialize)]
pub struct Tables {
    protocol: Protocol,
    /// Table 1, a line a category, then the means.
    categories: Vec<Comparison>,
    /// Table 2, a line for each category and variant, then those of all.
    ablation: Vec<Ablation>,
    /// Seconds and memory of a run, the mean over the seeds.
    costs: Vec<CostLine>,
}

impl Tables {
    /// The tables of records; `contextual` names the categories that a mean of their own is taken
    /// of.
    pub fn new(records: &[Record], contextual: &[String], protocol: Protocol) -> Self {
        Self {
            protocol,
            categories: comparison::lines(records, contextual, protocol),
            ablation: ablation::lines(records, protocol),
            costs: costs::lines(records),
        }
    }

    /// What Table 1 comes to: its line of means, or its only one; None without records.
    pub fn headline(&self) -> Option<Headline> {
        let sets = self.data_sets();
        // The means stand below the categories.
        let line = self.categories.get(if sets > 1 { sets } else { 0 })?;
        Some(Headline::new(line, sets))
    }

    /// What Table 1 says of a category; None of one without records.
    pub fn headline_of(&self, name: &str) -> Option<Headline> {
        let mut categories = self.categories.iter().take(self.data_sets());
        let line = categories.find(|line| line.name == name)?;
        Some(Headline::new(line, 1))
    }

    fn data_sets(&self) -> usize {
        let names = self.costs.iter().map(|line| line.name.as_str());
        names.collect::<BTreeSet<_>>().len()
    }

    /// As text: Table 1 and Table 2.
    pub fn grids(&self) -> [Grid; 2] {
        [
            comparison::grid(&self.categories, self.protocol),
            ablation::grid(&self.ablation, self.protocol),
        ]
    }

    /// As text: what the runs took, which is the same under any protocol.
    pub fn costs(&self) -> Grid {
        costs::grid(&self.costs)
    }
}

/// The headings of a table: the first columns, then some for each measure.
fn headings(first: &[&str], each: &[&str]) -> Vec<String> {
    let measures = (MEASURES.iter())
        .flat_map(|measure| each.iter().map(move |part| format!("{measure}{part}")));
    (first.iter().map(|&text| text.to_owned()))
        .chain(measures)
        .collect()
}

#[cfg(test)]
mod tests;
