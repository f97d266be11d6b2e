//! **oddspot** finds where an image is odd, learning from good images alone.
//!
//! It implements *Anomaly Localization in Images Using Position-Classifier* (Xiang & Ito): a frozen
//! teacher and a student of receptive field 65 ([`net`]) are compared for local anomalies (`e_rec`,
//! "looks wrong"), and a position classifier guesses where a neighbouring patch lies for contextual
//! ones (`e_pos`, "in the wrong place"); the [`terms`], normalised, add up to one anomaly map
//! ([`verdict`]).
//!
//! Most programs need [`Training`], [`Model`], [`Detector`] and [`Finding`]. The modules stand in the
//! order of the data's way; each knows only those above it.

pub mod error;

// What everything stands on.
pub mod files;

pub mod seed;

// Images in.
pub mod images;

pub mod datasets;

pub mod settings;

// Networks, and what is made of their features.
pub mod maps;

pub mod net;

pub mod view;

pub mod terms;

pub mod health;

// From errors to a verdict.
pub mod verdict;

pub mod model;

pub mod judge;

pub mod train;

pub mod audit;

pub use error::{Error, ErrorKind, Result, Subject};
pub use judge::{Detector, Options};
pub use model::Model;
pub use train::{Extension, Training};
pub use verdict::Finding;
