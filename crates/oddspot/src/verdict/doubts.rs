//! What speaks against images that were given as good ones.

/// What makes it unlikely that images are good ones of the part that a model knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// In words, a sentence each; none where nothing speaks against them.
    pub words: Vec<String>,
    /// Whether it is so much that it must be meant.
    pub are_grave: bool,
}
