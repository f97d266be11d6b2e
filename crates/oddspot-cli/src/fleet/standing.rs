//! How commands on the parts of a fleet stand, by their records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::kinds::{Kind, Place};
use super::manifest::Manifest;
use super::record::{Record, State};
use crate::benchmark::BenchmarkArgs;
use crate::detect::DetectArgs;
use crate::evaluate::EvaluateArgs;
use crate::train::TrainArgs;

/// A command that fleets know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum CommandName {
    /// Models
    Train,
    /// Verdicts
    Detect,
    /// Measures
    Evaluate,
    /// Measures of the methods
    Benchmark,
}

impl CommandName {
    /// In the order in which they are done.
    pub const ALL: [Self; 4] = [Self::Train, Self::Detect, Self::Evaluate, Self::Benchmark];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => TrainArgs::COMMAND,
            Self::Detect => DetectArgs::COMMAND,
            Self::Evaluate => EvaluateArgs::COMMAND,
            Self::Benchmark => BenchmarkArgs::COMMAND,
        }
    }

    fn outputs(self, place: Place) -> Vec<PathBuf> {
        match self {
            Self::Train => TrainArgs::outputs(place),
            Self::Detect => DetectArgs::outputs(place),
            Self::Evaluate => EvaluateArgs::outputs(place),
            Self::Benchmark => BenchmarkArgs::outputs(place),
        }
    }
}

/// How a command on a part stands.
pub enum Standing {
    /// It is finished, in this folder.
    Done(Box<Record>, PathBuf),
    /// Why there is nothing of it.
    Missing(String),
}

/// A part, and how commands on it stand.
pub struct Part {
    /// What it is called.
    pub name: String,
    /// By command.
    pub standings: BTreeMap<CommandName, Standing>,
}

impl Part {
    /// The record of what is finished.
    pub fn record(&self, command: CommandName) -> Option<&Record> {
        match self.standings.get(&command)? {
            Standing::Done(record, _) => Some(record),
            Standing::Missing(_) => None,
        }
    }

    /// Whether it is finished, and some images could not be used.
    pub fn lacks_images(&self, command: CommandName) -> bool {
        let record = self.record(command);
        record.is_some_and(|record| matches!(record.state, State::Done { status: 1.., .. }))
    }

    /// The part and why there is nothing of it, if that is so.
    pub fn missing(&self, command: CommandName) -> Option<(&str, &str)> {
        match self.standings.get(&command)? {
            Standing::Done(..) => None,
            Standing::Missing(reason) => Some((&self.name, reason)),
        }
    }

    /// Where what is finished lies.
    pub fn folder(&self, command: CommandName) -> Option<&Path> {
        match self.standings.get(&command)? {
            Standing::Done(_, folder) => Some(folder),
            Standing::Missing(_) => None,
        }
    }
}

/// How a command on a row's part stands: the first folder in which it is finished, else what the last one knows.
pub fn standing(command: CommandName, folders: &[Manifest], row: usize) -> Standing {
    let mut reason = "not begun".to_owned();
    for row in folders.iter().filter_map(|manifest| manifest.rows.get(row)) {
        let Some(record) = Record::read(&row.folder, command.name()) else {
            reason = Record::damage(&row.folder, command.name()).unwrap_or(reason);
            continue;
        };
        let place = Place {
            name: &row.name,
            folder: &row.folder,
            model: &row.model,
            given: &[],
        };
        let gone = command
            .outputs(place)
            .into_iter()
            .find(|file| !file.is_file());
        reason = match (&record.state, gone) {
            (State::Done { .. }, None) => {
                return Standing::Done(Box::new(record), row.folder.clone());
            }
            (State::Done { .. }, Some(gone)) => format!("{} is gone", gone.display()),
            (State::Begun, _) => "begun, and not finished".to_owned(),
            (State::Failed { reason }, _) => format!("failed: {reason}"),
        };
    }
    Standing::Missing(reason)
}
