//! Which files are whole: nobody writes them any more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use oddspot::images::{begins_like_an_image, has_image_extension};

use super::state::{FileState, Seen, spelled};
use super::taken::{Asked, Taken};

/// How long a file may be half written without its writer going on.
const PAUSED: Duration = Duration::from_secs(10);
/// How long a file must stay as it is, if nothing tells that it was closed.
const STILL: Duration = Duration::from_millis(500);
/// Between two attempts at a file that cannot be used yet, at most.
const LONGEST: Duration = Duration::from_secs(10);
/// What files are called that are still written, to be renamed later.
const UNFINISHED: [&str; 6] = ["tmp", "temp", "part", "partial", "filepart", "crdownload"];

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
    is_another: bool,
    failing_since: Option<Instant>,
    /// Not to be tried before.
    from: Instant,
}

/// A file that nobody seems to write any more.
pub struct Whole {
    /// The file.
    pub path: PathBuf,
    /// As it is.
    pub state: FileState,
    /// Whether its writer is known to have closed it.
    pub is_closed: bool,
    /// Whether one of its name, size and age was taken before, so that its pages are new too.
    pub is_another: bool,
    /// Since when it could not be used, if it was tried before.
    pub failing_since: Option<Instant>,
}

impl Whole {
    /// Whether its writer will not go on, so that what is wrong with it stays so: else it may only have paused.
    pub fn is_ended(&self) -> bool {
        let waited = self.failing_since.map(|since| since.elapsed());
        self.is_closed || waited.is_some_and(|waited| waited >= PAUSED)
    }
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
        let asked = self.taken.ask(&spelled(path), &state, seen);
        if asked == Asked::Taken {
            self.waiting.remove(path);
            return;
        }
        let is_another = asked == Asked::Another;
        // Many writers make an empty file, close it, and open it again; others rename it when it is whole.
        let is_closed = seen == Seen::Closed && state.bytes > 0 && has_image_extension(path);
        match self.waiting.get_mut(path) {
            Some(waiting) if waiting.state == state => {
                waiting.state = state;
                if is_closed && !waiting.is_closed {
                    (waiting.is_closed, waiting.from) = (true, now);
                }
            }
            _ => {
                let waiting = Waiting {
                    state,
                    since: now,
                    is_closed,
                    is_another,
                    failing_since: None,
                    from: now,
                };
                self.waiting.insert(path.to_owned(), waiting);
            }
        }
    }

    /// Whether a file, or a page of one, was taken before.
    pub fn was_taken(&self, image: &str, state: &FileState) -> bool {
        self.taken.contains(image, state)
    }

    /// Lets go of a file that was taken and is not there any more: if it comes back, it comes anew.
    pub fn forget(&mut self, whole: &Whole) {
        self.taken.remove(&spelled(&whole.path), &whole.state);
    }

    /// Lets a file wait that was taken and cannot be used yet.
    pub fn put_back(&mut self, whole: &Whole, now: Instant) {
        self.forget(whole);
        let failing_since = whole.failing_since.unwrap_or(now);
        let waiting = Waiting {
            state: whole.state,
            since: now,
            is_closed: whole.is_closed,
            is_another: whole.is_another,
            failing_since: Some(failing_since),
            from: now + (now - failing_since).clamp(STILL, LONGEST),
        };
        self.waiting.insert(whole.path.clone(), waiting);
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
    pub fn take(&mut self, now: Instant, most: usize) -> Vec<Whole> {
        let is_whole = |waiting: &Waiting| {
            now >= waiting.from && (waiting.is_closed || now - waiting.since >= STILL)
        };
        let mut whole: Vec<Whole> = (self.waiting.iter())
            .filter(|(_, waiting)| is_whole(waiting))
            .map(|(path, waiting)| Whole {
                path: path.clone(),
                state: waiting.state,
                is_closed: waiting.is_closed,
                is_another: waiting.is_another,
                failing_since: waiting.failing_since,
            })
            .collect();
        whole.sort_by(|a, b| (a.state.written_ns, &a.path).cmp(&(b.state.written_ns, &b.path)));
        whole.truncate(most);
        for Whole { path, state, .. } in &whole {
            self.waiting.remove(path);
            self.taken.insert(&spelled(path), state);
        }
        whole
    }
}

/// Whether a file is an image by its name, or by how it begins.
pub fn is_image(path: &Path) -> bool {
    has_image_extension(path) || begins_like_an_image(path)
}

/// Whether a file is called as those are that are still written.
pub fn is_unfinished(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    UNFINISHED.contains(&extension.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::super::state::Node;
    use super::*;

    fn state(bytes: u64, written_ns: i64) -> FileState {
        FileState {
            bytes,
            written_ns,
            node: None,
        }
    }

    /// Files taken `ms` milliseconds after `start`.
    fn taken(arrivals: &mut Arrivals, start: Instant, ms: u64) -> Vec<String> {
        let whole = arrivals.take(start + Duration::from_millis(ms), 10);
        let names = whole.into_iter().map(|one| one.path.display().to_string());
        names.collect()
    }

    #[test]
    fn a_file_is_whole_when_it_was_closed_or_has_stayed_as_it_is() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut arrivals = Arrivals::new(Taken::default());
        let [slow, closed] = ["slow.png", "closed.png"].map(Path::new);
        arrivals.see(slow, state(10, 1), Seen::There, start);
        arrivals.see(closed, state(10, 2), Seen::Closed, start);
        assert_eq!(taken(&mut arrivals, start, 1), ["closed.png"]);
        arrivals.see(slow, state(20, 3), Seen::There, after(400));
        assert!(taken(&mut arrivals, start, 899).is_empty());
        arrivals.see(slow, state(20, 3), Seen::There, after(899));
        assert_eq!(taken(&mut arrivals, start, 900), ["slow.png"]);
        arrivals.see(slow, state(20, 3), Seen::Closed, after(1000));
        assert!(arrivals.waiting().is_empty());
        // Written again, it is another image.
        arrivals.see(slow, state(20, 4), Seen::Closed, after(1100));
        assert_eq!(taken(&mut arrivals, start, 1100), ["slow.png"]);
    }

    #[test]
    fn one_in_the_place_of_another_of_its_size_and_age_comes_too() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(Taken::default());
        let path = Path::new("a.png");
        let as_changed = |changed_ns| FileState {
            node: Some(Node {
                number: 1,
                changed_ns,
            }),
            ..state(5, 5)
        };
        arrivals.see(path, as_changed(1), Seen::Closed, start);
        assert!(!arrivals.take(start, 1)[0].is_another);
        // As the system tells of it, and as it is looked at while it waits.
        for seen in [Seen::There, Seen::There, Seen::Closed, Seen::There] {
            arrivals.see(path, as_changed(2), seen, start);
        }
        let again = arrivals.take(start, 1);
        assert!(again.len() == 1 && again[0].is_another);
        arrivals.see(path, as_changed(2), Seen::There, start);
        assert!(arrivals.waiting().is_empty());
    }

    #[test]
    fn a_share_that_makes_up_numbers_delays_nothing() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(Taken::default());
        for tick in 0..=5 {
            let node = Node {
                number: tick,
                changed_ns: 1,
            };
            let state = FileState {
                node: Some(node),
                ..state(5, 5)
            };
            let now = start + Duration::from_millis(100 * tick);
            arrivals.see(Path::new("a.png"), state, Seen::There, now);
        }
        assert_eq!(taken(&mut arrivals, start, 500), ["a.png"]);
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
        let names: Vec<&Path> = whole.iter().map(|one| one.path.as_path()).collect();
        assert_eq!(names, [Path::new("c"), Path::new("a")]);
        assert_eq!(taken(&mut arrivals, start, 500), ["b"]);
    }

    #[test]
    fn what_cannot_be_used_yet_waits_longer_and_longer_and_comes_at_once_when_it_changes() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut arrivals = Arrivals::new(Taken::default());
        let path = Path::new("a.png");
        arrivals.see(path, state(5, 1), Seen::Closed, start);
        let mut tries = Vec::new();
        for tick in 0..400 {
            for whole in arrivals.take(after(100 * tick), 1) {
                tries.push(tick);
                arrivals.put_back(&whole, after(100 * tick));
            }
        }
        assert_eq!(tries, [0, 5, 10, 20, 40, 80, 160, 260, 360]);
        arrivals.see(path, state(6, 2), Seen::Closed, after(40_000));
        let whole = arrivals.take(after(40_000), 1).remove(0);
        assert_eq!(whole.failing_since, None);
        // Gone and back as it was, it comes anew.
        arrivals.forget(&whole);
        arrivals.see(path, state(6, 2), Seen::Closed, after(50_000));
        assert_eq!(taken(&mut arrivals, start, 50_000), ["a.png"]);
    }

    #[test]
    fn a_file_that_is_not_called_as_an_image_waits_to_be_renamed() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(Taken::default());
        arrivals.see(Path::new("frame"), state(5, 1), Seen::Closed, start);
        assert!(taken(&mut arrivals, start, 100).is_empty());
        assert_eq!(taken(&mut arrivals, start, 500), ["frame"]);
        assert!(is_unfinished(Path::new("a.png.TMP")) && !is_unfinished(Path::new("part.png")));
    }
}
