//! Jobs: good images looked through, models made of them or of others, and labelled parts judged anew, one at a time
//! beside the line's work.

mod beside;
mod found;
mod making;
mod outcome;
mod progress;
mod queue;
mod steps;
mod wanted;

pub use found::{FoundAmong, Group, Suspicious};
pub use outcome::Outcome;
pub use queue::Jobs;
pub use wanted::Wanted;
