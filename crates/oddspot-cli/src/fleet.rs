//! Fleets: a command over the parts of a manifest, shard by shard, and what came of all of them.
//!
//! No scheduler is known here. A shard is a process that any of them can start, on any machine, and
//! start again: what is finished is found by its records.

mod collect;
mod collected;
mod inputs;
mod job;
mod kinds;
mod manifest;
mod options;
mod parts;
mod record;
mod shard;
mod standing;
mod working;

pub use collect::{CollectArgs, run as collect};
pub use job::Job;
pub use working::run;
