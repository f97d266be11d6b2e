//! What became of a part, in a file beside its outputs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use oddspot::files::atomic;
use serde::{Deserialize, Serialize};

use super::inputs::Inputs;

/// What is known of a command on a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of oddspot.
    pub oddspot: String,
    /// All options, but those of the process.
    pub settings: Vec<String>,
    /// What it was made from; None where that could not be read.
    pub inputs: Option<Inputs>,
    /// How far it came.
    pub state: State,
}

/// How far a command came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was begun, and broken off if nobody is at it.
    Begun,
    /// It ended.
    Done {
        /// With this exit status.
        status: u8,
        /// After so many seconds.
        seconds: f64,
    },
    /// It failed.
    Failed {
        /// For this reason.
        reason: String,
    },
}

/// Where the record of a command on a part lies.
pub fn record_file(folder: &Path, command: &str) -> PathBuf {
    folder.join(format!("{command}.json"))
}

impl Record {
    /// The record, if there is one. A damaged one is none: the part is done again.
    pub fn read(folder: &Path, command: &str) -> Option<Self> {
        let bytes = std::fs::read(record_file(folder, command)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Why there is a record that cannot be read, if that is so.
    pub fn damage(folder: &Path, command: &str) -> Option<String> {
        let file = record_file(folder, command);
        let said = |error: &dyn std::fmt::Display| {
            format!(
                "its record {} cannot be read ({error}): start the command again, which does the part anew",
                file.display()
            )
        };
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice::<Self>(&bytes)
                .err()
                .map(|error| said(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(said(&error)),
        }
    }

    /// Writes it in the place of an earlier one.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, folder: &Path, command: &str) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        Ok(atomic::write_bytes(
            record_file(folder, command),
            text.as_bytes(),
        )?)
    }
}
