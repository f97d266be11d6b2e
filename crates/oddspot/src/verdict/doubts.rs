//! What speaks against images that were given as good ones.

use std::fmt;

use super::Verdict;
use crate::health::Beyond;

/// Images that a sentence names.
const NAMED: usize = 5;

/// What makes it unlikely that images are good ones of the part that a model knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doubts {
    /// One after the other; none where nothing speaks against them.
    pub all: Vec<Doubt>,
    /// Whether it is so much that it must be meant.
    pub are_grave: bool,
}

/// One thing that speaks against images; shown, it is a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// New images are not good by the model as it is.
    Odd {
        /// What each is called, and what the model says of it.
        images: Vec<(String, Verdict)>,
        /// How many images are new.
        new: usize,
    },
    /// Good images are untrusted by the model as it is.
    Untrusted {
        /// How many.
        images: usize,
        /// Of how many.
        of: usize,
        /// What is wrong with the first of them.
        why: Beyond,
    },
    /// The threshold rises steeply.
    Steep {
        /// To so many times the one before.
        times: f64,
    },
}

impl Doubts {
    /// In words, a sentence each.
    pub fn words(&self) -> Vec<String> {
        self.all.iter().map(Doubt::to_string).collect()
    }
}

impl Doubt {
    /// The images that are named, and how many are not.
    pub fn named(images: &[(String, Verdict)]) -> (&[(String, Verdict)], usize) {
        let named = &images[..images.len().min(NAMED)];
        (named, images.len() - named.len())
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Odd { images, new } => {
                let (named, more) = Self::named(images);
                let named = named.iter();
                let named: Vec<String> = named
                    .map(|(name, verdict)| format!("{name} ({})", verdict.word()))
                    .collect();
                let (odd, named) = (images.len(), named.join(", "));
                let images = if *new == 1 { "image" } else { "images" };
                write!(
                    f,
                    "{odd} of {new} new {images} are not good by the model as it is: {named}"
                )?;
                match more {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::Untrusted { images, of, why } => write!(
                f,
                "{images} of {of} good images are untrusted so far ({}); a model that is set by them takes them for \
                 usual: give images of the line as it is to stay",
                why.words
            ),
            Self::Steep { times } => write!(
                f,
                "the threshold is {times:.1} times the one before: are these good images of the same part?"
            ),
        }
    }
}
