//! What every command needs of the machine: device, threads, Ctrl-C, the teachers' folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use oddspot::device::{self, Device};
use oddspot::teacher::Library;

use crate::interrupt::Interrupt;

/// Device and threads.
#[derive(Args, Clone)]
pub struct RuntimeArgs {
    /// Compute device: cpu, or wgpu in builds that have it
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Threads to compute with; 0 takes as many as there are cores
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
}

/// A process made ready for work.
pub struct Runtime {
    /// Where tensors live.
    pub device: Device,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

impl RuntimeArgs {
    /// Opens the device, sets the threads of the process and catches Ctrl-C; once a process.
    pub fn open(&self) -> Result<Runtime> {
        let device = device::open(&self.device)?;
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .context("cannot start the threads; lower --threads")?;
        let interrupt = Interrupt::install()?;
        Ok(Runtime { device, interrupt })
    }
}

/// Where imported teachers are kept: `$ODDSPOT_CACHE/teachers`, else the platform's cache
/// directory.
pub fn teacher_library() -> Result<Library> {
    let cache = match std::env::var_os("ODDSPOT_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => directories::ProjectDirs::from("", "", "oddspot")
            .context("no home directory is known; set ODDSPOT_CACHE to a folder for teachers")?
            .cache_dir()
            .to_owned(),
    };
    Ok(Library::at(cache.join("teachers")))
}

/// Refuses, before long work, an output file that could not be written after it.
pub fn check_output(file: &Path) -> Result<()> {
    ensure!(
        !file.is_dir(),
        "{} is a folder; give a file name, such as {}",
        file.display(),
        file.join("model.oddspot").display()
    );
    tempfile::tempfile_in(parent(file)).with_context(|| {
        format!(
            "cannot write {}; choose an existing folder that you may write to (-o)",
            file.display()
        )
    })?;
    Ok(())
}

/// The file `<output>.<suffix>`.
pub fn beside(output: &Path, suffix: &str) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder of a file.
pub fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_in_a_missing_folder_is_refused_before_the_work() {
        let folder = std::env::temp_dir();
        assert!(check_output(Path::new("results.json")).is_ok());
        assert!(check_output(&folder.join("results.json")).is_ok());
        assert!(check_output(&folder).is_err());
        assert!(check_output(&folder.join("no such folder/results.json")).is_err());
    }
}
