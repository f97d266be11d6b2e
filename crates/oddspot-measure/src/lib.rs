//! Measures of anomaly maps, the evaluation of a model on a labelled test set, and the tables of
//! a benchmark.
//!
//! The modules stand in the order of the data's way; each knows only those above it.

pub mod metrics;

pub mod peak_memory;

pub mod report;

pub mod benchmark;
