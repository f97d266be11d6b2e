//! What is explained of the pictures of examples: what they show, and nothing else.

use oddspot::terms::{self, Kind};

use super::example::Example;

/// What the pictures of some examples show.
pub(super) struct Legend {
    /// Whether the ground truth is outlined in one.
    pub(super) outline: bool,
    /// Whether one has an arrow.
    pub(super) arrows: bool,
    /// The terms of which there are maps.
    pub(super) terms: Vec<&'static Kind>,
}

impl Legend {
    pub(super) fn of<'a>(examples: impl Iterator<Item = &'a Example> + Clone) -> Self {
        let is_shown = |kind: &&Kind| examples.clone().any(|one| one.has_map_of(kind));
        Self {
            outline: examples.clone().any(Example::has_outline),
            arrows: examples.clone().any(Example::has_arrows),
            terms: terms::ALL.iter().copied().filter(is_shown).collect(),
        }
    }
}
