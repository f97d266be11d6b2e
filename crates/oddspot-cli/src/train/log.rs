//! The log of a training.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use oddspot::files::atomic;
use oddspot::train::StepReport;
use serde_json::json;

/// The training log: one JSON object a step.
pub struct TrainingLog {
    path: PathBuf,
    file: File,
    error: Option<std::io::Error>,
}

impl TrainingLog {
    /// A fresh log, or one that goes on after `iteration`.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(path: PathBuf, iteration: usize) -> Result<Self> {
        let context = || format!("cannot write the log {}", path.display());
        // Devices and pipes have no past: reading /dev/zero or /dev/full would never end.
        let old = if iteration > 0 && path.is_file() {
            let bytes = std::fs::read(&path).with_context(context)?;
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            String::new()
        };
        // Steps after the checkpoint will be made, and logged, again.
        let done = |line: &&str| {
            serde_json::from_str::<serde_json::Value>(line).is_ok_and(|step| {
                step["iteration"]
                    .as_u64()
                    .is_some_and(|i| i <= iteration as u64)
            })
        };
        let kept: String = old.split_inclusive('\n').filter(done).collect();
        atomic::write_bytes(&path, kept.as_bytes())?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .with_context(context)?;
        Ok(Self {
            path,
            file,
            error: None,
        })
    }

    /// Logs a step; a failure is kept for the end, so that it does not stop the training.
    pub fn step(&mut self, report: &StepReport) {
        let line = json!({
            "iteration": report.iteration,
            "L_rec": report.rec,
            "L_pos": report.pos,
            "loss": report.total,
            "position_accuracy": report.position_accuracy,
            "learning_rate": report.learning_rate,
        });
        if self.error.is_none() {
            self.error = self.file.write_all(format!("{line}\n").as_bytes()).err();
        }
    }

    /// Tells if steps are missing.
    pub fn finish(self) {
        if let Some(error) = self.error {
            tell!(
                "warning: the log {} is incomplete: {error}",
                self.path.display()
            );
        }
    }
}
