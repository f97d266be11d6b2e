//! From the terms' errors to what is said of an image: one map, a score, thresholds, a verdict, and
//! why.

mod finding;
mod fuse;
mod shares;
mod thresholds;

pub use finding::{Finding, NeighbourPatch, Place, Point};
pub use fuse::{AnomalyMaps, TermError, TermMap, TermStatistics};
pub use shares::{Shares, TermShare, Why};
pub use thresholds::{FalseAlarms, GoodScores, Thresholds, Verdict};
