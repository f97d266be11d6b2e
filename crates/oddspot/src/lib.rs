//! **oddspot** finds where an image is odd, learning from good images alone.
//!
//! It implements *Anomaly Localization in Images Using Position-Classifier* (Xiang & Ito): a
//! frozen [`teacher`] and a [`student`] of receptive field 65 are compared for local anomalies
//! (`e_rec`, "looks wrong"), and a [`position`] classifier guesses where a neighbouring patch
//! lies for contextual ones (`e_pos`, "in the wrong place"); both errors, normalised, add up to
//! one anomaly map ([`scoring`]).
//!
//! The modules stand in the order of the data's way.

// What everything stands on.
pub mod error;

pub mod digest;

pub mod config;

pub mod seed;

pub mod device;

// Images in.
pub mod image;

pub mod dataset;

pub mod scene;

// What is learned, and from what.
pub mod network;

pub mod tensor_file;

pub mod teacher;

mod running_statistics;

pub mod teacher_cache;

pub mod whitening;

pub mod student;

pub mod position;

pub mod loss;

pub mod trainable;

pub mod cpu;

pub mod training;

// From features to a verdict.
pub mod map;

pub mod e_pos;

pub mod placement;

pub mod moments;

mod image_level;

mod local_moments;

pub mod error_maps;

pub mod shares;

pub mod scoring;

pub mod judge;

pub mod threshold;

pub mod model_file;

pub mod detector;

// From maps to what people look at.
pub mod components;

pub mod region;

pub mod heatmap;

pub mod arrow;

mod panel;

pub mod figure;

pub mod metrics;

pub mod report;

pub mod chart;

pub mod benchmark;

pub mod page;

pub mod atomic;

pub use detector::{Detection, Detector};
pub use error::{Error, Result};
