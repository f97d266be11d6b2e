//! Jobs: good images looked through, and models made of them, one at a time beside the line's work.

mod beside;
mod found;
mod making;
mod progress;
mod queue;
mod steps;

pub use found::{FoundAmong, Group, Suspicious};
pub use queue::{Jobs, Wanted};
