//! The one error type of the library: each variant names the file, field or quantity at
//! fault, and its text says what to do next.

use std::path::{Path, PathBuf};

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in oddspot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb ("read", "create", "rename", …).
        action: &'static str,
        /// The file or folder it was tried on.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file is not an image that can be used.
    #[error("cannot use image {}: {reason}", path.display())]
    Image {
        /// The image file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A folder does not hold a usable data set.
    #[error("cannot use data set {}: {reason}", path.display())]
    Dataset {
        /// The folder or file at fault.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A configuration value is out of its range.
    #[error("bad configuration: {field}{}: {reason}", in_brackets(.option.as_deref()))]
    Config {
        /// The field, as it is spelled in a configuration file.
        field: &'static str,
        /// What else sets it, as "--iterations", where the field was set by a program.
        option: Option<String>,
        /// What is wrong with it and the values that work.
        reason: String,
    },
    /// A file of teacher weights cannot be used.
    #[error("cannot use teacher weights {}: {reason}", path.display())]
    Weights {
        /// The weights file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A teacher was asked for by a name under which nothing is installed.
    #[error("teacher '{name}' is not installed: {help}")]
    TeacherMissing {
        /// The name that was asked for.
        name: String,
        /// Which file to bring and the command that imports it.
        help: String,
    },
    /// A model or checkpoint file cannot be used.
    #[error("cannot use model file {}: {reason}", path.display())]
    ModelFile {
        /// The model file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// Training met a loss that is not finite.
    #[error("training diverged at iteration {iteration}: {reason}")]
    Diverged {
        /// The iteration whose loss was not finite (counted from 1).
        iteration: usize,
        /// What was kept and which option to lower.
        reason: String,
    },
    /// A measure is undefined for the given scores and labels.
    #[error("cannot compute {measure}: {reason}")]
    Metric {
        /// The measure's name ("ROC AUC", "AU-PRO", …).
        measure: &'static str,
        /// Why it is undefined and what is needed.
        reason: String,
    },
    /// A page of results cannot be made.
    #[error("cannot make the page of results: {reason}; do without it, nothing else depends on it")]
    Page {
        /// What went wrong.
        reason: String,
    },
    /// A compute device was asked for that this build or machine lacks.
    #[error("device '{name}' is not available: {help}")]
    Device {
        /// The device's name.
        name: String,
        /// What to do instead.
        help: String,
    },
}

impl Error {
    /// Wraps an operating-system error with the path and the action that met it.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// An unusable image file.
    pub fn image(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Image {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An unusable data set.
    pub fn dataset(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Dataset {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An unusable weights file.
    pub fn weights(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Weights {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An unusable model file.
    pub fn model_file(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::ModelFile {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// A configuration value out of range.
    pub fn config(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Config {
            field,
            option: None,
            reason: reason.into(),
        }
    }
}

fn in_brackets(option: Option<&str>) -> String {
    option.map_or_else(String::new, |option| format!(" ({option})"))
}
