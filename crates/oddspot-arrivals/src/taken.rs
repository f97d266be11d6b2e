//! Files that were taken already.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::state::{FileState, Node, Seen};

/// Files that were taken already: a number for each, so that years of them can be remembered.
#[derive(Default)]
pub struct Taken(HashMap<[u64; 2], Option<Node>>);

impl Taken {
    /// Remembers a file by its name in results.
    pub fn insert(&mut self, image: &str, state: &FileState) {
        self.0.insert(key(image, state), state.node);
    }

    /// Whether a file, or a page of one, is among them.
    pub fn contains(&self, image: &str, state: &FileState) -> bool {
        self.0.contains_key(&key(image, state))
    }

    /// Forgets a file.
    pub(crate) fn remove(&mut self, image: &str, state: &FileState) {
        self.0.remove(&key(image, state));
    }

    /// Whether a file that lies there is among them, and not another one of the same name, size and age.
    pub(crate) fn is_known(&mut self, image: &str, state: &FileState, seen: Seen) -> bool {
        let Some(known) = self.0.get_mut(&key(image, state)) else {
            return false;
        };
        match (*known, state.node) {
            (Some(before), Some(now)) if is_another(before, now, seen) => false,
            // One that results tell of, or whose rights were changed.
            (_, now) => {
                *known = now;
                true
            }
        }
    }
}

/// Whether a file of the same name, size and age is another. Rights and links change when it was changed, and some
/// shares give it another number: neither alone makes it one.
fn is_another(before: Node, now: Node, seen: Seen) -> bool {
    let is_written = seen == Seen::Closed || now.number != before.number;
    now.changed_ns != before.changed_ns && is_written
}

/// Two hashes of 64 bits: that two files have the same is not to be expected.
fn key(image: &str, state: &FileState) -> [u64; 2] {
    [0_u8, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        (salt, image, state.bytes, state.written_ns).hash(&mut hasher);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(node: Option<(u64, i64)>) -> FileState {
        FileState {
            bytes: 5,
            written_ns: 1,
            node: node.map(|(number, changed_ns)| Node { number, changed_ns }),
        }
    }

    #[test]
    fn a_file_in_the_place_of_another_is_told_from_one_whose_rights_were_changed() {
        let mut taken = Taken::default();
        taken.insert("a", &state(Some((1, 10))));
        let mut known = |node, seen| taken.is_known("a", &state(Some(node)), seen);
        assert!(known((1, 10), Seen::Closed));
        assert!(known((1, 20), Seen::There));
        assert!(known((2, 20), Seen::There));
        assert!(!known((3, 30), Seen::There));
        assert!(!known((2, 30), Seen::Closed));
    }

    #[test]
    fn a_file_that_results_tell_of_is_known_as_it_lies_there() {
        let mut taken = Taken::default();
        taken.insert("a", &state(None));
        assert!(taken.is_known("a", &state(Some((1, 10))), Seen::There));
        assert!(!taken.is_known("a", &state(Some((2, 20))), Seen::There));
        assert!(taken.contains("a", &state(Some((2, 20)))));
        assert!(!taken.is_known("b", &state(Some((1, 10))), Seen::There));
    }
}
