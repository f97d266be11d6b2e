//! The runs of a benchmark: each a training, its measurement, and what is kept of both.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use oddspot::datasets::Category;
use oddspot::files::atomic;
use oddspot::files::lock::Hold;
use oddspot::images::ImageSize;
use oddspot::net::engine::Forward;
use oddspot::net::learned::Learned;
use oddspot::net::network::Level;
use oddspot::net::teachers::Teacher;
use oddspot::settings::{Method, Settings};
use oddspot_conv::Shape;
use oddspot_measure::benchmark::Record;

use super::BenchmarkArgs;
use super::files::{REPORT, is_output, write_json};
use crate::runtime::{Runtime, teacher_library};

/// One training and its measurement.
pub struct Run<'a> {
    /// The data set.
    pub category: &'a Category,
    pub(super) settings: Settings,
}

impl Run<'_> {
    /// The name of its files.
    pub fn name(&self) -> String {
        name(&self.category.name, &self.settings)
    }
}

/// The name of the files of a data set's run.
pub fn name(category: &str, settings: &Settings) -> String {
    format!(
        "{category}-{}-{}",
        settings.method.name(),
        settings.training.seed
    )
}

/// What all runs share.
pub struct Benchmark<'a> {
    pub(super) args: &'a BenchmarkArgs,
    pub(super) settings: Settings,
    pub(super) runtime: Runtime,
    pub(super) folder: PathBuf,
    pub(super) ready: ReadyTeacher,
    /// As long as anything is written to the folder.
    _hold: Hold,
}

/// The teacher made ready for images of the settings' size.
pub struct ReadyTeacher {
    pub(super) teacher: Teacher,
    pub(super) levels: Vec<Level>,
    pub(super) pass: Box<dyn Forward>,
}

impl ReadyTeacher {
    fn new(settings: &Settings, runtime: &Runtime) -> Result<Self> {
        let teacher = teacher_library().find(&settings.teacher)?;
        let levels = teacher.network.levels();
        // Before the images are decoded.
        Learned::new(settings, &levels)?;
        let ImageSize { width, height } = settings.image_size;
        let input = Shape::new(1, height, width, 3);
        let pass = (runtime.engine).forward(&teacher.network, &teacher.weights, input)?;
        Ok(Self {
            teacher,
            levels,
            pass,
        })
    }
}

impl<'a> Benchmark<'a> {
    /// Makes the folder of the runs and the teacher ready.
    ///
    /// # Errors
    /// A folder that cannot be made, or that another benchmark writes to; a teacher that is missing,
    /// or not one for images of this size.
    pub fn open(args: &'a BenchmarkArgs, settings: Settings, runtime: Runtime) -> Result<Self> {
        let ready = ReadyTeacher::new(&settings, &runtime)?;
        let folder = args.output.join("runs");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let hold = Hold::take_soon(&args.output.join(REPORT))?;
        atomic::remove_leftovers_in(&args.output, is_output);
        atomic::remove_leftovers_in(&folder, |_| true);
        Ok(Self {
            args,
            settings,
            runtime,
            folder,
            ready,
            _hold: hold,
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
                    let mut settings = self.settings.clone();
                    settings.method = method;
                    settings.training.seed = seed;
                    runs.push(Run { category, settings });
                }
            }
        }
        runs
    }

    pub(super) fn file(&self, run: &Run, extension: &str) -> PathBuf {
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

    /// Device, threads and Ctrl-C.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
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
        if record.is_of(contents, &run.settings, &self.ready.teacher.identity) {
            return Ok(Some(record));
        }
        note!(
            self.runtime.voice,
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
}
