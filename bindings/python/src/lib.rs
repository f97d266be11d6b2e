//! oddspot for Python: what is Python's is converted, work goes on without the interpreter's lock, and errors
//! become exceptions by their kind. Nothing is judged or learned here.

mod changing;
mod conducting;
mod depth;
mod detector;
mod errors;
mod good;
mod held;
mod images;
mod inspections;
mod reports;
mod results;
mod settings;
mod training;
mod warnings;
mod watching;

/// What the package `oddspot` stands on.
#[pyo3::pymodule]
mod _oddspot {
    #[pymodule_export]
    use super::detector::Detector;
    #[pymodule_export]
    use super::good::listed;
    #[pymodule_export]
    use super::inspections::Inspections;
    #[pymodule_export]
    use super::reports::{audit, evaluate};
    #[pymodule_export]
    use super::settings::settings;
    #[pymodule_export]
    use super::training::train;

    /// Version of oddspot.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
