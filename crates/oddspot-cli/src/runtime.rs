//! What every command needs of the machine: device, threads, the teachers' folder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use oddspot::device::{self, Device};
use oddspot::teacher::Library;

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

impl RuntimeArgs {
    /// Sets the threads of the process and opens the device.
    pub fn open(&self) -> Result<Device> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .context("cannot start the threads; lower --threads")?;
        Ok(device::open(&self.device)?)
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
