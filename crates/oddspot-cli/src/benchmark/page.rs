//! The page of a benchmark, and what is kept for it beside the runs.
//!
//! A run of the first seed keeps its curves when it is measured, since only then they are known.
//! The examples of a data set are drawn from the models of its runs whenever those have changed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use oddspot::Detector;
use oddspot::datasets::Dataset;
use oddspot::files::atomic;
use oddspot::settings::Method;
use oddspot_draw::page::{Example, Section, Shown, benchmark_page, named, pick};
use oddspot_measure::benchmark::Record;
use oddspot_measure::report::{Judged, Protocol, TestImage, judge_one};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Listed;
use super::files::{PAGE, write_json};
use super::runs::Benchmark;
use crate::advice::chain;

/// Examples of each data set: with the fifteen of MVTec AD the page stays below 10 MB.
const EXAMPLES: usize = 6;

/// The page as far as runs are finished.
pub struct Page<'a> {
    benchmark: &'a Benchmark<'a>,
    sections: BTreeMap<String, Section>,
}

/// The examples of a data set, in `runs/<data set>.examples.json`.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The runs whose models drew them.
    of: Vec<Record>,
    examples: Vec<Example>,
}

/// The part of an evaluation's JSON that tells what to show.
#[derive(Deserialize)]
struct Evaluated {
    images: Vec<TestImage>,
}

impl<'a> Page<'a> {
    /// Of no data set yet.
    pub fn new(benchmark: &'a Benchmark<'a>) -> Self {
        Self {
            benchmark,
            sections: BTreeMap::new(),
        }
    }

    /// Brings a data set's section up to its finished runs. What cannot be shown is said on the
    /// page: it is no reason to end a benchmark.
    ///
    /// # Errors
    /// Examples that cannot be written.
    pub fn refresh(
        &mut self,
        name: &str,
        Listed { dataset, .. }: &Listed,
        records: &BTreeMap<String, Record>,
    ) -> Result<()> {
        let of_method = |method| {
            records.values().find(|record| {
                let first = record.settings.training.seed == 0;
                first && record.category == name && record.method() == method
            })
        };
        let (full, baseline) = (of_method(Method::Full), of_method(Method::Baseline));
        let Some(main) = full.or(baseline).or(of_method(Method::Instant)) else {
            return Ok(());
        };
        let mut section = Section {
            name: name.to_owned(),
            curves: None,
            examples: Vec::new(),
            missing: Vec::new(),
        };
        let run = run_name(main);
        match read(&self.benchmark.run_file(&run, "curves.json")) {
            Ok(curves) => section.curves = Some((run, curves)),
            Err(error) => section.missing.push(format!(
                "The curves are kept when a run is measured: delete {run}.json to make it again \
                 ({})",
                chain(&error)
            )),
        }
        let below = full.and(baseline);
        match self.examples(name, dataset, main, below)? {
            Ok(examples) => section.examples = examples,
            Err(error) => section
                .missing
                .push(format!("There are no pictures: {}", chain(&error))),
        }
        self.sections.insert(name.to_owned(), section);
        Ok(())
    }

    /// The kept examples, if they are of these runs; else they are drawn and kept. The inner
    /// error is of what there is to draw from, the outer one of writing.
    fn examples(
        &self,
        name: &str,
        dataset: &Dataset,
        main: &Record,
        baseline: Option<&Record>,
    ) -> Result<Result<Vec<Example>>> {
        let file = self.benchmark.run_file(name, "examples.json");
        let of: Vec<Record> = [Some(main), baseline]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if let Ok(kept) = read::<Kept>(&file)
            && kept.of == of
        {
            return Ok(Ok(kept.examples));
        }
        let examples = match self.draw(dataset, main, baseline) {
            Ok(examples) => examples,
            Err(error) => return Ok(Err(error)),
        };
        let kept = Kept { of, examples };
        write_json(&file, &kept)?;
        Ok(Ok(kept.examples))
    }

    fn draw(
        &self,
        dataset: &Dataset,
        main: &Record,
        baseline: Option<&Record>,
    ) -> Result<Vec<Example>> {
        let run = run_name(main);
        let Evaluated { images } = read(&self.benchmark.run_file(&run, "evaluation.json"))?;
        let names: Vec<String> = (pick(&images, EXAMPLES).into_iter())
            .map(|at| images[at].name.clone())
            .collect();
        let shown = named(dataset, &names)?;
        note!(
            self.benchmark.runtime().voice,
            "{run}: pictures for the page"
        );
        let detector = self.detector(main)?;
        let judged = self.judge(&detector, dataset, &shown)?;
        let beside = match baseline {
            Some(record) => {
                let detector = self.detector(record)?;
                let judged = self.judge(&detector, dataset, &shown)?;
                Some((judged, detector.header().settings.clone()))
            }
            None => None,
        };
        let example = |(number, &at): (usize, &usize)| {
            let shown = Shown {
                inspected: None,
                image: &detector.reading().decode(&dataset.test[at].image)?.image,
                judged: &judged[number],
                baseline: (beside.as_ref()).map(|(judged, settings)| (&judged[number], settings)),
                settings: &detector.header().settings,
                thresholds: [detector.thresholds().image, detector.thresholds().check],
            };
            Ok(Example::new(shown)?)
        };
        shown.iter().enumerate().map(example).collect()
    }

    fn detector(&self, record: &Record) -> Result<Detector> {
        let file = self.benchmark.run_file(&run_name(record), "oddspot");
        let detector = self.benchmark.runtime().detector(&file)?;
        // A run with other settings may have got as far as its model, but not to its record.
        let (settings, teacher) = (&detector.header().settings, &detector.header().teacher);
        anyhow::ensure!(
            record.is_of(&record.contents, settings, teacher),
            "{} is not the model of the run that is kept; delete {}.json beside it to make the run \
             again",
            file.display(),
            run_name(record)
        );
        Ok(detector)
    }

    fn judge(
        &self,
        detector: &Detector,
        dataset: &Dataset,
        shown: &[usize],
    ) -> Result<Vec<Judged>> {
        let judge = |&at: &usize| {
            anyhow::ensure!(
                self.benchmark.flow().is_continue(),
                "the benchmark was interrupted; the same command draws them"
            );
            Ok(judge_one(detector, dataset, (&dataset.test[at], false))?)
        };
        shown.iter().map(judge).collect()
    }

    /// Writes `report.html`, if any run is finished.
    ///
    /// # Errors
    /// A page that cannot be written.
    pub fn write(&self, records: &BTreeMap<String, Record>) -> Result<()> {
        let records: Vec<Record> = records.values().cloned().collect();
        if records.is_empty() {
            return Ok(());
        }
        let tables = Protocol::ALL.map(|protocol| self.benchmark.tables(&records, protocol));
        let sections: Vec<Section> = self.sections.values().cloned().collect();
        let page = benchmark_page(&tables, &sections)?;
        let file = self.benchmark.output().join(PAGE);
        Ok(atomic::write_bytes(file, page.as_bytes())?)
    }
}

/// The name of the files of the run that a record is of.
fn run_name(record: &Record) -> String {
    super::runs::name(&record.category, &record.settings)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("cannot use {}", file.display()))
}
