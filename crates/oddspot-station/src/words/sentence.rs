//! A sentence that is said in English to programs and in logs, and to people in the language of their page.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentValue};
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::marked::{Marked, plain};
use super::said::Fill;
use super::{ENGLISH, FILES, Words};

/// The words of English, read once.
static BOOK: LazyLock<Option<Book>> = LazyLock::new(|| {
    let (code, text) = FILES.iter().find(|(code, _)| *code == ENGLISH)?;
    Book::read(code, text).ok()
});

/// A sentence by its key, and what fills its gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    key: Cow<'static, str>,
    gaps: Vec<(Cow<'static, str>, Gap)>,
}

/// What fills a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Gap {
    /// A name, or what somebody else said.
    Text(String),
    /// A whole number that the sentence may go by.
    Number(i64),
    /// A sentence of its own.
    Sentence(Sentence),
    /// A number with digits behind its mark.
    Decimal {
        /// As English writes it.
        decimal: String,
    },
    /// What somebody else said, in English alone: another program, the system, the library.
    English {
        /// In its words.
        english: String,
    },
}

impl Gap {
    /// A number with so many digits behind its mark.
    pub fn decimal(value: f64, digits: usize) -> Self {
        Self::Decimal {
            decimal: format!("{value:.digits$}"),
        }
    }

    /// What somebody else said, in English alone.
    pub fn english(said: impl Into<String>) -> Self {
        Self::English {
            english: said.into(),
        }
    }
}

impl Sentence {
    /// Of a key, with no gap filled yet.
    pub fn new(key: &'static str) -> Self {
        Self {
            key: Cow::Borrowed(key),
            gaps: Vec::new(),
        }
    }

    /// Of a key that is made of what a thing is called.
    pub fn made(key: String) -> Self {
        Self {
            key: Cow::Owned(key),
            gaps: Vec::new(),
        }
    }

    /// What somebody else said, in English alone.
    pub fn english(said: impl Into<String>) -> Self {
        Self::new("as-it-is").with("text", Gap::english(said))
    }

    /// The same with a gap filled.
    #[must_use]
    pub fn with(mut self, name: &'static str, gap: impl Into<Gap>) -> Self {
        self.gaps.push((Cow::Borrowed(name), gap.into()));
        self
    }

    /// In the language of a page.
    pub fn said(&self, t: &Words) -> String {
        self.marked(t).plain()
    }

    /// The same, in which what is in English is marked.
    pub fn marked(&self, t: &Words) -> Marked {
        let key = || Marked::of(self.key.clone().into_owned());
        self.known(t).unwrap_or_else(key)
    }

    /// The same; None where there are no words for it any more: it may have been kept by an earlier version.
    pub fn known(&self, t: &Words) -> Option<Marked> {
        let said = self.by(&|gap| gap.raw(t), &|gaps| {
            let own = t.book.said(&self.key, gaps);
            own.or_else(|| t.all.english().said(&self.key, gaps))
        });
        said.map(Marked::of)
    }

    fn in_english(&self) -> Option<String> {
        self.by(&Gap::in_english, &|gaps| {
            BOOK.as_ref()?.said(&self.key, gaps)
        })
    }

    fn by(
        &self,
        inner: &dyn Fn(&Gap) -> Option<Marked>,
        say: &dyn Fn(&FluentArgs<'_>) -> Option<String>,
    ) -> Option<String> {
        let mut filled = FluentArgs::new();
        for (name, gap) in &self.gaps {
            let value: FluentValue<'_> = match gap {
                Gap::Number(number) => (*number).into(),
                other => inner(other)?.fill(),
            };
            filled.set(&**name, value);
        }
        say(&filled)
    }
}

impl Gap {
    /// In the language of a page; None of a sentence that there are no words for any more.
    fn raw(&self, t: &Words) -> Option<Marked> {
        Some(match self {
            Self::Text(text) => Marked::of(plain(text)),
            Self::Number(number) => Marked::of(number.to_string()),
            Self::Sentence(sentence) => return sentence.known(t),
            Self::Decimal { decimal } => Marked::of(decimal.replace('.', t.decimal_mark())),
            Self::English { english } => Marked::english(t, english),
        })
    }

    /// In the language of a page; nothing of a sentence that there are no words for any more.
    pub fn marked(&self, t: &Words) -> Marked {
        self.raw(t).unwrap_or_default()
    }

    fn in_english(&self) -> Option<Marked> {
        Some(Marked::of(match self {
            Self::Text(text) | Self::English { english: text } => plain(text),
            Self::Number(number) => number.to_string(),
            Self::Sentence(sentence) => sentence.in_english()?,
            Self::Decimal { decimal } => decimal.clone(),
        }))
    }
}

/// In English.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_english().unwrap_or_default().plain())
    }
}

/// In English.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_english().as_deref().unwrap_or(&self.key))
    }
}

impl From<&str> for Gap {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Gap {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Gap {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<usize> for Gap {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Gap {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Sentence> for Gap {
    fn from(sentence: Sentence) -> Self {
        Self::Sentence(sentence)
    }
}
