//! A language that there are words for.

use serde::{Deserialize, Deserializer, de::Error};

use super::FILES;

/// A language that there are words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(&'static str);

impl Language {
    /// By its code, such as `de`.
    pub fn named(code: &str) -> Option<Self> {
        let mut codes = FILES.iter().map(|(code, _)| *code);
        codes.find(|one| *one == code).map(Self)
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = String::deserialize(from)?;
        Self::named(&code).ok_or_else(|| {
            let all: Vec<&str> = FILES.iter().map(|(code, _)| *code).collect();
            let all = all.join(", ");
            D::Error::custom(format!(
                "there are no words of the language {code:?}: take one of {all}"
            ))
        })
    }
}
