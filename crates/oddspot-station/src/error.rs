//! What can go wrong in a station: of which kind, with what file, and why.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use oddspot::Subject;

use crate::words::{Gap, Marked, Sentence, Words, of_error, of_file, of_system};

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How databases call a full disk: SQLite, in the file and in the memory beside it, and PostgreSQL.
const NO_ROOM: [&str; 3] = ["13", "4874", "53100"];

/// What kind of trouble an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What was asked for is not there.
    NotFound,
    /// What was given cannot be used as it is.
    Invalid,
    /// It is larger than is accepted.
    TooLarge,
    /// Two things that do not belong together.
    Mismatch,
    /// There is no model to judge by.
    NoModel,
    /// Nothing is judged for now.
    Paused,
    /// There is more to judge than can be.
    Full,
    /// More images are being received than can be held.
    Receiving,
    /// Requests come faster than is accepted.
    TooFast,
    /// What is judged cannot be kept now: the history's database is away.
    Away,
    /// The service is about to end.
    Ending,
    /// There is no room left to keep something.
    NoRoom,
    /// The operating system refused: no permission, a disk that fails.
    System,
    /// A fault of this program.
    Internal,
}

/// Everything that can go wrong in a station.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    path: Option<PathBuf>,
    reason: String,
    /// The same for people, where there are words of their languages for it.
    sentence: Option<Box<Sentence>>,
    /// Whether a file that is kept cannot be used.
    is_of_file: bool,
}

impl Error {
    /// An error without a path.
    pub fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            path: None,
            reason: reason.into(),
            sentence: None,
            is_of_file: false,
        }
    }

    /// An error without a path that people are told in the language of their page.
    pub fn of(kind: Kind, sentence: Sentence) -> Self {
        let error = Self::new(kind, sentence.to_string());
        error.meaning(sentence)
    }

    /// The same, which people are told by a sentence.
    #[must_use]
    pub fn meaning(self, sentence: Sentence) -> Self {
        Self {
            sentence: Some(Box::new(sentence)),
            ..self
        }
    }

    /// An error about a file or folder.
    pub fn at(kind: Kind, path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self {
            path: Some(path.as_ref().to_owned()),
            ..Self::new(kind, reason)
        }
    }

    /// Wraps an error of the operating system with the file that met it.
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |error| match is_of_room(&error) {
            true => Self::no_room(Some(path), &error.to_string()),
            false => {
                let sentence = of_file(&path, of_system(&error));
                Self::at(Kind::System, path, error.to_string()).meaning(sentence)
            }
        }
    }

    /// That there is no room left, in the words of who met it.
    fn no_room(path: Option<PathBuf>, words: &str) -> Self {
        let reason =
            format!("there is no room left ({words}): make some, and it goes on by itself");
        let sentence = Sentence::new("system-full");
        let sentence = match &path {
            Some(path) => of_file(path, sentence),
            None => sentence,
        };
        Self {
            path,
            ..Self::new(Kind::NoRoom, reason).meaning(sentence)
        }
    }

    /// A fault of this program.
    pub(crate) fn internal(reason: impl Into<String>) -> Self {
        Self::new(Kind::Internal, reason)
    }

    /// The same, told with the key of the configuration that is at fault.
    #[must_use]
    pub(crate) fn of_key(self, key: &str) -> Self {
        Self {
            reason: format!("{key}: {self}"),
            path: None,
            ..self
        }
    }

    /// The kind of trouble.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The file or folder at fault.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What people are told of it, where there are words of their languages for it.
    pub fn sentence(&self) -> Option<&Sentence> {
        self.sentence.as_deref()
    }

    /// What people are told of it; in English as a whole, where there are no words of their languages for it.
    pub fn meant(&self) -> Sentence {
        let sentence = self.sentence();
        sentence.map_or_else(|| Sentence::english(self.to_string()), Sentence::clone)
    }

    /// The same in the language of a page, in which what is in English is marked.
    pub fn marked(&self, t: &Words) -> Marked {
        self.meant().marked(t)
    }

    /// The same without marks.
    pub fn said(&self, t: &Words) -> String {
        self.meant().said(t)
    }

    /// Whether it is refused because of what was asked for or given, and nothing failed.
    pub fn is_refusal(&self) -> bool {
        let is_asked = matches!(
            self.kind,
            Kind::NotFound | Kind::Invalid | Kind::TooLarge | Kind::Mismatch | Kind::NoModel
        );
        is_asked && !self.is_of_file
    }

    /// What is wrong, without the path.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Error {}

fn is_of_room(error: &std::io::Error) -> bool {
    [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&error.kind())
}

impl From<oddspot::Error> for Error {
    fn from(error: oddspot::Error) -> Self {
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        if let Some(source) = source.filter(|source| is_of_room(source)) {
            let path = error.path().map(Path::to_owned);
            return Self::no_room(path, &source.to_string());
        }
        let kind = match error.kind() {
            oddspot::ErrorKind::NotFound => Kind::NotFound,
            oddspot::ErrorKind::Invalid | oddspot::ErrorKind::Damaged => Kind::Invalid,
            oddspot::ErrorKind::TooLarge => Kind::TooLarge,
            oddspot::ErrorKind::Mismatch => Kind::Mismatch,
            oddspot::ErrorKind::Cancelled => Kind::Ending,
            oddspot::ErrorKind::System => Kind::System,
            _ => Kind::Internal,
        };
        let is_of_file = matches!(
            error.subject(),
            Subject::File(_) | Subject::Image | Subject::Model
        );
        Self {
            is_of_file,
            sentence: of_error(&error).map(Box::new),
            ..Self::new(kind, error.in_full())
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(of_database) = &error
            && (of_database.code()).is_some_and(|code| NO_ROOM.contains(&&*code))
        {
            return Self::no_room(None, of_database.message());
        }
        let sentence = Sentence::new("history-unusable");
        let sentence = sentence.with("reason", Gap::english(error.to_string()));
        Self::of(Kind::System, sentence)
    }
}
