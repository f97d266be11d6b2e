//! The inspection station: images come in by requests and folders, verdicts go out, people see them and say what was
//! wrong. One process, one data folder, no network but this machine's.
//!
//! [`run`] is the whole of it; the modules stand in the order of the data's way.

pub mod configuration;
pub mod error;

// What is kept.
pub mod data;
pub mod history;

// Who may see and do what.
pub mod access;

pub mod metrics;

// What need not be kept.
pub mod keeping;

pub mod storing;

// Verdicts out, and that there was none.
pub mod outputs;

// Images to verdicts.
pub mod judging;

pub mod versions;

// Models made beside it, of good images.
pub mod good;
pub mod jobs;

pub mod inputs;

pub mod comparison;
pub mod pictures;
pub mod prices;
pub mod regions;

// What all of it makes together.
pub mod service;

// What people and programs see.
pub mod http;
pub mod pages;
pub mod words;

mod moving;
mod run;

pub use configuration::Configuration;
pub use error::{Error, Kind, Result};
pub use moving::{Way, copy_history};
pub use run::{Held, run};
pub use service::Service;
