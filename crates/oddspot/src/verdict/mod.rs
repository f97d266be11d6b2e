//! From the terms' errors to what is said of an image: one map, a score, thresholds, a verdict, and
//! why.

mod binomial;
mod doubts;
mod finding;
mod fuse;
mod good_scores;
mod gumbel;
mod shares;
mod thresholds;

pub use binomial::interval;
pub use doubts::{Doubt, Doubts};
pub use finding::{Finding, NeighbourPatch, Place, Point};
pub use fuse::{AnomalyMaps, TermError, TermMap, TermStatistics};
pub use good_scores::{FalseAlarms, GoodScores};
pub use shares::{KNOWN_ELSEWHERE, Shares, TermShare, Why};
pub use thresholds::{Rates, Thresholds, Verdict};
