//! The inspection station: images come in, verdicts go out, people see and label.

pub mod configuration;
pub mod data;
pub mod error;
pub mod history;
pub mod http;
pub mod inputs;
pub mod judging;
pub mod metrics;
pub mod pages;
pub mod pictures;
pub mod service;
