//! The one error type of the library: what kind of trouble it is, with what, and where.
//!
//! A text says what is wrong and what works instead. Which option of a command helps is the
//! command's to say, by the [`ErrorKind`] and the [`Subject`].

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for is not there.
    NotFound,
    /// What was given cannot be used as it is: a value out of range, an unknown format.
    Invalid,
    /// It claims more than is accepted: pixels, bytes, memory.
    TooLarge,
    /// A file that was whole once, and is not any more.
    Damaged,
    /// Two things that do not belong together: a checkpoint and other images, a model and another
    /// teacher.
    Mismatch,
    /// The observer asked to stop.
    Cancelled,
    /// The operating system refused: no permission, a full disk.
    System,
    /// A training whose loss is not a finite number any more.
    Diverged,
    /// A fault of this program.
    Internal,
}

/// What an [`Error`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A file or folder that the operating system was asked to do something with, as a verb:
    /// "read", "create".
    File(&'static str),
    /// An image.
    Image,
    /// A data set.
    Dataset,
    /// A setting, by the name that it has in a file of settings.
    Setting(&'static str),
    /// Settings, of which one that is named is none.
    Settings,
    /// A file of teacher weights.
    Weights,
    /// A teacher, by its name.
    Teacher(String),
    /// A model file.
    Model,
    /// A checkpoint.
    Checkpoint,
    /// A training.
    Training,
    /// A measure, by its name.
    Measure(&'static str),
    /// A page of results.
    Page,
    /// A drawing of which part of images is inspected.
    Region,
    /// A compute device, by its name.
    Device(String),
}

/// Everything that can go wrong in oddspot.
///
/// ```
/// use oddspot::{Error, ErrorKind};
///
/// let error = oddspot::images::decode("no/such.png".as_ref()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.path(), Some("no/such.png".as_ref()));
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    subject: Subject,
    path: Option<PathBuf>,
    line: Option<usize>,
    /// Empty where the source says all.
    reason: String,
    source: Option<io::Error>,
}

impl Error {
    /// An error without a path.
    pub fn new(kind: ErrorKind, subject: Subject, reason: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            subject,
            path: None,
            line: None,
            reason: reason.into(),
            source: None,
        }))
    }

    /// An error about a file or folder.
    pub fn at(
        kind: ErrorKind,
        subject: Subject,
        path: impl AsRef<Path>,
        reason: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(kind, subject, reason);
        error.0.path = Some(path.as_ref().to_owned());
        error
    }

    /// Wraps an operating-system error with the path and the action that met it, a verb.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| {
            let kind = match source.kind() {
                io::ErrorKind::NotFound => ErrorKind::NotFound,
                _ => ErrorKind::System,
            };
            let mut error = Self::at(kind, Subject::File(action), path, "");
            error.0.source = Some(source);
            error
        }
    }

    /// An unusable image file.
    pub fn image(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::at(ErrorKind::Invalid, Subject::Image, path, reason)
    }

    /// An unusable data set.
    pub fn dataset(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::at(ErrorKind::Invalid, Subject::Dataset, path, reason)
    }

    /// An unusable weights file.
    pub fn weights(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::at(ErrorKind::Invalid, Subject::Weights, path, reason)
    }

    /// A damaged model file.
    pub fn model(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::at(ErrorKind::Damaged, Subject::Model, path, reason)
    }

    /// A damaged checkpoint.
    pub fn checkpoint(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::at(ErrorKind::Damaged, Subject::Checkpoint, path, reason)
    }

    /// A setting out of its range.
    pub fn setting(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, Subject::Setting(name), reason)
    }

    /// A measure that is undefined for what was given.
    pub fn measure(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, Subject::Measure(name), reason)
    }

    /// A fault of this program.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, Subject::Training, reason)
    }

    /// The observer asked to stop `what`, such as "preparing".
    pub fn cancelled(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, Subject::Training, what)
    }

    /// The same of another kind.
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same at a line of its file, counted from 1.
    #[must_use]
    pub fn on_line(mut self, line: usize) -> Self {
        self.0.line = Some(line);
        self
    }

    /// The same about a file.
    #[must_use]
    pub fn in_file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.path = Some(path.as_ref().to_owned());
        self
    }

    /// The text with the operating system's own reason, in one line.
    pub fn in_full(&self) -> String {
        match &self.0.source {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }

    /// The kind of trouble.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What it is about.
    pub fn subject(&self) -> &Subject {
        &self.0.subject
    }

    /// The file or folder at fault.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The line of that file, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// What is wrong, without the subject and the path; empty where the operating system's
    /// [source](std::error::Error::source) says it all.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.subject {
            Subject::File(action) => write!(f, "cannot {action}")?,
            Subject::Image => f.write_str("cannot use image")?,
            Subject::Dataset => f.write_str("cannot use data set")?,
            Subject::Setting(name) => write!(f, "bad setting: {name}")?,
            Subject::Settings => f.write_str("bad settings")?,
            Subject::Weights => f.write_str("cannot use teacher weights")?,
            Subject::Teacher(name) => write!(f, "cannot use teacher '{name}'")?,
            Subject::Model => f.write_str("cannot use model file")?,
            Subject::Checkpoint => f.write_str("cannot use checkpoint")?,
            Subject::Training => f.write_str(match self.0.kind {
                ErrorKind::Cancelled => "cancelled",
                ErrorKind::Internal => "a fault of this program",
                _ => "cannot train",
            })?,
            Subject::Measure(name) => write!(f, "cannot compute {name}")?,
            Subject::Page => f.write_str("cannot make the page of results")?,
            Subject::Region => f.write_str("cannot use region of interest")?,
            Subject::Device(name) => write!(f, "cannot use device '{name}'")?,
        }
        if let Some(path) = &self.0.path {
            write!(f, " {}", path.display())?;
        }
        if let Some(line) = self.0.line {
            write!(f, ", line {line}")?;
        }
        match self.0.reason.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", self.0.reason),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        (self.0.source.as_ref()).map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Kernels refuse only shapes that do not fit together, which descriptions of networks rule out.
impl From<oddspot_conv::ShapeError> for Error {
    fn from(error: oddspot_conv::ShapeError) -> Self {
        Self::internal(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_the_subject_the_path_the_line_and_the_reason() {
        let error = Error::dataset("a/list.csv", "it lacks a column").on_line(3);
        assert_eq!(
            error.to_string(),
            "cannot use data set a/list.csv, line 3: it lacks a column"
        );
        assert_eq!((error.kind(), error.line()), (ErrorKind::Invalid, Some(3)));
        let error = Error::setting("training.batch", "0: must be at least 1");
        assert_eq!(
            error.to_string(),
            "bad setting: training.batch: 0: must be at least 1"
        );
    }

    #[test]
    fn the_systems_own_reason_is_the_source() {
        use std::error::Error as _;
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let error = Error::io("read", "x")(missing);
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "cannot read x");
        assert!(error.source().is_some());
    }
}
