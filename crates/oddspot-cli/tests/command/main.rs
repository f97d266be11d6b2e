//! The `oddspot` command from outside: what it writes, what it says, and what it does when
//! something is wrong.

#![allow(missing_docs)]
// Helpers of tests say what they expect, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aligning;
mod auditing;
mod bad_images;
mod benchmarking;
mod changing;
mod configuration;
mod data_sets;
mod defects;
mod detection;
mod disk;
mod earlier_results;
mod evaluating;
mod exporting;
#[cfg(feature = "fetch")]
mod fetching;
mod fleets;
mod folders;
mod health;
mod hidden_pictures;
mod hooks;
mod interest;
mod layouts;
mod misplaced;
mod model_damage;
mod own_findings;
mod pixels;
mod places;
#[cfg(feature = "pretrain")]
mod pretraining;
mod quiet;
mod regions;
mod report;
mod report_in_browser;
mod reporting;
mod resuming;
#[cfg(feature = "serve")]
mod serving;
mod teachers;
mod training;
mod unread;
mod verifying;
mod watcher;
mod watching;
mod world;
