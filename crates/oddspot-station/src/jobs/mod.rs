//! Jobs: good images looked through, models made of them or of others, labelled parts judged anew, and models verified, one at a
//! time beside the line's work.

mod beside;
mod found;
mod making;
mod outcome;
mod progress;
mod queue;
mod steps;
mod wanted;

pub use found::{FoundAmong, Group, Suspicious};
pub use outcome::{Outcome, Verified, VerifiedParts};
pub use queue::Jobs;
pub use wanted::Wanted;
