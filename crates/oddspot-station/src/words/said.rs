//! A sentence whose gaps are being filled.

use std::fmt;

use fluent_bundle::{FluentArgs, FluentValue};

use super::Words;
use super::marked::{Marked, plain};

/// A sentence whose gaps are being filled; shown, it is text that is not escaped yet.
pub struct Said<'w> {
    words: &'w Words,
    key: &'w str,
    gaps: FluentArgs<'static>,
}

/// What fills a gap: a text, or a whole number that the sentence may go by.
pub trait Fill {
    /// As Fluent has it.
    fn fill(&self) -> FluentValue<'static>;
}

impl<'w> Said<'w> {
    pub(super) fn new(words: &'w Words, key: &'w str) -> Self {
        Self {
            words,
            key,
            gaps: FluentArgs::new(),
        }
    }

    /// The same with a gap filled.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Fill) -> Self {
        self.gaps.set(name, value.fill());
        self
    }

    /// The sentence, in which what is in English is marked.
    pub fn marked(&self) -> Marked {
        Marked::of(self.raw())
    }

    fn raw(&self) -> String {
        let said = (self.words.book.said(self.key, &self.gaps))
            .or_else(|| self.words.all.english().said(self.key, &self.gaps));
        said.unwrap_or_else(|| self.key.to_owned())
    }
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.raw()))
    }
}

impl<T: Fill + ?Sized> Fill for &T {
    fn fill(&self) -> FluentValue<'static> {
        (**self).fill()
    }
}

impl Fill for str {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Fill for String {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

impl Fill for Marked {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.raw().to_owned())
    }
}

impl Fill for Said<'_> {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.raw())
    }
}

macro_rules! fill_by_numbers {
    ($($number:ty),*) => {$(
        impl Fill for $number {
            fn fill(&self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        }
    )*};
}

fill_by_numbers!(u8, u32, u64, usize, i64);
