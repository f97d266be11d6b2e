//! Files that were taken already.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::state::{FileState, Node, Seen};

/// Files that were taken already: a few numbers for each, so that years of them can be remembered.
#[derive(Default)]
pub struct Taken {
    files: HashMap<Key, Known>,
    /// As each path was taken last, in this run.
    last: HashMap<Key, FileState>,
}

/// Two hashes of 64 bits: that two files have the same is not to be expected.
type Key = [u64; 2];

/// What is known of a file that was taken.
struct Known {
    /// None of one that results of earlier runs tell of.
    node: Option<Node>,
    /// Whether the system has changed it since: its rights, a link, or all that is in it.
    is_changed: bool,
}

/// What a file that is seen is to those that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// None of them.
    New,
    /// One of them.
    Taken,
    /// Another in the place of one, of its size and age.
    Another,
}

impl Taken {
    /// Remembers a file by its name in results.
    pub fn insert(&mut self, image: &str, state: &FileState) {
        let known = Known {
            node: state.node,
            is_changed: false,
        };
        self.files.insert(key((image, state)), known);
        if state.node.is_some() {
            self.last.insert(key(image), *state);
        }
    }

    /// Whether a file, or a page of one, is among them.
    pub fn contains(&self, image: &str, state: &FileState) -> bool {
        self.files.contains_key(&key((image, state)))
    }

    /// Forgets a file.
    pub(crate) fn remove(&mut self, image: &str, state: &FileState) {
        self.files.remove(&key((image, state)));
    }

    /// What a file that lies there is to them; notes what is new of it. Another is forgotten, and new the next time.
    pub(crate) fn ask(&mut self, image: &str, state: &FileState, seen: Seen) -> Asked {
        let Some(known) = self.files.get_mut(&key((image, state))) else {
            return self.ask_of_age(image, state, seen);
        };
        let (Some(before), Some(now)) = (known.node, state.node) else {
            known.node = state.node;
            return Asked::Taken;
        };
        let is_changed = known.is_changed || now.changed_ns != before.changed_ns;
        // Some shares give a file another number each time it is looked at.
        let is_moved = now.number != before.number && now.changed_ns != before.changed_ns;
        if is_moved || (is_changed && seen == Seen::Closed) {
            self.remove(image, state);
            return Asked::Another;
        }
        *known = Known {
            node: state.node,
            is_changed,
        };
        Asked::Taken
    }

    /// Whether a file is one that was taken, and that somebody has given the age of what it was copied from.
    fn ask_of_age(&mut self, image: &str, state: &FileState, seen: Seen) -> Asked {
        let number = |state: &FileState| state.node.map(|node| node.number);
        let is_aged = |last: &&FileState| {
            last.bytes == state.bytes
                && state.written_ns < last.written_ns
                && number(last).is_some()
                && number(last) == number(state)
        };
        if seen == Seen::Closed || self.last.get(&key(image)).filter(is_aged).is_none() {
            return Asked::New;
        }
        let known = Known {
            node: state.node,
            is_changed: true,
        };
        self.files.insert(key((image, state)), known);
        Asked::Taken
    }
}

fn key(of: impl Hash) -> Key {
    [0_u8, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        (salt, &of).hash(&mut hasher);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(written_ns: i64, node: Option<(u64, i64)>) -> FileState {
        FileState {
            bytes: 5,
            written_ns,
            node: node.map(|(number, changed_ns)| Node { number, changed_ns }),
        }
    }

    /// What is said of a file that was taken as number 1, changed at 10, when it is seen so.
    fn asked(seen: &[((u64, i64), Seen)]) -> Vec<Asked> {
        let mut taken = Taken::default();
        taken.insert("a", &state(1, Some((1, 10))));
        let ask = |&(node, seen): &(_, Seen)| taken.ask("a", &state(1, Some(node)), seen);
        seen.iter().map(ask).collect()
    }

    #[test]
    fn a_file_in_the_place_of_another_is_told_from_one_whose_rights_were_changed() {
        use Asked::{Another, New, Taken};
        use Seen::{Closed, There};
        let same = [((1, 10), Closed), ((1, 20), There), ((2, 20), There)];
        assert_eq!(asked(&same), [Taken; 3]);
        let renamed = [((3, 30), There), ((3, 30), There)];
        assert_eq!(asked(&renamed), [Another, New]);
        // Written over: the system tells of changes first, and of the end last.
        let over = [((1, 30), There), ((1, 30), There), ((1, 30), Closed)];
        assert_eq!(asked(&over), [Taken, Taken, Another]);
        assert_eq!(asked(&[((1, 30), Closed)]), [Another]);
    }

    #[test]
    fn a_file_that_results_tell_of_is_known_as_it_lies_there() {
        let mut taken = Taken::default();
        taken.insert("a", &state(1, None));
        let mut ask = |image, node| taken.ask(image, &state(1, Some(node)), Seen::There);
        assert_eq!(ask("a", (1, 10)), Asked::Taken);
        assert_eq!(ask("a", (2, 20)), Asked::Another);
        assert_eq!(ask("b", (1, 10)), Asked::New);
    }

    #[test]
    fn a_copy_that_is_given_the_age_of_its_original_afterwards_is_the_same() {
        let mut taken = Taken::default();
        taken.insert("a", &state(100, Some((1, 100))));
        let mut ask = |image, written, number, seen| {
            taken.ask(image, &state(written, Some((number, 101))), seen)
        };
        assert_eq!(ask("b", 7, 1, Seen::There), Asked::New);
        assert_eq!(ask("a", 7, 2, Seen::There), Asked::New);
        assert_eq!(ask("a", 200, 1, Seen::There), Asked::New);
        assert_eq!(ask("a", 8, 1, Seen::Closed), Asked::New);
        assert_eq!(ask("a", 7, 1, Seen::There), Asked::Taken);
        assert_eq!(ask("a", 7, 1, Seen::There), Asked::Taken);
        assert_eq!(ask("a", 7, 1, Seen::Closed), Asked::Another);
    }
}
