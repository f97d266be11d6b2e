//! A sentence that is said in English to programs and in logs, and to people in the language of their page.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentValue};
use serde::{Deserialize, Serialize};

use super::book::Book;
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
}

impl Sentence {
    /// Of a key, with no gap filled yet.
    pub fn new(key: &'static str) -> Self {
        Self {
            key: Cow::Borrowed(key),
            gaps: Vec::new(),
        }
    }

    /// The same with a gap filled.
    #[must_use]
    pub fn with(mut self, name: &'static str, gap: impl Into<Gap>) -> Self {
        self.gaps.push((Cow::Borrowed(name), gap.into()));
        self
    }

    /// In the language of a page.
    pub fn said(&self, t: &Words) -> String {
        self.known(t)
            .unwrap_or_else(|| self.key.clone().into_owned())
    }

    /// The same; None where there are no words for it any more: it may have been kept by an earlier version.
    pub fn known(&self, t: &Words) -> Option<String> {
        self.by(&|sentence| sentence.known(t), &|gaps| {
            let own = t.book.said(&self.key, gaps);
            own.or_else(|| t.all.english().said(&self.key, gaps))
        })
    }

    fn in_english(&self) -> Option<String> {
        self.by(&Self::in_english, &|gaps| {
            BOOK.as_ref()?.said(&self.key, gaps)
        })
    }

    fn by(
        &self,
        inner: &dyn Fn(&Self) -> Option<String>,
        say: &dyn Fn(&FluentArgs<'_>) -> Option<String>,
    ) -> Option<String> {
        let mut filled = FluentArgs::new();
        for (name, gap) in &self.gaps {
            let value: FluentValue<'_> = match gap {
                Gap::Text(text) => text.as_str().into(),
                Gap::Number(number) => (*number).into(),
                Gap::Sentence(sentence) => inner(sentence)?.into(),
            };
            filled.set(&**name, value);
        }
        say(&filled)
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
