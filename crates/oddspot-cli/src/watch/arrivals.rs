//! Which files are whole: nobody writes them any more.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::detect::input::{FileState, spelled};

/// How long a file must stay as it is, if nothing tells that it was closed.
const STILL: Duration = Duration::from_millis(500);

/// How a file was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It lies there.
    There,
    /// Its writer has closed it, or it was renamed.
    Closed,
}

/// Files that come into a folder.
pub struct Arrivals {
    taken: Taken,
    waiting: HashMap<PathBuf, Waiting>,
}

/// A file that may still be written.
struct Waiting {
    state: FileState,
    since: Instant,
    is_closed: bool,
}

/// Files that were taken already: a number for each, so that years of them can be remembered.
#[derive(Default)]
pub struct Taken(HashSet<[u64; 2]>);

impl Taken {
    /// Remembers a file by its name in results.
    pub fn insert(&mut self, image: &str, state: &FileState) {
        self.0.insert(key(image, state));
    }

    fn contains(&self, path: &Path, state: &FileState) -> bool {
        self.0.contains(&key(&spelled(path), state))
    }
}

/// Two hashes of 64 bits: that two files have the same is not to be expected.
fn key(image: &str, state: &FileState) -> [u64; 2] {
    [0_u8, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        (salt, image, state.bytes, state.written_ns).hash(&mut hasher);
        hasher.finish()
    })
}

impl Arrivals {
    /// Of a folder of which some were taken in earlier runs.
    pub fn new(taken: Taken) -> Self {
        Self {
            taken,
            waiting: HashMap::new(),
        }
    }

    /// Takes note of a file as it is now.
    pub fn see(&mut self, path: &Path, state: FileState, seen: Seen, now: Instant) {
        if self.taken.contains(path, &state) {
            self.waiting.remove(path);
            return;
        }
        // Many writers make an empty file, close it, and open it again.
        let is_closed = seen == Seen::Closed && state.bytes > 0;
        match self.waiting.get_mut(path) {
            Some(waiting) if waiting.state == state => waiting.is_closed |= is_closed,
            _ => {
                let waiting = Waiting {
                    state,
                    since: now,
                    is_closed,
                };
                self.waiting.insert(path.to_owned(), waiting);
            }
        }
    }

    /// Takes all that wait for judged without judging them, and says how many that were.
    pub fn pass_over_waiting(&mut self) -> usize {
        let waiting = std::mem::take(&mut self.waiting);
        for (path, waiting) in &waiting {
            self.taken.insert(&spelled(path), &waiting.state);
        }
        waiting.len()
    }

    /// Forgets those that wait and are not there any more.
    pub fn keep(&mut self, is_there: impl Fn(&Path) -> bool) {
        self.waiting.retain(|path, _| is_there(path));
    }

    /// Files that wait.
    pub fn waiting(&self) -> Vec<PathBuf> {
        self.waiting.keys().cloned().collect()
    }

    /// Takes those that are whole, the oldest first, so many at most. A file that is changed later is another.
    pub fn take(&mut self, now: Instant, most: usize) -> Vec<(PathBuf, FileState)> {
        let is_whole = |waiting: &Waiting| waiting.is_closed || now - waiting.since >= STILL;
        let mut whole: Vec<(PathBuf, FileState)> = (self.waiting.iter())
            .filter(|(_, waiting)| is_whole(waiting))
            .map(|(path, waiting)| (path.clone(), waiting.state))
            .collect();
        whole.sort_by(|(a, of_a), (b, of_b)| (of_a.written_ns, a).cmp(&(of_b.written_ns, b)));
        whole.truncate(most);
        for (path, state) in &whole {
            self.waiting.remove(path);
            self.taken.insert(&spelled(path), state);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(bytes: u64, written_ns: i64) -> FileState {
        FileState { bytes, written_ns }
    }

    /// Files taken `ms` milliseconds after `start`.
    fn taken(arrivals: &mut Arrivals, start: Instant, ms: u64) -> Vec<String> {
        let whole = arrivals.take(start + Duration::from_millis(ms), 10);
        let names = whole
            .into_iter()
            .map(|(path, _)| path.display().to_string());
        names.collect()
    }

    #[test]
    fn a_file_is_whole_when_it_was_closed_or_has_stayed_as_it_is() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut arrivals = Arrivals::new(Taken::default());
        let [slow, closed] = ["slow", "closed"].map(Path::new);
        arrivals.see(slow, state(10, 1), Seen::There, start);
        arrivals.see(closed, state(10, 2), Seen::Closed, start);
        assert_eq!(taken(&mut arrivals, start, 1), ["closed"]);
        arrivals.see(slow, state(20, 3), Seen::There, after(400));
        assert!(taken(&mut arrivals, start, 899).is_empty());
        arrivals.see(slow, state(20, 3), Seen::There, after(899));
        assert_eq!(taken(&mut arrivals, start, 900), ["slow"]);
        arrivals.see(slow, state(20, 3), Seen::Closed, after(1000));
        assert!(arrivals.waiting().is_empty());
        // Written again, it is another image.
        arrivals.see(slow, state(20, 4), Seen::Closed, after(1100));
        assert_eq!(taken(&mut arrivals, start, 1100), ["slow"]);
    }

    #[test]
    fn an_empty_file_is_not_whole_because_it_was_closed() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(Taken::default());
        arrivals.see(Path::new("a"), state(0, 1), Seen::Closed, start);
        assert!(taken(&mut arrivals, start, 100).is_empty());
        assert_eq!(taken(&mut arrivals, start, 500), ["a"]);
    }

    #[test]
    fn the_oldest_come_first_and_what_is_known_or_gone_never() {
        let start = Instant::now();
        let mut earlier = Taken::default();
        earlier.insert("known", &state(5, 5));
        let mut arrivals = Arrivals::new(earlier);
        for (name, written) in [("b", 2), ("c", 1), ("a", 2), ("known", 5), ("gone", 0)] {
            arrivals.see(Path::new(name), state(5, written), Seen::There, start);
        }
        arrivals.keep(|path| path != Path::new("gone"));
        let whole = arrivals.take(start + STILL, 2);
        let names: Vec<&Path> = whole.iter().map(|(path, _)| path.as_path()).collect();
        assert_eq!(names, [Path::new("c"), Path::new("a")]);
        assert_eq!(taken(&mut arrivals, start, 500), ["b"]);
    }
}
