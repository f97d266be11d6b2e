//! The commands that fleets know: what each works on, writes, and does to a part.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use oddspot::Subject;
use oddspot::datasets::{Category, Dataset, list};
use oddspot::settings::Settings;

use super::options::{Values, options};
use crate::benchmark::{BenchmarkArgs, benchmark};
use crate::detect::{DetectArgs, detect};
use crate::evaluate::{EvaluateArgs, evaluate};
use crate::output::beside;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::train::{TrainArgs, train};

/// The column of a part's good images, or of its data set.
pub const DATA: &str = "data";
/// The column of its images to judge.
pub const IMAGES: &str = "images";
/// Results of `detect`, in the part's folder.
pub const FOUND: &str = "found";
/// The same while they are written.
const WRITING: &str = ".found.tmp";
/// The same of before, while they make place.
const BEFORE: &str = ".found.old";
/// What `evaluate` writes.
pub const EVALUATION: &str = "evaluation.json";
/// The folder of `benchmark`.
pub const BENCHMARK: &str = "benchmark";

/// Where things of a part lie.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// What the part is called.
    pub name: &'a str,
    /// Its folder.
    pub folder: &'a Path,
    /// Its model.
    pub model: &'a Path,
    /// Its data, or its images.
    pub given: &'a [PathBuf],
}

/// A command that fleets know.
pub trait Kind: Args + Clone {
    /// What it is called.
    const COMMAND: &'static str;
    /// The column of what it works on.
    const GIVEN: &'static str;
    /// Whether it needs a model.
    const NEEDS_MODEL: bool;
    /// Whether it writes one.
    const WRITES_MODEL: bool = false;
    /// Options that it decides itself, whatever a column says.
    const DECIDES: &'static [&'static str] = &[];

    /// What stands in the command without an option, and the options of a part's own files.
    fn words(place: Place) -> (Vec<PathBuf>, Values);

    /// Looks at settings that can be wrong together.
    ///
    /// # Errors
    /// Settings out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Device and threads.
    fn runtime(&self) -> &RuntimeArgs;

    /// What is there of a part that is finished.
    fn outputs(place: Place) -> Vec<PathBuf>;

    /// Does it. `begun` says whether the same was begun before and broken off.
    ///
    /// # Errors
    /// Those of the command.
    fn work(&self, place: Place, begun: bool, runtime: &Runtime) -> Result<ExitCode>;

    /// The images of what is given, with the folder that they are called by.
    ///
    /// # Errors
    /// A path that does not exist, or is no data set.
    fn images(given: &Path) -> Result<Vec<PathBuf>> {
        let dataset = Dataset::open(given)?;
        let samples = dataset.train.iter().chain(&dataset.held_out);
        let mut files: Vec<PathBuf> = samples
            .chain(&dataset.test)
            .flat_map(|one| std::iter::once(&one.image).chain(&one.masks).cloned())
            .collect();
        // A manifest of images says what each is.
        files.extend(given.is_file().then(|| given.to_owned()));
        Ok(files)
    }
}

/// All options that may be columns.
pub fn all_columns() -> BTreeSet<String> {
    let all = options::<TrainArgs>().into_iter();
    let all = all.chain(options::<DetectArgs>());
    let all = all.chain(options::<EvaluateArgs>());
    let all = all.chain(options::<BenchmarkArgs>());
    all.filter(|known| known.is_column())
        .map(|known| known.name)
        .collect()
}

fn valued(name: &str, value: impl Into<std::ffi::OsString>) -> (String, Vec<std::ffi::OsString>) {
    (name.to_owned(), vec![value.into()])
}

impl Kind for TrainArgs {
    const COMMAND: &'static str = "train";
    const GIVEN: &'static str = DATA;
    const NEEDS_MODEL: bool = false;
    const WRITES_MODEL: bool = true;

    fn words(place: Place) -> (Vec<PathBuf>, Values) {
        let output = valued("output", place.model);
        (place.given.to_vec(), Values::from([output]))
    }

    fn check(&self) -> Result<()> {
        self.configuration.over(Settings::default()).map(|_| ())
    }

    fn runtime(&self) -> &RuntimeArgs {
        &self.runtime
    }

    fn outputs(place: Place) -> Vec<PathBuf> {
        vec![place.model.to_owned()]
    }

    fn work(&self, place: Place, begun: bool, runtime: &Runtime) -> Result<ExitCode> {
        make_folder(crate::output::parent(place.model))?;
        let has_checkpoint = beside(place.model, "checkpoint").exists();
        let mut args = self.clone();
        args.replace = true;
        args.goes_on_by_itself = true;
        args.resume = begun && has_checkpoint;
        args.restart = !args.resume;
        let trained = train(&args, runtime);
        let is_unfit = |error: &anyhow::Error| {
            let ours = error.downcast_ref::<oddspot::Error>();
            ours.is_some_and(|error| *error.subject() == Subject::Checkpoint)
        };
        match trained {
            Err(error) if args.resume && is_unfit(&error) => {
                tell!("{}: {error}; it is trained from the first step", place.name);
                args.resume = false;
                args.restart = true;
                train(&args, runtime)
            }
            trained => trained,
        }
    }
}

impl Kind for DetectArgs {
    const COMMAND: &'static str = "detect";
    const GIVEN: &'static str = IMAGES;
    const NEEDS_MODEL: bool = true;

    fn words(place: Place) -> (Vec<PathBuf>, Values) {
        let model = std::iter::once(place.model.to_owned());
        let output = valued("output", place.folder.join(WRITING));
        let quiet = ("quiet".to_owned(), Vec::new());
        let given = place.given.iter().cloned();
        (model.chain(given).collect(), Values::from([output, quiet]))
    }

    fn runtime(&self) -> &RuntimeArgs {
        &self.judging.runtime
    }

    fn outputs(place: Place) -> Vec<PathBuf> {
        let found = place.folder.join(FOUND);
        ["results.jsonl", "results.csv"]
            .map(|file| found.join(file))
            .to_vec()
    }

    fn work(&self, place: Place, _begun: bool, runtime: &Runtime) -> Result<ExitCode> {
        let [found, writing, before] = [FOUND, WRITING, BEFORE].map(|name| place.folder.join(name));
        for left in [&writing, &before] {
            remove_folder(left)?;
        }
        let status = detect(self, runtime)?;
        if runtime.interrupt.flow().is_break() {
            return Ok(status);
        }
        // A folder cannot be renamed over another.
        if found.exists() {
            std::fs::rename(&found, &before).context("cannot replace the earlier results")?;
        }
        std::fs::rename(&writing, &found).context("cannot keep the results")?;
        remove_folder(&before)?;
        Ok(status)
    }

    fn images(given: &Path) -> Result<Vec<PathBuf>> {
        Ok(list(given)?.images)
    }
}

impl Kind for EvaluateArgs {
    const COMMAND: &'static str = "evaluate";
    const GIVEN: &'static str = DATA;
    const NEEDS_MODEL: bool = true;

    fn words(place: Place) -> (Vec<PathBuf>, Values) {
        let model = std::iter::once(place.model.to_owned());
        let json = valued("json", place.folder.join(EVALUATION));
        let given = place.given.iter().cloned();
        (model.chain(given).collect(), Values::from([json]))
    }

    fn runtime(&self) -> &RuntimeArgs {
        &self.runtime
    }

    fn outputs(place: Place) -> Vec<PathBuf> {
        vec![place.folder.join(EVALUATION)]
    }

    fn work(&self, place: Place, _begun: bool, runtime: &Runtime) -> Result<ExitCode> {
        oddspot::files::atomic::remove_leftovers(&place.folder.join(EVALUATION));
        evaluate(self, runtime)
    }
}

impl Kind for BenchmarkArgs {
    const COMMAND: &'static str = "benchmark";
    const GIVEN: &'static str = DATA;
    const NEEDS_MODEL: bool = false;
    const DECIDES: &'static [&'static str] = &["method", "seed"];

    fn words(place: Place) -> (Vec<PathBuf>, Values) {
        let output = valued("output", place.folder.join(BENCHMARK));
        (place.given.to_vec(), Values::from([output]))
    }

    fn check(&self) -> Result<()> {
        self.configuration.over(Settings::default()).map(|_| ())
    }

    fn runtime(&self) -> &RuntimeArgs {
        &self.runtime
    }

    fn outputs(place: Place) -> Vec<PathBuf> {
        vec![place.folder.join(BENCHMARK).join("benchmark.json")]
    }

    fn work(&self, place: Place, _begun: bool, runtime: &Runtime) -> Result<ExitCode> {
        let category = Category {
            name: place.name.to_owned(),
            path: self.root.clone(),
        };
        benchmark(self, runtime.clone(), &[category])
    }
}

/// Makes a folder, and those that it lies in.
///
/// # Errors
/// A place that cannot be written.
pub fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

fn remove_folder(folder: &Path) -> Result<()> {
    match folder.exists() {
        true => std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display())),
        false => Ok(()),
    }
}
