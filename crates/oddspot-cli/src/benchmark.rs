//! `oddspot benchmark`: the paper's tables over all data sets of a folder.

mod files;
mod making;
mod page;
mod runs;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use oddspot::datasets::{Category, Dataset, categories};
use oddspot::settings::{Method, Settings};
use oddspot_measure::benchmark::{Format, Record};
use oddspot_measure::report::{Protocol, doubts};

use crate::advice;
use crate::besides::lines;
use crate::configuration::Configuration;
use crate::interrupt::INTERRUPTED;
use crate::printing;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::voice::{Voice, about};
use files::PAGE;
use making::Failure;
use page::Page;
pub use runs::name as name_of_run;
use runs::{Benchmark, Run};
pub use tables::write_tables;

/// Arguments of `oddspot benchmark`.
#[derive(Args, Clone)]
pub struct BenchmarkArgs {
    /// Folder of data sets, or one data set, each with good images and a labelled test set
    pub root: PathBuf,
    /// Folder for the tables and the runs; runs that are finished in it are not made again
    #[arg(
        short,
        long,
        value_name = "FOLDER",
        default_value = "oddspot-benchmark"
    )]
    pub output: PathBuf,
    /// Methods to compare
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "baseline,full"
    )]
    pub methods: Vec<MethodName>,
    /// Trainings of each method and data set, with the seeds 0 to K - 1
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Only these data sets, by the names of their folders
    #[arg(long, value_delimiter = ',')]
    pub categories: Vec<String>,
    /// Data sets whose defects are contextual: Table 1 has their mean too
    #[arg(long, value_delimiter = ',')]
    pub contextual: Vec<String>,
    /// Preset, file (but method and seed, which --methods and --seeds decide) and single settings
    #[command(flatten)]
    pub configuration: Configuration,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// A method's name as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// The paper's "Base": the student alone
    Baseline,
    /// The paper's "Prop.": student and position classifier; with the closed-form terms, if the settings have any
    Full,
    /// The closed-form terms alone
    Instant,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Baseline => Self::Baseline,
            MethodName::Full => Self::Full,
            MethodName::Instant => Self::Instant,
        }
    }
}

/// Runs what is not finished yet and writes the tables.
pub fn run(args: &BenchmarkArgs) -> Result<ExitCode> {
    let found = chosen(categories(&args.root)?, &args.categories, &args.root)?;
    benchmark(args, args.runtime.open()?, &found)
}

/// As [`run`], on a runtime that is open and on data sets that were found.
///
/// # Errors
/// Settings that a benchmark decides, or that are none; a folder that cannot be written; what could not be measured.
pub fn benchmark(args: &BenchmarkArgs, runtime: Runtime, found: &[Category]) -> Result<ExitCode> {
    let decided = ["method", "training.seed"];
    ensure!(
        !decided.iter().any(|name| args.configuration.is_given(name)),
        "a benchmark has --methods and --seeds in the place of --method and --seed"
    );
    for name in &args.contextual {
        ensure!(
            found.iter().any(|category| category.name == *name),
            "--contextual names {name}, which is not among the data sets ({})",
            names(found)
        );
    }
    let settings = args.configuration.over(Settings::default())?;
    let pool = runtime.pool()?;
    pool.install(|| measure(&Benchmark::open(args, settings, runtime)?, found))
}

/// Makes the runs of the data sets that are missing, data set by data set.
fn measure(benchmark: &Benchmark, found: &[Category]) -> Result<ExitCode> {
    let mut failed = BTreeSet::new();
    let listed = list(found, &mut failed, benchmark.runtime().voice);
    let runs = benchmark.runs(found);
    // All of what is finished is in the tables from the first on, whatever comes.
    let mut records = finished(benchmark, &runs, &listed)?;
    let mut page = Page::new(benchmark);
    for (&name, listed) in &listed {
        page.refresh(name, listed, &records)?;
    }
    for (&name, listed) in &listed {
        let missing = |run: &&Run| run.category.name == name && !records.contains_key(&run.name());
        let missing: Vec<&Run> = runs.iter().filter(missing).collect();
        let mut kept = Kept {
            records: &mut records,
            page: &mut page,
            failed: &mut failed,
        };
        if make(benchmark, listed, &missing, &mut kept)?.is_break() || benchmark.flow().is_break() {
            benchmark.write_tables(&records)?;
            page.write(&records)?;
            tell!("interrupted; what is finished is kept, and the same command goes on");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    benchmark.write_tables(&records)?;
    page.write(&records)?;
    summarise(benchmark, records.into_values().collect());
    let failed: Vec<String> = failed.into_iter().collect();
    ensure!(
        failed.is_empty(),
        "not everything of {} could be measured: see above",
        failed.join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// The records of the runs that are finished, by the runs' names.
fn finished(
    benchmark: &Benchmark,
    runs: &[Run],
    listed: &BTreeMap<&str, Listed>,
) -> Result<BTreeMap<String, Record>> {
    let mut records = BTreeMap::new();
    for run in runs {
        if let Some(listed) = listed.get(run.category.name.as_str())
            && let Some(record) = benchmark.finished(run, &listed.contents)?
        {
            records.insert(run.name(), record);
        }
    }
    Ok(records)
}

/// Prints the tables, if there is anything in them; a reader that has gone is no reason to stop.
fn summarise(benchmark: &Benchmark, records: Vec<Record>) {
    if records.is_empty() || benchmark.runtime().voice.quiet {
        return;
    }
    let tables = benchmark.tables(&records, Protocol::Paper);
    for grid in tables.grids().into_iter().chain([tables.costs()]) {
        let _ = printing::text(&(grid.render(Format::Markdown) + "\n"));
    }
    let output = benchmark.output();
    say!(
        "tables of both protocols and all runs: {}; to look at: {}",
        output.display(),
        output.join(PAGE).display()
    );
}

fn names(found: &[Category]) -> String {
    let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
    names.join(", ")
}

/// Those that were asked for, or all.
fn chosen(found: Vec<Category>, wanted: &[String], root: &Path) -> Result<Vec<Category>> {
    for name in wanted {
        ensure!(
            found.iter().any(|category| category.name == *name),
            "there is no data set {name} in {} (there are {})",
            root.display(),
            names(&found)
        );
    }
    let asked = |one: &Category| wanted.is_empty() || wanted.contains(&one.name);
    Ok(found.into_iter().filter(asked).collect())
}

/// A data set as it is now.
pub struct Listed {
    dataset: Dataset,
    /// Its [`Dataset::contents`].
    contents: String,
}

/// Lists the data sets by name; those that cannot be listed have failed.
fn list<'a>(
    found: &'a [Category],
    failed: &mut BTreeSet<String>,
    voice: Voice,
) -> BTreeMap<&'a str, Listed> {
    let mut listed = BTreeMap::new();
    for Category { name, path } in found {
        let open = || {
            let dataset = Dataset::open(path)?;
            let contents = dataset.contents()?;
            Ok::<_, oddspot::Error>(Listed { dataset, contents })
        };
        match open() {
            Ok(one) => {
                for line in lines(&one.dataset.besides, false) {
                    note!(voice, "{}", about(name, &line));
                }
                for line in doubts(&one.dataset) {
                    tell!("warning: {name}: {line}");
                }
                listed.insert(name.as_str(), one);
            }
            Err(error) => fail(failed, name, error.into()),
        }
    }
    listed
}

/// Says that a data set has failed, and notes it.
fn fail(failed: &mut BTreeSet<String>, name: &str, error: anyhow::Error) {
    printing::error(&format!("{name}: {}", advice::said(&error)));
    failed.insert(name.to_owned());
}

/// What comes of the runs.
struct Kept<'k, 'p> {
    records: &'k mut BTreeMap<String, Record>,
    page: &'k mut Page<'p>,
    failed: &'k mut BTreeSet<String>,
}

/// Makes the missing runs of a data set and keeps each; breaks if the user has asked to stop.
fn make(
    benchmark: &Benchmark,
    listed: &Listed,
    missing: &[&Run],
    kept: &mut Kept,
) -> Result<ControlFlow<()>> {
    let mut prepared = None;
    for run in missing {
        let name = &run.category.name;
        match benchmark.make(run, listed, &mut prepared) {
            Ok(Some(record)) => {
                benchmark.keep(run, &record)?;
                kept.records.insert(run.name(), record);
                benchmark.write_tables(kept.records)?;
                kept.page.refresh(name, listed, kept.records)?;
                kept.page.write(kept.records)?;
            }
            Ok(None) => return Ok(ControlFlow::Break(())),
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::Run(error)) => fail(kept.failed, name, error),
            Err(Failure::Category(error)) => {
                fail(kept.failed, name, error);
                break;
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}
