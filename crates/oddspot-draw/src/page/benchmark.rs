//! The page of a benchmark.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::curves::Figures;
use super::legend::Legend;
use super::{Example, render};
use crate::chart::Drawings;
use oddspot::Result;
use oddspot_measure::benchmark::{Grid, Tables};

/// What a page shows of one data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Name of the data set.
    pub name: String,
    /// Its curves, and of which run they are.
    pub curves: Option<(String, Drawings)>,
    /// Its examples.
    pub examples: Vec<Example>,
    /// Why something is missing.
    pub missing: Vec<String>,
}

/// The page as HTML: the tables under the paper's protocol, then under the official one, what the
/// runs took, and a section for each data set.
///
/// # Errors
/// A page that cannot be put together, which no input is known to cause.
pub fn benchmark_page(tables: &[Tables; 2], sections: &[Section]) -> Result<String> {
    let [paper, official] = tables;
    let headline = paper.headline();
    let page = Page {
        heading: "Benchmark".to_owned(),
        summary: headline.as_ref().map(|headline| headline.sentence()),
        tiles: headline.map_or_else(Vec::new, |headline| headline.tiles()),
        grids: [&paper.grids()[..], &official.grids(), &[paper.costs()]].concat(),
        legend: Legend::of(sections.iter().flat_map(|section| &section.examples)),
        sections: sections
            .iter()
            .map(|section| View::new(section, paper))
            .collect(),
    };
    render(&page)
}

#[derive(Template)]
#[template(path = "benchmark.html")]
struct Page<'a> {
    heading: String,
    summary: Option<String>,
    tiles: Vec<[String; 3]>,
    grids: Vec<Grid>,
    legend: Legend,
    sections: Vec<View<'a>>,
}

struct View<'a> {
    section: &'a Section,
    brief: Option<String>,
    curves: Option<(&'a str, Figures)>,
}

impl<'a> View<'a> {
    fn new(section: &'a Section, tables: &Tables) -> Self {
        let curves = section.curves.as_ref();
        Self {
            section,
            brief: tables.headline_of(&section.name).map(|line| line.brief()),
            curves: curves.map(|(run, drawings)| (run.as_str(), Figures::new(drawings))),
        }
    }
}
