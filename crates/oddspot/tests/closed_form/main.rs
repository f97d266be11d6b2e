//! The closed-form terms as they ship, held to NumPy and SciPy: golden values made by
//! `oracle/closed_form.py`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod edges;
mod extending;
mod fixture;
mod golden;
