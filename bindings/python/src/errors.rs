//! Errors of the library as exceptions of the package, a class for each kind.

use oddspot::{Error, ErrorKind};
use pyo3::prelude::*;

/// The exception of an error.
pub fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.kind() {
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::Invalid => "InvalidError",
        ErrorKind::TooLarge => "TooLargeError",
        ErrorKind::Damaged => "DamagedError",
        ErrorKind::Mismatch => "MismatchError",
        ErrorKind::Cancelled => "CancelledError",
        ErrorKind::System => "SystemRefusedError",
        ErrorKind::Diverged => "DivergedError",
        _ => "InternalError",
    };
    made(py, class, &error.in_full(), Some(error))
}

/// What was given and cannot be used, said in a sentence.
pub fn invalid(py: Python<'_>, said: &str) -> PyErr {
    made(py, "InvalidError", said, None)
}

/// A refusal of what does not go together, said in a sentence.
pub fn mismatch(py: Python<'_>, said: &str) -> PyErr {
    made(py, "MismatchError", said, None)
}

fn made(py: Python<'_>, class: &str, said: &str, error: Option<&Error>) -> PyErr {
    let exception = (|| {
        let class = py.import("oddspot._errors")?.getattr(class)?;
        let exception = class.call1((said,))?;
        if let Some(error) = error {
            exception.setattr("path", error.path().map(std::path::Path::to_owned))?;
            exception.setattr("line", error.line())?;
            let reason = Some(error.reason()).filter(|reason| !reason.is_empty());
            exception.setattr("reason", reason)?;
            let source = std::error::Error::source(error);
            let of_system = source.and_then(|source| source.downcast_ref::<std::io::Error>());
            if let Some(number) = of_system.and_then(std::io::Error::raw_os_error) {
                exception.setattr("_number", number)?;
            }
        }
        PyResult::Ok(exception)
    })();
    exception.map_or_else(|failure| failure, PyErr::from_value)
}
