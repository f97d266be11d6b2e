//! **oddspot** finds where an image is odd, learning from good images alone.
//!
//! It implements *Anomaly Localization in Images Using Position-Classifier* (Xiang & Ito): a
//! frozen [`teacher`] and a [`student`] of receptive field 65 are compared for local anomalies
//! (`e_rec`, "looks wrong"), and a [`position`] classifier guesses where a neighbouring patch
//! lies for contextual ones (`e_pos`, "in the wrong place"); both errors, normalised, add up to
//! one anomaly map ([`scoring`]).
//!
//! The modules stand in the order of the data's way.

pub mod config;
pub mod device;
pub mod error;
pub mod seed;

pub mod dataset;
pub mod image;
pub mod scene;

pub mod loss;
pub mod network;
pub mod position;
pub mod student;
pub mod teacher;
pub mod teacher_cache;
pub mod tensor_file;
pub mod training;

pub mod detector;
pub mod map;
pub mod model_file;
pub mod scoring;
pub mod threshold;

pub mod atomic;
pub mod chart;
pub mod components;
pub mod figure;
pub mod heatmap;
pub mod metrics;
pub mod region;

pub use detector::{Detection, Detector};
pub use error::{Error, Result};
