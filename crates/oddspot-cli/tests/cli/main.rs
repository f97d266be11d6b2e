//! The command through its real binary: what users rely on, and bad input one by one.

mod bad_files;
mod bad_images;
mod common;
mod detection;
mod teachers;
mod training;
