//! The runs of a benchmark: each a training, its measurement, and what is kept of both.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use oddspot::atomic;
use oddspot::benchmark::{Cost, Format, ImageCounts, Record, Tables};
use oddspot::chart::drawings_of;
use oddspot::config::{Config, Method};
use oddspot::dataset::{Category, Dataset, Sample};
use oddspot::detector::Detector;
use oddspot::device::Device;
use oddspot::network::Parameters;
use oddspot::report::{MapKind, Protocol, check_test_set, evaluate};
use oddspot::teacher::{Teacher, TeacherIdentity};
use oddspot::tensor_file::NamedTensors;
use oddspot::training::{HeldOut, Outcome, Trainer, TrainingSet};

use super::{BenchmarkArgs, Listed};
use crate::evaluate::Bars;
use crate::peak_memory;
use crate::progress::Progress;
use crate::runtime::{Runtime, teacher_library};

/// One training and its measurement.
pub struct Run<'a> {
    /// The data set.
    pub category: &'a Category,
    config: Config,
}

impl Run<'_> {
    /// The name of its files.
    pub fn name(&self) -> String {
        name(&self.category.name, &self.config)
    }
}

/// The name of the files of a data set's run.
pub fn name(category: &str, config: &Config) -> String {
    format!(
        "{category}-{}-{}",
        config.method.name(),
        config.training.seed
    )
}

/// What all runs share.
pub struct Benchmark<'a> {
    args: &'a BenchmarkArgs,
    config: Config,
    runtime: Runtime,
    folder: PathBuf,
    teacher: Teacher,
    weights: NamedTensors,
    identity: TeacherIdentity,
}

impl<'a> Benchmark<'a> {
    /// Makes the folder of the runs and the teacher ready.
    pub fn open(args: &'a BenchmarkArgs, config: Config, runtime: Runtime) -> Result<Self> {
        let folder = args.output.join("runs");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let (weights, identity) = teacher_library()?.find(&config.teacher)?;
        let parameters = Parameters::from_tensors(&weights.tensors, &runtime.device);
        let teacher =
            Teacher::new(identity.architecture, &parameters).map_err(anyhow::Error::msg)?;
        Ok(Self {
            args,
            config,
            runtime,
            folder,
            teacher,
            weights: weights.tensors,
            identity,
        })
    }

    /// All runs, data set by data set and seed by seed.
    pub fn runs<'c>(&self, found: &'c [Category]) -> Vec<Run<'c>> {
        let mut methods: Vec<Method> = Vec::new();
        for &name in &self.args.methods {
            if !methods.contains(&name.into()) {
                methods.push(name.into());
            }
        }
        let mut runs = Vec::new();
        for category in found {
            for seed in 0..self.args.seeds {
                for &method in &methods {
                    let mut config = self.config.clone();
                    config.method = method;
                    config.training.seed = seed;
                    runs.push(Run { category, config });
                }
            }
        }
        runs
    }

    fn file(&self, run: &Run, extension: &str) -> PathBuf {
        self.run_file(&run.name(), extension)
    }

    /// A file beside the runs.
    pub fn run_file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    /// The folder of the tables.
    pub fn output(&self) -> &Path {
        &self.args.output
    }

    /// Where tensors live.
    pub fn device(&self) -> &Device {
        &self.runtime.device
    }

    /// Whether the user has asked to stop.
    pub fn flow(&self) -> ControlFlow<()> {
        self.runtime.interrupt.flow()
    }

    /// The record of a run that is finished, on these images and with these settings.
    pub fn finished(&self, run: &Run, contents: &str) -> Result<Option<Record>> {
        let file = self.file(run, "json");
        if !file.exists() {
            return Ok(None);
        }
        let bytes =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let record: Record = match serde_json::from_slice(&bytes) {
            Ok(record) => record,
            Err(error) => bail!(
                "{} is no record of a run ({error}); delete it to make the run again",
                file.display()
            ),
        };
        if record.is_of(contents, &run.config, &self.identity) {
            return Ok(Some(record));
        }
        tell!(
            "{} was run with another teacher, settings, images or version; it is made again",
            run.name()
        );
        Ok(None)
    }

    /// Keeps a run's record; its checkpoint is of no more use then.
    pub fn keep(&self, run: &Run, record: &Record) -> Result<()> {
        write_json(&self.file(run, "json"), record)?;
        std::fs::remove_file(self.file(run, "checkpoint")).ok();
        Ok(())
    }

    /// Makes a run, its data set prepared with the first of it; None if the user has asked to
    /// stop.
    pub fn make(
        &self,
        run: &Run,
        listed: &Listed,
        prepared: &mut Option<TrainingSet>,
    ) -> Result<Option<Record>, Failure> {
        if prepared.is_none() {
            *prepared = self.prepare(&listed.dataset).map_err(Failure::Category)?;
        }
        let Some(set) = prepared else {
            return Ok(None);
        };
        tell!("{}", run.name());
        self.one(run, listed, set)
    }

    /// All good images, those of the data set's own held-out part last; None if the user has
    /// asked to stop.
    fn prepare(&self, dataset: &Dataset) -> Result<Option<TrainingSet>> {
        // Now, and not after hours of training.
        check_test_set(dataset)?;
        dataset.split(0)?;
        let samples = [&dataset.train[..], &dataset.held_out].concat();
        let mut bar = Progress::new("preparing", "images", 0, samples.len());
        let set = TrainingSet::prepare(
            &samples,
            &dataset.root,
            &self.config,
            &self.teacher,
            &self.runtime.device,
            &self.folder,
            |done, _| {
                bar.set(done, String::new);
                self.runtime.interrupt.flow()
            },
        )?;
        bar.finish();
        Ok(set)
    }

    /// Trains and measures; None if the user has asked to stop.
    fn one(
        &self,
        run: &Run,
        Listed { dataset, contents }: &Listed,
        prepared: &TrainingSet,
    ) -> Result<Option<Record>, Failure> {
        peak_memory::reset();
        let split = (dataset.split(run.config.training.seed)).map_err(of_category)?;
        let all = dataset.train.iter().chain(&dataset.held_out);
        let numbers: HashMap<&Path, usize> = (all.enumerate())
            .map(|(number, sample)| (sample.image.as_path(), number))
            .collect();
        let places = |samples: &[Sample]| -> Vec<usize> {
            let number = |sample: &Sample| numbers.get(sample.image.as_path()).copied();
            samples.iter().filter_map(number).collect()
        };
        let (train, held_out) = (places(&split.train), places(&split.held_out));
        let images = ImageCounts {
            train: train.len(),
            held_out: held_out.len(),
            test: dataset.test.len(),
        };
        let held_out = HeldOut::part(prepared, &held_out);
        let set = || prepared.part(&train);
        let started = Instant::now();
        let model = self.train(run, set, held_out)?;
        let Some(path) = model else {
            return Ok(None);
        };
        let train_seconds = started.elapsed().as_secs_f64();

        let started = Instant::now();
        let library = teacher_library().map_err(Failure::Output)?;
        let detector =
            Detector::load(&path, &library, &self.runtime.device).map_err(of_category)?;
        let mut bars = Bars::default();
        let evaluation = evaluate(
            &detector,
            dataset,
            MapKind::of(run.config.method),
            |phase, done, total| {
                bars.set(phase, done, total);
                self.runtime.interrupt.flow()
            },
        );
        bars.finish();
        let Some(evaluation) = evaluation.map_err(of_category)? else {
            return Ok(None);
        };
        let cost = Cost {
            train_seconds,
            evaluate_seconds: started.elapsed().as_secs_f64(),
            peak_mib: peak_memory::read(),
        };
        let file = self.file(run, "evaluation.json");
        write_json(&file, &evaluation).map_err(Failure::Output)?;
        if run.config.training.seed == 0 {
            let file = self.file(run, "curves.json");
            write_json(&file, &drawings_of(&evaluation)).map_err(Failure::Output)?;
        }
        let of = (run.category.name.as_str(), contents.as_str());
        Ok(Some(Record::new(of, &evaluation, images, cost)))
    }

    /// Trains a model and writes it, or goes on where an earlier call was broken off; None if the
    /// user has asked to stop.
    fn train(
        &self,
        run: &Run,
        set: impl Fn() -> TrainingSet,
        held_out: HeldOut,
    ) -> Result<Option<PathBuf>, Failure> {
        let (checkpoint, config) = (self.file(run, "checkpoint"), &run.config);
        let (channels, device) = (self.teacher.channels(), &self.runtime.device);
        let fresh = || {
            let identity = self.identity.clone();
            Trainer::new(config.clone(), identity, channels, set(), device).map_err(of_category)
        };
        let mut trainer = match checkpoint.exists() {
            false => fresh()?,
            true => {
                let identity = self.identity.clone();
                let resumed = Trainer::resume(
                    &checkpoint,
                    config.clone(),
                    identity,
                    channels,
                    set(),
                    device,
                );
                match resumed {
                    Ok(trainer) => trainer,
                    Err(error) => {
                        let reason = crate::chain(&error.into());
                        tell!("{} starts again from the first step: {reason}", run.name());
                        fresh()?
                    }
                }
            }
        };
        let batch = config.training.batch;
        let mut bar = Progress::new(
            "training",
            "images",
            trainer.iteration() * batch,
            config.training.iterations * batch,
        );
        let outcome = trainer.run(&checkpoint, |report| {
            bar.set(report.iteration * batch, String::new);
            self.runtime.interrupt.flow()
        });
        bar.finish();
        if outcome.map_err(of_training)? == Outcome::Interrupted {
            return Ok(None);
        }
        // A stop while it is scored or measured must not cost the training.
        trainer.save(&checkpoint).map_err(of_training)?;
        let weights = Some(self.weights.clone());
        let model = trainer.finish(&self.teacher, weights, held_out, |_, _| {
            self.runtime.interrupt.flow()
        });
        let Some(model) = model.map_err(of_category)? else {
            return Ok(None);
        };
        let path = self.file(run, "oddspot");
        model
            .save(&path)
            .map_err(|error| Failure::Output(error.into()))?;
        Ok(Some(path))
    }

    /// The tables of records under a protocol.
    pub fn tables(&self, records: &[Record], protocol: Protocol) -> Tables {
        Tables::new(records, &self.args.contextual, protocol)
    }

    /// Writes the tables of what is finished, in every form.
    pub fn write_tables(&self, records: &BTreeMap<String, Record>) -> Result<()> {
        let records: Vec<Record> = records.values().cloned().collect();
        if records.is_empty() {
            return Ok(());
        }
        let folder = &self.args.output;
        let tables = Protocol::ALL.map(|protocol| self.tables(&records, protocol));
        write_json(
            &folder.join("benchmark.json"),
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
        atomic::write_bytes(
            folder.join("cost.csv"),
            costs.render(Format::Csv).as_bytes(),
        )?;
        Ok(())
    }
}

/// Why a run failed.
pub enum Failure {
    /// By something about the data set, which its other runs would meet too.
    Category(anyhow::Error),
    /// By something about this run alone.
    Run(anyhow::Error),
    /// Since results cannot be written: no other run would do.
    Output(anyhow::Error),
}

fn of_category(error: oddspot::Error) -> Failure {
    Failure::Category(error.into())
}

/// A training fails by diverging, or because its checkpoint cannot be written.
fn of_training(error: oddspot::Error) -> Failure {
    match error {
        oddspot::Error::Io { .. } => Failure::Output(error.into()),
        oddspot::Error::Diverged { iteration, .. } => Failure::Run(anyhow::anyhow!(
            "the training diverged at iteration {iteration}; give a lower --learning-rate"
        )),
        other => Failure::Category(other.into()),
    }
}

/// Writes a value as JSON.
pub fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(atomic::write_bytes(file, (text + "\n").as_bytes())?)
}
