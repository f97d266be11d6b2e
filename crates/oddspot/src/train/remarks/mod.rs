//! What is to be said of good images, and of what was learned from them: everybody tells it in the same words.

mod files;
mod images;
mod learned;

pub use files::of_losses;
pub use images::{of_alignment, of_images, of_teacher};
pub use learned::{expected, of_good_images, of_learned, source, sureness};

/// How much it matters that somebody knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// For who wants to know.
    Note,
    /// It can be better: somebody should know.
    Advice,
    /// Something may be wrong: somebody must look.
    Warning,
}

/// Something that is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// A sentence without its full stop.
    pub words: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How a setting is called where the words are read, by its name as "training.iterations"; with a value, how it is set
/// to that.
pub type Naming<'a> = &'a dyn Fn(&str, Option<&str>) -> String;

impl Remark {
    fn note(words: String) -> Self {
        let weight = Weight::Note;
        Self { words, weight }
    }

    fn advice(words: String) -> Self {
        let weight = Weight::Advice;
        Self { words, weight }
    }

    fn warning(words: String) -> Self {
        let weight = Weight::Warning;
        Self { words, weight }
    }

    /// The words, marked where something may be wrong.
    pub fn line(&self) -> String {
        match self.weight {
            Weight::Warning => format!("warning: {}", self.words),
            _ => self.words.clone(),
        }
    }
}

/// Images that a sentence names.
const NAMED: usize = 3;

/// The first few names, and how many more there are.
fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names: Vec<&str> = names.take(NAMED).collect();
    names.join(", ") + &more
}
