//! What every command needs of the machine: device, threads, Ctrl-C, the teachers' folder.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use oddspot::judge::{Detector, MOST_PER_CORE, Options, pool};
use oddspot::net::engine::Cpu;
use oddspot::net::teachers::Library;
use oddspot::train::TrainingEngine;
use oddspot::{Error, ErrorKind, Model, Subject};
use rayon::ThreadPool;

use crate::interrupt::Interrupt;
use crate::voice::Voice;

/// Device and threads.
#[derive(Args, Clone)]
pub struct RuntimeArgs {
    /// Compute device: cpu, or wgpu in builds that have it
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Threads to compute with; 0 takes as many as there are cores
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// How much is told
    #[command(flatten)]
    pub voice: Voice,
}

/// A process made ready for work.
#[derive(Clone)]
pub struct Runtime {
    /// What computes.
    pub engine: Arc<dyn TrainingEngine>,
    /// Threads to compute with; 0 for as many as there are cores.
    pub threads: usize,
    /// Ctrl-C.
    pub interrupt: Interrupt,
    /// How much is told.
    pub voice: Voice,
}

impl RuntimeArgs {
    /// Opens the device and catches Ctrl-C; once a process.
    ///
    /// # Errors
    /// A device that this build or machine does not have.
    pub fn open(&self) -> Result<Runtime> {
        let engine = engine(&self.device)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.min(MOST_PER_CORE * cores);
        if threads < self.threads {
            note!(
                self.voice,
                "--threads {} is far above the {cores} cores that there are: {threads} compute",
                self.threads
            );
        }
        Ok(Runtime {
            engine,
            threads,
            interrupt: Interrupt::install()?,
            voice: self.voice,
        })
    }
}

fn engine(device: &str) -> Result<Arc<dyn TrainingEngine>, Error> {
    let refused = |reason: &str| {
        let subject = Subject::Device(device.to_owned());
        Err(Error::new(ErrorKind::NotFound, subject, reason))
    };
    match device {
        "cpu" => Ok(Arc::new(Cpu)),
        #[cfg(feature = "wgpu")]
        "wgpu" => graphics(),
        #[cfg(not(feature = "wgpu"))]
        "wgpu" => refused(
            "this build does not have it: build with `cargo build --release -p oddspot-cli \
             --features wgpu`, or use cpu",
        ),
        _ => refused("the devices are cpu and wgpu"),
    }
}

/// The graphics adapter, by its name.
#[cfg(feature = "wgpu")]
fn graphics() -> Result<Arc<dyn TrainingEngine>, Error> {
    let device = oddspot_burn::Burn::wgpu()?;
    if let Some(adapter) = device.adapter() {
        tell!("graphics adapter: {adapter}");
    }
    if device.is_software() {
        tell!("warning: that is no graphics card, but a program: --device cpu is faster");
    }
    Ok(Arc::new(device))
}

impl Runtime {
    /// Threads of the command's own, for work that is none of a training's or a detector's.
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn pool(&self) -> Result<ThreadPool> {
        Ok(pool(self.threads)?)
    }

    /// A model made ready to judge.
    ///
    /// # Errors
    /// An unusable model file, or a teacher that it was saved without and that is not at hand.
    pub fn detector(&self, path: &Path) -> Result<Detector> {
        let detector = Detector::load(path, self.options()?)?;
        if detector.header().is_first {
            tell!(
                "warning: {} is the first model of a training that is not done: its networks have learned \
                 nothing; `oddspot train` with --resume or anew makes the better one",
                path.display()
            );
        }
        Ok(detector)
    }

    /// The same of a model that is loaded.
    ///
    /// # Errors
    /// As [`detector`](Self::detector).
    pub fn detector_of(&self, model: Model) -> Result<Detector> {
        Ok(Detector::new(model, self.options()?)?)
    }

    fn options(&self) -> Result<Options> {
        Ok(Options {
            threads: self.threads,
            library: Some(teacher_library()),
            engine: Arc::<dyn TrainingEngine>::clone(&self.engine),
        })
    }
}

/// Imported teachers, where there is a place for them, and those in the program.
pub fn teacher_library() -> Library {
    imported_teachers().unwrap_or_else(|_| Library::in_the_program())
}

/// Where imported teachers are kept: `$ODDSPOT_CACHE/teachers`, else in the platform's folder for such
/// files.
///
/// # Errors
/// No home directory, and no such variable.
pub fn imported_teachers() -> Result<Library> {
    Library::of_user()
        .context("no home directory is known; set ODDSPOT_CACHE to a folder for teachers")
}
